"""The state of the summaries: the live generation, what it left out, sizes, the last runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Generation, Reading, TableSize
from database.facts.archived import ArchivedMonth, archived_months
from database.journal.run_log import last_runs
from domain.errors import LockBusy
from domain.months import format_month


@dataclass(frozen=True)
class LeftOutReason:
    """Facts left out for one reason, of all metrics; `by_metric` holds (metric, facts, value) of each."""

    reason: str
    facts: int
    value: Decimal
    by_metric: tuple[tuple[str, int, Decimal], ...]


@dataclass(frozen=True)
class SummariesState:
    """What `flask summaries` shows. Without a generation only the runs are filled."""

    generation: Generation | None
    left_out: Sequence[LeftOutReason]
    sizes: Sequence[TableSize]
    runs: Sequence[sa.Row]
    archived: Sequence[ArchivedMonth] | None
    """Archived months; None if another process has the facts open."""

    def as_json(self) -> dict[str, Any]:
        """Names and plain values; amounts are texts, so that no cent is lost."""
        live = self.generation
        return {
            "generation": live.generation if live else None,
            "published_at": f"{live.published_at.isoformat()}Z" if live else None,
            "first_month": format_month(live.first_month) if live and live.first_month else None,
            "last_month": format_month(live.last_month) if live and live.last_month else None,
            "facts": live.facts if live else 0,
            "left_out_facts": live.left_out_facts if live else 0,
            "left_out": [
                {
                    "reason": entry.reason, "facts": entry.facts, "value": str(entry.value),
                    "metrics": [
                        {"metric": metric, "facts": facts, "value": str(value)}
                        for metric, facts, value in entry.by_metric
                    ],
                }
                for entry in self.left_out
            ],
            "archived": None if self.archived is None else [
                {
                    "month": format_month(each.month), "facts": each.facts, "value": str(each.value),
                    "file": str(each.file),
                }
                for each in self.archived
            ],
            "tables": [{"table": size.table, "rows": size.rows, "bytes": size.bytes} for size in self.sizes],
            "runs": [
                {
                    "run_id": run.run_id, "refresh_type": run.refresh_type, "status": run.status,
                    "started_at": f"{run.started_at.isoformat()}Z",
                    "seconds": float(run.duration_seconds) if run.duration_seconds is not None else None,
                    "generation": run.generation, "error": run.error_message,
                }
                for run in self.runs
            ],
        }


def summaries_state(store: Store) -> SummariesState:
    """Reads it all; touches no fact."""
    runs, archived = last_runs(store), _archived(store)
    if store.live_generation() is None:
        return SummariesState(None, (), (), runs, archived)
    generation, left_out = store.read(left_out_reasons)
    return SummariesState(generation, left_out, store.published.summary_sizes(), runs, archived)


def _archived(store: Store) -> list[ArchivedMonth] | None:
    try:
        return archived_months(store)
    except LockBusy:
        return None


def left_out_reasons(reading: Reading) -> tuple[Generation, list[LeftOutReason]]:
    """The generation that is read, and what it left out, by reason."""
    table = schema.summary_left_out
    rows = reading.connection.execute(
        sa.select(
            table.c.reason, table.c.metric, sa.func.sum(table.c.facts).label("facts"),
            sa.func.sum(table.c.value).label("value"),
        )
        .where(table.c.generation == reading.generation.generation)
        .group_by(table.c.reason, table.c.metric)
        .order_by(table.c.reason, table.c.metric)
    )
    by_reason: dict[str, list[tuple[str, int, Decimal]]] = {}
    for row in rows:
        by_reason.setdefault(row.reason, []).append((row.metric, int(row.facts), row.value))
    return reading.generation, [
        LeftOutReason(reason, sum(facts for _, facts, _ in found), sum(value for *_, value in found), tuple(found))
        for reason, found in by_reason.items()
    ]

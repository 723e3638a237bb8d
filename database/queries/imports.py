"""The list of imports as the pages show it, and the report of one of them: from the log, never from facts."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.schema import import_log as log

DONE, UNDONE, REMOVED, REFUSED = "done", "undone", "removed", "refused"


@dataclass(frozen=True)
class ImportEntry:
    """One file: imported, refused, or undone. `import_id` is None for a refused one, `error` its fault;
    `months` are written 2024-03. `value` is in `value_currency`, '' for the dashboard's; None if in several, *. What
    older versions did not write down is None."""

    import_id: int | None
    file_name: str
    source: str
    format: str | None
    mode: str | None
    status: str
    rows_read: int | None
    facts: int | None
    value: Decimal | None
    months: tuple[str, ...]
    replaced_facts: int | None
    created_at: datetime.datetime
    user_name: str | None
    undone_at: datetime.datetime | None
    undone_by: str | None
    error: str = ""
    value_currency: str = ""


def count_imports(connection: sa.Connection) -> int:
    """How many there are, refused ones included."""
    return connection.execute(sa.select(sa.func.count()).select_from(log)).scalar()


def read_imports(
    connection: sa.Connection, *, start: int = 0, limit: int | None = None, since: datetime.datetime | None = None
) -> list[ImportEntry]:
    """The imports, newest first, from the `start`-th on; those `since` then."""
    # A report may be long; only that of a refused file is short, and read.
    error = sa.case((log.c.status == REFUSED, log.c.report), else_=None).label("error")
    columns = [column for column in log.columns if column is not log.c.report]
    query = sa.select(*columns, error).order_by(log.c.created_at.desc(), log.c.id.desc()).offset(start)
    if since is not None:
        query = query.where(log.c.created_at >= since)
    rows = connection.execute(query if limit is None else query.limit(limit))
    return [_entry(row, _fault_of(json.loads(row.error)) if row.error else "") for row in rows]


def refused_since(connection: sa.Connection, since: datetime.datetime) -> list[ImportEntry]:
    """The refused files, newest first, after which none of the same name was imported; each name once."""
    found: dict[str, ImportEntry] = {}
    done: set[str] = set()
    for entry in read_imports(connection, since=since):
        if entry.status == DONE:
            done.add(entry.file_name)
        elif entry.status == REFUSED and entry.file_name not in done:
            found.setdefault(entry.file_name, entry)
    return list(found.values())


def read_import(connection: sa.Connection, import_id: int) -> tuple[ImportEntry, dict[str, Any]] | None:
    """One import and its report as JSON holds it; None if there is none of that number."""
    row = connection.execute(sa.select(log).where(log.c.import_id == import_id)).first()
    return None if row is None else (_entry(row, ""), json.loads(row.report))


def _fault_of(report: dict[str, Any]) -> str:
    """What was wrong with a refused file, and where first."""
    return "; ".join([report.get("error", ""), *report.get("faults", [])[:1]])


def _entry(row: sa.Row, error: str) -> ImportEntry:
    return ImportEntry(
        row.import_id, row.file_name, row.source, row.format, row.mode, row.status, row.rows_read, row.facts,
        row.value, tuple(filter(None, (row.months or "").split(","))), row.replaced_facts, row.created_at,
        row.user_name, row.undone_at, row.undone_by, error, row.value_currency or "",
    )

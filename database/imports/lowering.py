"""Months that a file lowers: an earlier file of the source gave more for them, so this one may hold only a part."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.facts import total
from database.imports.report import LISTED, MonthSum
from domain.months import format_month

_METRICS = 4
"""So many metrics of a month are told with both sums."""

aside = schema.financials_replaced


def lowering_words(
    store: Store, connection: sa.Connection, import_id: int, taken: Sequence[MonthSum]
) -> tuple[str, ...]:
    """A warning for each month in which `taken`, the sums of this import, are lower than what it replaced."""
    months = sorted({found.month for found in taken})
    before, after = _replaced(store, connection, import_id, months), {(m.month, m.metric): m.value for m in taken}
    lower: dict[datetime.date, list[str]] = defaultdict(list)
    for (month, metric), value in sorted(before.items()):
        now = after.get((month, metric), Decimal(0))
        if now < value:
            lower[month].append(f"{metric} from {value:,.2f} to {now:,.2f}")
    words = [_words(month, metrics) for month, metrics in sorted(lower.items())]
    more = (f"and {len(words) - LISTED:,} more months are lowered",) if len(words) > LISTED else ()
    return (*words[:LISTED], *more)


def _replaced(
    store: Store, connection: sa.Connection, import_id: int, months: Sequence[datetime.date]
) -> dict[tuple[datetime.date, str], Decimal]:
    query = (
        sa.select(aside.c.month, aside.c.metric, total(aside.c.value).label("value"))
        .where(aside.c.replaced_by == import_id)
        .group_by(aside.c.month, aside.c.metric)
    )
    sums: dict[tuple[datetime.date, str], Decimal] = defaultdict(Decimal)
    for rows in store.each_part(connection, months, lambda part: part.execute(query).all()):
        for month, metric, value in rows:
            sums[month, metric or ""] += value
    return sums


def _words(month: datetime.date, metrics: Sequence[str]) -> str:
    listed = ", ".join(metrics[:_METRICS]) + (f" and {len(metrics) - _METRICS} more" if len(metrics) > _METRICS else "")
    return (
        f"lowers {format_month(month)}, for which an earlier file gave more: {listed}; if this file holds only a part "
        "of the month, import one that holds all of it"
    )

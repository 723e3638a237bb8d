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


def replaced_by_month(
    store: Store, connection: sa.Connection, import_id: int, months: Sequence[datetime.date]
) -> tuple[MonthSum, ...]:
    """Count and sum of what an import replaced, by metric, currency and month."""
    query = (
        sa.select(
            aside.c.metric, aside.c.month, sa.func.count().label("facts"), total(aside.c.value).label("value"),
            aside.c.currency,
        )
        .where(aside.c.replaced_by == import_id)
        .group_by(aside.c.metric, aside.c.month, aside.c.currency)
    )
    sums: dict[tuple[str, str, datetime.date], MonthSum] = {}
    for rows in store.each_part(connection, months, lambda part: part.execute(query).all()):
        for metric, month, facts, value, code in rows:
            key = (metric or "", code or "", month)
            known = sums.get(key, MonthSum(key[0], month, 0, Decimal(0)))
            sums[key] = MonthSum(key[0], month, known.facts + facts, known.value + value, key[1])
    return tuple(sums[key] for key in sorted(sums))


def lowering_words(before: Sequence[MonthSum], taken: Sequence[MonthSum]) -> tuple[str, ...]:
    """A warning for each month in which `taken`, the sums of an import, are lower than what it replaced."""
    after = {(found.month, found.metric, found.currency): found.value for found in taken}
    lower: dict[datetime.date, list[str]] = defaultdict(list)
    for found in sorted(before, key=lambda found: (found.month, found.metric, found.currency)):
        now = after.get((found.month, found.metric, found.currency), Decimal(0))
        if now < found.value:
            code = f" {found.currency}" if found.currency else ""
            lower[found.month].append(f"{found.metric} from {found.value:,.2f} to {now:,.2f}{code}")
    words = [_words(month, metrics) for month, metrics in sorted(lower.items())]
    more = (f"and {len(words) - LISTED:,} more months are lowered",) if len(words) > LISTED else ()
    return (*words[:LISTED], *more)


def _words(month: datetime.date, metrics: Sequence[str]) -> str:
    listed = ", ".join(metrics[:_METRICS]) + (f" and {len(metrics) - _METRICS} more" if len(metrics) > _METRICS else "")
    return (
        f"lowers {format_month(month)}, for which an earlier file gave more: {listed}; if this file holds only a part "
        "of the month, import one that holds all of it"
    )

"""Recomputes single groups of the staged ASIN level from their facts: finds what sums hide."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.summaries.conversion_check import convert_group
from database.summaries.rollups import Levels, MonthFacts, facts, of_month, source_of
from database.summaries.verification import ZERO, Difference
from domain.shared_costs import SHARED


def sample_differs(
    connection: sa.Connection, source: sa.Connection, months: Sequence[MonthFacts], *, levels: Levels,
    offsets: Sequence[int],
) -> list[Difference]:
    """Recomputes single groups of the ASIN level, which `connection` sees, from facts and dimensions of `source`: one
    per month and offset, the group with the nearest higher product id. Finds what sums hide, such as two products
    swapped."""
    differences: list[Difference] = []
    reached: dict[datetime.date, float] = {}
    for month, offset in sorted(zip(months, offsets, strict=True), key=lambda pair: (pair[0].month, pair[1])):
        # In a small month the group of a lower offset is this one's, too, as long as its product is not below it.
        if offset <= reached.get(month.month, -1):
            continue
        group = connection.execute(
            sa.select(levels.asin)
            .where(levels.asin.c.month == month.month, levels.asin.c.asin_id >= offset)
            .order_by(levels.asin.c.month, levels.asin.c.metric, levels.asin.c.marketplace, levels.asin.c.asin_id)
            .limit(1)
        ).first()
        reached[month.month] = math.inf if group is None else group.asin_id
        if group is not None:
            differences += _recompute(source, month, group)
    return differences


def _recompute(connection: sa.Connection, month: MonthFacts, group: sa.Row) -> list[Difference]:
    if group.metric in SHARED:
        return []
    value = _value_of(connection, month, group)
    place = connection.execute(
        sa.select(schema.asin.c.brand_id, schema.asin.c.category_id, schema.brand.c.category_id.label("inherited"))
        .select_from(schema.asin.outerjoin(schema.brand, schema.brand.c.id == schema.asin.c.brand_id))
        .where(schema.asin.c.id == group.asin_id)
    ).first()
    name = f"ASIN level, product {group.asin_id} in {group.marketplace}"
    found = []
    if value != group.value:
        found.append(Difference(month.month, group.metric, name, value or ZERO, group.value))
    if place is None or (group.brand_id != 0 and place.brand_id != group.brand_id):
        found.append(Difference(month.month, group.metric, name + ", its brand", ZERO, group.value))
    elif group.category_id not in (place.category_id, place.inherited, 0):
        found.append(Difference(month.month, group.metric, name + ", its category", ZERO, group.value))
    return found


def _value_of(connection: sa.Connection, month: MonthFacts, group: sa.Row) -> Decimal | None:
    if month.conversion is not None:
        archived_month = month.month if month.is_archived else None
        value = convert_group(
            connection, of_month(facts.c.month, month), month.conversion, archived_month, group
        )
        # A margin that follows from other rows is added up by `facts_by_reason` only.
        return group.value if value is None else value
    source, condition = source_of(month)
    return connection.execute(
        sa.select(sa.func.sum(source.c.value)).where(
            condition, source.c.metric == group.metric, source.c.marketplace == group.marketplace,
            source.c.asin_id == group.asin_id,
        )
    ).scalar()

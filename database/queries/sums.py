"""The one question all pages share: sums of metrics over the chosen months, by any grain.

The smallest table that can answer is asked: category, else marketplace, else brand with marketplace ALL, else brand by
marketplace. They agree to the cent (every generation is verified), so the choice is never visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.schema import ALL_MARKETPLACES, summary_brand, summary_category, summary_marketplace
from domain.periods import Span
from domain.selection import Selection

BRAND = "brand_id"
CATEGORY = "category_id"
MARKETPLACE = "marketplace"
MONTH = "month"

Grain = str | tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """The sum of one metric for one value of the grain: a month, an id or a code; a tuple of them for a
    grain of several columns."""

    grain: Any
    metric: str
    value: Decimal


def sums_by(
    connection: sa.Connection, selection: Selection, grain: Grain, *, span: Span, metrics: Iterable[str]
) -> tuple[Sum, ...]:
    """Sums per `grain` (a column, or several) and metric over `span`, within the selection's brands, categories and
    marketplaces; in the order of the grain, then of the metric. What has no row is not there."""
    rows = connection.execute(sums_statement(selection, grain, span=span, metrics=metrics)).all()
    if isinstance(grain, str):
        return tuple(Sum(*row) for row in rows)
    return tuple(Sum(tuple(row[:-2]), row.metric, row.value) for row in rows)


def sums_over(
    connection: sa.Connection, selection: Selection, grain: str, asked: Sequence[tuple[Span, Iterable[str]]]
) -> list[dict[Any, dict[str, Decimal]]]:
    """Grain -> metric -> sum, over each span with the metrics asked of it. All in one statement: what DuckDB spends on
    a statement is more than what it spends on its rows."""
    parts = [
        sums_statement(selection, grain, span=span, metrics=metrics).order_by(None)
        .add_columns(sa.literal_column(str(number)).label("part"))
        for number, (span, metrics) in enumerate(asked)
    ]
    whole = sa.union_all(*parts).subquery("parts")
    found: list[dict[Any, dict[str, Decimal]]] = [{} for _ in asked]
    rows = sa.select(whole.c.part, whole.c[grain], whole.c.metric, whole.c.value)
    ordered = rows.order_by(whole.c.part, whole.c[grain], whole.c.metric)
    for part, key, metric, value in connection.execute(ordered).all():
        found[part].setdefault(key, {})[metric] = value
    return found


def by_grain(sums: Iterable[Sum]) -> dict[Any, dict[str, Decimal]]:
    """Grain -> metric -> sum."""
    grouped: dict[Any, dict[str, Decimal]] = {}
    for found in sums:
        grouped.setdefault(found.grain, {})[found.metric] = found.value
    return grouped


def sums_statement(selection: Selection, grain: Grain, *, span: Span, metrics: Iterable[str]) -> sa.Select:
    """The statement behind `sums_by`."""
    grains = (grain,) if isinstance(grain, str) else grain
    table = _smallest_table(selection, grains)
    columns = [table.c[name] for name in grains]
    return (
        sa.select(
            *columns,
            table.c.metric.label("metric"),
            sa.func.sum(table.c.total_value).label("value"),
        )
        .where(
            is_one_of(table.c.month, span.months),
            table.c.metric.in_(sorted(set(metrics))),
            *_conditions(selection, table, grains),
        )
        .group_by(*columns, table.c.metric)
        .order_by(*columns, table.c.metric)
    )


def brand_counts(
    connection: sa.Connection, selection: Selection, *, span: Span, metrics: Iterable[str]
) -> tuple[dict[int, int], int]:
    """Category -> how many brands of the selection have one of the metrics over `span`; and how many there are in all
    categories together, where one that is in several counts once."""
    table = summary_brand.c
    of_selection = (
        is_one_of(table.month, span.months), table.metric.in_(sorted(metrics)),
        *_conditions(selection, summary_brand, (CATEGORY,)),
    )
    count = sa.func.count(table.brand_id.distinct()).label("brands")
    by_category = sa.select(table.category_id.label("category_id"), count).where(*of_selection)
    # No id is below 0.
    whole = sa.select(sa.literal_column("-1").label("category_id"), count).where(*of_selection)
    counts = {
        row.category_id: row.brands
        for row in connection.execute(sa.union_all(by_category.group_by(table.category_id), whole)).all()
    }
    return counts, counts.pop(-1)


def _smallest_table(selection: Selection, grains: tuple[str, ...]) -> sa.Table:
    if selection.brands or selection.scope is not None or BRAND in grains:
        return summary_brand
    return summary_marketplace if selection.marketplaces or MARKETPLACE in grains else summary_category


def _conditions(selection: Selection, table: sa.Table, grains: tuple[str, ...]) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if selection.categories:
        conditions.append(table.c.category_id.in_(selection.categories))
    if selection.marketplaces:
        conditions.append(table.c.marketplace.in_(selection.marketplaces))
    if table is not summary_brand:
        return conditions
    if selection.brands:
        conditions.append(table.c.brand_id.in_(selection.brands))
    if selection.scope is not None:
        conditions.append(table.c.brand_id.in_(selection.scope))
    if MARKETPLACE in grains and not selection.marketplaces:
        conditions.append(table.c.marketplace != ALL_MARKETPLACES)
    elif not selection.marketplaces:
        conditions.append(table.c.marketplace == ALL_MARKETPLACES)
    return conditions

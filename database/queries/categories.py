"""All categories side by side, or the brands of one: value, share, growth, and each by month."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.queries import breakdown
from database.queries.breakdown import Breakdown, GroupRow, read_breakdown
from database.queries.products import Products, read_products
from database.queries.sums import BRAND, CATEGORY, MONTH, brand_counts, sums_by
from domain.periods import Span
from domain.selection import Selectable, Selection

MOST_PRODUCTS = 20
"""So many of a category's products stand there; the page of products has all of them."""


@dataclass(frozen=True)
class Side:
    """One category, or one brand of a category, beside the others. `share_change` is by how much its share
    of the complete months differs from its share before, as a fraction. `months` holds the metric in each
    chosen month, `around` in each that is drawn where these are more. `brands` counts the brands that have
    it; it is None where the row is a brand itself."""

    group: GroupRow
    share_change: Decimal | None
    months: tuple[Decimal | None, ...]
    brands: int | None
    around: tuple[Decimal | None, ...] = ()

    @property
    def drawn(self) -> tuple[Decimal | None, ...]:
        """The metric in each month that is drawn."""
        return self.around or self.months


@dataclass(frozen=True)
class Categories:
    """All rows of the page, of one generation, in the selection's order.

    `grain` says what they are: categories, or brands if exactly one category is chosen. That category then
    is `within`, a row among all categories, and `products` are the first of its products in the selection's order.
    """

    grain: str
    rows: tuple[Side, ...]
    total: Side
    within: GroupRow | None
    products: Products | None = None

    @property
    def breakdown(self) -> Breakdown:
        """The same rows without what only this page shows."""
        return Breakdown(tuple(side.group for side in self.rows), self.total.group)

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing of the metric."""
        return all(side.group.value is None for side in self.rows)


def read_categories(connection: sa.Connection, selection: Selection, selectable: Selectable) -> Categories:
    """Everything that `/categories` shows for the selection."""
    one = selection.categories[0] if len(selection.categories) == 1 else None
    grain, names = (CATEGORY, selectable.categories) if one is None else (BRAND, selectable.brands)
    found = read_breakdown(connection, _by_value(selection), grain, names)
    total = found.total
    by_month = _read_months(connection, selection, grain)
    brands, brand_count = {}, None
    if one is None:
        brands, brand_count = brand_counts(connection, selection, span=selection.span, metrics=selection.counted)
    complete = {key: _over(selection.complete, months, selection) for key, months in by_month.items()}
    whole = sum(complete.values(), Decimal(0))

    def share_change(row: GroupRow) -> Decimal | None:
        now = selection.share_of(complete.get(row.key, Decimal(0)), whole)
        before = selection.share_of(row.before or Decimal(0), total.before)
        return None if now is None or before is None else now - before

    def side(group: GroupRow, months: Months, count: int | None) -> Side:
        def each(span: Span) -> tuple[Decimal | None, ...]:
            return tuple(selection.value_of(months.get(month, {})) for month in span.months)

        return Side(
            group=group,
            share_change=None if group is total else share_change(group),
            months=each(selection.span),
            brands=None if one is not None else count,
            around=() if selection.drawn == selection.span else each(selection.drawn),
        )

    return Categories(
        grain=grain,
        rows=tuple(side(row, by_month.get(row.key, {}), brands.get(row.key, 0)) for row in found.rows),
        total=side(total, _added(by_month.values()), brand_count),
        within=None if one is None else _read_within(connection, selection, one, selectable),
        products=(
            None if one is None
            else read_products(connection, selection, selectable.brands, start=0, limit=MOST_PRODUCTS)
        ),
    )


def _by_value(selection: Selection) -> Selection:
    """Orders that only products have leave what stands side by side by value."""
    return selection if selection.sort in breakdown.SORTS else selection.changed(sort="value", page=selection.page)


Months = Mapping[datetime.date, Mapping[str, Decimal]]
"""Month -> metric -> sum, of what the chosen metric is made of."""


def _read_months(connection: sa.Connection, selection: Selection, grain: str) -> dict[Any, Months]:
    found: dict[Any, dict[datetime.date, dict[str, Decimal]]] = {}
    for row in sums_by(connection, selection, (grain, MONTH), span=selection.drawn, metrics=selection.needed):
        key, month = row.grain
        found.setdefault(key, {}).setdefault(month, {})[row.metric] = row.value
    return found


def _read_within(
    connection: sa.Connection, selection: Selection, category: int, selectable: Selectable
) -> GroupRow | None:
    of_all = _by_value(selection).changed(categories=())
    everything = read_breakdown(connection, of_all, CATEGORY, selectable.categories)
    return next((row for row in everything.rows if row.key == category), None)


def _over(span: Span | None, months: Months, selection: Selection) -> Decimal:
    """The chosen metric over a span, nothing for a ratio, of which there are no shares."""
    nothing = Decimal(0)
    if span is None or selection.ratio:
        return nothing
    return sum((selection.value_of(months.get(month, {})) or nothing for month in span.months), nothing)


def _added(all_months: Iterable[Months]) -> dict[datetime.date, dict[str, Decimal]]:
    totals: dict[datetime.date, dict[str, Decimal]] = {}
    for months in all_months:
        for month, sums in months.items():
            known = totals.setdefault(month, {})
            for metric, value in sums.items():
                known[metric] = known.get(metric, Decimal(0)) + value
    return totals

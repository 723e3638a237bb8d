"""What moved the chosen metric: the largest rises and falls, and what all others add to the total change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.breakdown import Groups, GroupSums
from database.queries.product_level import amount_of, conditions
from database.schema import asin, summary_asin
from domain.periods import Span
from domain.selection import Selection

MOST = 5
"""So many rises are named, and as many falls."""


@dataclass(frozen=True)
class Mover:
    """A brand or product with what it adds to the total change; `asin` is a product's, '' of a brand."""

    key: int
    name: str
    asin: str
    difference: Decimal


@dataclass(frozen=True)
class Movers:
    """The change of the metric from `before` to `now`, both without the month in progress. `up` and `down`
    begin with the largest; the differences of all of them and of `others` add up to `total`, exactly.
    `are_products`: they are products of the one brand that there is to see, not brands."""

    are_products: bool
    before: Decimal
    now: Decimal
    up: tuple[Mover, ...]
    down: tuple[Mover, ...]
    others: Decimal
    others_count: int

    @property
    def total(self) -> Decimal:
        """The total change."""
        return self.now - self.before


Values = Mapping[Any, Decimal]
"""Key -> sum of the metric."""
Naming = Callable[[list[Any]], Mapping[Any, tuple[str, str]]]
"""Keys -> their ASIN, or '', and their name."""


def read_movers(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], by_brand: Groups
) -> Movers | None:
    """The movers of the selection: brands, or products where it holds one brand. `by_brand` are the selection's sums
    by brand. None where there is nothing to compare with, nothing on either side, or a ratio is chosen: what moved it
    does not add up."""
    complete, comparison = selection.complete, selection.comparison
    if complete is None or comparison is None or selection.ratio:
        return None
    if len(selection.brands or selection.scope or ()) == 1:
        now, before = (_by_product(connection, selection, span) for span in (complete, comparison))
        return movers_among(now, before, lambda keys: _products(connection, keys), are_products=True)
    now, before = (_values(groups, selection) for groups in (by_brand.complete, by_brand.before))
    return movers_among(
        now, before, lambda keys: {key: ("", brand_names.get(key, "")) for key in keys}, are_products=False
    )


def movers_among(now: Values, before: Values, named: Naming, *, are_products: bool) -> Movers | None:
    """The movers among what has a sum `now` or had one `before`; `named` gives the ASIN and the name of each that is
    shown. None if there is nothing on either side."""
    if not now and not before:
        return None
    up, down = largest_differences(now, before)
    return _movers(now, before, up, down, named([key for key, _ in (*up, *down)]), are_products=are_products)


Differences = list[tuple[Any, Decimal]]


def largest_differences(now: Values, before: Values) -> tuple[Differences, Differences]:
    """The largest rises and the largest falls, each with its key; equal ones in the order of their keys.
    What is missing on one side counts as nothing there."""
    nothing = Decimal(0)
    differences = {key: now.get(key, nothing) - before.get(key, nothing) for key in sorted({*now, *before})}
    up = sorted(((key, size) for key, size in differences.items() if size > 0), key=lambda pair: -pair[1])
    down = sorted(((key, size) for key, size in differences.items() if size < 0), key=lambda pair: pair[1])
    return up[:MOST], down[:MOST]


def _movers(
    now: Values, before: Values, up: Differences, down: Differences, named: Mapping[Any, tuple[str, str]], *,
    are_products: bool,
) -> Movers:
    whole_now, whole_before = sum(now.values(), Decimal(0)), sum(before.values(), Decimal(0))
    shown = [*up, *down]

    def mover(key: Any, size: Decimal) -> Mover:
        code, name = named.get(key, ("", ""))
        return Mover(key, name or code or f"({key})", code, size)

    return Movers(
        are_products=are_products, before=whole_before, now=whole_now,
        up=tuple(mover(*pair) for pair in up), down=tuple(mover(*pair) for pair in down),
        others=whole_now - whole_before - sum((size for _, size in shown), Decimal(0)),
        others_count=len({*now, *before}) - len(shown),
    )


def _values(groups: GroupSums, selection: Selection) -> dict[int, Decimal]:
    found = {key: selection.value_of(sums) for key, sums in groups.items()}
    return {key: value for key, value in found.items() if value is not None}


def _by_product(connection: sa.Connection, selection: Selection, span: Span) -> dict[int, Decimal]:
    columns = summary_asin.c
    rows = connection.execute(
        sa.select(columns.asin_id.label("key"), sa.func.sum(amount_of(selection.measure)).label("value"))
        .where(is_one_of(columns.month, span.months), columns.metric.in_(selection.sums), *conditions(selection))
        .group_by(columns.asin_id)
        .order_by(columns.asin_id)
    )
    return {row.key: row.value for row in rows}


def _products(connection: sa.Connection, keys: list[int]) -> dict[int, tuple[str, str]]:
    rows = connection.execute(sa.select(asin.c.id, asin.c.asin, asin.c.name).where(asin.c.id.in_(keys)))
    return {row.id: (row.asin, row.name or "") for row in rows}

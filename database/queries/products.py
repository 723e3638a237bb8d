"""Products by figures: which ones stand on a page, and what is in their rows.

Two statements give a page of any size. The first ranks: it adds up the chosen metric of every product in
the chosen months, and cuts out the page. The second reads the other figures, of the products on the page
only.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.sums import MONTH, sums_by
from database.schema import UNASSIGNED, asin, summary_asin
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.periods import Span
from domain.ratios import AVERAGE_PRICE, CM3_MARGIN, Balance, Measure, Ratio, metrics_of
from domain.selection import Selection

SORTS = ("value", "name", "share", "change", "cm3", "margin", "units", "price")
COLUMNS = (NET_REVENUE, NET_UNITS, CM3)
"""Metrics that a row needs beside the chosen one."""
AT_ONCE = 500
"""So many products' figures are read by one statement."""

SORTED_BY: dict[str, str | Ratio] = {
    "cm3": CM3, "units": NET_UNITS, "margin": CM3_MARGIN, "price": AVERAGE_PRICE,
}
"""What an order goes by, if it is not the chosen metric, the name or the change."""


@dataclass(frozen=True)
class ProductSums:
    """One product: metric -> sum over the chosen months, over those without the month in progress, and over those they
    are compared with. `asin` is None for one that is not in the catalogue any more."""

    key: int
    asin: str | None
    name: str | None
    brand_id: int
    now: Mapping[str, Decimal]
    complete: Mapping[str, Decimal]
    before: Mapping[str, Decimal]

    @property
    def called(self) -> str:
        """Its name, or else its ASIN."""
        return self.name or self.asin or f"(product {self.key})"


@dataclass(frozen=True)
class ProductRow:
    """One product over the chosen months; `asin` is None for one that is not in the catalogue any more.

    `share` of the whole selection, `change` against `before` and the CM3 `margin` are fractions, the change of a ratio
    a difference of such; `price` is
    money per piece. Months in progress count in every figure but `change`.
    """

    key: int
    asin: str | None
    name: str
    brand_id: int
    brand: str
    value: Decimal | None
    share: Decimal | None
    before: Decimal | None
    change: Decimal | None
    cm3: Decimal | None
    margin: Decimal | None
    units: Decimal | None
    price: Decimal | None


@dataclass(frozen=True)
class Products:
    """The products of one page in their order; `count`, `value` and `share` are of all that were found."""

    rows: tuple[ProductRow, ...]
    count: int
    value: Decimal | None
    share: Decimal | None


def read_products(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], *, start: int, limit: int
) -> Products:
    """The products with a figure of the chosen metric in the chosen months that the search names: `limit`
    of them from the `start`-th (0 is the first), in the selection's order; equal ones by ASIN."""
    found = connection.execute(ranking_statement(selection, start=start, limit=limit)).all()
    first = found[0] if found else None
    if start and not found:
        first = connection.execute(ranking_statement(selection, start=0, limit=1)).first()
    total = _whole(connection, selection)
    value = _found_value(first, selection) if first else None
    return Products(
        rows=tuple(_rows(connection, selection, brand_names, found, total)),
        count=first.products if first else 0,
        value=value,
        share=selection.share_of(value, total),
    )


def _found_value(first: sa.Row, selection: Selection) -> Decimal | None:
    """The chosen metric of all products that were found; a ratio is that of their sums."""
    if selection.ratio is None:
        return first.found_value
    return first.found_value / first.found_base if first.found_base and first.found_value is not None else None


def read_all_products(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], *, start: int = 0,
    limit: int | None = None,
) -> Iterator[ProductRow]:
    """The same rows one by one, without an end to how many."""
    found = connection.execute(ranking_statement(selection, start=start, limit=limit)).all()
    total = _whole(connection, selection)
    for first in range(0, len(found), AT_ONCE):
        yield from _rows(connection, selection, brand_names, found[first:first + AT_ONCE], total)


def count_products(connection: sa.Connection, selection: Selection) -> int:
    """How many products there are on all pages."""
    first = connection.execute(ranking_statement(selection, start=0, limit=1)).first()
    return first.products if first else 0


def ranking_statement(selection: Selection, *, start: int, limit: int | None) -> sa.Select:
    """Products in the selection's order, with the chosen metric's sum; how many there are on all pages, and
    their sum, stand in every row. By a ratio they are ordered as the database divides; it is divided anew where it is
    shown, from the sums of `figures_statement`."""
    found = _chosen(selection, selection.span, "found")
    place, parts = _place(selection, found)
    summed = (found.c.part, found.c.base) if selection.ratio else (found.c.value,)
    tables = found
    for part in parts:
        tables = tables.outerjoin(part, part.c.asin_id == found.c.asin_id)
    return (
        sa.select(
            found.c.asin_id.label("key"),
            found.c.value,
            asin.c.asin,
            asin.c.name,
            sa.func.count().over().label("products"),
            *(sa.func.sum(column).over().label(name)
              for column, name in zip(summed, ("found_value", "found_base"), strict=False)),
        )
        .select_from(tables.outerjoin(asin, asin.c.id == found.c.asin_id))
        .where(*searched(selection.search))
        .order_by(*_ordered(place, selection.order), asin.c.asin.is_(None), asin.c.asin, found.c.asin_id)
        .limit(limit)
        .offset(start)
    )


def figures_statement(selection: Selection, products: Sequence[int]) -> sa.Select:
    """Per product and metric, the sums that a row of the table is made of."""
    table, metrics = summary_asin, sorted({*selection.sums, *COLUMNS})
    spans = [span for span in (selection.span, selection.comparison) if span]
    return (
        sa.select(
            table.c.asin_id.label("key"),
            table.c.metric.label("metric"),
            # One product has one brand in a generation.
            sa.func.max(table.c.brand_id).label("brand_id"),
            _sum(within(selection.span)).label("now"),
            _sum(within(selection.complete)).label("complete"),
            _sum(within(selection.comparison)).label("before"),
        )
        .where(
            table.c.asin_id.in_(products),
            table.c.metric.in_(metrics),
            sa.or_(*(within(span) for span in spans)),
            *conditions(selection),
        )
        .group_by(table.c.asin_id, table.c.metric)
        .order_by(table.c.asin_id, table.c.metric)
    )


def conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    """What of the ASIN level belongs to the selection's brands, categories and marketplaces."""
    columns = summary_asin.c
    asked = (
        (columns.brand_id, selection.brands or None), (columns.brand_id, selection.scope),
        (columns.category_id, selection.categories or None), (columns.marketplace, selection.marketplaces or None),
    )
    return [column.in_(values) for column, values in asked if values is not None]


def searched(search: str) -> list[sa.ColumnElement[bool]]:
    """Every word must stand in the ASIN or in the name."""
    return [
        asin.c.asin.icontains(word, autoescape=True) | asin.c.name.icontains(word, autoescape=True)
        for word in search.split()
    ]


def within(span: Span | None) -> sa.ColumnElement[bool]:
    """Whether a month of the ASIN level is one of `span`."""
    return sa.false() if span is None else summary_asin.c.month.between(span.first, span.last)


def amount_of(asked: Measure) -> sa.ColumnElement:
    """A row of the ASIN level as it counts in a metric, or in a balance, or above the line of a ratio."""
    columns = summary_asin.c
    minus = (asked.minus,) if isinstance(asked, Balance) else asked.minus if isinstance(asked, Ratio) else ()
    return sa.case((columns.metric.in_(minus), -columns.value), else_=columns.value) if minus else columns.value


def _totals(selection: Selection, asked: str | Balance, span: Span, name: str) -> sa.Subquery:
    """The sum of a metric, or of a balance, over one span, by product. Each that an order needs is added up on its own
    and joined: one pass over all of them, with a CASE for each, takes half as long again."""
    columns, months = summary_asin.c, rows_months(selection, span)
    return (
        sa.select(columns.asin_id, sa.func.sum(amount_of(asked)).label("value"))
        .where(is_one_of(columns.month, months), _is_of(asked), *conditions(selection))
        .group_by(columns.asin_id)
        .subquery(name)
    )


def _is_of(asked: str | Balance) -> sa.ColumnElement[bool]:
    metric = summary_asin.c.metric
    return metric == asked if isinstance(asked, str) else metric.in_(metrics_of(asked))


def _chosen(selection: Selection, span: Span, name: str) -> sa.Subquery:
    """The chosen metric by product; of a ratio its two sums beside it. What has no base has no ratio and comes last,
    and counts in that of all."""
    ratio = selection.ratio
    if ratio is None:
        return _totals(selection, selection.balance or selection.metric, span, name)
    columns = summary_asin.c
    part, base = (
        sa.func.sum(sa.case((columns.metric.in_(metrics), amount_of(ratio))))
        for metrics in ((*ratio.parts, *ratio.minus), (ratio.base,))
    )
    sums = (
        sa.select(columns.asin_id, part.label("part"), base.label("base"))
        .where(
            is_one_of(columns.month, rows_months(selection, span)), columns.metric.in_(ratio.metrics),
            *conditions(selection),
        )
        .group_by(columns.asin_id)
        .subquery(f"{name}_sums")
    )
    return sa.select(
        sums.c.asin_id, sums.c.part, sums.c.base, (sums.c.part / sa.func.nullif(sums.c.base, 0)).label("value")
    ).subquery(name)


def rows_months(selection: Selection, span: Span | None = None) -> list[datetime.date]:
    """The months of a span (None: the chosen ones) that can have rows, so that no range of years makes a long list."""
    calendar, span = selection.calendar, span or selection.span
    return [month for month in span.months if calendar.first_month <= month <= calendar.last_month]


def _ordered(place: sa.ColumnElement | None, order: str) -> list[sa.ColumnElement]:
    """What has no value to sort by comes last, whichever way the order goes."""
    return [] if place is None else [place.is_(None), place.desc() if order == "desc" else place]


Place = tuple[sa.ColumnElement | None, list[sa.Subquery]]


def _place(selection: Selection, found: sa.Subquery) -> Place:
    """What products are sorted by (None: by ASIN), and the sums it needs beside those that were `found`."""
    if selection.sort == "name":
        return sa.func.lower(sa.func.nullif(asin.c.name, "")), []
    if selection.sort == "change":
        return _change(selection, found)
    asked = SORTED_BY.get(selection.sort, selection.measure)
    if asked == selection.measure:
        return found.c.value, []
    if isinstance(asked, str):
        part = _part(selection, asked, found)
        return part.c.value, [part] if part is not found else []
    (part,), base = ([_part(selection, name, found) for name in asked.parts], _part(selection, asked.base, found))
    return part.c.value / sa.func.nullif(base.c.value, 0), [used for used in (part, base) if used is not found]


def _part(selection: Selection, metric: str, found: sa.Subquery) -> sa.Subquery:
    """The sums of a metric over the chosen months."""
    if metric == selection.metric:
        return found
    return _totals(selection, metric, selection.span, metric.lower().replace(" ", "_"))


def _change(selection: Selection, found: sa.Subquery) -> Place:
    """As `relative_change` has it; what sells nothing any more has fallen to nothing."""
    if selection.comparison is None:
        return None, []
    before, complete = _chosen(selection, selection.comparison, "before"), found
    if selection.complete != selection.span:
        complete = _chosen(selection, selection.complete, "complete")
    if selection.ratio:
        return complete.c.value - before.c.value, [part for part in (before, complete) if part is not found]
    rise = sa.func.coalesce(complete.c.value, 0) - before.c.value
    parts = [part for part in (before, complete) if part is not found]
    return rise / sa.func.nullif(sa.func.abs(before.c.value), 0), parts


def _sum(condition: sa.ColumnElement[bool]) -> sa.ColumnElement:
    return sa.func.sum(sa.case((condition, summary_asin.c.value)))


def _whole(connection: sa.Connection, selection: Selection) -> Decimal | None:
    """The chosen metric's sum over the whole selection, whatever is searched for."""
    totals: dict[str, Decimal] = {}
    for found in sums_by(connection, selection, MONTH, span=selection.span, metrics=selection.sums):
        totals[found.metric] = totals.get(found.metric, Decimal(0)) + found.value
    return selection.value_of(totals)


def _rows(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], found: Sequence[sa.Row],
    total: Decimal | None,
) -> Iterator[ProductRow]:
    """The rows of the products that were `found`, in their order."""
    figures: dict[int, list[sa.Row]] = {}
    if found:
        for row in connection.execute(figures_statement(selection, [row.key for row in found])).all():
            figures.setdefault(row.key, []).append(row)
    for row in found:
        yield row_of(_sums_of(row, figures.get(row.key, []), selection), selection, brand_names, total)


def _sums_of(row: sa.Row, figures: Sequence[sa.Row], selection: Selection) -> ProductSums:
    brand_id = next((found.brand_id for found in figures if found.metric in selection.sums), UNASSIGNED)
    now, complete, before = (
        {found.metric: value for found in figures if (value := getattr(found, name)) is not None}
        for name in ("now", "complete", "before")
    )
    return ProductSums(row.key, row.asin, row.name, brand_id, now, complete, before)


def row_of(
    product: ProductSums, selection: Selection, brand_names: Mapping[int, str], total: Decimal | None
) -> ProductRow:
    """The row of a product; `total` is what the chosen metric of the whole selection comes to."""
    now, before, value = product.now, selection.value_of(product.before), selection.value_of(product.now)
    return ProductRow(
        key=product.key, asin=product.asin, name=product.called, brand_id=product.brand_id,
        brand=brand_names.get(product.brand_id) or f"(brand {product.brand_id})", value=value,
        share=selection.share_of(value, total), before=before, change=change_of(product, selection),
        cm3=now.get(CM3), margin=CM3_MARGIN.of(now), units=now.get(NET_UNITS), price=AVERAGE_PRICE.of(now),
    )


def change_of(product: ProductSums, selection: Selection) -> Decimal | None:
    """The change of the chosen metric; what sells nothing any more has fallen to nothing."""
    complete, before = selection.value_of(product.complete), selection.value_of(product.before)
    if complete is None and before is not None and selection.ratio is None:
        complete = Decimal(0)
    return selection.change_of(complete, before)

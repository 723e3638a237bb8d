"""Products by figures: which ones stand on a page, and what is in their rows.

Three statements give a page of any size. The first ranks (queries/ranking.py): it adds up the chosen metric of every
product in the chosen months, and cuts out the page. The others read the other figures and the months, of the products
on the page only.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import sqlalchemy as sa

from database.queries.product_level import conditions, within
from database.queries.ranking import ranking_statement
from database.queries.sums import MONTH, sums_by
from database.schema import UNASSIGNED, summary_asin
from domain.columns import TREND, USUAL, ListColumn
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.months import add_months
from domain.periods import AROUND, Span
from domain.ratios import metrics_of, value_of
from domain.selection import Selection

AT_ONCE = 500
"""So many products' figures are read by one statement."""
_OF_NARROWED = (NET_REVENUE, NET_UNITS, CM3)
"""One of these has whoever a list is narrowed to, if not the chosen metric."""


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

    `share` of the whole selection, `change` against `before` and percentages are fractions, the change of a ratio
    a difference of such. `figures` are those of the columns, by their words; `months` the chosen metric in each of
    `trend_span`, if that is a column. Months in progress count in every figure but `change` and `months`.
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
    figures: Mapping[str, Decimal | None]
    months: tuple[Decimal | None, ...] = ()


@dataclass(frozen=True)
class Products:
    """The products of one page in their order; `count`, `value` and `share` are of all that were found, and so is
    `narrowed`: word that they are narrowed to -> sum of what it speaks of."""

    rows: tuple[ProductRow, ...]
    count: int
    value: Decimal | None
    share: Decimal | None
    narrowed: Mapping[str, Decimal | None] = field(default_factory=dict)


def read_products(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], *, start: int, limit: int
) -> Products:
    """The products with a figure of the chosen metric in the chosen months, or what they are narrowed to, that the
    search names: `limit` of them from the `start`-th (0 is the first), in the selection's order; equal ones by ASIN."""
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
        narrowed={
            word: getattr(first, f"narrowed_{number}") if first else None for number, word in enumerate(selection.only)
        },
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


def trend_span(selection: Selection) -> Span | None:
    """The months that are drawn of each product: the last chosen one that is over, with those before it, so that a
    month is seen beside that of a year before. None where none is over."""
    calendar = selection.calendar
    last = min(selection.span.last, calendar.end)
    first = max(add_months(last, 1 - AROUND), calendar.first_month)
    return Span(first, last) if first <= last else None


def figures_statement(selection: Selection, products: Sequence[int]) -> sa.Select:
    """Per product and metric, the sums over the chosen months that a row of the table is made of."""
    table = summary_asin.c
    return (
        sa.select(
            table.asin_id.label("key"),
            table.metric.label("metric"),
            # One product has one brand in a generation.
            sa.func.max(table.brand_id).label("brand_id"),
            sa.func.sum(table.value).label("now"),
        )
        .where(
            table.asin_id.in_(products), table.metric.in_(_metrics(selection)), within(selection.span),
            *conditions(selection),
        )
        .group_by(table.asin_id, table.metric)
        .order_by(table.asin_id, table.metric)
    )


def course_statement(selection: Selection, products: Sequence[int]) -> sa.Select:
    """Per product and metric that the chosen one is made of, its sum in each month that is drawn, and in those that are
    not (`month` is none there); of each, what counts in the months that are over and in those they are compared with.
    All in one pass: DuckDB looks through every product of these months for the few that are asked for."""
    table, drawn = summary_asin.c, trend_span(selection) if TREND in columns_of(selection) else None
    spans = [span for span in (selection.complete, selection.comparison, drawn) if span]
    month = sa.case((within(drawn), table.month)).label("month")
    return (
        sa.select(
            table.asin_id.label("key"), table.metric.label("metric"), month,
            sa.func.max(table.brand_id).label("brand_id"),
            sa.func.sum(table.value).label("value"),
            _sum(within(selection.complete)).label("complete"),
            _sum(within(selection.comparison)).label("before"),
        )
        .where(
            table.asin_id.in_(products),
            table.metric.in_(sorted({*selection.needed, *(_OF_NARROWED if selection.only else ())})),
            sa.or_(sa.false(), *(within(span) for span in spans)),
            *conditions(selection),
        )
        .group_by(table.asin_id, table.metric, month)
        .order_by(table.asin_id, table.metric, month)
    )


def columns_of(selection: Selection) -> tuple[ListColumn, ...]:
    """The columns that rows have beside the chosen metric."""
    return USUAL if selection.columns is None else selection.columns


def _metrics(selection: Selection) -> list[str]:
    asked = [column.measure for column in columns_of(selection) if column.measure]
    return sorted({
        *selection.sums, *(name for measure in asked for name in metrics_of(measure)),
        *(_OF_NARROWED if selection.only else ()),
    })


def _sum(condition: sa.ColumnElement[bool]) -> sa.ColumnElement:
    return sa.func.sum(sa.case((condition, summary_asin.c.value)))


def _whole(connection: sa.Connection, selection: Selection) -> Decimal | None:
    """The chosen metric's sum over the whole selection, whatever is searched for and whatever it is narrowed to."""
    totals: dict[str, Decimal] = {}
    for found in sums_by(connection, selection, MONTH, span=selection.span, metrics=selection.sums):
        totals[found.metric] = totals.get(found.metric, Decimal(0)) + found.value
    return selection.value_of(totals)


def _rows(
    connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str], found: Sequence[sa.Row],
    total: Decimal | None,
) -> Iterator[ProductRow]:
    """The rows of the products that were `found`, in their order."""
    if not found:
        return
    keys = [row.key for row in found]
    figures, course = (
        _by_product(connection.execute(statement(selection, keys)).all())
        for statement in (figures_statement, course_statement)
    )
    drawn = trend_span(selection) if TREND in columns_of(selection) else None
    months = drawn.months if drawn else []
    for row in found:
        told = course.get(row.key, [])
        product, by_month = _sums_of(row, figures.get(row.key, []), told), _by_month(told)
        yield replace(
            _row_of(product, selection, brand_names, total),
            months=tuple(selection.value_of(by_month.get(month, {})) for month in months),
        )


def _by_product(rows: Sequence[sa.Row]) -> dict[int, list[sa.Row]]:
    found: dict[int, list[sa.Row]] = {}
    for row in rows:
        found.setdefault(row.key, []).append(row)
    return found


def _by_month(course: Sequence[sa.Row]) -> dict[datetime.date, dict[str, Decimal]]:
    found: dict[datetime.date, dict[str, Decimal]] = {}
    for row in course:
        if row.month is not None:
            found.setdefault(row.month, {})[row.metric] = row.value
    return found


def _sums_of(row: sa.Row, figures: Sequence[sa.Row], course: Sequence[sa.Row]) -> ProductSums:
    brand_id = next((found.brand_id for found in (*figures, *course)), UNASSIGNED)
    complete, before = ({}, {})
    for found in course:
        for sums, value in ((complete, found.complete), (before, found.before)):
            if value is not None:
                sums[found.metric] = sums.get(found.metric, Decimal(0)) + value
    return ProductSums(
        row.key, row.asin, row.name, brand_id, {found.metric: found.now for found in figures}, complete, before
    )


def _row_of(
    product: ProductSums, selection: Selection, brand_names: Mapping[int, str], total: Decimal | None
) -> ProductRow:
    """The row of a product; `total` is what the chosen metric of the whole selection comes to."""
    value, columns = selection.value_of(product.now), columns_of(selection)
    return ProductRow(
        key=product.key, asin=product.asin, name=product.called, brand_id=product.brand_id,
        brand=brand_names.get(product.brand_id) or f"(brand {product.brand_id})", value=value,
        share=selection.share_of(value, total), before=selection.value_of(product.before),
        change=change_of(product, selection),
        figures={column.word: value_of(column.measure, product.now) for column in columns if column.measure},
    )


def change_of(product: ProductSums, selection: Selection) -> Decimal | None:
    """The change of the chosen metric; what sells nothing any more has fallen to nothing."""
    complete, before = selection.value_of(product.complete), selection.value_of(product.before)
    if complete is None and before is not None and selection.ratio is None:
        complete = Decimal(0)
    return selection.change_of(complete, before)

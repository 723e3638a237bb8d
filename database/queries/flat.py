"""Every figure there is, flat: a row per month, product and marketplace, a column per metric.

Months are read one after the other, and in each some products after the others, as the server hands them over: the
memory that it takes does not grow with the number of rows.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.queries.product_level import conditions, rows_months, searched
from database.schema import asin, summary_asin
from domain.selection import Selection

AT_ONCE = 2000
"""So many rows are fetched at a time."""
PRODUCTS_AT_ONCE = 2500
"""So many products' rows of a month are asked for at a time: an engine in our process makes the whole answer first."""


@dataclass(frozen=True)
class FlatRow:
    """One product in one marketplace and month; `values` are those of the metrics that were asked for, in their order,
    None where there is no figure. `asin` is None for a product that is not in the catalogue any more."""

    month: datetime.date
    marketplace: str
    key: int
    asin: str | None
    name: str | None
    brand_id: int
    category_id: int
    values: tuple[Decimal | None, ...]


def count_flat(connection: sa.Connection, selection: Selection, metrics: Sequence[str]) -> int:
    """How many rows there are."""
    return sum(count for _, count in months_with_rows(connection, selection, metrics))


def months_with_rows(
    connection: sa.Connection, selection: Selection, metrics: Sequence[str]
) -> list[tuple[datetime.date, int]]:
    """The chosen months that have rows, and how many each has."""
    columns, span = summary_asin.c, selection.span
    groups = (
        sa.select(columns.month, columns.asin_id, columns.marketplace)
        .select_from(_tables(selection))
        .where(columns.month.between(span.first, span.last), *_of(selection, metrics))
        .distinct()
        .subquery("groups")
    )
    found = connection.execute(
        sa.select(groups.c.month, sa.func.count()).group_by(groups.c.month).order_by(groups.c.month)
    )
    return [(month, count) for month, count in found]


def read_flat(
    connection: sa.Connection, selection: Selection, metrics: Sequence[str], *, start: int = 0, limit: int | None = None
) -> Iterator[FlatRow]:
    """The rows from the `start`-th (0 is the first), at most `limit` of them (None: all), by month, product as the
    catalogue numbers them, and marketplace."""
    if limit is None and not start:
        runs = _runs(connection, selection, metrics)
        for month, run in itertools.product(rows_months(selection), runs):
            yield from _rows(connection, month_statement(selection, month, metrics, run))
        return
    for month, count in months_with_rows(connection, selection, metrics) if start else _uncounted(selection):
        if start and start >= count:
            start -= count
            continue
        if limit is not None and limit <= 0:
            return
        statement = month_statement(selection, month, metrics).limit(limit).offset(start or None)
        start = 0
        for row in _rows(connection, statement):
            yield row
            limit = None if limit is None else limit - 1


def _uncounted(selection: Selection) -> list[tuple[datetime.date, int]]:
    return [(month, 0) for month in rows_months(selection)]


Run = tuple[int, int]
"""The first and the last id of products that follow each other."""


def _runs(connection: sa.Connection, selection: Selection, metrics: Sequence[str]) -> list[Run]:
    """All products of the selection, so many at a time that a month of them needs little memory."""
    columns, span = summary_asin.c, selection.span
    products = (
        sa.select(columns.asin_id)
        .select_from(_tables(selection))
        .where(columns.month.between(span.first, span.last), *_of(selection, metrics))
        .distinct()
        .subquery("products")
    )
    number = sa.func.row_number().over(order_by=products.c.asin_id)
    numbered = sa.select(products.c.asin_id, number.label("number")).subquery("numbered")
    run = sa.func.floor((numbered.c.number - 1) / sa.literal(PRODUCTS_AT_ONCE)).label("run")
    found = sa.select(sa.func.min(numbered.c.asin_id), sa.func.max(numbered.c.asin_id)).group_by(run).order_by(
        sa.func.min(numbered.c.asin_id)
    )
    return [(first, last) for first, last in connection.execute(found)]


def _rows(connection: sa.Connection, statement: sa.Select) -> Iterator[FlatRow]:
    for row in _streamed(connection, statement):
        yield FlatRow(row[0], row[1], row[2], row[3], row[4], row[5], row[6], tuple(row[7:]))


def _streamed(connection: sa.Connection, statement: sa.Select) -> Iterator[sa.Row]:
    """A cursor on the server: MariaDB would send the whole month into this process first."""
    result = connection.execute(statement, execution_options={"stream_results": True, "max_row_buffer": AT_ONCE})
    try:
        yield from result
    finally:
        # Also of what nobody reads to its end: the connection asks nothing else before.
        result.close()


def month_statement(
    selection: Selection, month: datetime.date, metrics: Sequence[str], run: Run | None = None
) -> sa.Select:
    """The rows of one month, of all products or of a run of them."""
    columns = summary_asin.c
    return (
        sa.select(
            columns.month, columns.marketplace, columns.asin_id, asin.c.asin, asin.c.name,
            # One product has one brand and one category in a generation.
            sa.func.max(columns.brand_id).label("brand_id"), sa.func.max(columns.category_id).label("category_id"),
            *(sa.func.sum(sa.case((columns.metric == metric, columns.value))).label(f"value_{number}")
              for number, metric in enumerate(metrics)),
        )
        .select_from(summary_asin.outerjoin(asin, asin.c.id == columns.asin_id))
        .where(
            columns.month == month, *([columns.asin_id.between(*run)] if run else []), *_of(selection, metrics)
        )
        .group_by(columns.month, columns.marketplace, columns.asin_id, asin.c.asin, asin.c.name)
        .order_by(columns.asin_id, columns.marketplace)
    )


def _tables(selection: Selection) -> sa.FromClause:
    """The catalogue only where its words are asked for."""
    return summary_asin.outerjoin(asin, asin.c.id == summary_asin.c.asin_id) if selection.search else summary_asin


def _of(selection: Selection, metrics: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [summary_asin.c.metric.in_(metrics), *conditions(selection), *searched(selection.search)]

"""Where something changed: marketplaces and the months of each, and the lines that stand there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from database import schema

Cell = tuple[str, datetime.date]
"""A marketplace and a month."""

line = schema.amazon_line


def cells_of(connection: sa.Connection, condition: sa.ColumnElement[bool], *joined: tuple) -> set[Cell]:
    """The marketplaces and months of the lines that a condition picks; `joined` are (table, on) pairs."""
    source: sa.FromClause = line
    for table, on in joined:
        source = source.join(table, on)
    query = sa.select(line.c.marketplace, line.c.month).select_from(source).where(condition).distinct()
    return {(row.marketplace, row.month) for row in connection.execute(query)}


def archived_of(connection: sa.Connection) -> set[datetime.date]:
    """Archived months: their facts are elsewhere, and none may be derived beside them."""
    return set(connection.execute(sa.select(schema.archived_month.c.month)).scalars())


def by_marketplace(cells: Iterable[Cell]) -> Iterator[tuple[str, list[datetime.date]]]:
    """Each marketplace with its months, both in order."""
    months: dict[str, list[datetime.date]] = {}
    for marketplace, month in sorted(cells):
        months.setdefault(marketplace, []).append(month)
    yield from months.items()


def within(table: sa.FromClause, cells: Iterable[Cell]) -> sa.ColumnElement[bool]:
    """The condition that a row of `table` stands in one of these marketplaces and months."""
    parts: Sequence[sa.ColumnElement[bool]] = [
        sa.and_(table.c.marketplace == marketplace, table.c.month.in_(months))
        for marketplace, months in by_marketplace(cells)
    ]
    return sa.or_(sa.false(), *parts)

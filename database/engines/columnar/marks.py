"""What tells facts of a month apart from others, worked out alike by the server and by the copy."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import sqlalchemy as sa

from database import schema
from database.engines.fact_marks import FactMarks
from domain.months import last_day

facts = schema.financials

_MODULUS = 1_000_003
"""A prime: a fact's id, divided by it, weighs what the fact says, so that two facts that swap it are told apart."""
TEXTS = {"1": "metric", "3": "marketplace", "5": "currency"}
"""Texts of a fact, and with what each is multiplied, so that two of them that swap are told apart."""
_Weight = sa.Numeric(7, 0)
_Wide = sa.Numeric(38, 0)
_WideSum = sa.Numeric(38, 2)
_Text = sa.String(50)


@dataclass(frozen=True)
class MonthMark:
    """The facts of one month: how many, how many with a value, their sum, the highest id; and two sums in which each
    fact weighs what its id says, of its names and of its amount."""

    facts: int
    valued: int
    value: Decimal
    last_fact_id: int
    names: int
    amounts: Decimal


def server_mark(
    connection: sa.Connection, month: datetime.date, exact: Collection[str], table: sa.Table = facts
) -> MonthMark:
    """The mark of a month's facts in a `table` of the server. `exact` are the texts that are looked at: where one
    does not compare byte for byte, the copy holds other spellings of it; and currencies stand in no index."""
    return _mark_of(connection, table, month, exact, lambda column: sa.func.crc32(column))


def copied_mark(connection: sa.Connection, month: datetime.date, exact: Collection[str]) -> MonthMark:
    """The mark of a month's facts in the copy, to which DuckDB's sums lend no checksum of texts."""

    def checksum(column: sa.ColumnElement) -> sa.ColumnElement:
        names = connection.execute(sa.select(column).where(in_month(month), column.is_not(None)).distinct()).scalars()
        sums = {name: sa.literal_column(str(zlib.crc32(name.encode())), sa.BigInteger) for name in names}
        return sa.case(sums, value=column) if sums else sa.null()

    return _mark_of(connection, facts, month, exact, checksum)


def _mark_of(
    connection: sa.Connection, table: sa.Table, month: datetime.date, exact: Collection[str],
    checksum: Callable[[sa.ColumnElement], sa.ColumnElement],
) -> MonthMark:
    weight = sa.func.mod(table.c.id, sa.literal_column(str(_MODULUS), sa.BigInteger))
    names = sa.cast(sa.func.coalesce(table.c.asin_id, 0), sa.BigInteger) * sa.literal_column("31", sa.BigInteger)
    for factor, name in TEXTS.items():
        if name in exact:
            each = sa.cast(sa.func.coalesce(checksum(table.c[name]), 1), sa.BigInteger)
            names = names + each * sa.literal_column(factor, sa.BigInteger)
    # As texts: SQLAlchemy's dialect of DuckDB takes whole numbers of many digits for floating ones.
    row = connection.execute(
        sa.select(
            sa.func.count(), sa.func.count(table.c.value), sa.cast(sa.func.coalesce(_sum(table.c.value), 0), _Text),
            sa.func.coalesce(sa.func.max(table.c.id), 0),
            sa.cast(sa.func.coalesce(sa.cast(sa.func.sum(weight * names), _Wide), 0), _Text),
            sa.cast(sa.func.coalesce(_sum(sa.cast(weight, _Weight) * table.c.value), 0), _Text),
        ).where(in_month(month, table))
    ).one()
    return MonthMark(int(row[0]), int(row[1]), Decimal(row[2]), int(row[3]), int(row[4]), Decimal(row[5]))


def _sum(amounts: sa.ColumnElement) -> sa.ColumnElement:
    return sa.cast(sa.func.sum(amounts), _WideSum)


def in_month(month: datetime.date, table: sa.Table = facts) -> sa.ColumnElement[bool]:
    """Whether a fact is of the month, on whatever day of it."""
    return table.c.month.between(month, last_day(month))


class CopyMarks(FactMarks):
    """Marks of the copy: of all that it was told of, up to the highest id that the server had when it was asked."""

    def __init__(
        self, connection: sa.Connection, last_id: int, last_ids: Mapping[datetime.date, int] = MappingProxyType({})
    ) -> None:
        super().__init__(connection)
        self._last_id, self._last_ids = last_id, last_ids

    def last_id(self) -> int:
        return self._last_id

    def last_ids(self) -> Mapping[datetime.date, int]:
        return self._last_ids

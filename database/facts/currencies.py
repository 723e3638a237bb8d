"""Which currencies facts of a month name: written down with the facts, so that months that name none need not be asked.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Facts
from domain.months import month_of

named = schema.financials_currency

Pair = tuple[datetime.date, str]
"""A month, and the code of a currency."""


def note_currencies(connection: sa.Connection, pairs: Iterable[Pair]) -> None:
    """Writes down that facts of these months name these currencies; what is there already stays."""
    wanted = {(month_of(date), code) for date, code in pairs}
    if not wanted:
        return
    known = {(row.month, row.currency) for row in connection.execute(sa.select(named))}
    rows = [{"month": month, "currency": code} for month, code in sorted(wanted - known)]
    if rows:
        connection.execute(sa.insert(named), rows)


def pairs_of(part: Facts, table: sa.Table, condition: sa.ColumnElement[bool]) -> list[Pair]:
    """The dates and currencies that rows of `table` (facts, or those set aside) name, of those that a condition picks.
    """
    query = sa.select(table.c.month, table.c.currency).distinct().where(condition, table.c.currency.is_not(None))
    return [(row.month, row.currency) for row in part.execute(query)]


def rates_missing(store: Store, pairs: Iterable[Pair]) -> dict[str, list[datetime.date]]:
    """Of these months and currencies those whose rate into the dashboard's nobody told: currency -> months, in order.
    """
    wanted = {(month_of(date), code) for date, code in pairs}
    if not wanted:
        return {}
    told = schema.exchange_rate
    query = sa.select(told.c.month, told.c.currency).where(told.c.base == store.settings.dashboard.currency)
    with store.application_reading.connect() as connection:
        known = {(row.month, row.currency) for row in connection.execute(query)}
    missing: dict[str, list[datetime.date]] = {}
    for month, code in sorted(wanted - known, key=lambda pair: (pair[1], pair[0])):
        missing.setdefault(code, []).append(month)
    return missing

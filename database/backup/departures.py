"""Facts against the fingerprints that the live generation recorded: what was lost without an error shows here."""

from __future__ import annotations

import datetime
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Reading
from database.summaries.verification import NO_MONTH
from domain.errors import NeverRefreshed
from domain.months import format_month

Marks = dict[datetime.date, tuple[int, Decimal]]
"""Month -> facts, their sum."""


def departures(store: Store) -> list[str]:
    """Months whose facts are not those that the live generation was made of although no import, undo or archive says
    why, one line each."""
    try:
        ledger_id, recorded = store.read(_recorded)
    except NeverRefreshed:
        return []
    with store.facts() as connection:
        found, explained = _found(connection), _explained(connection, ledger_id)
    return [
        f"{_name(month)}: {_words(recorded.get(month))} when the live generation was made of them, "
        f"{_words(found.get(month))} now"
        for month in sorted(recorded.keys() | found.keys())
        if month not in explained and recorded.get(month) != found.get(month)
    ]


def _recorded(reading: Reading) -> tuple[int, Marks]:
    table = schema.summary_month
    rows = reading.connection.execute(
        sa.select(table.c.month, sa.func.sum(table.c.facts), sa.func.sum(table.c.value))
        .where(table.c.generation == reading.generation.generation)
        .group_by(table.c.month)
    )
    return reading.generation.ledger_id, {month: (int(facts), value) for month, facts, value in rows if facts}


def _found(connection: sa.Connection) -> Marks:
    table = schema.financials
    rows = connection.execute(
        sa.select(table.c.month, sa.func.count(), sa.func.coalesce(sa.func.sum(table.c.value), 0))
        .group_by(table.c.month)
    )
    found: Marks = {}
    for date, facts, value in rows:
        month = date.replace(day=1) if date else NO_MONTH
        before = found.get(month, (0, Decimal(0)))
        found[month] = (before[0] + facts, before[1] + value)
    return found


def _explained(connection: sa.Connection, ledger_id: int) -> set[datetime.date]:
    ledger = schema.changed_month
    changed = connection.execute(sa.select(ledger.c.month).where(ledger.c.id > ledger_id)).scalars().all()
    archived = connection.execute(sa.select(schema.archived_month.c.month)).scalars().all()
    return {month.replace(day=1) for month in (*changed, *archived)}


def _name(month: datetime.date) -> str:
    return "without a month" if month == NO_MONTH else format_month(month)


def _words(mark: tuple[int, Decimal] | None) -> str:
    facts, value = mark or (0, Decimal(0))
    return f"{facts:,} facts, sum {value:,.2f},"

"""Facts under another name: counted, renamed in place, and named as they were.

What undo keeps of earlier imports is renamed too, so that it comes back under the name that is in force. As it was
named before, each fact is set aside under the join's id, wherever it was; found by its id, it gets its old name back
wherever it is by then. So it does not matter which imports come, or are undone, between a join and its undo.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Facts
from database.imports.facts import total
from database.imports.staging import JOIN
from domain.months import month_of

fact, aside = schema.financials, schema.financials_replaced
book, ledger, joins = schema.financials_import, schema.changed_month, schema.name_join

Tally = dict[tuple[str, datetime.date, str], tuple[int, Decimal]]
"""Metric ('' for none), month and currency ('' for the dashboard's) -> how many facts, and their sum."""


@dataclass(frozen=True)
class Renaming:
    """What changes in a fact: its `column`, from `old` to `new`: texts, or ids of products."""

    column: str
    old: str | int
    new: str | int

    def has_old(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Rows that carry the old name."""
        return _is(table.c[self.column], self.old)

    def has_new(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """Rows that carry the new name."""
        return _is(table.c[self.column], self.new)

    def turned(self) -> Renaming:
        """The other way."""
        return Renaming(self.column, self.new, self.old)

    def after(self, before: Tally) -> Tally:
        """What is counted as `before`, under the names it has afterwards."""
        if self.column != "metric":
            return before
        return {(str(self.new), month, code): found for (_, month, code), found in before.items()}


def _is(column: sa.ColumnElement, name: str | int) -> sa.ColumnElement[bool]:
    """Byte for byte, also in a table that takes several spellings as equal; the plain comparison lets it use an
    index."""
    if isinstance(name, int):
        return column == name
    return sa.and_(column == name, sa.func.hex(column) == name.encode().hex().upper())


def all_months(store: Store, connection: sa.Connection) -> set[datetime.date]:
    """Every month of which there are facts, or facts that undo keeps."""
    dates = [date for date in store.facts_room.marks(connection).dates() if date is not None]
    dates += connection.execute(sa.select(ledger.c.month).where(ledger.c.import_id.is_not(None)).distinct()).scalars()
    return {month_of(date) for date in dates}


def is_of_an_import(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """The condition for what undo keeps of imports, and not of joins."""
    found = connection.execute(sa.select(joins.c.import_id).order_by(joins.c.import_id)).scalars()
    return aside.c.replaced_by.not_in(list(found))


def tally(
    store: Store, connection: sa.Connection, months: Collection[datetime.date], condition: sa.ColumnElement[bool],
    *, table: sa.Table = fact,
) -> Tally:
    """Counts the rows that `condition` picks, place by place."""
    grain = (table.c.metric, table.c.month, table.c.currency)
    query = (
        sa.select(*grain, sa.func.count().label("facts"), total(table.c.value).label("value"))
        .where(condition).group_by(*grain)
    )
    found: Tally = {}
    for rows in store.each_part(connection, months, lambda part: part.execute(query).all()):
        found = added(found, *(
            {(row.metric or "", row.month, row.currency or ""): (row.facts, row.value)} for row in rows
        ))
    return found


def added(*tallies: Tally) -> Tally:
    """All of them together."""
    sums: Tally = {}
    for each in tallies:
        for key, (facts, value) in each.items():
            known = sums.get(key, (0, Decimal(0)))
            sums[key] = (known[0] + facts, known[1] + value)
    return sums


def rename(
    store: Store, connection: sa.Connection, renaming: Renaming, *, months: Collection[datetime.date], join_id: int
) -> None:
    """Gives every fact, and what undo keeps, its new name; how they were named is kept under `join_id`."""
    columns = [column.name for column in aside.columns if column.name != "replaced_by"]
    kept = renaming.has_old(aside) & is_of_an_import(connection)
    statements: list[sa.Executable] = [
        sa.insert(aside).from_select(
            [*columns, "replaced_by"],
            sa.select(*(table.c[name] for name in columns), sa.literal(join_id).label("replaced_by")).where(picked),
        )
        for table, picked in ((aside, kept), (fact, renaming.has_old(fact)))
    ]
    statements += [
        sa.update(fact).where(renaming.has_old(fact)).values({renaming.column: renaming.new}),
        sa.update(aside).where(kept, aside.c.replaced_by != join_id).values({renaming.column: renaming.new}),
    ]
    _run(store, connection, months, statements)


def name_as_before(
    store: Store, connection: sa.Connection, renaming: Renaming, *, months: Collection[datetime.date], join_id: int
) -> Tally:
    """Gives the facts that the join renamed their old name, wherever they are; those that are no more stay gone.
    Returns what of them counts as a fact."""
    before = aside.alias("before_join")
    live = [fact.c.id == aside.c.id, fact.c.month == aside.c.month, aside.c.replaced_by == join_id,
            renaming.has_new(fact)]
    kept = [aside.c.id == before.c.id, aside.c.month == before.c.month, before.c.replaced_by == join_id,
            is_of_an_import(connection), renaming.has_new(aside)]
    back = {renaming.column: renaming.old}
    found = tally(store, connection, months, sa.exists().where(*live).correlate(fact))
    _run(store, connection, months, [
        sa.update(fact).where(*live).values(back),
        sa.update(aside).where(*kept).values(back),
        sa.delete(aside).where(aside.c.replaced_by == join_id),
    ])
    return found


def later_joins_of_facts(
    store: Store, connection: sa.Connection, *, join_id: int, kind: str, months: Collection[datetime.date]
) -> set[int]:
    """Joins of the same kind that came later, are in force, and renamed facts that this one had renamed."""
    later = list(connection.execute(
        sa.select(joins.c.import_id).join_from(joins, book, book.c.id == joins.c.import_id)
        .where(joins.c.import_id > join_id, joins.c.kind == kind, book.c.status == "done", book.c.mode == JOIN)
    ).scalars())
    if not later:
        return set()
    again = aside.alias("again")
    query = (
        sa.select(again.c.replaced_by).distinct()
        .join_from(aside, again, sa.and_(again.c.id == aside.c.id, again.c.month == aside.c.month))
        .where(aside.c.replaced_by == join_id, again.c.replaced_by.in_(later))
    )
    return set().union(*store.each_part(connection, months, lambda part: part.execute(query).scalars().all()))


def _run(
    store: Store, connection: sa.Connection, months: Collection[datetime.date], statements: Sequence[sa.Executable]
) -> None:
    def work(part: Facts) -> None:
        for statement in statements:
            part.execute(statement)

    store.each_part(connection, months, work)

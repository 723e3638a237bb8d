"""Takes an import back: its facts go, what it replaced returns with its ids, the ledger says so."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Facts
from database.facts.archived import months_of_import, refuse_archived
from database.facts.currencies import Pair, note_currencies, pairs_of
from database.facts.import_sums import forget_imports, note_set_aside
from database.facts.ledger import note_changed_months
from database.imports.derived_facts import derive_after_facts
from database.imports.facts import FactRange, belongs_to, sums_by_metric
from database.imports.line_batch import LINES
from database.imports.line_undo import take_lines_out
from database.imports.overhead_batch import take_overheads_out
from database.imports.overheads import FORMAT as OVERHEADS
from database.imports.report import MetricSum, value_of
from database.imports.staging import APPEND, JOIN
from database.imports.undone import Undone
from domain.errors import Refused
from domain.moments import utc_now

book, fact, aside = schema.financials_import, schema.financials, schema.financials_replaced


def undo_import(store: Store, import_id: int) -> Undone:
    """Takes back the import `import_id`, in one transaction; the caller holds `store.lock()`. Products,
    brands and categories that it made stay. Raises Refused if there is no such import, if it is out
    already, if its facts are archived, or, naming them, if later imports touched the same facts."""
    with store.facts() as connection:
        entry = connection.execute(sa.select(book).where(book.c.id == import_id)).first()
        refuse_unless_in(import_id, entry)
        assert entry.mode != JOIN, "a join is undone by database/names/undoing.py"
        if entry.mode == LINES:
            take_out = take_overheads_out if entry.format == OVERHEADS else take_lines_out
            undone = take_out(store, connection, entry)
            store.commit(connection)
            return undone
        refuse_archived(
            connection, months_of_import(connection, import_id), f"import {import_id} ({entry.file_name}) touched facts"
        )
        _refuse_if_built_upon(store, connection, entry)
        undone = _take_out(store, connection, entry)
        store.commit(connection)
        return undone


def refuse_unless_in(import_id: int, entry: sa.Row | None) -> None:
    """Raises Refused, saying why, unless the import is in: `entry` is its row of `financials_import`."""
    if entry is None:
        raise Refused(f"there is no import {import_id}; flask imports lists them")
    if entry.status == "undone":
        when = f"{entry.undone_at:%Y-%m-%d %H:%M} UTC"
        raise Refused(f"import {import_id} ({entry.file_name}) was undone already, {when}")
    if entry.status != "done":
        raise Refused(f"import {import_id} ({entry.file_name}) is out already: {entry.status}")


def _refuse_if_built_upon(store: Store, connection: sa.Connection, entry: sa.Row) -> None:
    """Later imports that replaced facts of this one, or that gave anew what this one had replaced."""
    later = {
        row.id: row for row in connection.execute(
            # A join of names moves no figure: what it renamed is this import's all the same.
            sa.select(book).where(book.c.id > entry.id, book.c.status == "done", book.c.mode != JOIN)
            .order_by(book.c.id)
        )
    }
    others = [row for row in later.values() if row.source == entry.source and row.mode != APPEND]
    gone = (
        sa.select(aside.c.asin_id, aside.c.marketplace, aside.c.month)
        .where(aside.c.replaced_by == entry.id).distinct().subquery("gone")
    )

    def work(part: Facts) -> set[int]:
        touched = set(part.execute(
            sa.select(aside.c.replaced_by)
            .where(aside.c.import_id == entry.id, aside.c.replaced_by.in_(later))
            .distinct()
        ).scalars())
        for row in others if entry.replaced_facts else ():
            again = (
                sa.select(fact.c.id)
                .join_from(fact, gone, sa.and_(
                    fact.c.asin_id == gone.c.asin_id, fact.c.marketplace == gone.c.marketplace,
                    fact.c.month == gone.c.month,
                ))
                .where(belongs_to(_range(row))).limit(1)
            )
            if row.id not in touched and part.execute(again).first():
                touched.add(row.id)
        return touched

    found = set().union(*store.each_part(connection, months_of_import(connection, entry.id), work))
    if found:
        names = ", ".join(f"{number} ({later[number].file_name})" for number in sorted(found))
        raise Refused(
            f"import {entry.id} ({entry.file_name}) cannot be undone: later imports touched the same facts: "
            f"{names}; "
            "undo those first, the latest one first"
        )


def _take_out(store: Store, connection: sa.Connection, entry: sa.Row) -> Undone:
    now = utc_now()
    ours, back = belongs_to(_range(entry)), aside.c.replaced_by == entry.id
    columns = [column for column in aside.columns if column.name != "replaced_by"]

    def work(part: Facts) -> tuple[list[MetricSum], set[datetime.date], int, list[Pair]]:
        gone, pairs = sums_by_metric(part, fact, ours), pairs_of(part, aside, back)
        months = set(part.execute(sa.select(fact.c.month).where(ours).distinct()).scalars())
        months |= set(part.execute(sa.select(aside.c.month).where(back).distinct()).scalars())
        returned = part.execute(sa.select(sa.func.count()).select_from(aside).where(back)).scalar()
        part.execute(sa.delete(fact).where(ours))
        if returned:
            part.execute(
                sa.insert(fact).from_select([column.name for column in columns], sa.select(*columns).where(back))
            )
            part.execute(sa.delete(aside).where(back))
        return gone, months, returned, pairs

    touched = months_of_import(connection, entry.id)
    note_set_aside(store, connection, entry.id, touched, returns=True)
    forget_imports(connection, [entry.id], touched)
    done = store.each_part(connection, touched, work)
    months = set().union(*(found for _, found, _, _ in done))
    # A refresh in between may have forgotten them.
    note_currencies(connection, [pair for *_, pairs in done for pair in pairs])
    gone = [each for sums, *_ in done for each in sums]
    last = _derive(store, connection, months, entry, now)
    connection.execute(sa.update(book).where(book.c.id == entry.id).values(
        status="undone", undone_at=now, last_fact_id=max(filter(None, (entry.last_fact_id, last)), default=None),
    ))
    note_changed_months(connection, months, cause="undo", import_id=entry.id, now=now)
    return Undone(
        entry.id, entry.file_name, sum(each.facts for each in gone), value_of(gone),
        sum(each[2] for each in done), tuple(sorted(months)), now,
    )


def _derive(
    store: Store, connection: sa.Connection, months: set[datetime.date], entry: sa.Row, now: datetime.datetime
) -> int | None:
    """Derives anew, in the months that changed, what follows from facts."""
    changed = sa.or_(*(fact.c.month == month for month in sorted(months)), sa.false())
    return derive_after_facts(store, connection, changed, fact, import_id=entry.id, now=now)


def _range(row: sa.Row) -> FactRange:
    return FactRange(row.id, row.first_fact_id, row.last_fact_id)



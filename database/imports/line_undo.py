"""Takes an import of lines back: its lines go, what it replaced counts again, facts are derived anew."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import refuse_archived
from database.facts.currencies import note_currencies, pairs_of
from database.facts.import_sums import note_set_aside
from database.facts.ledger import note_changed_months
from database.imports.derived_facts import derive_for
from database.imports.undone import Undone
from database.lines.costs import month_to_publish
from database.lines.keeping import refuse_if_replaced, take_back_lines
from database.lines.kinds import untell
from database.lines.scope import cells_of
from database.lines.told_names import give_names
from domain.amazon import TRANSACTIONS
from domain.currencies import SEVERAL
from domain.moments import utc_now

book, fact, aside, line = (
    schema.financials_import, schema.financials, schema.financials_replaced, schema.amazon_line
)


def take_lines_out(store: Store, connection: sa.Connection, entry: sa.Row) -> Undone:
    """Takes back the import `entry`, in `connection`'s transaction. Raises Refused if its months are archived, or if
    later imports replaced lines of it."""
    refuse_if_replaced(connection, entry, not_of=(TRANSACTIONS,))
    now = utc_now()
    kinds = untell(connection, entry.id)
    cells = take_back_lines(connection, entry.id)
    if kinds:
        cells |= cells_of(connection, line.c.kind_id.in_(kinds))
    returned, months = _return_facts(store, connection, entry.id)
    refuse_archived(
        connection, {*months, *(month for _, month in cells)}, f"import {entry.id} ({entry.file_name}) touched facts"
    )
    derived = derive_for(store, connection, cells, import_id=entry.id, now=now)
    give_names(connection)
    last = max(filter(None, (entry.last_fact_id, derived.last)), default=None)
    connection.execute(
        sa.update(book).where(book.c.id == entry.id).values(status="undone", undone_at=now, last_fact_id=last)
    )
    changed = {*derived.months, *months} or {month for _, month in cells}
    told = changed or month_to_publish(connection, entry.format)
    note_changed_months(connection, told, cause="undo", import_id=entry.id, now=now)
    return Undone(
        entry.id, entry.file_name, entry.facts, None if entry.value_currency == SEVERAL else entry.value, returned,
        tuple(sorted(changed)), now,
    )


def _return_facts(store: Store, connection: sa.Connection, import_id: int) -> tuple[int, list]:
    """Puts back what the import had set aside; how many facts, and of which months."""
    back = aside.c.replaced_by == import_id
    months = [month.replace(day=1) for month in connection.execute(
        sa.select(aside.c.month).where(back).distinct()).scalars()]
    returned = connection.execute(sa.select(sa.func.count()).select_from(aside).where(back)).scalar()
    if returned:
        note_set_aside(store, connection, import_id, months, returns=True)
        columns = [column.name for column in aside.columns if column.name != "replaced_by"]
        rows = sa.select(*(aside.c[name] for name in columns)).where(back)
        connection.execute(sa.insert(fact).from_select(columns, rows))
        note_currencies(connection, pairs_of(connection, aside, back))
        connection.execute(sa.delete(aside).where(back))
    return returned, months

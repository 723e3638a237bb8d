"""Takes a join back: what it renamed and moved gets its old name again, as far as it is still there."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.archived import months_of_import, refuse_archived
from database.facts.import_sums import mark_moved, mark_stale
from database.facts.ledger import note_changed_months
from database.imports.derived_facts import derive_after_facts
from database.imports.staging import JOIN
from database.imports.undo import refuse_unless_in, undo_import
from database.imports.undone import Undone
from database.names.archived import archived_facts
from database.names.facts import (
    Renaming,
    Tally,
    all_months,
    aside,
    fact,
    later_joins_of_facts,
    name_as_before,
    tally,
)
from database.names.kinds import BRAND, CATEGORY, MARKETPLACE, PRODUCT, Names
from database.names.rows import Kept, find_row, let_go, move_back, restore_row, stands_under
from domain.errors import Refused
from domain.moments import utc_now
from domain.spelling import spelled_out

book, joins = schema.financials_import, schema.name_join


def take_back(store: Store, import_id: int) -> Undone:
    """Takes back an import or a join, in one transaction; the caller holds `store.lock()`. Raises Refused as
    `undo_import` does; for a join also if its old name is there again."""
    with store.facts() as connection:
        mode = connection.execute(sa.select(book.c.mode).where(book.c.id == import_id)).scalar()
        if mode == JOIN:
            try:
                undone = _undo_join(store, connection, import_id)
                store.commit(connection)
            except BaseException:
                connection.rollback()
                raise
            return undone
    return undo_import(store, import_id)


def _undo_join(store: Store, connection: sa.Connection, import_id: int) -> Undone:
    entry = connection.execute(sa.select(book).where(book.c.id == import_id)).one()
    refuse_unless_in(import_id, entry)
    months = months_of_import(connection, import_id)
    refuse_archived(connection, months, f"import {import_id} ({entry.file_name}) renamed facts")
    row = connection.execute(sa.select(joins).where(joins.c.import_id == import_id)).one()
    names = Names(row.kind, row.old_name, row.new_name, row.old_id, row.new_id)
    kept: Kept = json.loads(row.kept)
    what = f"import {import_id} ({entry.file_name})"
    _refuse_if_built_upon(store, connection, names, kept, import_id=import_id, what=what)
    _make_room(store, connection, names, kept, import_id=import_id, what=what)
    now, found, last = utc_now(), {}, entry.last_fact_id
    restore_row(connection, names, kept)
    if names.renaming:
        found = name_as_before(store, connection, names.renaming, months=months, join_id=import_id)
        cells = sa.or_(names.renaming.has_new(fact), names.renaming.has_old(fact))
        cells &= fact.c.month.in_({month for _, month, _ in found})
        last = derive_after_facts(store, connection, cells, fact, import_id=import_id, now=now)
    if kept:
        move_back(connection, names, kept)
    mark_stale(connection, months)
    mark_moved(connection)
    connection.execute(sa.update(book).where(book.c.id == import_id).values(
        status="undone", undone_at=now, last_fact_id=last or entry.last_fact_id
    ))
    note_changed_months(connection, months, cause="undo", import_id=import_id, now=now)
    return _undone(entry, found, months, now)


def _undone(
    entry: sa.Row, found: Tally, months: Collection[datetime.date], now: datetime.datetime
) -> Undone:
    renamed = sum(facts for facts, _ in found.values())
    return Undone(
        entry.id, entry.file_name, 0, Decimal(0), 0, tuple(sorted(months)), now, renamed_facts=renamed,
    )


def _refuse_if_built_upon(
    store: Store, connection: sa.Connection, names: Names, kept: Kept, *, import_id: int, what: str
) -> None:
    """Later joins, in force, that took on what this one had joined, or a row that the one to come back refers to."""
    rows = connection.execute(
        sa.select(joins, book.c.file_name).join_from(joins, book, book.c.id == joins.c.import_id)
        .where(joins.c.import_id > import_id, book.c.status == "done").order_by(joins.c.import_id)
    ).all()
    row = kept.get("row") or {}
    gone = {(names.kind, names.new_id), (BRAND, row.get("brand_id")), (CATEGORY, row.get("category_id"))}
    found = {each.import_id for each in rows if each.old_id is not None and (each.kind, each.old_id) in gone}
    if names.kind == MARKETPLACE:
        found |= {each.import_id for each in rows if each.kind == MARKETPLACE and each.old_name == names.new}
    if names.renaming:
        found |= later_joins_of_facts(
            store, connection, join_id=import_id, kind=names.kind, months=months_of_import(connection, import_id)
        )
    if found:
        listed = ", ".join(f"{each.import_id} ({each.file_name})" for each in rows if each.import_id in found)
        raise Refused(
            f"{what} cannot be undone: later joins touched the same names: {listed}; undo those first, the "
            "latest one first"
        )


def _make_room(store: Store, connection: sa.Connection, names: Names, kept: Kept, *, import_id: int, what: str) -> None:
    """The old name may have been made anew since. A row that nothing stands under makes room, another refuses."""
    if not kept.get("row"):
        return
    again = find_row(connection, names.kind, names.old)
    if again is None:
        return
    if names.kind != MARKETPLACE and _is_empty(store, connection, names.kind, again.id):
        let_go(connection, names.kind, again.id, name=names.old, join_id=import_id, why="empty")
        return
    old, new = spelled_out(names.old), spelled_out(names.new)
    raise Refused(
        f"{what} cannot be undone: there is a {names.kind} '{old}' again, made since; join it first: "
        f"flask join-names {names.kind} '{old}' '{new}'"
    )


def _is_empty(store: Store, connection: sa.Connection, kind: str, number: int) -> bool:
    """Whether no fact, product or brand stands under the row, nor did any join find one there."""
    if connection.execute(sa.select(joins.c.import_id).where(joins.c.kind == kind, joins.c.new_id == number)).first():
        return False
    if kind != PRODUCT:
        return not stands_under(connection, kind, number)
    renaming, months = Renaming("asin_id", number, number), all_months(store, connection)
    return not (
        any(tally(store, connection, months, renaming.has_old(table), table=table) for table in (fact, aside))
        or archived_facts(store, connection, renaming)
    )

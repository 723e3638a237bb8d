"""Facts that follow from lines and unit costs, brought up to date where an import or its undo changed something."""

from __future__ import annotations

import datetime
from collections.abc import Collection

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.facts import last_fact_id
from database.lines.counting import CountingRules
from database.lines.deriving import Derived, Deriving, derive
from database.lines.scope import Cell


def counting_rules(store: Store) -> CountingRules:
    """What counts, by the settings `[amazon]`."""
    return CountingRules(store.settings.amazon.sales_from, store.settings.amazon.prices_include_tax)


def derive_for(
    store: Store, connection: sa.Connection, cells: Collection[Cell], *, import_id: int, now: datetime.datetime
) -> Derived:
    """Derives facts anew in these marketplaces and months, on behalf of an import."""
    last = last_fact_id(store, connection, sorted({month for _, month in cells}))
    return derive(connection, cells, Deriving(
        import_id=import_id, now=now, rules=counting_rules(store), last_fact_id=last,
        ids_are_given=store.traits.assigns_fact_ids,
    ))


def derive_after_facts(
    store: Store, connection: sa.Connection, condition: sa.ColumnElement[bool], table: sa.Table, *, import_id: int,
    now: datetime.datetime,
) -> int | None:
    """Derives anew where rows of `table` (facts, or those set aside) that `condition` picks stand, if anything may
    follow from them; returns the last id of a new fact. Their months are in the ledger already."""
    if store.traits.has_data_nodes or not _anything_to_derive(connection):
        return None
    rows = connection.execute(sa.select(table.c.marketplace, table.c.month).where(condition).distinct())
    cells = {(row.marketplace, row.month.replace(day=1)) for row in rows if row.marketplace is not None}
    return derive_for(store, connection, cells, import_id=import_id, now=now).last if cells else None


def _anything_to_derive(connection: sa.Connection) -> bool:
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        for table in (schema.amazon_line, schema.unit_cost)
    )

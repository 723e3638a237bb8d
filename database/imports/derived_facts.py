"""Facts that follow from lines and unit costs, brought up to date where an import or its undo changed something."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Collection

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.ledger import note_changed_months
from database.imports.facts import last_fact_id
from database.lines.counting import CountingRules
from database.lines.deriving import Derived, Deriving, derive
from database.lines.scope import Cell, archived_of, cells_of
from domain.moments import utc_now
from domain.months import format_month

line, setting = schema.amazon_line, schema.amazon_setting


def counting_rules(store: Store) -> CountingRules:
    """What counts, by the settings `[amazon]`, and what is the dashboard's currency."""
    settings = store.settings
    return CountingRules(
        settings.amazon.sales_from, settings.amazon.prices_include_tax, settings.dashboard.currency
    )


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
    if store.traits.has_data_nodes or not anything_to_derive(connection):
        return None
    rows = connection.execute(sa.select(table.c.marketplace, table.c.month).where(condition).distinct())
    cells = {(row.marketplace, row.month.replace(day=1)) for row in rows if row.marketplace is not None}
    return derive_for(store, connection, cells, import_id=import_id, now=now).last if cells else None


def derive_by_settings(store: Store, connection: sa.Connection) -> list[str]:
    """Derives all facts anew if the settings are others than those they were derived by, so that no figure is half of
    this and half of that; the caller holds `store.lock()`. Archived months stay as they are. Returns what to say of
    it."""
    wanted = dataclasses.asdict(counting_rules(store))
    known = dict(connection.execute(sa.select(setting.c.name, setting.c.value)).all())
    if store.traits.has_data_nodes or wanted == known:
        return []
    now = utc_now()
    archived = archived_of(connection)
    cells = {
        cell for cell in cells_of(connection, line.c.counts == sa.true()) | _derived_cells(connection)
        if cell[1] not in archived
    }
    months = derive_for(store, connection, cells, import_id=schema.DERIVED, now=now).months if cells else ()
    note_changed_months(connection, months, cause="settings", import_id=None, now=now)
    connection.execute(sa.delete(setting))
    connection.execute(sa.insert(setting), [{"name": name, "value": value} for name, value in wanted.items()])
    store.commit(connection)
    if not months:
        return []
    own = wanted.pop("currency")
    told = "[amazon] " + ", ".join(f"{name} = {value}" for name, value in wanted.items())
    if known.pop("currency", own) != own:
        told = f"[dashboard] currency = {own}" if known == wanted else f"{told}; [dashboard] currency = {own}"
    return [f"{told}: figures of {', '.join(map(format_month, months))} follow from lines anew"]


def _derived_cells(connection: sa.Connection) -> set[Cell]:
    """Where facts follow from unit costs, perhaps without any line."""
    if not connection.execute(sa.select(sa.literal(1)).select_from(schema.unit_cost).limit(1)).first():
        return set()
    derived = schema.financials
    rows = connection.execute(
        sa.select(derived.c.marketplace, derived.c.month).where(derived.c.import_id == schema.DERIVED).distinct()
    )
    return {(row.marketplace, row.month) for row in rows}


def anything_to_derive(connection: sa.Connection) -> bool:
    """Whether any fact may follow from lines or unit costs."""
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
        for table in (schema.amazon_line, schema.unit_cost)
    )

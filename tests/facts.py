"""Puts single facts and dimensions into a store, as the rows a test needs."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.facts import last_fact_id
from domain.moments import utc_now
from domain.months import parse_month
from settings import CostSettings

Fact = tuple[str, str, str, str, str]
"""ASIN, marketplace, metric, month as 2024-03 or date as 2024-03-15, value."""


def add_categories(store: Store, *names: str) -> None:
    """Categories with ids 1, 2, … in the order given."""
    _insert(store, schema.category, [{"id": i, "category": name} for i, name in enumerate(names, 1)])


def add_brands(store: Store, *brands: tuple[str, int | None, str | None]) -> None:
    """Brands (name, category id, group) with ids 1, 2, …"""
    _insert(store, schema.brand, [
        {"id": i, "brand": name, "category_id": category, "group": group}
        for i, (name, category, group) in enumerate(brands, 1)
    ])


def add_products(store: Store, *products: tuple[str, int | None, int | None]) -> None:
    """Products (ASIN, brand id, category id) with ids 1, 2, …"""
    _insert(store, schema.asin, [
        {"id": i, "asin": code, "brand_id": brand, "category_id": category}
        for i, (code, brand, category) in enumerate(products, 1)
    ])


def add_facts(
    store: Store, facts: Iterable[Fact], *, announced: bool = True, currency: str | None = None,
    import_id: int | None = None,
) -> None:
    """Facts with ids after those that are there; `announced` writes their months into the ledger."""
    facts = list(facts)
    months = [_date(fact[3]).replace(day=1) for fact in facts]
    store.facts_room.prepare_months(months)
    with store.facts() as connection:
        products = dict(connection.execute(sa.select(schema.asin.c.asin, schema.asin.c.id)).all())
        last = max(last_fact_id(store, connection, months), store.facts_room.marks(connection).last_id())
        rows = [
            {"id": last + i, "asin_id": products.get(asin, 999999), "marketplace": marketplace, "metric": metric,
             "month": _date(month), "value": None if value is None else Decimal(value), "currency": currency,
             "import_id": import_id}
            for i, (asin, marketplace, metric, month, value) in enumerate(facts, 1)
        ]
        # To open a file of facts takes longer than to write to it; nodes that were looked at are committed otherwise.
        if not store.traits.has_data_nodes:
            _write(connection, rows, announced=announced)
    if store.traits.has_data_nodes:
        with store.facts() as connection:
            _write(connection, rows, announced=announced)


def _write(connection: sa.Connection, rows: list[dict], *, announced: bool) -> None:
    if rows:
        connection.execute(sa.insert(schema.financials), rows)
    if announced:
        _tell(connection, sorted({row["month"].replace(day=1) for row in rows}), cause="import")
    connection.commit()


@contextlib.contextmanager
def kept_open(store: Store) -> Iterator[None]:
    """The file of facts stays open meanwhile: to open it takes longer than most of what is done with few rows. No other
    process can use it as long."""
    with store.facts():
        yield


def rows_read(connection: sa.Connection) -> int:
    """How many rows the statements of a connection to MariaDB have read."""
    counters = connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'").all()
    return sum(int(value) for _, value in counters)


def announce(store: Store, months: Sequence[datetime.date], *, cause: str) -> None:
    """Ledger entries for the months."""
    with store.facts() as connection:
        _tell(connection, months, cause=cause)
        connection.commit()


def _tell(connection: sa.Connection, months: Sequence[datetime.date], *, cause: str) -> None:
    ledger = schema.changed_month
    last = connection.execute(sa.select(sa.func.max(ledger.c.id))).scalar() or 0
    connection.execute(sa.insert(ledger), [
        {"id": last + i, "month": month, "cause": cause, "created_at": utc_now()}
        for i, month in enumerate(months, 1)
    ])


def run_on_facts(store: Store, statement: sa.Executable) -> None:
    """One statement, committed, as another program would."""
    with store.facts() as connection:
        connection.execute(statement)
        connection.commit()


def summary_rows(store: Store, table: sa.Table) -> list[tuple]:
    """All rows of a live summary table without `updated_at` and what was converted, sorted; months as texts, sums as
    texts."""
    columns = [column for column in table.c if column.name not in ("updated_at", "currency", "local_value")]

    def ask(reading) -> list[tuple]:
        return [tuple(row) for row in reading.connection.execute(sa.select(*columns))]

    return sorted(tuple(str(cell) if not isinstance(cell, (int, str)) else cell for cell in row)
                  for row in store.read(ask))


def all_summary_rows(store: Store) -> dict[str, list[tuple]]:
    """The rows of all levels."""
    return {table.name: summary_rows(store, table) for table in schema.LEVELS}


def spread_by(store: Store, spread: str, overheads: str = "no") -> Store:
    """The same with costs of no product shared out by that."""
    costs = CostSettings(spread, overheads)
    return dataclasses.replace(store, settings=dataclasses.replace(store.settings, costs=costs))


def shares_of(store: Store, month: str = "2024-01") -> dict[str, dict[str, str]]:
    """What is shared out -> product and marketplace -> share."""
    level = schema.summary_asin
    query = sa.select(level.c.metric, schema.asin.c.asin, level.c.marketplace, level.c.value).join_from(
        level, schema.asin, schema.asin.c.id == level.c.asin_id
    ).where(level.c.month == parse_month(month), level.c.metric.like("Shared costs: %"))
    found: dict[str, dict[str, str]] = {}
    for metric, asin, marketplace, value in store.read(lambda reading: reading.connection.execute(query).all()):
        found.setdefault(metric.removeprefix("Shared costs: "), {})[f"{asin} {marketplace}"] = str(value)
    return found


def _insert(store: Store, table: sa.Table, rows: list[dict]) -> None:
    run_on_facts(store, sa.insert(table).values(rows))


def _date(text: str) -> datetime.date:
    return parse_month(text) if len(text) == 7 else datetime.date.fromisoformat(text)

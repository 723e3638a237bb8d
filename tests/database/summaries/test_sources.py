"""Which import gave what: noted with the facts, published with the figures, to the cent, whatever comes between."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.facts.import_sums import EARLIER
from database.imports.products import take_products
from database.imports.undo import undo_import
from database.names.joining import join_names
from database.names.undoing import take_back
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from tests.database.imports.conftest import HEADINGS
from tests.databases import ONE_SERVER
from tests.facts import add_facts, kept_open, run_on_facts

CLUSTERLESS = pytest.mark.parametrize("engine", ONE_SERVER, indirect=True)
FIRST = HEADINGS + """B1,Alder,Garden,US,Net revenue,2025-01,10.00
B1,Alder,Garden,DE,Net revenue,2025-01,5.00
B2,Birch,Garden,US,Net revenue,2025-01,2.50
B1,Alder,Garden,US,Net revenue,2025-02,7.00
"""
CORRECTION = HEADINGS + "B1,Alder,Garden,US,Net revenue,2025-01,11.01\n"
OTHER = HEADINGS + "B1,Alder,Garden,US,Net revenue,2025-01,0.25\nB2,Birch,Garden,US,Net units,2025-01,3\n"
OVERHEADS = "Name,Amount,From,To\nRent,4.00,2025-01,2025-02\n"
MARCH = datetime.date(2025, 3, 1)


@pytest.fixture
def filled_by():
    return None


@pytest.fixture
def shop(store):
    with kept_open(store):
        yield store


def made(store, **options) -> int:
    """Refreshes, and returns how many facts were counted for want of notes."""
    refresh(store, RefreshOptions(**options))
    log = schema.refresh_log
    with store.application.connect() as connection:
        return connection.execute(
            sa.select(log.c.rows_read).where(log.c.stage == "imports").order_by(log.c.id.desc()).limit(1)
        ).scalar()


def told(store, *, metric="Net revenue") -> dict[tuple, str]:
    """Import, brand, marketplace and month -> what it gave; the currency and how much in it, if there is one."""
    table, brand = schema.summary_import, schema.brand
    query = sa.select(table, brand.c.brand).outerjoin(brand, brand.c.id == table.c.brand_id)
    rows = store.read(lambda reading: reading.connection.execute(query.where(table.c.metric == metric)).all())
    return {
        (row.import_id, row.brand or "", row.marketplace, row.month.month):
            f"{row.value} in {row.facts}" + (f", {row.local_value} {row.currency}" if row.currency else "")
        for row in rows
    }


def counted(store) -> dict[tuple, str]:
    """The same by facts as they stand, whatever was noted."""
    fact, product, brand = schema.financials, schema.asin, schema.brand
    import_id, name = sa.func.coalesce(fact.c.import_id, -1), sa.func.coalesce(brand.c.brand, "")
    keys = (import_id, name, fact.c.marketplace, fact.c.month)
    query = (
        sa.select(*keys, sa.func.sum(fact.c.value), sa.func.count())
        .join_from(fact, product, product.c.id == fact.c.asin_id).outerjoin(brand, brand.c.id == product.c.brand_id)
        .where(fact.c.metric == "Net revenue").group_by(*keys)
    )
    with store.facts() as connection:
        rows = connection.execute(query).all()
    return {(*row[:3], row[3].month): f"{row[4]} in {row[5]}" for row in rows}


def counts(store, number: int, **options) -> bool:
    """Refreshes, and tells whether so many facts were counted for want of notes. On data nodes no products are known,
    and whatever is set aside there makes its months be counted."""
    found = made(store, **options)
    return found == number or (store.traits.has_data_nodes and found > number)


def test_imports_note_what_they_give_and_take_and_no_fact_is_read_again(shop, take) -> None:
    first = take(FIRST, source="one")
    assert counts(shop, 0)
    assert told(shop) == {
        (first, "Alder", "US", 1): "10.00 in 1", (first, "Alder", "DE", 1): "5.00 in 1",
        (first, "Birch", "US", 1): "2.50 in 1", (first, "Alder", "US", 2): "7.00 in 1",
    }
    correction, other = take(CORRECTION, source="one"), take(OTHER, source="two")
    # A fact of February is among the last that were there, some of which are gone: another program may have done that.
    assert counts(shop, 1)
    assert told(shop) == counted(shop) == {
        (correction, "Alder", "US", 1): "11.01 in 1", (other, "Alder", "US", 1): "0.25 in 1",
        (first, "Alder", "DE", 1): "5.00 in 1", (first, "Birch", "US", 1): "2.50 in 1",
        (first, "Alder", "US", 2): "7.00 in 1",
    }
    assert told(shop, metric="Net units") == {(other, "Birch", "US", 1): "3.00 in 1"}
    with shop.lock("undo"):
        undo_import(shop, correction)
    assert counts(shop, 0)
    assert told(shop) == counted(shop) and (first, "Alder", "US", 1) in told(shop)
    roll_back(shop)
    assert (correction, "Alder", "US", 1) in told(shop)
    assert counts(shop, 0, full=True)
    assert told(shop) == counted(shop)


def test_what_moves_or_is_inserted_is_counted_in_its_months_alone(shop, take, tmp_path) -> None:
    take(FIRST)
    refresh(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2025-02", "100.00")], announced=False)
    assert counts(shop, 2)
    assert told(shop)[-1, "Alder", "US", 2] == "100.00 in 1"
    file = tmp_path / "products.csv"
    file.write_text("asin,brand\nB2,Cedar\n")
    with shop.lock("products"):
        take_products(shop, file, dry_run=False)
    assert counts(shop, 3)
    assert told(shop) == counted(shop) and (1, "Cedar", "US", 1) in told(shop)
    # Noted under one brand and moved before a refresh, by amounts that would not show.
    take(HEADINGS + "B3,Alder,,US,CM3,2025-01,8.00\n", source="two")
    take(HEADINGS + "B4,Birch,,US,CM3,2025-01,8.00\n", source="three")
    file.write_text("asin,brand\nB3,Birch\nB4,Alder\n")
    with shop.lock("products"):
        take_products(shop, file, dry_run=False)
    assert counts(shop, 5)
    assert told(shop, metric="CM3") == {(2, "Birch", "US", 1): "8.00 in 1", (3, "Alder", "US", 1): "8.00 in 1"}
    assert counts(shop, 0, full=True)
    run_on_facts(shop, sa.update(schema.brand).where(schema.brand.c.brand == "Cedar").values(group="stock"))
    made(shop)
    assert (1, "Cedar", "US", 1) not in told(shop)


@CLUSTERLESS
def test_names_that_are_joined_and_parted_and_overheads_and_the_demo(shop, take) -> None:
    first = take(FIRST)
    rent = take(OVERHEADS, mode="replace")
    refresh(shop)
    assert told(shop, metric="Overheads") == {
        (rent, "", "NONE", 1): "4.00 in 1", (rent, "", "NONE", 2): "4.00 in 1",
    }
    with shop.lock("join"):
        joined = join_names(shop, "marketplace", "DE", "US", dry_run=False).import_id
    made(shop)
    assert told(shop)[first, "Alder", "US", 1] == "15.00 in 2" and told(shop) == counted(shop)
    with shop.lock("undo"):
        take_back(shop, joined)
    made(shop)
    assert told(shop)[first, "Alder", "US", 1] == "10.00 in 1" and told(shop) == counted(shop)
    with shop.lock("undo"):
        undo_import(shop, rent)
    assert made(shop) == 0
    assert told(shop, metric="Overheads") == {}


@CLUSTERLESS
def test_archived_months_know_their_imports_and_what_moved_since_says_that_it_does_not(shop, take, tmp_path) -> None:
    first = take(FIRST)
    refresh(shop)
    before = told(shop)
    archive(shop, before=MARCH, folder=tmp_path / "old")
    assert made(shop) == 0
    assert told(shop) == before
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B2").values(brand_id=1))
    made(shop)
    assert told(shop) == {
        (schema.ARCHIVED_IMPORT, "Alder", "US", 1): "12.50 in 2",
        (schema.ARCHIVED_IMPORT, "Alder", "DE", 1): "5.00 in 1", (first, "Alder", "US", 2): "7.00 in 1",
    }
    unarchive(shop)
    made(shop)
    assert told(shop) == counted(shop)


def test_what_is_converted_stands_beside_what_was_stated(shop, take) -> None:
    table = schema.exchange_rate
    with shop.application.begin() as connection:
        connection.execute(sa.insert(table).values(
            base="USD", currency="EUR", month=datetime.date(2025, 1, 1), rate="1.5", source="told", changed_by="ann",
            changed_at=datetime.datetime(2025, 1, 1),
        ))
    first, euros = take(FIRST, source="one"), take(OTHER, source="two", currency="EUR")
    pounds = take(CORRECTION, source="three", currency="GBP")
    assert made(shop) == 0
    assert told(shop) == {
        (first, "Alder", "US", 1): "10.00 in 1", (first, "Alder", "DE", 1): "5.00 in 1",
        (first, "Birch", "US", 1): "2.50 in 1", (first, "Alder", "US", 2): "7.00 in 1",
        (euros, "Alder", "US", 1): "0.38 in 1, 0.25 EUR",
    }, pounds
    assert told(shop, metric="Net units") == {(euros, "Birch", "US", 1): "3.00 in 1"}


def test_facts_from_before_are_counted_as_their_months_are_built(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    # As an upgrade finds it.
    for table in (schema.import_sum, schema.import_sum_state):
        run_on_facts(shop, sa.delete(table))
    run_on_facts(shop, sa.insert(schema.import_sum_state).values(about=EARLIER, is_stale=True))
    take(CORRECTION, source="two")
    assert made(shop) == 4
    assert told(shop) == counted(shop)
    take(OTHER, source="three")
    assert made(shop) == 0
    assert told(shop) == counted(shop)
    assert made(shop, full=True) == 1


def test_notes_that_are_wrong_are_found_and_counted(shop, take) -> None:
    take(FIRST)
    table = schema.import_sum
    is_german = table.c.marketplace == "DE"
    run_on_facts(shop, sa.update(table).where(is_german).values(value=table.c.value + Decimal("0.01")))
    assert made(shop) == 3
    assert told(shop) == counted(shop)
    run_on_facts(shop, sa.update(table).where(is_german).values(facts=2))
    assert made(shop, full=True) == 3
    assert told(shop) == counted(shop)
    of_a_brand = (table.c.marketplace == "US", table.c.brand_id == 2)
    run_on_facts(shop, sa.update(table).where(*of_a_brand).values(brand_id=table.c.brand_id + 7))
    assert made(shop, full=True) == 3
    assert told(shop) == counted(shop)

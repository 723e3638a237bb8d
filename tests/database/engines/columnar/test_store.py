"""Generations in files of facts on a server: the copy between them is never the truth, and heals by itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.columnar.doors import ColumnarDoors
from database.engines.ports import Store
from database.engines.values import Reading
from database.journal.run_log import NOTHING_TO_DO
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import SettingsError
from domain.findings import Limits
from domain.months import parse_month
from settings import COLUMNAR, Settings
from tests.database.summaries.conftest import fill
from tests.facts import add_facts, all_summary_rows, announce, run_on_facts, summary_rows

FULL = RefreshOptions(full=True)
fact = schema.financials


@pytest.fixture
def engine() -> str:
    return COLUMNAR


@pytest.fixture
def filled_by() -> Callable[[Store], object]:
    return fill


@pytest.fixture
def shop(store: Store) -> Store:
    """The small shop, refreshed once."""
    refresh(store)
    return store


@pytest.fixture
def tables(settings: Settings) -> Iterator[Store]:
    """The same schema, read from the server's own tables."""
    with_tables = open_store(with_database(settings, summaries="tables"))
    yield with_tables
    with_tables.close()


def with_database(settings: Settings, **values: object) -> Settings:
    return dataclasses.replace(settings, database=dataclasses.replace(settings.database, **values))


def copy_of(shop: Store) -> ColumnarDoors:
    return ColumnarDoors(shop.settings)


def copied_facts(shop: Store) -> int:
    with copy_of(shop).copy() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(fact)).scalar()


def rows_copied_by_the_last_run(shop: Store) -> int:
    log = schema.refresh_log
    query = sa.select(log.c.rows_read).where(log.c.stage == "copy").order_by(log.c.id.desc()).limit(1)
    with shop.application_reading.connect() as connection:
        return connection.execute(query).scalar()


def test_what_pages_read_is_what_the_servers_own_tables_would_say(shop, tables):
    refresh(tables, FULL)
    assert all_summary_rows(shop) == all_summary_rows(tables)


def test_only_months_that_changed_are_fetched_again(shop):
    assert rows_copied_by_the_last_run(shop) == copied_facts(shop) == 11
    assert refresh(shop).status == NOTHING_TO_DO
    assert rows_copied_by_the_last_run(shop) == 0
    add_facts(shop, [("B1", "US", "Net revenue", "2024-02", "1.00")])
    refresh(shop)
    assert rows_copied_by_the_last_run(shop) == 4
    add_facts(shop, [("B1", "US", "Net revenue", "2024-01", "1.00")], announced=False)
    refresh(shop)
    assert rows_copied_by_the_last_run(shop) == 9


def swap_values(shop: Store) -> None:
    for number, value in ((1, "7.00"), (5, "10.01")):
        run_on_facts(shop, sa.update(fact).where(fact.c.id == number).values(value=value))


def swap_marketplaces(shop: Store) -> None:
    for number, place in ((1, "DE"), (3, "US")):
        run_on_facts(shop, sa.update(fact).where(fact.c.id == number).values(marketplace=place))


def swap_products(shop: Store) -> None:
    for number, product in ((1, 3), (5, 1)):
        run_on_facts(shop, sa.update(fact).where(fact.c.id == number).values(asin_id=product))


def change_metrics(shop: Store) -> None:
    run_on_facts(shop, sa.update(fact).where(fact.c.id == 11).values(metric="Units"))


@pytest.mark.parametrize("change", [swap_values, swap_marketplaces, swap_products, change_metrics])
def test_a_full_refresh_finds_what_another_program_changed_whatever_sums_stay_the_same(shop, tables, change):
    change(shop)
    refresh(shop, FULL)
    refresh(tables, FULL)
    assert all_summary_rows(shop) == all_summary_rows(tables)
    assert 0 < rows_copied_by_the_last_run(shop) < 11


def whole_months(shop: Store) -> set[int]:
    """The months of which the copy knows what their facts are of."""
    query = sa.select(fact.c.month).where(fact.c.import_id.is_not(None)).distinct()
    with copy_of(shop).copy() as connection:
        return {month.month for month in connection.execute(query).scalars()}


def test_no_more_of_a_fact_is_copied_than_what_counts_in_its_month(shop, tables):
    def take(*facts: tuple, **how: object) -> None:
        add_facts(shop, facts, import_id=1, **how)
        refresh(shop)

    take(("B1", "US", "Net revenue", "2024-01", "1.00"), ("B1", "US", "Net revenue", "2024-02", "1.00"))
    assert whole_months(shop) == set()
    # Another program inserts one in a currency: nothing says so but its id.
    take(("B1", "US", "Net revenue", "2024-02", "5.00"), currency="EUR", announced=False)
    assert whole_months(shop) == {2}
    # Nobody knows what it is from: it may follow from lines.
    run_on_facts(shop, sa.insert(schema.import_sum_state).values(about="2024-01", is_stale=True))
    take(("B1", "US", "Net revenue", "2024-01", "2.00"))
    assert whole_months(shop) == {1, 2}
    run_on_facts(shop, sa.insert(schema.import_sum).values(
        month=parse_month("2024-03"), import_id=schema.DERIVED, metric="CM1", marketplace="US", brand_id=1,
        category_id=1, currency="", step=1, facts=1, value=1,
    ))
    take(("B1", "US", "CM1", "2024-03", "1.00"))
    assert whole_months(shop) == {1, 2, 3}
    copy_of(shop).forget_copy()
    refresh(tables, FULL)
    refresh(shop, FULL)
    assert whole_months(shop) == {2, 3}
    assert all_summary_rows(shop) == all_summary_rows(tables)


def test_a_copy_that_is_gone_is_fetched_again(shop):
    before = all_summary_rows(shop)
    copy_of(shop).forget_copy()
    add_facts(shop, [("B9", "US", "Net revenue", "2024-02", "1.00")])
    refresh(shop)
    assert all_summary_rows(shop) == before
    assert copied_facts(shop) == 12


@pytest.mark.parametrize("damage", [
    lambda content: b"", lambda content: b"nothing of DuckDB", lambda content: content[:12288],
    lambda content: content[:8192] + b"\xff" * (len(content) - 8192),
])
def test_a_damaged_copy_heals_within_the_same_run(shop, damage):
    path = copy_of(shop).copy_path
    path.write_bytes(damage(path.read_bytes()))
    add_facts(shop, [("B1", "US", "Net revenue", "2024-02", "2.00")])
    refresh(shop, FULL)
    assert (1, 1, 1, "US", "2024-02-01", "Net revenue", "5.00") in summary_rows(shop, schema.summary_asin)
    assert copied_facts(shop) == 12


def test_a_month_that_lost_its_copy_is_fetched_again(shop):
    with copy_of(shop).copy() as connection:
        connection.execute(sa.delete(fact).where(fact.c.month == parse_month("2024-01")))
        connection.commit()
    before = all_summary_rows(shop)
    announce(shop, [parse_month("2024-01")], cause="import")
    refresh(shop)
    assert all_summary_rows(shop) == before


def test_a_ledger_of_another_past_throws_the_copy_away(shop, tables):
    """As after a dump of another day was put back beside the dashboard."""
    run_on_facts(shop, sa.delete(schema.changed_month))
    run_on_facts(shop, sa.update(fact).where(fact.c.id == 1).values(value="2.00"))
    announce(shop, [parse_month("2024-02")], cause="undo")
    refresh(shop)
    assert rows_copied_by_the_last_run(shop) == 11


def test_names_come_over_as_they_are(shop):
    odd = ("\ttab\nline\\", "NULL", "\\N", "", " x ", "😀 'quoted' \"twice\"")
    for number, name in enumerate(odd, 1):
        run_on_facts(shop, sa.insert(schema.brand).values(id=10 + number, brand=f"Brand {number}", group=name))
    run_on_facts(shop, sa.insert(schema.brand).values(id=20, brand="No group", group=None))
    refresh(shop, FULL)

    def groups(reading: Reading) -> list[str | None]:
        table = schema.brand
        query = sa.select(table.c.group).where(table.c.id > 10).order_by(table.c.id)
        return list(reading.connection.execute(query).scalars())

    assert shop.read(groups) == [*odd, None]


def test_other_programs_get_the_servers_tables_as_well(settings, shop, tables):
    shop = open_store(with_database(settings, also_tables="yes"))
    assert refresh(shop).status == NOTHING_TO_DO
    assert tables.live_generation() == dataclasses.replace(shop.live_generation(), previous=None, in_place=False)
    assert all_summary_rows(tables) == all_summary_rows(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2024-02", "1.00"), ("B1", "US", "Net revenue", "2024-03", "9.00")])
    refresh(shop)
    assert tables.live_generation() == dataclasses.replace(shop.live_generation(), in_place=True)
    assert all_summary_rows(tables) == all_summary_rows(shop)
    for table in (schema.summary_month, schema.summary_import, schema.summary_restated):
        def of(reading: Reading, table: sa.Table = table) -> list[tuple]:
            columns = [column for column in table.columns if column.name != "updated_at"]
            conditions = [table.c.generation == reading.generation.generation] if table is schema.summary_month else []
            return sorted(map(str, reading.connection.execute(sa.select(*columns).where(*conditions)).all()))

        assert tables.read(of) == shop.read(of)
    roll_back(shop)
    assert all_summary_rows(tables) == all_summary_rows(shop)
    assert tables.live_generation().generation == shop.live_generation().generation
    refresh(shop)
    # From here on the server's tables are refreshed again, without a month built for nothing.
    assert refresh(tables).status == NOTHING_TO_DO
    shop.close()


def checks_of(shop: Store) -> set[str]:
    return {found.check for found in shop.health.findings(Limits())}


def test_the_doctor_holds_the_copy_against_the_server(shop):
    assert "copy-differs" not in checks_of(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2024-01", "1.00")])
    # What the next refresh will fetch by itself is nothing to tell of.
    assert "copy-differs" not in checks_of(shop)
    refresh(shop)
    swap_values(shop)
    finding, = (found for found in shop.health.findings(Limits()) if found.check == "copy-differs")
    assert finding.evidence.startswith("2024-01, of")
    with shop.lock("doctor --fix"):
        finding.cure()
    refresh(shop, FULL)
    assert "copy-differs" not in checks_of(shop)


def test_the_doctor_says_when_the_servers_tables_are_behind(settings, shop):
    shop = open_store(with_database(settings, also_tables="yes"))
    assert "tables-behind" in checks_of(shop)
    refresh(shop)
    assert "tables-behind" not in checks_of(shop)
    shop.close()


def test_facts_in_files_have_no_copy(settings):
    with pytest.raises(SettingsError, match="summaries = columnar"):
        open_store(with_database(settings, engine="embedded"))

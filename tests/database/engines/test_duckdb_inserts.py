"""No row is lost where an INSERT that writes nothing comes before one that several threads work at."""

import dataclasses

import duckdb
import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.journal.run_log import SUCCESS
from database.store import open_store
from database.summaries.refresh import refresh
from domain.months import parse_month
from settings import RefreshSettings
from tests.conftest import embedded_settings
from tests.facts import add_facts, add_products, announce, run_on_facts

ROWS = 100_000
NONE, ALL = "SELECT * FROM source WHERE a < 0 ORDER BY a", "SELECT * FROM source ORDER BY b"


@pytest.fixture
def store(tmp_path):
    """Two threads, however many cores the machine has."""
    settings = dataclasses.replace(embedded_settings(tmp_path), refresh=RefreshSettings(workers=2))
    store = open_store(settings)
    migrations.upgrade(store)
    yield store
    store.close()


def make_tables(execute, folder):
    """A source, and a target in a file that is attached as a generation in the making is."""
    execute(f"ATTACH '{folder / 'apart.duckdb'}' AS apart (ROW_GROUP_SIZE 8192)")
    execute(f"CREATE TEMP TABLE source AS SELECT i::INTEGER AS a, 'x' || i AS b FROM range({ROWS}) r(i)")
    execute("CREATE TABLE apart.target (a INTEGER, b VARCHAR)")


@pytest.mark.parametrize("inserts", [[NONE, ALL], [NONE, ALL, ALL], [ALL, NONE, ALL], [NONE, NONE, ALL, NONE, ALL]])
def test_every_row_is_there(store, tmp_path, inserts):
    with store.facts() as connection:
        make_tables(connection.exec_driver_sql, tmp_path)
        for turn in (1, 2):
            for rows in inserts:
                connection.exec_driver_sql(f"INSERT INTO apart.target {rows}")
            connection.commit()
            found = connection.exec_driver_sql("SELECT count(*), count(a || '') FROM apart.target").one()
            assert tuple(found) == (turn * inserts.count(ALL) * ROWS,) * 2
        assert connection.exec_driver_sql("SELECT current_setting('threads')").scalar() == 2


def test_a_statement_that_fails_leaves_the_threads_as_they_were(store, tmp_path):
    with store.facts() as connection:
        make_tables(connection.exec_driver_sql, tmp_path)
        connection.exec_driver_sql(f"INSERT INTO apart.target {NONE}")
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql("INSERT INTO apart.target SELECT b, b FROM source")
        connection.rollback()
        assert connection.exec_driver_sql("SELECT current_setting('threads')").scalar() == 2


def test_this_duckdb_still_needs_it(tmp_path):
    """If it fails, a newer DuckDB has mended it: database/engines/duckdb_inserts.py may go, and this file."""
    with duckdb.connect(config={"threads": 2}) as connection:
        make_tables(connection.execute, tmp_path)
        connection.execute("BEGIN")
        for rows in (NONE, ALL):
            connection.execute(f"INSERT INTO apart.target {rows}")
        connection.execute("COMMIT")
        assert connection.execute("SELECT count(a || '') FROM apart.target").fetchone() == (0,)


def test_a_month_without_facts_before_a_large_one_is_no_obstacle(store):
    """As after the first import in the place of demo data: months become empty, and another is built anew."""
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00"), ("B1", "US", "CM3", "2024-02", "1.00")])
    assert refresh(store).status == SUCCESS
    run_on_facts(store, sa.text("DELETE FROM financials WHERE month = '2024-01-01'"))
    run_on_facts(store, sa.text("INSERT INTO asin (id, asin) SELECT i, 'C' || i FROM range(2, 30002) r(i)"))
    run_on_facts(store, sa.text(
        "INSERT INTO financials (id, asin_id, marketplace, metric, month, value) "
        "SELECT 100 + i, i, 'US', 'CM3', DATE '2024-02-01', 1 FROM range(2, 30002) r(i)"
    ))
    announce(store, [parse_month("2024-01"), parse_month("2024-02")], cause="import")
    result = refresh(store)
    assert (result.status, len(result.months)) == (SUCCESS, 2)
    value = schema.summary_asin.c.value
    assert store.read(lambda reading: reading.connection.scalar(sa.select(sa.func.sum(value)))) == 30_001

"""On a shared server: readers that idle in a transaction, strangers who write, meanwhile a refresh."""

import os
import threading
import time

import pymysql
import pytest
import sqlalchemy as sa

from database import schema
from database.engines import mysql_build
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused, SwapFailed
from tests.conftest import environment_of
from tests.facts import add_facts, all_summary_rows
from tests.faults.readers import ReaderProcess
from tests.faults.test_readers import shop  # noqa: F401  (the fixture)
from tests.mariadb import PASSWORD, USER


@pytest.fixture(params=["mysql"])
def engine(request):
    """These concern a server."""
    return request.param


def idle_reader(store) -> pymysql.Connection:
    """A reader that read a summary in a transaction and went to lunch."""
    database = store.settings.database
    connection = pymysql.connect(
        host=database.host, port=database.port, user=USER, password=PASSWORD, database=database.database
    )
    with connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute(f"SELECT COUNT(*) FROM {schema.summary_brand.name}")
    return connection


def test_an_idle_reader_delays_the_swap_and_nobody_else(shop, tmp_path):  # noqa: F811
    idle = idle_reader(shop)
    reader = ReaderProcess(environment_of(shop.settings), tmp_path / "report.json")
    done: list[float] = []

    def publish() -> None:
        refresh(shop, RefreshOptions(full=True))
        done.append(time.monotonic())

    refreshing = threading.Thread(target=publish)
    refreshing.start()
    lunch = float(os.environ.get("LONG_LUNCH", "4"))
    refreshing.join(lunch)
    assert refreshing.is_alive(), "the swap waits for the idle reader"
    idle.close()
    ended = time.monotonic()
    refreshing.join(30)
    assert done[0] - ended < 5
    seen = reader.finish()
    assert (seen["errors"], seen["empty"], seen["mixed"]) == (0, 0, 0), seen
    # A queue behind the swap would have made some reader wait for as long as the idle one stayed.
    assert seen["slowest"] < lunch / 2, seen


def test_a_reader_that_never_ends_makes_the_swap_fail_and_the_old_state_stay(shop, monkeypatch):  # noqa: F811
    before = all_summary_rows(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00")])
    idle = idle_reader(shop)
    monkeypatch.setattr(mysql_build, "SWAP_SECONDS", 1)
    with pytest.raises(SwapFailed, match="SHOW PROCESSLIST"):
        refresh(shop, RefreshOptions(full=True))
    idle.close()
    assert all_summary_rows(shop) == before
    assert shop.clear_leftovers() == []
    refresh(shop)
    assert all_summary_rows(shop) != before


def test_a_stranger_who_keeps_writing_is_never_published_wrong(shop):  # noqa: F811
    stop = threading.Event()
    database = shop.settings.database

    def write() -> None:
        connection = pymysql.connect(
            host=database.host, port=database.port, user=USER, password=PASSWORD, database=database.database,
            autocommit=True,
        )
        with connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute(
                    "INSERT INTO financials (asin_id, marketplace, metric, month, value) "
                    "VALUES (1, 'US', 'CM3', '2024-03-01', 1)"
                )
                cursor.execute("UPDATE financials SET value = value + 1 WHERE id = 1")
                cursor.execute("DELETE FROM financials WHERE id = (SELECT MAX(id) FROM financials)")
        connection.close()

    stranger = threading.Thread(target=write)
    stranger.start()
    try:
        for _ in range(3):
            with_stranger(shop)
    finally:
        stop.set()
        stranger.join()
    refresh(shop, RefreshOptions(full=True))
    assert_tables_are_the_facts(shop)


def with_stranger(store) -> None:
    """A refresh that is published right or refused."""
    try:
        refresh(store, RefreshOptions(full=True))
    except Refused as refused:
        assert "verification" in str(refused)


def assert_tables_are_the_facts(store) -> None:
    facts = schema.financials
    with store.facts() as connection:
        expected = connection.execute(
            sa.select(facts.c.month, facts.c.metric, sa.func.sum(facts.c.value)).group_by(facts.c.month, facts.c.metric)
            .order_by(facts.c.month, facts.c.metric)
        ).all()
    category = schema.summary_category

    def ask(reading):
        return reading.connection.execute(
            sa.select(category.c.month, category.c.metric, sa.func.sum(category.c.total_value))
            .group_by(category.c.month, category.c.metric).order_by(category.c.month, category.c.metric)
        ).all()

    assert store.read(ask) == expected

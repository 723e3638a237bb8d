"""On a shared server: readers that idle in a transaction, strangers who write, meanwhile a refresh."""

import datetime
import os
import threading
import time

import pymysql
import pytest
import sqlalchemy as sa

from database import schema
from database.engines.mariadb import renaming
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused, SwapFailed
from tests.conftest import environment_of
from tests.counts import count, highest
from tests.facts import add_facts, all_summary_rows
from tests.faults.processes import ReaderProcess, start
from tests.faults.readers import read_whole
from tests.faults.test_readers import shop  # noqa: F401  (the fixture)
from tests.mariadb import PASSWORD, USER

LUNCH_SECONDS = float(os.environ.get("LONG_LUNCH", "4"))


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


def test_an_idle_reader_delays_the_swap_and_nobody_else(shop, mariadb, tmp_path):  # noqa: F811
    idle = idle_reader(shop)
    done: list[float] = []

    def publish() -> None:
        refresh(shop, RefreshOptions(full=True))
        done.append(time.monotonic())

    with ReaderProcess(environment_of(shop.settings), tmp_path / "report.json") as reader:
        refreshing = threading.Thread(target=publish)
        refreshing.start()
        stalled = longest_stall(mariadb, shop, time.monotonic() + LUNCH_SECONDS)
        assert refreshing.is_alive(), "the swap waits for the idle reader"
        idle.close()
        ended = time.monotonic()
        refreshing.join(30)
        seen = reader.finish()
    assert done[0] - ended < 5
    assert (seen["errors"], seen["empty"], seen["mixed"]) == (0, 0, 0), seen
    # A queue behind the swap would have made readers wait for as long as the idle one stayed.
    assert stalled <= 0.1
    assert seen["slowest"] < LUNCH_SECONDS / 2, seen
    count("reads while a reader idled", by=seen["reads"])
    highest("a reader idled for, s", LUNCH_SECONDS)
    highest("longest wait of another reader for the swap, ms", round(stalled * 1000))
    highest("slowest page read meanwhile, ms", round(seen["slowest"] * 1000))
    highest("swap after the idle reader ended, ms", round((done[0] - ended) * 1000))


def longest_stall(server, store, until: float) -> float:
    """The longest time, in seconds, for which a reader was seen to wait for a table's lock."""
    query = (
        "SELECT id FROM information_schema.processlist WHERE state = 'Waiting for table metadata lock' "
        f"AND db = '{store.settings.database.database}' AND info NOT LIKE 'RENAME%'"
    )
    since: dict[int, float] = {}
    longest = 0.0
    with server.connect() as connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            before = time.monotonic()
            cursor.execute(query)
            waiting = {number for (number,) in cursor.fetchall()}
            since = {number: since.get(number, before) for number in waiting}
            longest = max([longest, *(time.monotonic() - began for began in since.values())])
            time.sleep(0.005)
    return longest


def test_a_reader_that_never_ends_makes_the_swap_fail_and_the_old_state_stay(shop, monkeypatch):  # noqa: F811
    before = all_summary_rows(shop)
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00")])
    idle = idle_reader(shop)
    monkeypatch.setattr(renaming, "SWAP_SECONDS", 1)
    with pytest.raises(SwapFailed, match="SHOW PROCESSLIST"):
        refresh(shop, RefreshOptions(full=True))
    idle.close()
    assert all_summary_rows(shop) == before
    assert shop.published.clear_leftovers() == []
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
        count("refreshes beside a writing stranger", "of these published")
    except Refused as refused:
        assert "verification" in str(refused)
        count("refreshes beside a writing stranger", "of these refused")
    assert store.read(read_whole)[1] == ""


STRANGE = {
    "INSERT": "INSERT INTO financials (asin_id, marketplace, metric, month, value) VALUES (1, 'US', 'CM3', '{}', 7)",
    "UPDATE": "UPDATE financials SET value = value + 1 WHERE month = '{}' AND asin_id = 2",
    "DELETE": "DELETE FROM financials WHERE month = '{}' AND asin_id = 3",
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_a_stranger_writes_during_the_build_is_built_again(shop, mariadb, kind, tmp_path):  # noqa: F811
    for number, step in enumerate(("start", "asin", "brand", "category", "marketplace"), 1):
        paused = start(shop.settings, tmp_path, "--full", crash_at=f"{step}:pause").stopped()
        mariadb.run(STRANGE[kind].format(f"2024-0{number}-01"), shop.settings.database.database)
        assert paused.go_on().code == 0, paused.errors
        count(f"{kind} by a stranger during a build")
        assert_tables_are_the_facts(shop)


@pytest.mark.parametrize("kind", STRANGE)
def test_what_a_stranger_writes_after_verification_is_found_by_the_next_refresh(
    shop, mariadb, kind, tmp_path  # noqa: F811
):
    paused = start(shop.settings, tmp_path, "--full", crash_at="verify:pause").stopped()
    mariadb.run(STRANGE[kind].format("2024-01-01"), shop.settings.database.database)
    assert paused.go_on().code == 0, paused.errors
    assert shop.read(read_whole)[1] == ""
    # An INSERT is seen by its id; an edit of old rows by a full refresh, which names the month.
    after = refresh(shop, RefreshOptions(full=kind != "INSERT"))
    assert after.status == "success"
    assert kind == "INSERT" or [line.split(":")[0] for line in after.restated] == ["2024-01"]
    assert_tables_are_the_facts(shop)


def test_a_month_that_a_stranger_commits_while_the_plan_is_made_is_never_forgotten(shop):  # noqa: F811
    """Between two statements of the plan: the months are known, and then there is one more."""
    database = shop.settings.database
    inserted = []

    @sa.event.listens_for(shop.facts_room.doors.facts_engine, "after_cursor_execute")
    def insert(connection, cursor, statement, parameters, context, executemany):
        if "SELECT DISTINCT financials.month" in statement and not inserted:
            with pymysql.connect(
                host=database.host, port=database.port, user=USER, password=PASSWORD, database=database.database,
                autocommit=True,
            ) as stranger, stranger.cursor() as writing:
                writing.execute(STRANGE["INSERT"].format("2023-12-01"))
            inserted.append(statement)

    refresh(shop, RefreshOptions(full=True))
    assert len(inserted) == 1
    refresh(shop)
    assert shop.live_generation().first_month == datetime.date(2023, 12, 1)
    assert_tables_are_the_facts(shop)


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

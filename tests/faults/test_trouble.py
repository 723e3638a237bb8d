"""Trouble while a refresh runs: deadlocks, frozen servers, imports, a clock set back, two hosts, a lost lock."""

import contextlib
import datetime
import os
import socket
import threading
import time

import pymysql
import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines import lock
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.run_log import SUCCESS, last_runs
from database.store import open_store
from database.summaries import making, recording
from database.summaries import refresh as refresh_module
from database.summaries.refresh import RefreshOptions, refresh
from domain import moments
from domain.errors import DatabaseUnreachable, LockBusy, OutOfSpace
from tests.conftest import mysql_settings
from tests.counts import count, highest
from tests.facts import add_facts, add_products, all_summary_rows
from tests.faults.processes import run, start
from tests.mariadb import MariadbServer

FROZEN_SECONDS = float(os.environ.get("LONG_FREEZE", "3"))


@pytest.fixture
def filled_by():
    return fill_and_wait


@pytest.fixture
def shop(store):
    return store


def fill_and_wait(store) -> None:
    """Four facts, refreshed, and one that waits."""
    fill(store)
    refresh(store)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "0.50")])


def fill(store) -> None:
    add_products(store, ("B1", None, None), ("B2", None, None))
    add_facts(store, [(asin, "US", "CM3", month, "1.25") for asin in ("B1", "B2") for month in ("2024-01", "2024-02")])


def test_an_import_during_a_refresh_is_told_who_is_at_work(shop, tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("asin,brand,marketplace,metric,month,value\nB1,,US,CM3,2024-03,1\n")
    refreshing = start(shop.settings, tmp_path, crash_at="asin:pause").stopped()
    importing = run(shop.settings, tmp_path, command=["import", str(file)])
    assert importing.code == 3
    assert "a refresh is running since" in importing.errors and str(refreshing.pid) in importing.errors
    assert refreshing.go_on().code == 0
    assert run(shop.settings, tmp_path, command=["import", str(file)]).code == 0
    refresh(shop)
    assert shop.live_generation().last_month == datetime.date(2024, 3, 1)
    count("imports during a refresh")


def test_a_clock_set_back_changes_no_figure_and_no_number(shop, monkeypatch):
    past = datetime.datetime(2020, 1, 1)
    for module in (lock, making, recording):
        monkeypatch.setattr(module, "utc_now", lambda: past)
    assert refresh(shop).generation.generation == 2
    assert shop.live_generation().published_at == past
    monkeypatch.undo()
    add_facts(shop, [("B2", "US", "CM3", "2024-02", "0.25")])
    result = refresh(shop)
    assert (result.status, result.generation.generation) == (SUCCESS, 3)
    rows = all_summary_rows(shop)
    refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == rows
    count("clocks set back")


def test_a_holder_on_another_host_is_named_and_never_cleared_away(shop, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "other-host")
    other = open_store(shop.settings)
    with other.lock("a refresh"):
        monkeypatch.undo()
        with pytest.raises(LockBusy, match="on other-host"):
            refresh(shop)
        monkeypatch.setattr(socket, "gethostname", lambda: "other-host")
    monkeypatch.undo()
    other.close()
    assert refresh(shop).status == SUCCESS
    count("refreshes from two hosts")


def test_a_process_of_the_same_number_on_another_host_keeps_its_row(shop, monkeypatch):
    with shop.lock("a refresh"):
        monkeypatch.setattr(socket, "gethostname", lambda: "other-host")
        # What this process would do on the other host at the end of its own work.
        shop.work_lock._clear_holder()
        monkeypatch.undo()
        assert shop.work_lock.holder().pid == os.getpid()
    assert shop.work_lock.holder() is None


def test_a_log_that_cannot_be_written_does_not_stop_a_publication(shop, monkeypatch):
    before = all_summary_rows(shop)
    run_log = refresh_module.RunLog

    class Blocked(run_log):
        def _update(self, row, **values):
            # The statement reaches the real database, and fails there.
            super()._update(row, **(values | {"no_such_column": 1}))

    monkeypatch.setattr(refresh_module, "RunLog", Blocked)
    result = refresh(shop)
    assert result.status == SUCCESS
    assert any("could not be written to refresh_log" in note for note in result.notes)
    assert all_summary_rows(shop) != before
    monkeypatch.undo()
    refresh(shop)
    assert [found.status for found in last_runs(shop, 2)] == ["nothing to do", SUCCESS]


class TestServer:
    """What only a server can do to a refresh."""

    @pytest.fixture(params=["mysql"])
    def engine(self, request):
        return request.param

    @pytest.mark.parametrize(
        "statement", [f"INSERT INTO {schema.summary_asin.name}_staging", f"INSERT INTO {schema.summary_month.name}"]
    )
    def test_deadlocks_and_lock_waits_are_tried_again(self, shop, monkeypatch, statement):
        monkeypatch.setattr(refresh_module, "PAUSES", (0.01, 0.01, 0.01))
        waiting = [(1213, "Deadlock found"), (1205, "Lock wait timeout exceeded")]
        fail_at(shop, statement, waiting)
        result = refresh(shop, RefreshOptions(full=True))
        assert waiting == []
        assert result.status == SUCCESS
        count("deadlocks", "lock waits")

    def test_a_lock_that_is_never_given_up_ends_with_7_and_one_line(self, shop, monkeypatch):
        monkeypatch.setattr(refresh_module, "PAUSES", (0.01,))
        before = all_summary_rows(shop)
        fail_at(shop, f"INSERT INTO {schema.summary_month.name}", [(1205, "Lock wait timeout exceeded")] * 2)
        with pytest.raises(DatabaseUnreachable, match="1205"):
            refresh(shop, RefreshOptions(full=True))
        assert all_summary_rows(shop) == before

    def test_a_table_locked_for_a_while_is_waited_for(self, shop):
        database = shop.settings.database
        stranger = pymysql.connect(
            host=database.host, port=database.port, user=database.user, password=database.password,
            database=database.database,
        )
        with stranger.cursor() as cursor:
            cursor.execute("LOCK TABLES financials WRITE")
        threading.Timer(1, stranger.close).start()
        assert refresh(shop).status == SUCCESS

    def test_a_server_frozen_for_a_while_is_waited_for(self, tmp_path):
        server = MariadbServer.create()
        try:
            server.run("CREATE DATABASE lego_frozen")
            store = open_store(mysql_settings(tmp_path, server, "lego_frozen"))
            migrations.upgrade(store)
            fill(store)
            refreshing = start(store.settings, tmp_path, crash_at="asin:pause").stopped()
            server.freeze()
            refreshing.go_on()
            time.sleep(FROZEN_SECONDS)
            server.thaw()
            assert refreshing.code == 0, refreshing.errors
            store.close()
        finally:
            server.thaw()
            server.destroy()
        count("frozen servers")
        highest("frozen for, s", FROZEN_SECONDS)

    def test_a_full_table_space_is_out_of_space_and_not_tried_again(self, shop):
        waiting = [(1114, "The table is full")] * 3
        fail_at(shop, f"INSERT INTO {schema.summary_brand.name}_staging", waiting)
        with pytest.raises(OutOfSpace, match="The table is full"):
            refresh(shop)
        assert len(waiting) >= 1

    def test_the_lock_outlives_a_server_that_ends_idle_connections(self, shop, mariadb):
        mariadb.run("SET GLOBAL wait_timeout = 1")
        try:
            with shop.lock("a refresh"):
                mariadb.run("DO SLEEP(2)")
                other = open_store(shop.settings)
                with pytest.raises(LockBusy), other.lock("a second refresh"):
                    pytest.fail("two held the lock at once")
                other.close()
        finally:
            mariadb.run("SET GLOBAL wait_timeout = 28800")

    @pytest.mark.parametrize("taken", [True, False], ids=["and taken by another", "and by nobody taken"])
    def test_an_import_that_lost_the_lock_takes_nothing_in(self, shop, mariadb, tmp_path, taken):
        file = tmp_path / "more.csv"
        file.write_text("asin,brand,marketplace,metric,month,value\nB1,,US,CM3,2024-03,1\n")
        other, others = open_store(shop.settings), contextlib.ExitStack()
        lost = []

        @sa.event.listens_for(shop.facts_room.doors.facts_engine, "after_cursor_execute")
        def lose(connection, cursor, statement, parameters, context, executemany):
            if statement.startswith("INSERT INTO financials_import") and not lost:
                lost.append(statement)
                lock = f"SELECT IS_USED_LOCK('lego.{shop.settings.database.database}')"
                mariadb.run(f"KILL {mariadb.run(lock)[0][0]}")
                if taken:
                    others.enter_context(other.lock("another import"))

        with pytest.raises(DatabaseUnreachable, match="held the lock was lost"), shop.lock("an import"):
            import_file(shop, file, ImportOptions(), file_format="long")
        assert len(lost) == 1
        others.close()
        other.close()
        refresh(shop)
        assert shop.live_generation().last_month == datetime.date(2024, 2, 1)

    def test_pages_do_not_notice_that_the_server_ended_their_connections(self, shop, mariadb):
        shop.live_generation()
        name = shop.settings.database.database
        for (number,) in mariadb.run(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"):
            mariadb.run(f"KILL {number}")
        assert shop.live_generation().generation == 1

    def test_a_connection_that_is_lost_before_its_first_statement_is_told_in_our_words(self, shop, mariadb):
        """Between the pool's look at it and the page's snapshot."""
        shop.live_generation()
        name = shop.settings.database.database

        @sa.event.listens_for(shop.application, "checkout")
        def kill(connection, record, fairy):
            mariadb.run(f"KILL {connection.thread_id()}")

        with pytest.raises(DatabaseUnreachable):
            shop.read(lambda reading: pytest.fail(f"there is no connection to {name}"))
        sa.event.remove(shop.application, "checkout", kill)
        assert shop.live_generation().generation == 1

    def test_whoever_finds_a_dead_holders_row_ends_nobody_elses_connection(self, shop, mariadb):
        """The row is a dead holder's, the lock is another's, who has not written its own row yet."""
        dead = start_and_kill(shop)
        with shop.work_lock.attempt() as held:
            assert held
            other = open_store(shop.settings)
            other.work_lock.evict(dead)
            other.close()
            lock = f"SELECT IS_USED_LOCK('lego.{shop.settings.database.database}')"
            assert mariadb.run(lock) != [(None,)]


def start_and_kill(store) -> sa.Row:
    """The row that a holder left which is dead."""
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.work_lock).values(
            name="lego", purpose="a refresh", host=socket.gethostname(), pid=2**22 + 1, process_start="1",
            started_at=moments.utc_now(), connections="",
        ))
    return store.work_lock.holder()


def fail_at(store, statement: str, errors: list[tuple[int, str]]) -> None:
    """Makes the server answer statements that begin so with the errors, one after the other."""

    @sa.event.listens_for(store.facts_room.doors.facts_engine, "before_cursor_execute")
    def fail(connection, cursor, text, parameters, context, executemany):
        if text.startswith(statement) and errors:
            number, words = errors.pop(0)
            cursor.execute(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {number}, MESSAGE_TEXT = '{words}'")

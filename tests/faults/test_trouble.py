"""Trouble while a refresh runs: full disks, deadlocks, frozen servers, imports, a clock set back, two hosts."""

import datetime
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pymysql
import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines import base, open_store
from database.summaries import recording
from database.summaries import refresh as refresh_module
from database.summaries.refresh import RefreshOptions, refresh
from database.summaries.run_log import SUCCESS, last_runs
from domain.errors import LockBusy, OutOfSpace
from tests.conftest import embedded_settings, mysql_settings
from tests.facts import add_facts, add_products, all_summary_rows
from tests.faults.test_kill import run, start, wait_until_stopped
from tests.mariadb import MariadbServer

FROZEN_SECONDS = float(os.environ.get("LONG_FREEZE", "3"))


@pytest.fixture
def shop(store):
    """Three facts, refreshed, and one that waits."""
    fill(store)
    refresh(store)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "0.50")])
    return store


def fill(store) -> None:
    add_products(store, ("B1", None, None), ("B2", None, None))
    add_facts(store, [(asin, "US", "CM3", month, "1.25") for asin in ("B1", "B2") for month in ("2024-01", "2024-02")])


def test_an_import_during_a_refresh_is_told_who_is_at_work(shop, tmp_path):
    file = tmp_path / "more.csv"
    file.write_text("asin,brand,marketplace,metric,month,value\nB1,,US,CM3,2024-03,1\n")
    process = start(shop, crash_at="asin:pause")
    wait_until_stopped(process)
    outcome = run(shop, command=["import", str(file)])
    assert outcome.returncode == 3
    assert "a refresh is running since" in outcome.stderr and str(process.pid) in outcome.stderr
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert run(shop, command=["import", str(file)]).returncode == 0
    refresh(shop)
    assert shop.live_generation().last_month == datetime.date(2024, 3, 1)


def test_a_clock_set_back_changes_no_figure_and_no_number(shop, monkeypatch):
    past = datetime.datetime(2020, 1, 1)
    for module in (base, refresh_module, recording):
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


def test_a_holder_on_another_host_is_named_and_never_cleared_away(shop, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "other-host")
    other = open_store(shop.settings)
    with other.lock("a refresh"):
        monkeypatch.undo()
        with pytest.raises(LockBusy, match="on other-host"):
            refresh(shop)
    other.close()
    assert refresh(shop).status == SUCCESS


def test_a_full_disk_leaves_the_old_state_and_ends_with_5(small_disk_store):
    store, spare = small_disk_store
    before = all_summary_rows(store)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "0.50")])
    fill_disk(spare)
    for options in (["--full"], []):
        outcome = run(store, *options)
        assert outcome.returncode == 5, outcome.stderr
        assert "Traceback" not in outcome.stderr
        assert all_summary_rows(store) == before
    spare.unlink()
    assert run(store).returncode == 0
    assert all_summary_rows(store) != before
    assert store.clear_leftovers() == []


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
    assert [run.status for run in last_runs(shop, 2)] == ["nothing to do", SUCCESS]


@pytest.fixture
def small_disk_store(engine, tmp_path):
    """A refreshed store whose database lies on a disk of 400 MiB, and a file to fill the disk with."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run([*as_root(), "mount", "-t", "tmpfs", "-o", "size=400m,mode=777", "tmpfs", disk], check=True)
    server = None
    try:
        if engine == "embedded":
            store = open_store(embedded_settings(disk))
        else:
            server = MariadbServer.create(folder=disk)
            server.run("CREATE DATABASE lego_small")
            store = open_store(mysql_settings(tmp_path, server, "lego_small"))
        migrations.upgrade(store)
        fill(store)
        refresh(store)
        yield store, disk / "spare"
        store.close()
    finally:
        if server:
            server.stop()
        subprocess.run([*as_root(), "umount", "-l", disk], check=True)


def as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def fill_disk(file: Path) -> None:
    """Takes every block that is free."""
    with file.open("wb", buffering=0) as spare:
        for size in (2**20, 4096, 1):
            try:
                while True:
                    spare.write(b"\0" * size)
            except OSError:
                pass


class TestServer:
    """What only a server can do to a refresh."""

    @pytest.fixture(params=["mysql"])
    def engine(self, request):
        return request.param

    def test_deadlocks_and_lock_waits_are_tried_again(self, shop):
        failures = iter([(1213, "Deadlock found"), (1205, "Lock wait timeout exceeded")])
        injected = []

        @sa.event.listens_for(shop.facts_engine, "before_cursor_execute")
        def fail(connection, cursor, statement, parameters, context, executemany):
            if statement.startswith(f"INSERT INTO {schema.summary_asin.name}_staging"):
                for number, words in failures:
                    injected.append(number)
                    raise sa.exc.OperationalError(statement, parameters, pymysql.err.OperationalError(number, words))

        result = refresh(shop, RefreshOptions(full=True))
        assert injected == [1213, 1205]
        assert result.status == SUCCESS

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
            process = start(store, crash_at="asin:pause")
            wait_until_stopped(process)
            server.freeze()
            process.send_signal(signal.SIGCONT)
            time.sleep(FROZEN_SECONDS)
            server.thaw()
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            store.close()
        finally:
            server.thaw()
            server.destroy()

    def test_a_full_table_space_is_out_of_space_and_not_tried_again(self, shop):
        tried = []

        @sa.event.listens_for(shop.facts_engine, "before_cursor_execute")
        def fail(connection, cursor, statement, parameters, context, executemany):
            if statement.startswith(f"INSERT INTO {schema.summary_brand.name}_staging"):
                tried.append(statement)
                cursor.execute("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'")

        with pytest.raises(OutOfSpace, match="The table is full"):
            refresh(shop)
        assert 1 <= len(tried) <= 2

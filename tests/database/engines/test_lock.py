"""One lock for imports and refreshes: whoever is refused learns who holds it, and a dead holder holds nothing."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.store import open_store
from domain.errors import LockBusy, SchemaError
from settings import ROOT
from tests.conftest import environment_of, mysql_settings

HOLDER = """
import sys
from database.store import open_store
from settings import load_settings
store = open_store(load_settings())
with store.lock("the import of sales.csv"):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


@contextlib.contextmanager
def another_holder(settings, program: str = HOLDER) -> Iterator[subprocess.Popen]:
    """A process of its own that holds the lock until a line is written to it."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment_of(settings), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def rows_of_holders(store) -> list:
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(schema.work_lock.c.purpose, schema.work_lock.c.pid)).all()


def test_a_free_lock_is_held_and_given_back(store):
    with store.lock("a refresh"):
        assert rows_of_holders(store) == [("a refresh", os.getpid())]
    assert rows_of_holders(store) == []
    with store.lock("a second refresh"):
        assert rows_of_holders(store) == [("a second refresh", os.getpid())]


def test_a_busy_lock_names_its_holder_and_since_when(store, settings):
    with another_holder(settings) as holder:
        with pytest.raises(LockBusy) as caught, store.lock("a refresh"):
            pytest.fail("two held the lock at once")
        assert re.fullmatch(
            r"the import of sales\.csv is running since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC "
            rf"\(process {holder.pid} on {re.escape(socket.gethostname())}\); "
            r"wait for it to end, or give --wait SECONDS",
            str(caught.value),
        )
        assert caught.value.exit_code == 3
        assert rows_of_holders(store) == [("the import of sales.csv", holder.pid)]


def test_whoever_waits_gets_the_lock_when_it_is_given_back(store, settings):
    with another_holder(settings) as holder:
        holder.stdin.write("go on\n")
        holder.stdin.flush()
        with store.lock("a refresh", wait=30):
            assert rows_of_holders(store) == [("a refresh", os.getpid())]
        assert holder.stdout.readline() == "released\n"


def test_the_lock_is_given_back_when_the_work_fails(store):
    with pytest.raises(ZeroDivisionError), store.lock("a refresh"):
        raise ZeroDivisionError
    assert rows_of_holders(store) == []
    with store.lock("a second refresh"):
        pass


def test_a_holder_killed_on_the_spot_is_cleared_away(store, settings):
    with another_holder(settings) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert rows_of_holders(store) == [("the import of sales.csv", holder.pid)]
        with store.lock("a refresh"):
            assert rows_of_holders(store) == [("a refresh", os.getpid())]
    assert rows_of_holders(store) == []


def test_a_row_left_by_a_dead_process_on_another_host_does_not_block(store):
    with store.application.begin() as connection:
        connection.execute(
            sa.insert(schema.work_lock).values(
                name="lego", purpose="a refresh", host="elsewhere", pid=1, process_start="",
                started_at=sa.func.current_timestamp(), connections="",
            )
        )
    with store.lock("an import"):
        assert rows_of_holders(store) == [("an import", os.getpid())]


def test_a_lock_without_a_database_names_the_command(settings):
    store = open_store(settings)
    with pytest.raises(SchemaError, match="run: flask init-db"), store.lock("a refresh"):
        pytest.fail("there is nothing to lock")
    store.close()


def test_two_databases_on_one_server_do_not_wait_for_each_other(mariadb, tmp_path):
    names = [f"lego_{os.getpid()}_lock_{number}" for number in (1, 2)]
    stores = []
    for name in names:
        mariadb.run(f"CREATE DATABASE {name}")
        stores.append(open_store(mysql_settings(tmp_path, mariadb, name)))
        migrations.upgrade(stores[-1])
    with stores[0].lock("one"), stores[1].lock("two"):
        assert [rows_of_holders(store)[0].purpose for store in stores] == ["one", "two"]
    for store, name in zip(stores, names, strict=True):
        store.close()
        mariadb.run(f"DROP DATABASE {name}")


BUSY_SERVER = """
import threading
from database.store import open_store
from database.engines.mariadb.connections import identity_of
from settings import load_settings
store = open_store(load_settings())
with store.lock("a refresh"), store.facts() as connection:
    store.work_lock.note_connections([identity_of(connection)])
    threading.Timer(0, print, ["held"], {"flush": True}).start()
    connection.exec_driver_sql("SELECT SLEEP(600)")
"""


def test_statements_that_a_dead_holder_left_on_the_server_are_ended(mariadb, tmp_path):
    name = f"lego_{os.getpid()}_lock_3"
    mariadb.run(f"CREATE DATABASE {name}")
    settings = mysql_settings(tmp_path, mariadb, name)
    store = open_store(settings)
    migrations.upgrade(store)
    running = (
        "SELECT COUNT(*) FROM information_schema.processlist "
        f"WHERE db = '{name}' AND command = 'Query' AND info LIKE '%SLEEP(600)%' AND info NOT LIKE '%processlist%'"
    )
    with another_holder(settings, BUSY_SERVER) as holder:
        while mariadb.run(running) == [(0,)]:
            pass
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert mariadb.run(running) == [(1,)]
        with store.lock("a second refresh"):
            deadline = time.monotonic() + 20
            while mariadb.run(running) != [(0,)] and time.monotonic() < deadline:
                pass
            assert mariadb.run(running) == [(0,)]
    store.close()
    mariadb.run(f"DROP DATABASE {name}")

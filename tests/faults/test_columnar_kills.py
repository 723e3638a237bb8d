"""Facts on a server, summaries in files: whatever dies at whatever moment of a refresh, pages show the old state or
the new one, and the next refresh makes it what a full one would. `LONG_KILLS=20` kills each so often (tests/long.sh).
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Iterator

import pytest

from database import migrations
from database.engines.columnar.doors import ColumnarDoors
from database.engines.ports import Store
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from settings import COLUMNAR
from tests.conftest import LONG_SEED
from tests.counts import count
from tests.databases import mysql_settings
from tests.facts import all_summary_rows
from tests.faults.processes import start
from tests.faults.test_kill import AT_ONCE, change, fill
from tests.mariadb import MariadbServer

KILLS = int(os.environ.get("LONG_KILLS", "2"))
FULL = RefreshOptions(full=True)


@pytest.fixture
def own_server(tmp_path) -> Iterator[tuple[Store, MariadbServer]]:
    """The shop, on a server that may be killed."""
    server = MariadbServer.create()
    server.run("CREATE DATABASE lego_fault")
    store = open_store(mysql_settings(tmp_path, server, "lego_fault", COLUMNAR))
    migrations.upgrade(store)
    fill(store)
    refresh(store)
    yield store, server
    store.close()
    server.destroy()


def test_a_kill_at_any_moment_leaves_the_old_state_or_the_new_one(own_server, tmp_path):
    store, server = own_server
    chance = random.Random(os.environ[LONG_SEED])
    began = time.monotonic()
    assert start(store.settings, tmp_path, "--full").code == 0
    took = time.monotonic() - began
    for number in range(2 * KILLS):
        if number % 4 == 3:
            # All of it is copied, as for the first time.
            ColumnarDoors(store.settings).forget_copy()
        change(store, number)
        before, generation = all_summary_rows(store), store.live_generation().generation
        command = start(store.settings, tmp_path, *(("--full",) if number % 3 else ()), **AT_ONCE)
        time.sleep(chance.uniform(0, took))
        if number % 2:
            with contextlib.suppress(ProcessLookupError):
                command.signal(signal.SIGKILL)
            assert command.code in (-signal.SIGKILL, 0), command.errors
            count("kill -9 of a refresh into files at a random moment")
        else:
            server.kill()
            server.start()
            assert command.code in (0, 7), command.errors
            assert "Traceback" not in command.errors
            count("kill -9 of the server below a refresh into files at a random moment")
        found, is_new = all_summary_rows(store), store.live_generation().generation != generation
        with store.lock("a test", wait=60):
            pass
        refresh(store)
        after = all_summary_rows(store)
        assert found == (after if is_new else before) and after != before
    refresh(store, FULL)
    assert all_summary_rows(store) == after

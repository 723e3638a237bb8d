"""A refresh killed at any step leaves the old state or the new one, and the next refresh works."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

import pytest

from database.crash_points import STEPS
from database.summaries.refresh import RefreshOptions, refresh
from database.summaries.run_log import last_runs
from tests.conftest import environment_of
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows
from tests.faults.processes import killed_at
from tests.faults.readers import ROOT, ReaderProcess

COMMAND = [sys.executable, "-m", "flask"]
REFRESH = ("refresh-summaries",)
PUBLISHED = STEPS[STEPS.index("swapped") :]


@pytest.fixture
def shop(store):
    """A small shop, refreshed once, with an import waiting."""
    add_categories(store, "Garden")
    add_brands(store, ("Alder", 1, None), ("Birch", None, None))
    add_products(store, ("B1", 1, None), ("B2", 2, None), ("B3", None, None))
    add_facts(store, [
        (f"B{product}", marketplace, metric, f"2024-0{month}", f"{product * month}.0{month}")
        for product in (1, 2, 3) for marketplace in ("US", "DE") for metric in ("Net revenue", "CM3")
        for month in (1, 2, 3)
    ])
    refresh(store)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "0.99"), ("B2", "UK", "CM3", "2024-04", "5.00")])
    return store


@pytest.mark.parametrize("kind", ["incremental", "full"])
def test_a_refresh_killed_at_any_step_leaves_the_old_or_the_new_state(shop, kind, tmp_path):
    options = RefreshOptions(full=kind == "full")
    reader = ReaderProcess(environment_of(shop.settings), tmp_path / "report.json")
    for number, step in enumerate(STEPS):
        before, generation = all_summary_rows(shop), shop.live_generation().generation
        assert killed_at(shop.settings, step, options) == -signal.SIGKILL, step
        after = all_summary_rows(shop)
        if step in PUBLISHED:
            assert after != before, step
            assert shop.live_generation().generation == generation + 1
        else:
            assert after == before, step
            assert shop.live_generation().generation == generation

        refresh(shop, options)
        new = all_summary_rows(shop)
        assert new != before, step
        assert shop.clear_leftovers() == []
        statuses = [run.status for run in last_runs(shop, 2)]
        assert statuses == expected_statuses(step, kind), step
        add_facts(shop, [("B1", "US", "CM3", "2024-02", f"1.{number:02d}")])
    seen = reader.finish()
    assert {name: seen[name] for name in ("errors", "empty", "mixed")} == {"errors": 0, "empty": 0, "mixed": 0}, seen
    assert seen["reads"] > len(STEPS)


def expected_statuses(step: str, kind: str) -> list[str]:
    """Newest first: the run after the killed one, then the killed one as the log tells it now."""
    if step in ("lock", "examine"):
        return ["success", "success"]  # killed before its run was written down; before it is the last one
    after = "nothing to do" if step in PUBLISHED and kind == "incremental" else "success"
    return [after, "success" if step in PUBLISHED else "abandoned"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_a_refresh_cleanly(shop, number, code):
    before = all_summary_rows(shop)
    process = start(shop, crash_at="asin:pause")
    wait_until_stopped(process)
    process.send_signal(number)
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert "what was live before still is" in errors
    assert "Traceback" not in errors
    assert all_summary_rows(shop) == before
    assert shop.clear_leftovers() == []
    assert last_runs(shop, 1)[0].status == "failed"
    assert run(shop).returncode == 0


def test_of_ten_refreshes_at_once_one_runs_and_nine_say_who_does(shop):
    first = start(shop, crash_at="asin:pause")
    wait_until_stopped(first)
    others = [start(shop) for _ in range(9)]
    outcomes = [(other.communicate(timeout=60)[1], other.returncode) for other in others]
    assert [code for _, code in outcomes] == [3] * 9, outcomes
    assert all("a refresh is running since" in errors and str(first.pid) in errors for errors, _ in outcomes)
    first.send_signal(signal.SIGCONT)
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_a_dead_server_leaves_the_old_state_and_the_next_refresh_works(mariadb_of_its_own, tmp_path):
    store, server = mariadb_of_its_own
    for step in ("asin", "publish", "swap"):
        before = all_summary_rows(store)
        process = start(store, "--full", crash_at=f"{step}:pause")
        wait_until_stopped(process)
        server.kill()
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 7, errors
        assert "Traceback" not in errors
        store.close()
        server.start()
        assert all_summary_rows(store) == before
        again = run(store, "--full")
        assert again.returncode == 0, again.stderr
        assert all_summary_rows(store) != before
        add_facts(store, [("B1", "US", "CM3", "2024-02", "0.01")])


def test_a_killed_connection_is_taken_up_again(mariadb_of_its_own):
    store, server = mariadb_of_its_own
    process = start(store, crash_at="start:pause")
    wait_until_stopped(process)
    holder = store.lock_holder()
    own = server.run("SELECT CONNECTION_ID()")
    for number in holder.connections.split(","):
        server.run(f"KILL {number}")
    assert own
    process.send_signal(signal.SIGCONT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 7), errors
    assert "Traceback" not in errors
    assert run(store).returncode == 0


@pytest.fixture
def mariadb_of_its_own(tmp_path):
    """A refreshed shop with an import waiting, on a server that may be killed."""
    from database import migrations
    from database.engines import open_store
    from tests.conftest import mysql_settings
    from tests.mariadb import MariadbServer

    server = MariadbServer.create()
    server.run("CREATE DATABASE lego_fault")
    store = open_store(mysql_settings(tmp_path, server, "lego_fault"))
    migrations.upgrade(store)
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00"), ("B1", "US", "CM3", "2024-02", "1.00")])
    assert run(store).returncode == 0
    add_facts(store, [("B1", "US", "CM3", "2024-02", "2.00")])
    yield store, server
    store.close()
    server.destroy()


def run(store, *options: str, command: Sequence[str] = REFRESH, **named) -> subprocess.CompletedProcess:
    """Runs the command to its end."""
    process = start(store, *options, command=command, **named)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def start(
    store, *options: str, command: Sequence[str] = REFRESH, crash_at: str | None = None
) -> subprocess.Popen:
    """Starts the command as a process of its own."""
    environment = environment_of(store.settings) | ({"LEGO_CRASH_AT": crash_at} if crash_at else {})
    return subprocess.Popen(
        [*COMMAND, *command, *options], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )


def wait_until_stopped(process: subprocess.Popen) -> None:
    """Waits until the process has stopped itself."""
    pid, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), (pid, status, process.stderr.read())

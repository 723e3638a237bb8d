"""A refresh that loses its process, its connections or its server at any step leaves the old state or the new
one, whole, to readers who read all along; the next refresh works, and the log tells what happened."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from database.engines.ports import Store
from database.journal.run_log import last_runs
from database.summaries.refresh import RefreshOptions, refresh
from machine.crash_points import COPYING, STEPS
from settings import COLUMNAR
from tests.conftest import ENGINES, WITH_COLUMNS, environment_of
from tests.counts import count, highest
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows
from tests.faults.processes import Command, ReaderProcess, killed_at, run, start

LONG = "LONG_PUBLICATIONS" in os.environ
PUBLISHED = STEPS[STEPS.index("swapped") :]
KINDS = {"incremental": (), "full": ("--full",)}
AT_ONCE = {"PAUSES": (0.01, 0.1, 1)}
EVERY_FOURTH = STEPS if LONG else STEPS[::4]
"""Where a harm is done in the same way at each step, the short run does it at some."""
"""The pauses before a lost refresh is tried again, here."""


def fill(store) -> None:
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


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def shop(store):
    return store


def change(store, number: int) -> None:
    """One more fact, of a value of its own."""
    add_facts(store, [("B1", "US", "CM3", "2024-02", f"1.{number:02d}")])


@contextlib.contextmanager
def reading(store, folder, *, server_dies: bool = False) -> Iterator[None]:
    """Somebody reads pages meanwhile, and sees whole generations only."""
    with ReaderProcess(environment_of(store.settings), folder / "report.json") as reader:
        yield
        seen = reader.finish()
    wrong = {name: seen[name] for name in ("errors", "empty", "mixed")}
    assert wrong == {"errors": 0, "empty": 0, "mixed": 0}, seen["first_error"]
    assert server_dies or seen["unreachable"] == 0, seen
    # The short run is over within a few pauses of its readers.
    assert seen["reads"] > (len(STEPS) if LONG else 0)
    count("reads while something died", by=seen["reads"])


def assert_true(store) -> None:
    """What is live is what a full refresh makes of the facts, nothing is left over, and no run is open."""
    rows = all_summary_rows(store)
    assert store.published.clear_leftovers() == []
    refresh(store, RefreshOptions(full=True))
    assert all_summary_rows(store) == rows
    assert "running" not in [found.status for found in last_runs(store, 1000)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_refresh_killed_at_any_step_leaves_the_old_or_the_new_state(shop, engine, kind, tmp_path):
    options = RefreshOptions(full=kind == "full")
    steps = STEPS if kind == "incremental" else EVERY_FOURTH
    with reading(shop, tmp_path):
        for number, step in enumerate(steps if engine != COLUMNAR else (*COPYING, *steps)):
            before, generation = all_summary_rows(shop), shop.live_generation().generation
            assert killed_at(shop.settings, step, options) == -signal.SIGKILL, step
            count("kill -9 of the refresh", f"kill -9 of the refresh at {step}")
            after = all_summary_rows(shop)
            assert shop.live_generation().generation == generation + (step in PUBLISHED), step
            refresh(shop, options)
            new = all_summary_rows(shop)
            assert new != before, step
            assert after == (new if step in PUBLISHED else before), step
            assert shop.published.clear_leftovers() == []
            assert [found.status for found in last_runs(shop, 2)] == after_a_kill(step, kind), step
            change(shop, number)
    refresh(shop)
    assert_true(shop)


def after_a_kill(step: str, kind: str) -> list[str]:
    """Newest first: the run after the killed one, then the killed one as the log tells it now."""
    if step in ("lock", "examine"):
        return ["success", "success"]  # killed before its run was written down; before it is the last one
    after = "nothing to do" if step in PUBLISHED and kind == "incremental" else "success"
    return [after, "success" if step in PUBLISHED else "abandoned"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_at_any_step_ends_a_refresh_cleanly(shop, name, tmp_path):
    code = {"SIGTERM": 143, "SIGINT": 130}[name]
    few = {"SIGTERM": ("lock", "asin", "verify", "publish", "swap", "release"), "SIGINT": ("asin", "swap", "swapped")}
    steps = STEPS if LONG else few[name]
    for number, step in enumerate(steps):
        before = all_summary_rows(shop)
        options = KINDS["full" if number % 2 else "incremental"]
        ended = start(shop.settings, tmp_path, *options, crash_at=f"{step}:pause").stopped()
        ended.signal(getattr(signal, name))
        assert ended.go_on().code == code, (step, ended.errors)
        count(name, f"{name} at {step}")
        assert ended.errors.endswith("nothing was left half done\n"), (step, ended.errors)
        assert "Traceback" not in ended.errors
        assert (all_summary_rows(shop) != before) == (step in PUBLISHED), step
        assert step in PUBLISHED or shop.published.clear_leftovers() == [], step
        if step not in ("lock", "examine"):
            assert last_runs(shop, 1)[0].status == ("success" if step in PUBLISHED else "failed"), step
        refresh(shop)
        change(shop, number)
    refresh(shop)
    assert_true(shop)


def test_of_ten_refreshes_at_once_one_runs_and_nine_say_within_two_seconds_who_does(shop, tmp_path):
    first = start(shop.settings, tmp_path, crash_at="asin:pause").stopped()
    others = [start(shop.settings, tmp_path) for _ in range(9)]
    assert [other.code for other in others] == [3] * 9, [other.errors for other in others]
    for other in others:
        assert re.search(rf"a refresh is running since .* \(process {first.pid} on ", other.errors)
        assert other.seconds < 2
        highest("a refresh that is told of another one ends after, ms", round(other.seconds * 1000))
    assert first.go_on().code == 0
    count("refreshes at once", by=10)


class TestServer:
    """What a server can lose."""

    @pytest.fixture(params=[name for name in (WITH_COLUMNS if LONG else ENGINES) if name in ("mysql", COLUMNAR)])
    def engine(self, request):
        return request.param

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_refresh_whose_connections_are_killed_at_any_step_is_tried_again_and_succeeds(
        self, shop, mariadb, kind, tmp_path
    ):
        with reading(shop, tmp_path):
            for number, step in enumerate(EVERY_FOURTH):
                before = all_summary_rows(shop)
                paused = start(shop.settings, tmp_path, *KINDS[kind], crash_at=f"{step}:pause", **AT_ONCE).stopped()
                for connection in connections_of(mariadb, shop, paused):
                    mariadb.run(f"KILL {connection}")
                    count("KILL of a connection", f"KILL of a connection at {step}")
                assert paused.go_on().code == 0, (step, paused.errors)
                assert "Traceback" not in paused.errors
                assert all_summary_rows(shop) != before, step
                assert shop.published.clear_leftovers() == [], step
                told = [found.status for found in last_runs(shop, 2)]
                assert told == after_a_lost_connection(step), (step, paused.errors)
                change(shop, number)
        refresh(shop)
        assert_true(shop)

    def test_each_single_connection_may_be_killed_at_any_step(self, shop, mariadb, tmp_path):
        for number, step in enumerate(STEPS if LONG else ("swap",)):
            for kind in KINDS:
                for place in range(20):
                    before = all_summary_rows(shop)
                    options = {"crash_at": f"{step}:pause", **AT_ONCE}
                    paused = start(shop.settings, tmp_path, *KINDS[kind], **options).stopped()
                    connections = connections_of(mariadb, shop, paused)
                    if place < len(connections):
                        mariadb.run(f"KILL {connections[place]}")
                        count("KILL of a connection", f"KILL of a connection at {step}")
                    assert paused.go_on().code == 0, (step, place, paused.errors)
                    assert all_summary_rows(shop) != before, (step, place)
                    change(shop, number)
                    if place >= len(connections):
                        break
        refresh(shop)
        assert_true(shop)

    @pytest.mark.parametrize("step", ["start", "asin", "verify", "publish", "swap"])
    def test_a_refresh_that_lost_the_lock_never_publishes_what_another_one_built(
        self, shop, engine, mariadb, step, tmp_path
    ):
        for number, kind in enumerate(KINDS):
            paused = start(shop.settings, tmp_path, *KINDS[kind], crash_at=f"{step}:pause", **AT_ONCE).stopped()
            lock = f"SELECT IS_USED_LOCK('lego.{shop.settings.database.database}')"
            mariadb.run(f"KILL {mariadb.run(lock)[0][0]}")
            change(shop, number)
            if engine == COLUMNAR:
                # While the first has the copy open, nobody else can build.
                second = start(shop.settings, tmp_path, "--full")
                assert second.code == 3, second.errors
                assert paused.go_on().code == 0, paused.errors
            else:
                # This one is half done when the first goes on.
                second = start(shop.settings, tmp_path, "--full", crash_at="asin:pause").stopped()
                assert paused.go_on().code == 3, paused.errors
                assert second.go_on().code == 0, second.errors
            assert_true(shop)
            change(shop, number)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_refresh_survives_a_server_that_dies_at_any_step_and_comes_back(
        self, own_server, engine, kind, tmp_path
    ):
        store, server = own_server
        with reading(store, tmp_path, server_dies=True):
            for number, step in enumerate(STEPS if LONG else ("asin", "swap", "swapped")):
                before = all_summary_rows(store)
                paused = start(store.settings, tmp_path, *KINDS[kind], crash_at=f"{step}:pause", **AT_ONCE).stopped()
                server.stop() if number % 5 == 4 else server.kill()
                count("kill -9 of the server", f"kill -9 of the server at {step}", by=int(number % 5 != 4))
                count("restarts of the server", by=int(number % 5 == 4))
                server.start()
                assert paused.go_on().code == 0, (step, paused.errors)
                assert "Traceback" not in paused.errors
                assert all_summary_rows(store) != before, step
                assert store.published.clear_leftovers() == [], step
                told = [found.status for found in last_runs(store, 2)]
                wanted = [after_a_lost_connection(step)]
                if engine == COLUMNAR and step in PUBLISHED:
                    # The first to miss the server may be what writes down that it is done; it is then asked again.
                    wanted.append(["nothing to do", "success"])
                assert told in wanted, (step, paused.errors)
                change(store, number)
        refresh(store)
        assert_true(store)

    def test_a_server_that_stays_dead_leaves_the_old_state_and_the_next_refresh_works(self, own_server, tmp_path):
        store, server = own_server
        for number, step in enumerate(STEPS if LONG else ("publish",)):
            before = all_summary_rows(store)
            paused = start(store.settings, tmp_path, "--full", crash_at=f"{step}:pause", **AT_ONCE).stopped()
            server.kill()
            count("kill -9 of the server", f"kill -9 of the server at {step}")
            assert paused.go_on().code == (0 if step in PUBLISHED else 7), paused.errors
            assert "Traceback" not in paused.errors
            store.close()
            server.start()
            assert (all_summary_rows(store) != before) == (step in PUBLISHED), step
            assert run(store.settings, tmp_path).code == 0
            assert all_summary_rows(store) != before
            change(store, number)
        refresh(store)
        assert_true(store)

    @pytest.fixture
    def own_server(self, engine, tmp_path):
        """The shop, on a server that may be killed."""
        from database import migrations
        from database.store import open_store
        from tests.conftest import mysql_settings
        from tests.mariadb import MariadbServer

        server = MariadbServer.create()
        server.run("CREATE DATABASE lego_fault")
        kind = COLUMNAR if engine == COLUMNAR else "tables"
        store = open_store(mysql_settings(tmp_path, server, "lego_fault", kind))
        migrations.upgrade(store)
        fill(store)
        yield store, server
        store.close()
        server.destroy()


def after_a_lost_connection(step: str) -> list[str]:
    """Newest first: the last attempt, and what was written down before it."""
    if step in ("publish", "swap"):
        return ["success", "abandoned"]  # whether it had published was not known before the next attempt
    return ["success", "success" if step in PUBLISHED else "failed"]


def connections_of(server, store: Store, command: Command) -> list[int]:
    """The numbers of the connections that the command's process has to the server."""
    ports = open_ports(command.pid)
    rows = server.run(
        "SELECT id, host FROM information_schema.processlist "
        f"WHERE db = '{store.settings.database.database}' ORDER BY id"
    )
    found = [number for number, host in rows if int(host.rpartition(":")[2]) in ports]
    assert found
    return found


def open_ports(pid: int) -> set[int]:
    """The local TCP ports of a process."""
    inodes = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            inodes.update(re.findall(r"socket:\[(\d+)\]", str(handle.readlink())))
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return {int(fields[1].rpartition(":")[2], 16) for fields in lines if fields[9] in inodes}

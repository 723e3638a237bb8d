"""A disk that is full while a refresh builds, publishes or logs: real ones, small and in memory."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from database import migrations
from database.store import open_store
from database.summaries.refresh import refresh
from domain.errors import OutOfSpace
from tests.conftest import embedded_settings, mysql_settings
from tests.counts import count
from tests.facts import add_facts, all_summary_rows
from tests.faults.processes import run, start
from tests.faults.test_trouble import fill
from tests.mariadb import MariadbServer

LONG = "LONG_PUBLICATIONS" in os.environ
STEPS = {
    "building": ("start", "asin", "category") if LONG else ("asin",),
    "publishing": ("record", "publish", "swap") if LONG else ("publish",),
}


def test_a_disk_that_was_full_before_leaves_the_old_state_and_ends_with_5(small_disk_store, tmp_path):
    store, disk = small_disk_store
    before = all_summary_rows(store)
    with filled(disk):
        for options in (["--full"], []):
            ended = run(store.settings, tmp_path, *options)
            assert ended.code == 5, ended.errors
            assert "Traceback" not in ended.errors
            assert all_summary_rows(store) == before
    assert run(store.settings, tmp_path).code == 0
    assert all_summary_rows(store) != before


@pytest.mark.parametrize("phase", STEPS)
def test_a_disk_that_fills_up_meanwhile_leaves_one_whole_state(small_disk_store, phase, tmp_path):
    """What needs no more room may still be done: then the new state is live, and that is said."""
    store, disk = small_disk_store
    for number, step in enumerate(STEPS[phase]):
        for options in ([], ["--full"]):
            before = all_summary_rows(store)
            paused = start(store.settings, tmp_path, *options, crash_at=f"{step}:pause").stopped()
            with filled(disk):
                code = paused.go_on().code
            # A file that was made when there was room may have some left for what comes after its first level.
            assert code in ((5,) if step == "start" else (0, 5)), (step, paused.errors)
            count("full disks", f"full disk while {phase}", f"full disk while {phase}, exit {code}")
            assert "Traceback" not in paused.errors, paused.errors
            assert (all_summary_rows(store) != before) == (code == 0), (step, paused.errors)
            assert run(store.settings, tmp_path).code == 0
            assert all_summary_rows(store) != before
            assert store.published.clear_leftovers() == []
            add_facts(store, [("B2", "US", "CM3", "2024-01", f"0.{number + 1}{len(options)}")])


def test_a_disk_that_fills_up_under_the_log_does_not_stop_a_publication(store, engine, tmp_path):
    fill(store)
    refresh(store)
    add_facts(store, [("B1", "US", "CM3", "2024-02", "0.50")])
    before = all_summary_rows(store)
    with small_disk(tmp_path / "log", megabytes=4) as disk:
        move_log(store, disk)
        paused = start(store.settings, tmp_path, crash_at="plan:pause").stopped()
        with filled(disk):
            fill_log(store)
            assert paused.go_on().code == 0, paused.errors
        assert "could not be written to refresh_log" in paused.errors
        assert all_summary_rows(store) != before
        count("full disks", "full disk while logging")
        store.close()


def move_log(store, disk: Path) -> None:
    """Puts what the run log is written to onto the small disk."""
    if store.settings.database.engine == "embedded":
        store.application.dispose()
        path = store.settings.database.path / "application.sqlite"
        (disk / path.name).write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(disk / path.name)
        return
    with store.application.begin() as connection:
        made = connection.exec_driver_sql("SHOW CREATE TABLE refresh_log").one()[1]
        connection.exec_driver_sql("DROP TABLE refresh_log")
        connection.exec_driver_sql(f"{made} DATA DIRECTORY = '{disk}'")


def fill_log(store) -> None:
    """Takes the room that the log's own file has left."""
    if store.settings.database.engine == "embedded":
        return
    filler = (
        "INSERT INTO refresh_log (run_id, stage, refresh_type, started_at, status, host, pid, error_message) "
        "SELECT UUID(), 'filler', 'full', NOW(), 'success', 'x', 1, REPEAT('x', {}) FROM seq_1_to_{}"
    )
    for size, rows in ((900, 100), (900, 1), (1, 1)):
        with contextlib.suppress(OutOfSpace):
            while True:
                with store.application.begin() as connection:
                    connection.exec_driver_sql(filler.format(size, rows))


@pytest.fixture
def small_disk_store(engine, tmp_path):
    """A refreshed store with an import waiting, whose database lies on a disk of 400 MiB; and that disk."""
    with small_disk(tmp_path / "disk", megabytes=400) as disk:
        server = None
        try:
            if engine == "embedded":
                store = open_store(embedded_settings(disk))
            else:
                # Its own tables wait for room for a minute when their turn comes, which is every half minute.
                server = MariadbServer.create("--aria-checkpoint-interval=0", folder=disk)
                server.run("CREATE DATABASE lego_small")
                store = open_store(mysql_settings(tmp_path, server, "lego_small"))
            migrations.upgrade(store)
            fill(store)
            refresh(store)
            add_facts(store, [("B1", "US", "CM3", "2024-02", "0.50")])
            yield store, disk
            store.close()
        finally:
            if server:
                server.stop()


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A disk of its own, in memory."""
    folder.mkdir()
    options = f"size={megabytes}m,mode=777"
    subprocess.run([*as_root(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run([*as_root(), "umount", "-l", folder], check=True)


def as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


@contextlib.contextmanager
def filled(disk: Path, name: str = "spare") -> Iterator[None]:
    """The disk without a free block: a file of this name has them all."""
    file = disk / name
    with file.open("wb", buffering=0) as spare:
        size = 2**28
        while size >= 4096:
            # Whoever else writes to the disk meanwhile takes some of it, too.
            try:
                os.posix_fallocate(spare.fileno(), spare.seek(0, os.SEEK_END), size)
            except OSError:
                size //= 2
    try:
        yield
    finally:
        file.unlink()

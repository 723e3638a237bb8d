"""The served app on a disk that fills up and is emptied again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from database import migrations
from database.people import users
from database.people.passwords import hash_password
from database.store import open_store
from database.summaries.refresh import refresh
from settings import ROOT
from tests.conftest import embedded_settings, environment_of
from tests.faults.test_full_disk import filled, small_disk
from tests.faults.test_trouble import fill
from tests.security.served import Served
from tests.web.conftest import PASSWORD
from tests.web.serving.test_metrics import samples
from web.serving.counts import ROOM, CountFiles

PAGES = ("/healthz", "/readyz", "/dashboard?period=2024", "/operations", "/metrics")


@pytest.fixture
def server(tmp_path):
    """A shop with an admin, served from a disk of its own; and that disk."""
    with small_disk(tmp_path / "disk", megabytes=300) as disk:
        store = open_store(embedded_settings(disk))
        migrations.upgrade(store)
        fill(store)
        refresh(store)
        with store.application.begin() as connection:
            users.add_user(connection, name="admin", role="admin", password_hash=hash_password(PASSWORD))
        store.close()
        server = Served(store.settings, tmp_path)
        try:
            yield server, disk
        finally:
            server.stop()


def test_pages_are_served_from_a_full_disk_and_counts_are_whole_once_there_is_room(server):
    served, disk = server
    reader = served.visitor()
    assert reader.sign_in("admin", PASSWORD).status == 303
    with filled(disk):
        os.kill(next(iter(workers(served))), signal.SIGKILL)
        until(lambda: served.log.count("Booting worker") == 3)
        before = counted(served)
        with filled(disk, "what its end set free"):
            for _ in range(6):  # whichever worker answers
                assert {page: reader.get(page).status for page in PAGES} == dict.fromkeys(PAGES, 200)
                assert served.visitor().get("/login").status == 200
            assert "Disk full" in reader.get("/operations").text
            # A session must be written down: its file may have room left inside.
            assert served.visitor().sign_in("admin", PASSWORD).status in (303, 503)
    asked = 6
    while counted(served) < before + asked:
        assert served.visitor().get("/healthz").status == 200 and asked < 2_000, "counts are lost"
        asked += 1
    assert counted(served) == before + asked
    assert "Disk full" not in reader.get("/operations").text
    assert served.visitor().sign_in("admin", PASSWORD).status == 303
    assert (served.log.count("Booting worker"), "SIGBUS" in served.log, "Traceback" in served.log) == (3, False, False)
    assert "cache not written: no room, or no permission" in served.log
    assert "INFO:lego.web" not in served.log, "lines of the log are repeated by another library"
    served.stop()
    with filled(disk):
        again = subprocess.run(
            [sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment_of(served.settings), capture_output=True,
            text=True, timeout=60,
        )
    assert (again.returncode, again.stderr) == (
        5, f"gunicorn: {disk / 'instance'}: nothing can be written (No space left on device); "
        "free some space, then start it again\n",
    )


def test_a_count_waits_for_room_and_takes_it_before_it_is_used(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=2) as disk:
        files = CountFiles(disk / "counts")
        with filled(disk):
            waiting = made(files, "waits")
            waiting.inc(2)
            assert written(files) == {}
        first = made(files, "first")
        assert written(files) == {"waits": 2, "first": 0}
        with filled(disk):
            # Far more names than a file has room for.
            more = [made(files, f"{number:0200}") for number in range(2 * ROOM // 200)]
            for count in (*more, first):
                count.inc(1)
            held = written(files)
            assert held["first"] == 1 and 100 < len(held) < ROOM // 200
        more[0].inc(1)
        assert written(files) == {"waits": 2, "first": 1} | {
            f"{number:0200}": 1 + (number == 0) for number in range(2 * ROOM // 200)
        }


def made(files: CountFiles, name: str):
    return files.count("counter", name, name, (), (), "words")


def written(files: CountFiles) -> dict[str, float]:
    """Name -> number, as another process reads them."""
    found = MultiProcessCollector(None, files.folder) if files.folder.is_dir() else None
    return {sample.name: sample.value for metric in (found.collect() if found else ()) for sample in metric.samples}


def workers(served: Served) -> set[int]:
    """The process ids of its workers."""
    children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text()
    return set(map(int, children.split()))


def counted(served: Served) -> float:
    """How often /healthz was answered, as /metrics tells."""
    return samples(served.visitor().get("/metrics").text).get(("lego_page_seconds_count", "health.healthz"), 0)


def until(is_so) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)

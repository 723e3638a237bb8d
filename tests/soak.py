"""The served app under people who read, files that come in and refreshes, as long as is asked; see tests/soak.sh."""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from database import migrations, schema
from database.people import users
from database.people.passwords import hash_password
from database.store import open_store
from settings import ROOT, Settings
from tests.conftest import embedded_settings, environment_of, mysql_settings
from tests.mariadb import MariadbServer
from tests.security.served import Served, Visitor
from tests.soak_report import write_report

READERS = 4
LOOK_EVERY = 5
"""Seconds between two looks at the processes."""
WORK_EVERY = 15
"""Seconds between the end of an import or refresh and the next."""
PASSWORD = "a long word for a soak"
PAGES = (
    "/dashboard", "/dashboard?period=2024&compare=year", "/profitability?show=unit", "/categories", "/settlements",
    "/brands/1",
    "/products?sort=change", "/products?search=1&page=1", "/products/P0007", "/drivers", "/search?q=brand",
    "/explain?metric=CM3&period=2024", "/catalog", "/account", "/figures?period=2025",
)
FILES = ("/dashboard.csv", "/products.csv", "/profitability.xlsx", "/api/v1/dashboard", "/api/v1/products?period=2024")
OF_ADMINS = ("/operations", "/imports", "/users", "/users/audit")
METRICS = ("Net revenue", "Net units", "Net COGS", "Marketing", "CM1", "CM3")
HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"


@dataclass
class Sample:
    """The app's processes at a moment: seconds since the start, MiB, counts; `stored` is what is not kept answers and
    not figures, `instance` all of the instance folder but kept answers, in MiB."""

    at: float
    memory: float
    threads: int
    files: int
    temporary: int
    stored: float
    instance: float


@dataclass
class Soaked:
    """What came of it."""

    engine: str
    minutes: float
    samples: list[Sample] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    works: Counter[str] = field(default_factory=Counter)


def main() -> int:
    """Soaks each engine that is asked for; 1 if anything failed or grew."""
    parser = argparse.ArgumentParser(prog="tests/soak.sh")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--engine", action="append", choices=("embedded", "mysql"))
    asked = parser.parse_args()
    is_well = True
    for engine in asked.engine or ("embedded", "mysql"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lego-soak-")))
            soaked = soak(settings_of(engine, folder, stack), folder, Soaked(engine, asked.minutes))
        is_well &= write_report(soaked, machine=machine_words())
    return 0 if is_well else 1


def settings_of(engine: str, folder: Path, stack: ExitStack) -> Settings:
    """Of an empty database: files below `folder`, or a server that ends with `stack`."""
    if engine == "embedded":
        return embedded_settings(folder)
    server = MariadbServer.create()
    stack.callback(server.destroy)
    server.run("CREATE DATABASE soak CHARACTER SET utf8mb4")
    return mysql_settings(folder, server, "soak")


def soak(settings: Settings, folder: Path, soaked: Soaked) -> Soaked:
    """Fills the shop, serves it, and lets everybody at it until the time is over."""
    (temporary := folder / "tmp").mkdir()
    os.environ["TMPDIR"] = str(temporary)
    fill(settings, folder)
    served = Served(settings, folder)
    over, readers = threading.Event(), []
    try:
        people = itertools.cycle(("admin", "anna", "bert"))
        readers = [
            threading.Thread(target=read, args=(served, next(people), soaked, over, random.Random(number)))
            for number in range(READERS)
        ]
        readers.append(threading.Thread(target=work, args=(settings, folder, soaked, over)))
        for reader in readers:
            reader.start()
        look(served, settings, temporary, soaked)
    finally:
        over.set()
        for reader in readers:
            reader.join()
        served.stop()
    soaked.failed += [line for line in served.log.splitlines() if "Traceback" in line or "SIGKILL" in line]
    return soaked


def fill(settings: Settings, folder: Path) -> None:
    """A shop of 200 products and 24 months, an admin, a viewer and somebody limited to a brand."""
    store = open_store(settings)
    migrations.upgrade(store)
    with store.application.begin() as connection:
        for name, role in (("admin", "admin"), ("anna", "viewer"), ("bert", "viewer")):
            users.add_user(connection, name=name, role=role, password_hash=hash_password(PASSWORD))
    store.close()
    chance = random.Random(26)
    (path := folder / "shop.csv").write_text(HEADINGS + "".join(lines(chance, range(200))), encoding="utf-8")
    for _ in run(settings, "import", str(path), "--refresh"), run(settings, "refresh-summaries", "--full"):
        pass
    with store.application.begin() as connection:
        users.limit_user(connection, "bert", {1})
    store.close()


def lines(chance: random.Random, products: range | list[int]) -> list[str]:
    """A file's lines: every metric of 24 months in two marketplaces."""
    return [
        f"P{number:04},Brand {number % 12},Category {number % 5},{place},{metric},{year}-{month:02},{amount:.2f}\n"
        for number in products for place in ("US", "DE") for metric in METRICS
        for year in (2024, 2025) for month in range(1, 13) for amount in (chance.uniform(1, 900),)
    ]


def run(settings: Settings, *words: str) -> subprocess.CompletedProcess:
    """A command as cron or a shell begins it."""
    return subprocess.run(
        [sys.executable, "-m", "flask", *words], cwd=ROOT, env=environment_of(settings), capture_output=True, text=True,
        stdin=subprocess.DEVNULL, check=False,
    )


def work(settings: Settings, folder: Path, soaked: Soaked, over: threading.Event) -> None:
    """Imports and refreshes, one after the other; each import is taken back, so that the facts stay as many."""
    chance, path = random.Random(62), folder / "correction.csv"
    for turn in itertools.count():
        if over.wait(WORK_EVERY):
            return
        if turn % 5 == 4:
            words: tuple[str, ...] = ("refresh-summaries", "--full")
        elif turn % 5 % 2:
            # What is taken back waits for the refresh of the next file.
            words = ("undo-import", str(last_import(settings)))
        else:
            path.write_text(HEADINGS + "".join(lines(chance, chance.sample(range(200), 5))), encoding="utf-8")
            words = ("import", str(path), "--refresh")
        done = run(settings, *words)
        soaked.works[words[0]] += 1
        if done.returncode:
            soaked.failed.append(f"flask {' '.join(words)}: exit {done.returncode}: {done.stderr.strip()[-300:]}")


def last_import(settings: Settings) -> int:
    """The newest import that is in."""
    store, log = open_store(settings), schema.import_log
    with store.application_reading.connect() as connection:
        found = connection.execute(sa.select(sa.func.max(log.c.import_id)).where(log.c.status == "done")).scalar()
    store.close()
    return found


def read(served: Served, name: str, soaked: Soaked, over: threading.Event, chance: random.Random) -> None:
    """One person who opens page after page, now and then a file, and signs in anew sometimes."""
    asked = (*PAGES, *PAGES, *FILES, *(OF_ADMINS if name == "admin" else ()))
    reader, marks = signed_in(served, name), {}
    while not over.wait(chance.uniform(0, 0.3)):
        page = chance.choice(asked)
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": marks[page]} if page in marks else {})
        began = time.perf_counter()
        try:
            heard = reader.get(page, **headers)
        except OSError as error:
            soaked.failed.append(f"{page}: {error!r}")
            continue
        soaked.took.append(time.perf_counter() - began)
        soaked.statuses[heard.status] += 1
        if heard.status >= 500:
            soaked.failed.append(f"{page}: {heard.status}")
        if chance.random() < 0.5 and "ETag" in heard.headers:
            marks[page] = heard.headers["ETag"]
        if chance.random() < 0.005:
            reader, marks = signed_in(served, name), {}


def signed_in(served: Served, name: str) -> Visitor:
    visitor = served.visitor()
    visitor.sign_in(name, PASSWORD)
    return visitor


def look(served: Served, settings: Settings, temporary: Path, soaked: Soaked) -> None:
    """Looks at the processes every few seconds until the time is over."""
    began = time.monotonic()
    while (at := time.monotonic() - began) < soaked.minutes * 60 and served.process.poll() is None:
        soaked.samples.append(sample(at, served.process.pid, settings.database.path, temporary))
        time.sleep(LOOK_EVERY)
    if served.process.poll() is not None:
        soaked.failed.append(f"the app ended with {served.process.returncode}: {served.log[-500:]}")


def sample(at: float, master: int, instance: Path, temporary: Path) -> Sample:
    """What master and workers hold, and what lies in the folders."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
    memory, threads, files = 0, 0, 0
    for process in (Path(f"/proc/{number}") for number in (str(master), *children)):
        try:
            status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            memory += int(status["VmRSS"].split()[0])
            threads += int(status["Threads"])
            files += sum(1 for _ in (process / "fd").iterdir())
        except (OSError, KeyError):
            continue
    # So many answers are kept, and no more: what they take says nothing of a leak.
    kept = size(instance / "cache")
    whole = size(instance) - kept
    figures = sum(size(instance / name) for name in ("generations", "facts.duckdb", "facts.duckdb.wal"))
    return Sample(
        at, memory / 1024, threads, files, sum(len(names) for _, _, names in os.walk(temporary)),
        (whole - figures) / 2**20, whole / 2**20,
    )


def size(place: Path) -> int:
    """Bytes of a file, or of all files below a folder; what goes meanwhile does not count."""
    total = 0
    for path in (place, *place.rglob("*")):
        try:
            total += 0 if path.is_dir() else path.stat().st_size
        except OSError:
            continue
    return total


def machine_words() -> str:
    """Which commit on which machine, and when."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return (
        f"Commit `{commit.stdout.strip()}`, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}; Linux "
        f"{platform.release().split('-')[0]}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())

"""Installations to measure on, loaded with the shop's facts. Everything is below a temporary folder; the database
server is a private one. `columnar` has its facts on the server of `mysql` and its summaries in files.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import sqlalchemy as sa

from benchmarks.files import write_settlement
from benchmarks.measure import Process, flask, memory_gib, say
from benchmarks.shop import LINES_SHARE, shop_of
from database import schema
from database.demo.loading import load_demo
from database.store import open_store
from machine.processes import processor_seconds
from settings import COLUMNAR, DatabaseSettings, Settings
from tests.mariadb import PASSWORD, USER, MariadbServer

EMBEDDED, MYSQL = "embedded", "mysql"
ENGINES = (EMBEDDED, MYSQL, COLUMNAR)
ROLLUP_INDEX = next(index.name for index in schema.financials.indexes)
SMALL_POOL = 1
"""GiB of the buffer pool of a server beside a larger one."""


@dataclass(frozen=True)
class Stand:
    """An installation. `engine` is its name in the report; with a `server`, what that does is counted, too."""

    engine: str
    settings: Settings
    server: MariadbServer | None = None

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.settings.database.path

    def flask(self, *words: str) -> Process:
        """A command as a whole process; processor seconds are its own and its server's."""
        before = self.server_seconds()
        process = flask(self.settings, *words)
        return replace(process, processor=process.processor + self.server_seconds() - before)

    def timed(self, work: Callable[[], object]) -> Process:
        """What `work` takes in this process and in its server."""
        began, used = time.perf_counter(), time.process_time() + self.server_seconds()
        work()
        return Process(time.perf_counter() - began, time.process_time() + self.server_seconds() - used)

    def server_seconds(self) -> float:
        """Processor seconds of its server so far; 0 without one."""
        return processor_seconds(self.server.process.pid) if self.server else 0.0

    def ask(self, statement: str) -> list[tuple]:
        """What the engine answers when facts are asked by nobody but us."""
        if self.server:
            return self.server.run(statement, self.settings.database.database)
        with duckdb.connect(str(self.folder / "facts.duckdb"), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def shares_facts_with(self, other: Stand) -> bool:
        """Whether both are of the same facts."""
        return self == other or self.server is not None and self.server is other.server

    def named(self, name: str) -> Stand:
        """An empty installation beside this one, on the same server."""
        database = replace(self.settings.database, path=self.folder.parent / name)
        if self.server:
            self.server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            database = replace(database, database=name)
        return replace(self, settings=replace(self.settings, database=database))


@contextlib.contextmanager
def stands_of(engines: Sequence[str], folder: Path, *, pool: int | None = None) -> Iterator[list[Stand]]:
    """A stand per engine below `folder`; what was started ends with the block. `pool` is the server's buffer pool in
    GiB, a third of the machine's memory unless it is given."""
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        server = None
        if {MYSQL, COLUMNAR} & set(engines):
            server = _server(folder, pool or max(1, int(memory_gib() / 3)))
            stack.callback(server.destroy)
        yield [_stand(engine, folder, server) for engine in ENGINES if engine in engines]


def _stand(engine: str, folder: Path, server: MariadbServer | None) -> Stand:
    if engine == EMBEDDED:
        files = DatabaseSettings(engine=EMBEDDED, path=folder / EMBEDDED, memory=2048)
        return Stand(engine, Settings(database=files))
    tables = DatabaseSettings(
        engine=MYSQL, host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, database="lego",
        path=folder / engine,
    )
    chosen = replace(tables, summaries=COLUMNAR) if engine == COLUMNAR else tables
    return Stand(engine, Settings(database=chosen), server)


def _server(folder: Path, pool: int) -> MariadbServer:
    server = MariadbServer.create(
        f"--innodb-buffer-pool-size={pool}G", "--innodb-log-file-size=2G", "--innodb-flush-log-at-trx-commit=1",
        "--tmp-table-size=256M", "--max-heap-table-size=256M", folder=folder,
    )
    server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
    return server


def owners_of(stands: Sequence[Stand]) -> list[Stand]:
    """One stand of each database: facts are imported once where two engines share them."""
    return list({stand.server.port if stand.server else 0: stand for stand in reversed(stands)}.values())[::-1]


def load(stand: Stand, facts: int, per_group: int) -> None:
    """Makes the schema and puts the shop's facts in, on a server without the rollup index: the table as people have it,
    which also loads quicker."""
    say(f"{stand.engine}: making {facts:,} facts, {per_group} a group")
    stand.flask("init-db")
    if stand.server:
        stand.ask(f"ALTER TABLE financials DROP INDEX {ROLLUP_INDEX}")
    store = open_store(stand.settings)
    try:
        load_demo(store, shop_of(facts, per_group))
        with store.facts() as connection:
            # The first real import would remove a demo.
            connection.execute(sa.update(schema.financials_import).values(source="shop"))
            connection.commit()
    finally:
        store.close()


def add_lines(stand: Stand, facts: int) -> None:
    """A settlement beside the facts, so that a generation has lines and all that is derived of them."""
    path = stand.folder.parent / f"settlement-{stand.engine}.txt"
    write_settlement(path, max(4, facts // LINES_SHARE))
    stand.flask("import", str(path))
    path.unlink()


def groups_in(settings: Settings) -> int:
    """How many groups of product, marketplace, month and metric the live generation has."""
    store = open_store(settings)
    try:
        return store.read(lambda reading: reading.connection.execute(
            sa.select(sa.func.count()).select_from(schema.summary_asin)
        ).scalar())
    finally:
        store.close()


@contextlib.contextmanager
def ready_stand(engine: str, folder: Path, facts: int) -> Iterator[Stand]:
    """A stand with facts, their index and a first generation."""
    with stands_of([engine], folder) as (stand,):
        load(stand, facts, per_group=24)
        stand.flask("init-db")
        stand.flask("refresh-summaries")
        yield stand

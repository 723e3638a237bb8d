"""The embedded engine: DuckDB for facts and generations, SQLite for the application. No server.

    instance/facts.duckdb              facts and dimensions; one process at a time, commands only
    instance/application.sqlite        people, sessions, logs (WAL: readers and a writer at once)
    instance/generations/000012.duckdb one published generation, dimensions included, read-only
    instance/generations/current       the pointer: the name of the live generation's file
    instance/lock                      held by flock during an import or a refresh

DuckDB lets one process write a file and then no other may open it; that is why pages read published
files only. A file that is replaced stays the old one to whoever has it open, hence a new name for
every generation and a pointer that is replaced atomically.
"""

from __future__ import annotations

import abc
import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.duckdb_dialect import raw_duckdb
from database.engines.duckdb_inserts import guard_inserts
from database.engines.embedded.connections import RESTORE, duckdb_engine, first_line, generation_engine, sqlite_engine
from database.engines.embedded.generations import CURE, GenerationFiles
from database.engines.ports import Store
from database.engines.values import (
    OF_FACTS,
    OF_REST,
    OF_SUMMARIES,
    Answer,
    Database,
    Generation,
    Reading,
    StoredSize,
    TableSize,
    refuse_generation,
)
from domain.errors import (
    Damaged,
    DatabaseUnreachable,
    GenerationLost,
    NeverRefreshed,
    OutOfSpace,
    Refused,
    SchemaError,
    SetupError,
)
from machine.locks import open_lock, take_if_free
from settings import Settings


class EmbeddedDoors(Store):
    """A folder of files: what is read and written in it, and its lock."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.folder = settings.database.path
        self.facts_path = self.folder / "facts.duckdb"
        self.generations = GenerationFiles(self.folder / "generations", generation_engine)
        self._facts_engine = self._open_facts()
        self.application = sqlite_engine(self.folder / "application.sqlite")
        self.application_reading = self.application.execution_options(reading=True)

    @contextlib.contextmanager
    def facts(self) -> Iterator[sa.Connection]:
        self._refuse_lost_facts()
        if not self.facts_path.is_file():
            raise SchemaError(f"{self.facts_path}: there is no database yet; run: flask init-db")
        with self._facts_engine.connect() as connection:
            yield connection

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        engine, found = self._live()
        if generation is None or generation == found.generation:
            return self._ask(engine, found, question)
        # A higher number was rolled back, or is not pointed to yet.
        if generation > found.generation or not self.generations.path(generation).is_file():
            raise refuse_generation(generation, found)
        try:
            return self._ask(*self.generations.open(self.generations.path(generation).name), question)
        except GenerationLost:
            # The live one can be read: nothing needs to be built anew for the sake of an earlier one.
            raise refuse_generation(generation, found) from None

    def _ask(self, engine: sa.Engine, found: Generation, question: Callable[[Reading], Answer]) -> Answer:
        try:
            with engine.connect() as connection:
                return question(Reading(connection, found))
        except GenerationLost:
            # Somebody may put the file back under its name.
            self.generations.close()
            raise

    def live_generation(self) -> Generation | None:
        try:
            return self._live()[1]
        except NeverRefreshed:
            return None

    def check_pages(self) -> None:
        """Opens the live generation's file as well: this process may have it open since it could be read."""
        super().check_pages()
        with contextlib.suppress(NeverRefreshed):
            self.generations.check_live()

    def databases(self) -> Sequence[Database]:
        """Makes the folder, private to its owner, as a side effect: DuckDB and SQLite do not."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.generations.folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise SetupError(
                f"[database] path {self.folder}: cannot be made ({error.strerror}); name a folder you may write to"
            ) from None
        return (
            Database(self._facts_engine, (schema.FACTS,)),
            Database(self.application, (schema.APPLICATION,)),
        )

    def prepare(self, note: Callable[[str], None]) -> None:
        self._refuse_lost_facts()

    def _refuse_lost_facts(self) -> None:
        """An empty file in their place would be taken for facts that were all removed."""
        if self.generations.numbers() and not self.facts_path.is_file():
            raise Damaged(f"{self.facts_path}: is gone, or no file, though there are figures of it; {RESTORE}")

    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        name = connection.dialect.identifier_preparer.format_table(table)
        return connection.exec_driver_sql(f"INSERT INTO {name} BY NAME {query}").rowcount

    @contextlib.contextmanager
    def scratch(self, connection: sa.Connection) -> Iterator[duckdb.DuckDBPyConnection]:
        connection.begin() if not connection.in_transaction() else None
        yield raw_duckdb(connection)

    def mirror(
        self, connection: sa.Connection, query: sa.Select, *, scratch: duckdb.DuckDBPyConnection, name: str
    ) -> None:
        text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}")

    def compare_alike(self, table: sa.Table, like: sa.Table) -> None:
        """Nothing to do: all text compares byte for byte."""

    def examine(self) -> list[str]:
        """Room for a second generation, and some for what DuckDB spills."""
        live = self.live_generation()
        needed = 64 * 2**20 + (2 * self.generations.path(live.generation).stat().st_size if live else 0)
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OutOfSpace(
                f"{self.folder}: {free / 2**20:,.0f} MiB are free, a refresh needs {needed / 2**20:,.0f} MiB; "
                "free some space and run it again"
            )
        return []

    def generation_numbers(self) -> list[int]:
        return self.generations.numbers()

    def roll_back(self) -> Generation:
        live = self.live_generation()
        if live is None and self.generations.numbers():
            raise GenerationLost(f"{self.generations.pointer}: is gone; {CURE}")
        if live is None or live.previous is None or not self.generations.path(live.previous).is_file():
            raise Refused("there is no earlier generation that is kept; nothing was changed")
        trouble = self.generations.trouble_with(live.previous)
        if trouble:
            raise Refused(
                f"the earlier generation cannot go live: {trouble}; generation {live.generation} still is, and nothing "
                "was changed"
            )
        self.generations.point_to(self.generations.path(live.previous).name)
        return self.live_generation()

    def live_fault(self) -> str:
        try:
            live = self.live_generation()
            if live is not None:
                self.generations.read_whole(live.generation)
        except GenerationLost as error:
            return str(error)
        if live is None and self.generations.numbers():
            return f"{self.generations.pointer}: is gone; {CURE}"
        return ""

    def unreadable_earlier(self) -> list[str]:
        pointed = self.generations.pointed()
        others = (number for number in self.generations.numbers() if number != pointed)
        return [trouble for number in others if (trouble := self.generations.trouble_with(number))]

    def fall_back(self, published_last: int | None) -> Generation | None:
        number = self.generations.newest_whole(published_last)
        if number is None:
            # The damaged files stay until the next generation, whose number is above theirs, is live.
            self.generations.unpoint()
            return None
        self.generations.point_to(self.generations.path(number).name)
        return self.live_generation()

    def summary_sizes(self) -> list[TableSize]:
        """Rows by table, and the bytes of the generation's file, which holds them all."""

        def count(reading: Reading) -> list[TableSize]:
            counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in schema.SUMMARIES}
            return [TableSize(name, reading.connection.scalar(query), None) for name, query in counts.items()]

        path = self.generations.folder / self.generations.live_name()
        return [*self.read(count), TableSize(f"generations/{path.name}", 0, path.stat().st_size)]

    def stored_sizes(self) -> list[StoredSize]:
        """Files know their bytes, tables their rows."""

        def count(reading: Reading) -> list[StoredSize]:
            counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in schema.SUMMARIES}
            return [
                StoredSize(schema.financials.name, OF_FACTS, reading.generation.facts, None, None),
                *(StoredSize(name, OF_SUMMARIES, reading.connection.scalar(query), None, None)
                  for name, query in counts.items()),
            ]

        live = self.generations.folder / self.generations.live_name()
        files = ((self.facts_path, OF_FACTS), (live, OF_SUMMARIES), (self.folder / "application.sqlite", OF_REST))
        return [
            *self.read(count),
            *(StoredSize(path.name, kind, None, path.stat().st_size, None) for path, kind in files if path.is_file()),
        ]

    def set_workers(self, workers: int) -> None:
        super().set_workers(workers)
        self._facts_engine = self._open_facts()

    def clear_leftovers(self) -> list[str]:
        return self.generations.clear(self.live_generation(), self.settings.refresh.keep_generations)

    def close(self) -> None:
        self.generations.close()
        self.application.dispose()
        self._facts_engine.dispose()

    def keep_lock(self, connection: sa.Connection) -> None:
        """Nothing to do: a file's lock is held for as long as its process lives."""

    def _evict(self, holder: sa.Row) -> None:
        """Nothing to do: what a process did ended with it."""

    @contextlib.contextmanager
    def _try_lock(self) -> Iterator[bool]:
        try:
            handle = open_lock(self.folder / "lock")
        except FileNotFoundError:
            raise SchemaError(f"{self.folder}: there is no database yet; run: flask init-db") from None
        except OSError as error:
            raise SetupError(f"{self.folder / 'lock'}: {error.strerror}") from None
        try:
            is_held = take_if_free(handle)
            if is_held:
                self.settle_restore()
            yield is_held
        finally:
            os.close(handle)

    @abc.abstractmethod
    def settle_restore(self) -> None:
        """Finishes a restore that was killed after it was decided; the lock is held."""

    def _open_facts(self) -> sa.Engine:
        limits = self._limits()
        engine = duckdb_engine(self.facts_path, limits, pooled=False, damage=self.damaged_facts)
        guard_inserts(engine, int(limits["threads"]))
        return engine

    def damaged_facts(self, error: BaseException) -> DatabaseUnreachable:
        """The error for facts that cannot be read."""
        if isinstance(error, duckdb.IOException) and str(self.facts_path) not in str(error):
            return DatabaseUnreachable(f"{first_line(error)}; look at the folder and its disk, and run it again")
        return Damaged(f"{self.facts_path}: cannot be read ({first_line(error)}); {RESTORE}")

    def _limits(self) -> dict[str, str | int]:
        """DuckDB spills to the instance folder what does not fit into the memory it is allowed."""
        return {
            "memory_limit": f"{self.settings.database.memory}MiB",
            "temp_directory": str(self.folder / "spill"),
            "threads": self.settings.refresh.workers or os.cpu_count() or 1,
            "preserve_insertion_order": False,
        }

    def _live(self) -> tuple[sa.Engine, Generation]:
        try:
            return self.generations.live()
        except NeverRefreshed:
            if not self.facts_path.is_file():
                raise SchemaError(f"{self.folder}: there is no database yet; run: flask init-db") from None
            raise

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

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.duckdb_inserts import guard_inserts
from database.engines.embedded.connections import RESTORE, duckdb_engine, first_line, generation_engine, sqlite_engine
from database.engines.embedded.generations import GenerationFiles
from database.engines.values import OF_FACTS, OF_REST, Generation
from domain.errors import Damaged, DatabaseUnreachable, NeverRefreshed, SchemaError, SetupError
from settings import Settings


class EmbeddedDoors:
    """A folder of files, and the connections to them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.database.path
        self.generations = GenerationFiles(self.folder / "generations", generation_engine)
        self.facts_path = self.folder / "facts.duckdb"
        self.application_path = self.folder / "application.sqlite"
        self.application = sqlite_engine(self.application_path)
        self.application_reading = self.application.execution_options(reading=True)
        limits = duckdb_limits(settings)
        self.facts_engine = duckdb_engine(self.facts_path, limits, pooled=False, damage=self.damaged_facts)
        guard_inserts(self.facts_engine, int(limits["threads"]))

    @contextlib.contextmanager
    def facts(self) -> Iterator[sa.Connection]:
        """A connection to facts and dimensions."""
        self.refuse_lost_facts()
        if not self.facts_path.is_file():
            raise SchemaError(f"{self.facts_path}: there is no database yet; run: flask init-db")
        with self.facts_engine.connect() as connection:
            yield connection

    def refuse_lost_facts(self) -> None:
        """Raises Damaged if they are gone: an empty file in their place would be taken for facts that were all
        removed."""
        if self.generations.numbers() and not self.facts_path.is_file():
            raise Damaged(f"{self.facts_path}: is gone, or no file, though there are figures of it; {RESTORE}")

    def damaged_facts(self, error: BaseException) -> DatabaseUnreachable:
        """The error for facts that cannot be read."""
        if isinstance(error, duckdb.IOException) and str(self.facts_path) not in str(error):
            return DatabaseUnreachable(f"{first_line(error)}; look at the folder and its disk, and run it again")
        return Damaged(f"{self.facts_path}: cannot be read ({first_line(error)}); {RESTORE}")

    def live(self) -> tuple[sa.Engine, Generation]:
        """The live generation, and what reads its file. Raises NeverRefreshed if there is none."""
        try:
            return self.generations.live()
        except NeverRefreshed:
            if not self.facts_path.is_file():
                raise SchemaError(f"{self.folder}: there is no database yet; run: flask init-db") from None
            raise

    def live_generation(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""
        try:
            return self.live()[1]
        except NeverRefreshed:
            return None

    def other_files(self) -> tuple[tuple[Path, str], ...]:
        """The files beside the generations, and what kind of thing each holds."""
        return (self.facts_path, OF_FACTS), (self.application_path, OF_REST)

    def makes_generations(self) -> bool:
        """Whether there are facts in this folder, which refreshes are run for."""
        with self.facts() as connection:
            return connection.execute(sa.select(schema.financials.c.id).limit(1)).first() is not None


def make_folders(files: GenerationFiles) -> None:
    """Makes the instance folder and that of generations private to their owner: DuckDB and SQLite do not."""
    try:
        files.folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise SetupError(
            f"[database] path {files.folder.parent}: cannot be made ({error.strerror}); name a folder you may write to"
        ) from None


def duckdb_limits(settings: Settings) -> dict[str, str | int]:
    """What a DuckDB that commands open may take: it spills to the instance folder what does not fit into the memory it
    is allowed."""
    return {
        "memory_limit": f"{settings.database.memory}MiB",
        "temp_directory": str(settings.database.path / "spill"),
        "threads": settings.refresh.workers or os.cpu_count() or 1,
        "preserve_insertion_order": False,
    }

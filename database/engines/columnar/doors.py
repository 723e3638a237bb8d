"""The files beside a server: generations, and the copy of its facts that they are built from.

    instance/copy.duckdb               facts and what belongs to them, as the server had them; commands only
    instance/generations/              as the embedded engine's

The copy is never the truth. Whatever of it is lost, or is not what the server has, is fetched again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from database.engines.duckdb_inserts import guard_inserts
from database.engines.embedded.connections import duckdb_engine, first_line, generation_engine
from database.engines.embedded.doors import duckdb_limits, make_folders
from database.engines.embedded.generations import GenerationFiles
from database.engines.values import OF_REST, Generation
from domain.errors import DatabaseUnreachable, NeverRefreshed
from settings import Settings


class ColumnarDoors:
    """The instance folder of a store whose facts are on a server."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = settings.database.path
        self.generations = GenerationFiles(self.folder / "generations", generation_engine)
        self.copy_path = self.folder / "copy.duckdb"
        self.staging_folder = self.folder / "restoring"
        """Where a restore puts generations first. Whoever holds the lock clears away what a dead one left."""
        limits = duckdb_limits(settings)
        self._copy_engine = duckdb_engine(self.copy_path, limits, pooled=False, damage=self._damaged)
        guard_inserts(self._copy_engine, int(limits["threads"]))

    @contextlib.contextmanager
    def copy(self) -> Iterator[sa.Connection]:
        """A connection to the copy, which is empty if there was none. While the lock is held."""
        make_folders(self.generations)
        with self._copy_engine.connect() as connection:
            self.copy_path.chmod(0o600)
            yield connection

    def forget_copy(self) -> None:
        """Lets the next refresh fetch all of it again."""
        for path in (self.copy_path, self.copy_path.with_name(f"{self.copy_path.name}.wal")):
            path.unlink(missing_ok=True)

    def live(self) -> tuple[sa.Engine, Generation]:
        """The live generation, and what reads its file. Raises NeverRefreshed if there is none."""
        return self.generations.live()

    def live_generation(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""
        try:
            return self.live()[1]
        except NeverRefreshed:
            return None

    def other_files(self) -> tuple[tuple[Path, str], ...]:
        """The files beside the generations, and what kind of thing each holds."""
        return ((self.copy_path, OF_REST),)

    def makes_generations(self) -> bool:
        """Whether refreshes are run in this folder."""
        return self.copy_path.exists()

    def _damaged(self, error: BaseException) -> DatabaseUnreachable:
        # The refresh tries again by itself after an error of this kind, and finds no copy then.
        self.forget_copy()
        return DatabaseUnreachable(f"{self.copy_path}: could not be read ({first_line(error)}) and is fetched again")

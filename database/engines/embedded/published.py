"""The published generations of the embedded store: a file each, and the pointer to the live one."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import sqlalchemy as sa

from database import schema
from database.engines.build import Build
from database.engines.ddl import embedded_form
from database.engines.duckdb_dialect import Dialect
from database.engines.embedded.generations import CURE, GenerationFiles
from database.engines.embedded.passing_on import TakingInFiles, offered
from database.engines.embedded.upgrade import complete_generations
from database.engines.ports import Published, TakingIn
from database.engines.values import (
    OF_FACTS,
    OF_SUMMARIES,
    Answer,
    Generation,
    GenerationFile,
    Reading,
    StoredSize,
    TableSize,
    refuse_generation,
)
from domain.errors import GenerationLost, OutOfSpace, Refused, SetupError
from settings import Settings


class GenerationDoors(Protocol):
    """Where generations are files, whatever facts are."""

    settings: Settings
    folder: Path
    generations: GenerationFiles

    def live(self) -> tuple[sa.Engine, Generation]: ...

    def live_generation(self) -> Generation | None: ...

    def other_files(self) -> tuple[tuple[Path, str], ...]: ...

    def makes_generations(self) -> bool: ...


class EmbeddedPublished(Published):
    """The folder `generations`. `build` makes a generation in it."""

    def __init__(self, doors: GenerationDoors, build: Callable[[], contextlib.AbstractContextManager[Build]]) -> None:
        self._doors, self._build = doors, build
        self.files = doors.generations

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        engine, found = self._doors.live()
        if generation is None or generation == found.generation:
            return self._ask(engine, found, question)
        # A higher number was rolled back, or is not pointed to yet.
        if generation > found.generation or not self.files.path(generation).is_file():
            raise refuse_generation(generation, found)
        try:
            return self._ask(*self.files.open(self.files.path(generation).name), question)
        except GenerationLost:
            # The live one can be read: nothing needs to be built anew for the sake of an earlier one.
            raise refuse_generation(generation, found) from None

    def _ask(self, engine: sa.Engine, found: Generation, question: Callable[[Reading], Answer]) -> Answer:
        try:
            with engine.connect() as connection:
                return question(Reading(connection, found))
        except GenerationLost:
            # Somebody may put the file back under its name.
            self.files.close()
            raise

    def live(self) -> Generation | None:
        return self._doors.live_generation()

    def numbers(self) -> list[int]:
        return self.files.numbers()

    def check_live(self) -> None:
        self.files.check_live()

    def examine(self) -> list[str]:
        """Room for a second generation, and some for what DuckDB spills."""
        live = self.live()
        needed = 64 * 2**20 + (2 * self.files.path(live.generation).stat().st_size if live else 0)
        free = shutil.disk_usage(self._doors.folder).free
        if free < needed:
            raise OutOfSpace(
                f"{self._doors.folder}: {free / 2**20:,.0f} MiB are free, a refresh needs {needed / 2**20:,.0f} MiB; "
                "free some space and run it again"
            )
        return []

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return self._build()

    def roll_back(self) -> Generation:
        live = self.live()
        if live is None and self.files.numbers():
            raise GenerationLost(f"{self.files.pointer}: is gone; {CURE}")
        if live is None or live.previous is None or not self.files.path(live.previous).is_file():
            raise Refused("there is no earlier generation that is kept; nothing was changed")
        trouble = self.files.trouble_with(live.previous)
        if trouble:
            raise Refused(
                f"the earlier generation cannot go live: {trouble}; generation {live.generation} still is, and nothing "
                "was changed"
            )
        self.files.point_to(self.files.path(live.previous).name)
        return self.live()

    def live_fault(self) -> str:
        try:
            live = self.live()
            if live is not None:
                self.files.read_whole(live.generation)
        except GenerationLost as error:
            return str(error)
        if live is None and self.files.numbers():
            return f"{self.files.pointer}: is gone; {CURE}"
        return ""

    def unreadable_earlier(self) -> list[str]:
        pointed = self.files.pointed()
        others = (number for number in self.files.numbers() if number != pointed)
        return [trouble for number in others if (trouble := self.files.trouble_with(number))]

    def fall_back(self, published_last: int | None) -> Generation | None:
        number = self.files.newest_whole(published_last)
        if number is None:
            # The damaged files stay until the next generation, whose number is above theirs, is live.
            self.files.unpoint()
            return None
        self.files.point_to(self.files.path(number).name)
        return self.live()

    def summary_sizes(self) -> list[TableSize]:
        """Rows by table, and the bytes of the generation's file, which holds them all."""

        def count(reading: Reading) -> list[TableSize]:
            counts = {table.name: sa.select(sa.func.count()).select_from(table) for table in schema.SUMMARIES}
            return [TableSize(name, reading.connection.scalar(query), None) for name, query in counts.items()]

        path = self.files.folder / self.files.live_name()
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

        live = self.files.folder / self.files.live_name()
        files = ((live, OF_SUMMARIES), *self._doors.other_files())
        return [
            *self.read(count),
            *(StoredSize(path.name, kind, None, path.stat().st_size, None) for path, kind in files if path.is_file()),
        ]

    def clear_leftovers(self) -> list[str]:
        return self.files.clear(self.live(), self._doors.settings.refresh.keep_generations)

    def complete(self) -> list[str]:
        return complete_generations(self.files, embedded_form, Dialect())

    def offer(self, generation: int | None = None) -> tuple[GenerationFile, BinaryIO]:
        return self.read(lambda reading: offered(self.files, reading.generation), generation=generation)

    @contextlib.contextmanager
    def taking_in(self) -> Iterator[TakingIn]:
        with TakingInFiles.alone(self.files, self._doors.settings.refresh.keep_generations) as taking:
            if self._doors.makes_generations():
                raise SetupError(
                    f"{self._doors.folder}: refreshes are run in this folder; give a machine that fetches a [database] "
                    "path of its own"
                )
            yield taking

    def close(self) -> None:
        self.files.close()

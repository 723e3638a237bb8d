"""The files of published generations and the pointer to the live one.

A file is complete and durable before the pointer names it, and never written again; so a reader that
opens what the pointer names sees one whole generation, whatever happens meanwhile.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.durable import make_durable
from database.engines.base import Generation, generation_from
from domain.errors import DatabaseUnreachable, NeverRefreshed

OPEN_AT_ONCE = 3
"""The live generation, the one before, and one that a bookmark asks for."""


class GenerationFiles:
    """The folder of generations. `open_file` makes an engine that reads one file only."""

    def __init__(self, folder: Path, open_file) -> None:
        self.folder = folder
        self.pointer = folder / "current"
        self._open_file = open_file
        self._opened: dict[str, tuple[sa.Engine, Generation]] = {}
        self._opening = threading.Lock()

    def path(self, generation: int) -> Path:
        """The file of a generation, whether it is there or not."""
        return self.folder / f"{generation:06d}.duckdb"

    def numbers(self) -> list[int]:
        """The generations whose files are there, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.duckdb"))

    def live_name(self) -> str:
        """What the pointer says. Raises NeverRefreshed if there is none yet."""
        try:
            return self.pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise NeverRefreshed("the summaries were never built; run: flask refresh-summaries") from None
        except OSError as error:
            raise DatabaseUnreachable(f"{self.pointer}: cannot be read ({error.strerror})") from None

    def live(self) -> tuple[sa.Engine, Generation]:
        """The live generation, opened once per process and kept until the pointer moves on."""
        while True:
            name = self.live_name()
            try:
                return self.open(name)
            except DatabaseUnreachable:
                # Between our two looks the pointer may have moved on and the file been cleared away.
                if name == self.live_name():
                    raise

    def check_live(self) -> None:
        """Raises DatabaseUnreachable unless the live generation's file can be opened now."""
        path = self.folder / self.live_name()
        try:
            path.open("rb").close()
        except OSError as error:
            # A refresh may have put another in its place since.
            if path.name == self.live_name():
                raise DatabaseUnreachable(f"{path}: cannot be read ({error.strerror})") from None

    def open(self, name: str) -> tuple[sa.Engine, Generation]:
        """A generation's file. Raises DatabaseUnreachable if it is gone."""
        with self._opening:
            if name not in self._opened:
                self._opened[name] = self._read(name)
                for stale in list(self._opened)[:-OPEN_AT_ONCE]:
                    # A thread may still be reading it: its connection keeps the file open until it is
                    # given back.
                    self._opened.pop(stale)[0].dispose()
            return self._opened[name]

    def point_to(self, name: str) -> None:
        """Makes `name` the live generation's file, atomically and durably."""
        draft = self.pointer.with_name(f"current.{os.getpid()}.new")
        with draft.open("w", encoding="ascii") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.pointer)
        make_durable(self.folder)

    def clear(self, live: Generation | None, keep: int) -> list[str]:
        """Removes what dead refreshes left, and generations beyond `keep`; returns the names."""
        stale = self.stale(live, keep)
        for path in stale:
            path.unlink(missing_ok=True)
        return [path.name for path in stale]

    def stale(self, live: Generation | None, keep: int) -> list[Path]:
        """What dead refreshes left, and generations beyond `keep`."""
        number = live.generation if live is not None else 0
        # A higher number than the live one was rolled back, or its run died before it was pointed to.
        earlier = [found for found in self.numbers() if found < number]
        if live is not None and live.previous in earlier:
            earlier.remove(live.previous)
            earlier.append(live.previous)
        kept = {number, *earlier[len(earlier) - (keep - 1) :]}
        stale = [self.path(found) for found in self.numbers() if found not in kept]
        stale += [path for pattern in ("*.building*", "current.*.new") for path in self.folder.glob(pattern)]
        return stale

    def close(self) -> None:
        """Gives back every file."""
        with self._opening:
            while self._opened:
                self._opened.popitem()[1][0].dispose()

    def _read(self, name: str) -> tuple[sa.Engine, Generation]:
        path = self.folder / name
        if not path.is_file():
            raise DatabaseUnreachable(f"{path}: the generation's file is gone; run: flask refresh-summaries --full")
        engine = self._open_file(path)
        with engine.connect() as connection:
            row = connection.execute(sa.select(schema.summary_generation)).one()
        return engine, generation_from(row._mapping)

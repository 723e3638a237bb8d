"""The files of published generations and the pointer to the live one.

A file is complete and durable before the pointer names it, and never written again; so a reader that
opens what the pointer names sees one whole generation, whatever happens meanwhile.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.duckdb_dialect import raw_duckdb
from database.engines.embedded.reading import read_whole
from database.engines.values import Generation, generation_from
from domain.errors import GenerationLost, NeverRefreshed
from machine.durable import make_durable

CURE = "the facts are not touched by it; run: flask refresh-summaries --full"
_NAME = re.compile(r"\d{6,18}\.duckdb")
_LONGEST = 100
"""Bytes of a pointer; more of it is not read."""
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
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.duckdb") if _NAME.fullmatch(path.name))

    def live_name(self) -> str:
        """What the pointer says. Raises NeverRefreshed if there is none, GenerationLost if it names no generation."""
        try:
            with self.pointer.open("rb") as file:
                name = file.read(_LONGEST).decode("ascii", errors="replace").strip()
        except FileNotFoundError:
            raise NeverRefreshed("the summaries were never built; run: flask refresh-summaries") from None
        except OSError as error:
            raise GenerationLost(f"{self.pointer}: cannot be read ({error.strerror}); {CURE}") from None
        if not _NAME.fullmatch(name):
            raise GenerationLost(f"{self.pointer}: does not name a generation; {CURE}")
        return name

    def pointed(self) -> int | None:
        """The number that the pointer names, whether it can be read or not; None if it names none."""
        try:
            return int(self.live_name().partition(".")[0])
        except (NeverRefreshed, GenerationLost):
            return None

    def live(self) -> tuple[sa.Engine, Generation]:
        """The live generation, opened once per process and kept until the pointer moves on."""
        while True:
            name = self.live_name()
            try:
                return self.open(name)
            except GenerationLost:
                # Between our two looks the pointer may have moved on and the file been cleared away.
                if name == self.live_name():
                    raise

    def check_live(self) -> None:
        """Raises GenerationLost unless the live generation's file can be opened now."""
        path = self.folder / self.live_name()
        try:
            path.open("rb").close()
        except OSError as error:
            # A refresh may have put another in its place since.
            if path.name == self.live_name():
                raise lost(path, error) from None

    def open(self, name: str) -> tuple[sa.Engine, Generation]:
        """A generation's file. Raises GenerationLost if it is gone or cannot be read."""
        with self._opening:
            if name not in self._opened:
                self._opened[name] = self._read(name)
                for stale in list(self._opened)[:-OPEN_AT_ONCE]:
                    # A thread may still be reading it: its connection keeps the file open until it is
                    # given back.
                    self._opened.pop(stale)[0].dispose()
            return self._opened[name]

    def read_whole(self, number: int) -> None:
        """Reads every column of every table of a generation. Raises GenerationLost if that cannot be done."""
        # What is open already may answer from what it read before.
        self.close()
        engine, _ = self.open(self.path(number).name)
        with engine.connect() as connection:
            try:
                read_whole(raw_duckdb(connection))
            except duckdb.Error as error:
                raise lost(self.path(number), error) from None
        self.close()

    def newest_whole(self, first: int | None) -> int | None:
        """The newest generation that can be read as a whole; `first` and those below it come before those above it,
        which were rolled back or are of a run that was cut off. None if there is none."""
        numbers = sorted(self.numbers(), key=lambda number: (first is not None and number > first, -number))
        return next((number for number in numbers if self.trouble_with(number) == ""), None)

    def trouble_with(self, number: int) -> str:
        """Why a generation cannot be read as a whole, '' if it can."""
        try:
            self.read_whole(number)
        except GenerationLost as error:
            return str(error).removesuffix(f"; {CURE}")
        return ""

    def point_to(self, name: str) -> None:
        """Makes `name` the live generation's file, atomically and durably."""
        draft = self.pointer.with_name(f"current.{os.getpid()}.new")
        with draft.open("w", encoding="ascii") as file:
            file.write(name + "\n")
            file.flush()
            os.fsync(file.fileno())
        _make_way(self.pointer)
        draft.replace(self.pointer)
        make_durable(self.folder)

    def unpoint(self) -> None:
        """Makes no generation live, durably."""
        _make_way(self.pointer)
        self.pointer.unlink(missing_ok=True)
        make_durable(self.folder)

    def clear(self, live: Generation | None, keep: int) -> list[str]:
        """Removes what dead refreshes left, and generations beyond `keep`; returns the names."""
        stale = self.stale(live, keep)
        for path in stale:
            _make_way(path)
            path.unlink(missing_ok=True)
        return [path.name for path in stale]

    def stale(self, live: Generation | None, keep: int) -> list[Path]:
        """What dead refreshes left, and generations beyond `keep`."""
        if live is None:
            # Whether one of them was live is for `fall_back` to find out; and the next one's number is above theirs.
            return self._unfinished()
        number = live.generation
        # A higher number than the live one was rolled back, or its run died before it was pointed to.
        earlier = [found for found in self.numbers() if found < number]
        if live.previous in earlier:
            earlier.remove(live.previous)
            earlier.append(live.previous)
        kept = {number, *earlier[len(earlier) - (keep - 1) :]}
        return [*(self.path(found) for found in self.numbers() if found not in kept), *self._unfinished()]

    def _unfinished(self) -> list[Path]:
        return [path for pattern in ("*.building*", "current.*.new") for path in self.folder.glob(pattern)]

    def close(self) -> None:
        """Gives back every file."""
        with self._opening:
            while self._opened:
                self._opened.popitem()[1][0].dispose()

    def examine(self, path: Path, number: int) -> Generation:
        """What a file that is not in place yet tells of itself, all of it read. Raises GenerationLost unless it is
        generation `number`."""
        engine, generation = self._read_file(path, number)
        try:
            with engine.connect() as connection:
                read_whole(raw_duckdb(connection))
        except duckdb.Error as error:
            raise lost(path, error) from None
        finally:
            engine.dispose()
        return generation

    def _read(self, name: str) -> tuple[sa.Engine, Generation]:
        path = self.folder / name
        return self._read_file(path, int(path.stem))

    def _read_file(self, path: Path, number: int) -> tuple[sa.Engine, Generation]:
        try:
            is_there = path.is_file()
        except OSError as error:
            raise lost(path, error) from None
        if not is_there:
            raise GenerationLost(f"{path}: the generation's file is gone; {CURE}")
        engine = self._open_file(path)
        try:
            with engine.connect() as connection:
                row = connection.execute(sa.select(schema.summary_generation)).one()
        except (sa.exc.SQLAlchemyError, GenerationLost) as error:
            engine.dispose()
            raise lost(path, error) from None
        if row.generation != number:
            engine.dispose()
            raise GenerationLost(f"{path}: holds generation {row.generation}; {CURE}")
        return engine, generation_from(row._mapping)


def _make_way(path: Path) -> None:
    """A folder in a file's place is moved out of the way: it is not ours, and neither replaced nor removed."""
    if path.is_dir() and not path.is_symlink():
        path.rename(path.with_name(f"{path.name}.is-no-file-{os.getpid()}"))


def lost(path: Path, error: BaseException) -> GenerationLost:
    """The error for a generation whose file cannot be read."""
    if isinstance(error, GenerationLost):
        return error
    words = getattr(error, "strerror", None) or (str(getattr(error, "orig", error)) or type(error).__name__)
    return GenerationLost(f"{path}: cannot be read ({words.splitlines()[0]}); {CURE}")

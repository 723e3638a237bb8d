"""Files of generations in a backup: which belong to it, how they are put beside a store, and get numbers never used."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa

from database.engines.copying import Part, renumbered, write_numbers
from database.engines.embedded.generations import GenerationFiles
from database.engines.values import Generation
from domain.errors import NeverRefreshed, Refused
from machine.durable import make_durable

GENERATIONS = "generations"
CHUNK = 2**20
_NAME = re.compile(rf"{GENERATIONS}/(\d{{6,18}}\.duckdb|current)")


def is_generation(name: str) -> bool:
    """Whether a part of a copy is a generation's file, or the pointer to the live one."""
    return _NAME.fullmatch(name) is not None


def file_part(name: str, path: Path) -> Part:
    """A file as a part of a copy."""
    return Part(name, path.stat().st_size, lambda: path.open("rb"))


def _copied(files: GenerationFiles, live: Generation | None) -> list[int]:
    """The live generation and those before it: a higher one was rolled back."""
    return [] if live is None else [number for number in files.numbers() if number <= live.generation]


def read_generations(files: GenerationFiles, live: Generation | None) -> None:
    """Reads what is copied as a whole. Raises GenerationLost if that cannot be done."""
    for number in _copied(files, live):
        files.read_whole(number)


def generation_parts(files: GenerationFiles, live: Generation | None) -> Iterator[Part]:
    """The live generation and those before it, and the pointer."""
    if live is None:
        return
    for number in _copied(files, live):
        path = files.path(number)
        yield file_part(f"{GENERATIONS}/{path.name}", path)
    yield file_part(f"{GENERATIONS}/current", files.pointer)


def take_file(folder: Path, name: str, source: BinaryIO) -> None:
    """Writes a part of a copy below `folder`. Raises Refused if it does not begin as its name says."""
    path = folder / name
    path.parent.mkdir(exist_ok=True, mode=0o700)
    with path.open("xb") as file:
        path.chmod(0o600)
        # Before the rest is unpacked: it may be large.
        first = source.read(CHUNK)
        if not _may_be(name, first):
            raise Refused(f"{name}: is not a file of that kind; nothing was changed")
        file.write(first)
        shutil.copyfileobj(source, file, CHUNK)


def _may_be(name: str, first: bytes) -> bool:
    """Whether a part begins as it must; `first` is all of it, if it is short."""
    if name.endswith(".sqlite"):
        return first.startswith(b"SQLite format 3\0")
    if name.endswith(".duckdb"):
        return first[8:12] == b"DUCK"
    return len(first) <= 100


def renumber_files(files: GenerationFiles, live: Generation | None, above: int) -> None:
    """Gives staged generations numbers above `above`, in their order."""
    files.close()
    numbers = renumbered(files.numbers(), above)
    for old, new in numbers.items():
        engine = sa.create_engine(sa.URL.create("duckdb", database=str(files.path(old))), poolclass=sa.NullPool)
        with engine.connect() as connection:
            write_numbers(connection, numbers)
        engine.dispose()
        files.path(old).replace(files.path(new))
    if live is not None:
        files.point_to(files.path(numbers[live.generation]).name)


def pointed_name(files: GenerationFiles) -> str | None:
    """What the pointer names, None if there is none."""
    try:
        return files.live_name()
    except NeverRefreshed:
        return None


def move_files(source: Path, target: Path) -> None:
    """Moves the files of generations, durably."""
    target.mkdir(exist_ok=True, mode=0o700)
    for path in sorted(source.glob("*.duckdb")):
        path.replace(target / path.name)
    make_durable(target)

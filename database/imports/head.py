"""The first lines of a file, where headings are looked for: each record with the lines it stands on."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Refused
from domain.spelling import name_key, tidy

LINES = 30
"""Headings are looked for in so many lines."""
DELIMITERS = (";", ",", "\t")
_BYTES = 4 << 20
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)


@dataclass(frozen=True)
class Record:
    """One record: its cells, tidied, and the physical lines it begins and ends on, counted from 1."""

    cells: tuple[str, ...]
    first_line: int
    last_line: int

    @property
    def keys(self) -> tuple[str, ...]:
        """What its cells are compared by, as headings."""
        return tuple(name_key(cell) for cell in self.cells)


@dataclass(frozen=True)
class Head:
    """The first records of a file that are not blank, read with one delimiter."""

    delimiter: str
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Headings:
    """Which records of a head are a format's headings: `count` from number `first` on. `is_unquoted` says that in
    this file quotation marks are characters."""

    first: int
    count: int = 1
    is_unquoted: bool = False


def head_text(path: Path, name: str) -> str:
    """The first bytes of a UTF-8 file as text, without its mark. Raises Refused if nothing is in it."""
    with path.open("rb") as file:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(file.read(_BYTES))
    if not text.strip():
        raise Refused(f"{name}: is empty but for blank lines")
    return text


def delimiters_of(text: str) -> tuple[str, ...]:
    """The delimiters, the likeliest first: the one that `sep=` names, else by how many of each there are in the
    first line that is not blank, and in the line that has most."""
    lines = _first_lines(text)
    told = _SEPARATOR.match(lines[0].lstrip('"'))
    if told and told[1] in DELIMITERS:
        return (told[1],)
    bare = re.sub(r'"[^"]*"', "", "".join(lines)).splitlines()
    first = next((line for line in bare if line.strip(" \t") or line), "")

    def weight(delimiter: str) -> tuple[int, int]:
        return first.count(delimiter), max((line.count(delimiter) for line in bare), default=0)

    return tuple(sorted(DELIMITERS, key=weight, reverse=True))


def head_records(text: str, delimiter: str) -> tuple[Record, ...]:
    """The records that begin in the first lines and are not blank. A line that is no CSV, a title with a quote
    for instance, is a record as it stands: if it is one of the table, reading the whole file finds it."""
    lines, found, start = _first_lines(text), [], 0
    while start < len(lines):
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        try:
            cells, count = next(reader), reader.line_num
        except csv.Error:
            cells, count = lines[start].split(delimiter), 1
        tidied = tuple(map(tidy, cells))
        is_instruction = not start and _SEPARATOR.match(lines[0].lstrip('"'))
        if any(tidied) and not is_instruction:
            found.append(Record(tidied, start + 1, start + count))
        start += count
    return tuple(found)


def _first_lines(text: str) -> list[str]:
    """The first lines as they end on LF."""
    stream = io.StringIO(text, newline="\n")
    return [line for line in (stream.readline() for _ in range(LINES)) if line]

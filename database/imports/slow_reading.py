"""A CSV file read record by record with Python's csv module: for faults, each with its line, and careful counts."""

from __future__ import annotations

import contextlib
import csv
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from database.imports.faults import Fault

FIELD_LIMIT = 100_000
"""Characters in one cell; a longer one is an unclosed quote or no CSV at all."""
_LOOKED_THROUGH = 100_000
"""So many lines are looked through for the quote that closes a cell."""


@dataclass(frozen=True)
class SlowReading:
    """A UTF-8 file with even line ends, from the line after `skip` to line `last`; its records should have `columns`
    cells."""

    path: Path
    skip: int
    delimiter: str
    quoted: bool
    columns: int
    last: int

    def records(self) -> Iterator[tuple[int, list[str] | Fault]]:
        """Each record that is not blank, with the line it begins on; at what is no CSV a fault, which is the last."""
        with self.path.open(encoding="utf-8-sig", newline="\n") as lines, field_limit():
            for _ in range(self.skip):
                lines.readline()
            held: list[str] = []
            body = itertools.islice(lines, max(0, self.last - self.skip))
            reader = csv.reader(
                _held(body, held), delimiter=self.delimiter, strict=True,
                quoting=csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE,
            )
            start = self.skip + 1
            while True:
                try:
                    record = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield start, self._broken_record(start, error)
                    return
                if len(held) > 1 and self._are_records(held):
                    yield start, Fault(
                        f"a quote is opened here and closed on line {start + len(held) - 1}, and each of these lines "
                        "is a whole record by itself; double the quotes inside a cell", start,
                    )
                    return
                if record and (len(record) > 1 or record[0].strip()):
                    yield start, record
                start = self.skip + reader.line_num + 1
                held.clear()

    def _are_records(self, lines: list[str]) -> bool:
        """A quote that somebody left open swallows lines until the next one; a cell that really has line breaks
        stands on lines that are none."""
        return self.columns > 1 and all(line.count(self.delimiter) + 1 == self.columns for line in lines)

    def _broken_record(self, start: int, error: csv.Error) -> Fault:
        words = str(error)
        if "expected after" in words:
            return Fault("a closing quote is followed by more text; double the quotes inside a cell", start)
        if "new-line character" in words:
            return Fault("a carriage return stands inside a cell that is not quoted", start)
        opened = self._open_quote(start) if self.quoted else None
        if opened is not None:
            return Fault("a quote is opened here and never closed", opened)
        return Fault(f"a cell is longer than {FIELD_LIMIT:,} characters", start)

    def _open_quote(self, start: int) -> int | None:
        """The line on which the record that starts at `start` opens the quote it does not close."""
        opened = None
        with self.path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, start=1):
                if number < start:
                    continue
                for _ in range(line.count('"') % 2):
                    opened = None if opened is not None else number
                if number - start > _LOOKED_THROUGH:
                    break
                if opened is None:
                    return None
        return opened


def _held(lines: Iterable[str], held: list[str]) -> Iterator[str]:
    """The lines, each noted in `held` as it is handed on."""
    for line in lines:
        held.append(line)
        yield line


@contextlib.contextmanager
def field_limit() -> Iterator[None]:
    """Python's csv module with our limit of a cell, and then with the one it had."""
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)

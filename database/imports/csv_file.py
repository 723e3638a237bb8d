"""A text file on its way to a table: looked over, its headings found, its records read and counted in two ways.

1. `open_csv` looks the file over byte by byte before anything believes it: a `TextFile`;
2. a format finds its headings among the first records, which settles delimiter and quotes: a `CsvFile`;
3. DuckDB's reader is told everything (delimiter, quotes, columns, all text), because its sniffer can drop rows
   silently, and is strict about the rest: cells missing or too many and quotes left open are errors;
4. `check_count` holds the rows that came out against a count that knows nothing of that reader.
A second, slow reading by Python's csv module finds line and column for messages.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import errno
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from database.imports.encodings import NAMES, Settled, codec_of, judge_encoding, marked_encoding, to_utf8
from database.imports.faults import LISTED, Fault, refusal
from database.imports.head import Head, Headings, Record, delimiters_of, head_records, head_text
from database.imports.last_lines import cut_lines, notes_below
from database.imports.record_count import count_blank_lines, count_outside_quotes
from database.imports.scan import CHUNK, NotUtf8, check_unchanged, even_line_ends, scan, sha256_of, status_of
from database.imports.slow_reading import SlowReading
from domain.errors import OutOfSpace, Refused

MOST_COLUMNS = 16_384
"""Of one file: as many as Excel takes. Many more, and the reader is at it for minutes before it says what is wrong."""


@dataclass(frozen=True)
class TextFile:
    """A file that was looked over: valid UTF-8, no NUL. `path` is what to read (a copy with even line ends if the
    original mixes them), `lines` the number of its lines, `workspace` a folder for more copies. `sheet` names the
    part of a workbook that it was made from, where cells of `percent_columns`, from 0, are shown as percentages and
    `delimiter` is known; `notes` say how the file was understood."""

    name: str
    path: Path
    sha256: str
    lines: int
    has_quotes: bool
    workspace: Path
    sheet: str = ""
    notes: tuple[str, ...] = ()
    delimiter: str = ""
    percent_columns: frozenset[int] = frozenset()
    encoding: str = "UTF-8"

    @cached_property
    def heads(self) -> tuple[Head, ...]:
        """The first records, by each delimiter they could be read with, the likeliest first."""
        text = head_text(self.path, self.name)
        delimiters = (self.delimiter,) if self.delimiter else delimiters_of(text)
        return tuple(Head(delimiter, head_records(text, delimiter)) for delimiter in delimiters)

    def below(self, head: Head, headings: Headings) -> CsvFile:
        """The records below the headings that a format has found in one of `heads`. Raises Refused if there are more
        columns than can be read."""
        last = headings.first + headings.count
        found = CsvFile(
            self, head.delimiter, headings=head.records[headings.first : last], above=head.records[: headings.first],
            is_unquoted=headings.is_unquoted,
        )
        if found.columns > MOST_COLUMNS:
            words = f"has {found.columns:,} columns; a file may have {MOST_COLUMNS:,}, as a spreadsheet"
            raise self.refusal([Fault(words, found.last_heading_line)])
        return found

    def refusal(self, faults: Iterable[Fault], count: int | None = None) -> Refused:
        """The error for faults of this file."""
        return refusal(self.name, faults, count, sheet=self.sheet)


@dataclass(frozen=True)
class CsvFile:
    """A file whose headings are found: `headings` are their records, `above` those that stand before them. In an
    unquoted one a quotation mark is a character like any other, and cells cut off at the end of a line are blank."""

    text: TextFile
    delimiter: str
    headings: tuple[Record, ...]
    above: tuple[Record, ...] = ()
    is_unquoted: bool = False

    @property
    def name(self) -> str:
        """What people call the file."""
        return self.text.name

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file's bytes, in hexadecimal."""
        return self.text.sha256

    @property
    def columns(self) -> int:
        """How many cells a record should have: as many as the last line of headings."""
        return len(self.headings[-1].cells)

    @property
    def last_heading_line(self) -> int:
        """The physical line that the headings end on."""
        return self.headings[-1].last_line

    @cached_property
    def below(self) -> tuple[tuple[int, str], ...]:
        """Lines below the table that are notes, each with its number: `Exported on 3 March`. None may be taken for
        one that is a record cut off: see `notes_below`."""
        if self.is_unquoted or self.text.sheet or self.columns < 3:
            return ()
        room = self.text.lines - self.last_heading_line
        notes = notes_below(self.text.path, self.delimiter, self.columns, room)
        return tuple((self.text.lines - number, note) for number, note in notes)

    @property
    def last_line(self) -> int:
        """The physical line that the records end on, at the latest."""
        return self.below[0][0] - 1 if self.below else self.text.lines

    def reader(self) -> str:
        """DuckDB's table function for the records below the headings: text columns c0, c1, …; a blank cell is NULL.
        Cells that were cut off at the end of a line are blank where quotes are characters, else an error."""
        listed = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(self.columns))
        path = str(self._body.path).replace("'", "''")
        quote = "" if self.is_unquoted else '"'
        return (
            f"read_csv('{path}', auto_detect = false, header = false, skip = {self._body.skip}, "
            f"delim = '{self.delimiter}', quote = '{quote}', escape = '{quote}', strict_mode = true, "
            f"null_padding = {self.is_unquoted}, columns = {{{listed}}})"
        )

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """The records below the headings, slowly, each with the line it begins on. Raises Refused at a record that
        is no CSV."""
        for line, record in self._slowly():
            if isinstance(record, Fault):
                raise self.refusal([record])
            yield line, record + [""] * (self.columns - len(record) if self.is_unquoted else 0)

    def refusal(self, faults: Iterable[Fault], count: int | None = None) -> Refused:
        """The error for faults of this file."""
        return self.text.refusal(faults, count)

    def structural_refusal(self, cause: str) -> Refused:
        """The error for a file that DuckDB could not read: where its records have not as many cells as its
        headings."""
        faults, count = [], 0
        for line, record in self._slowly():
            fault = record if isinstance(record, Fault) else self._cell_count_fault(line, record)
            if fault is not None:
                count += 1
                if len(faults) < LISTED:
                    faults.append(fault)
        if not faults:
            faults.append(Fault(f"cannot be read as CSV ({cause})"))
        return self.refusal(faults, count)

    def check_count(self, rows: int) -> int:
        """Holds `rows`, as many as the reader gave, against the second count; gives the number of blank lines among
        the records. Raises Refused, with both numbers, if they differ."""
        records = self._line_ends()
        if records is None:
            records, blank = sum(1 for _ in self.records()), 0
        else:
            blank = count_blank_lines(self._body.path, offset=self._body.offset) if rows != records else 0
        if rows != records - blank:
            raise Refused(
                f"{self.name}: has {records - blank:,} records by its line ends, but {rows:,} could be read; "
                "nothing was imported; look for quotes that stand beside spaces, or save it anew as CSV UTF-8"
            )
        return blank

    def _line_ends(self) -> int | None:
        """The records by their line ends, blank lines among them; None if only a careful count tells."""
        if self.is_unquoted or not self.text.has_quotes:
            return self.last_line - self.last_heading_line
        found = count_outside_quotes(self._body.path, offset=self._body.offset, delimiter=self.delimiter)
        return found.line_ends if found.is_plain else None

    def _slowly(self) -> Iterator[tuple[int, list[str] | Fault]]:
        return SlowReading(
            self.text.path, self.last_heading_line, self.delimiter, quoted=not self.is_unquoted, columns=self.columns,
            last=self.last_line,
        ).records()

    def _cell_count_fault(self, line: int, record: list[str]) -> Fault | None:
        more = any(cell.strip() for cell in record[self.columns :])
        if not more and (len(record) >= self.columns or self.is_unquoted):
            return None
        return Fault(f"{len(record)} cells where the headings have {self.columns}", line)

    @cached_property
    def _body(self) -> _Body:
        """Where DuckDB finds the records. Its `skip` counts neither lines nor records where quotes or blank lines
        stand among what is skipped; then they are copied to a file of their own."""
        with self.text.path.open("rb") as file:
            start = [file.readline() for _ in range(self.last_heading_line)]
            offset = file.tell()
            if not self.below and all(line.strip() and self._may_be_skipped(line) for line in start):
                return _Body(self.text.path, offset, len(start))
            copy = self.text.workspace / "records.csv"
            with copy.open("wb") as target:
                shutil.copyfileobj(file, target, CHUNK)
        if self.below:
            cut_lines(copy, self.text.lines - self.last_line)
        return _Body(copy, 0, 0)

    def _may_be_skipped(self, line: bytes) -> bool:
        if b'"' not in line:
            return True
        if line.startswith(codecs.BOM_UTF8):
            return False
        try:
            return len(list(csv.reader([line.decode()], delimiter=self.delimiter, strict=True))) == 1
        except csv.Error:
            return False


@dataclass(frozen=True)
class _Body:
    """The records below the headings: from byte `offset` on, which is after `skip` lines."""

    path: Path
    offset: int
    skip: int


@contextlib.contextmanager
def open_csv(path: Path, called: str = "", *, encoding: str | None = None) -> Iterator[TextFile]:
    """Looks a file over and yields it. On leaving, checks that it did not change meanwhile. Raises Refused,
    with the line where that can be said, for everything that is no text. `called` is its name for people, where it
    lies under another one; `encoding` what a person told, where no byte order mark says it."""
    name = called or path.name
    before = status_of(path, name)
    with tempfile.TemporaryDirectory(prefix="lego-import-") as folder, _space(name):
        yield _looked_over(path, name, encoding, Path(folder))
        check_unchanged(path, before, name)


def _looked_over(path: Path, name: str, told: str | None, workspace: Path) -> TextFile:
    source, sha256, settled = path, "", None
    codec = marked_encoding(path, name) or (told and codec_of(told)) or "utf-8"
    if codec != "utf-8":
        settled = Settled(codec)
    else:
        try:
            found = scan(path, name)
        except NotUtf8 as broken:
            if told is not None:
                rule = f"{broken.byte} is not UTF-8; give the encoding that the file was saved in"
                raise refusal(name, [Fault(rule, broken.line)]) from None
            settled = judge_encoding(path, name, broken)
    if settled is not None:
        source, sha256 = workspace / "utf8.csv", sha256_of(path)
        to_utf8(path, source, settled.codec, name)
        found = scan(source, name)
    if found.mixed_line_ends:
        source, uneven = workspace / "even.csv", source
        even_line_ends(uneven, source)
    return TextFile(
        name, source, sha256 or found.sha256, found.lines, found.has_quotes, workspace,
        notes=(settled.note,) if settled else (),
        encoding=NAMES.get(settled.codec, settled.codec) if settled else "UTF-8",
    )


@contextlib.contextmanager
def _space(name: str) -> Iterator[None]:
    """Copies may not fit; everything else that goes wrong with a file has its own words."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutOfSpace(f"{name}: no space left for a copy in {tempfile.gettempdir()}") from None
        raise

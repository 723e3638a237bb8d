"""A CSV file as it lies on disk: looked over byte by byte before anything believes it.

DuckDB's reader is told everything (delimiter, quotes, columns, all text), because its sniffer can drop
rows silently. It is strict about the rest: cells missing or too many and quotes left open are errors. A
second, slow reading by Python's csv module then finds the line and column for the message.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import hashlib
import io
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from database.imports.faults import LISTED, Fault, refusal
from domain.errors import Refused

FIELD_LIMIT = 100_000
"""Characters in one cell; a longer one is an unclosed quote or no CSV at all."""
_HEADER_BYTES = 4 << 20
_CHUNK = 4 << 20
_DELIMITERS = (";", ",", "\t")
_MAGIC = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first: gunzip",
    b"PK\x03\x04": "is a zip archive or an Excel workbook; unpack it, or save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook; save the sheet as CSV UTF-8",
    b"BZh": "is compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "is compressed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it first",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
}


@dataclass(frozen=True)
class CsvFile:
    """A file that was looked over: valid UTF-8, no NUL, its delimiter and first records known.

    `path` is what to read (a copy with even line ends if the original mixes them), `lines` the number of
    physical lines that the records in `head` end on, `line_ends` the number of line ends in the file."""

    name: str
    path: Path
    sha256: str
    delimiter: str
    head: tuple[tuple[str, ...], ...]
    head_lines: tuple[int, ...]
    line_ends: int
    has_quotes: bool

    def reader(self, columns: int, skip: int) -> str:
        """DuckDB's table function for the records after the first `skip` physical lines: `columns` text
        columns c0, c1, …; a blank cell is NULL."""
        listed = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
        path = str(self.path).replace("'", "''")
        return (
            f"read_csv('{path}', auto_detect = false, header = false, skip = {skip}, delim = '{self.delimiter}', "
            f"quote = '\"', escape = '\"', strict_mode = true, columns = {{{listed}}})"
        )

    def records(self, skip: int) -> Iterator[tuple[int, list[str]]]:
        """The records after `skip` physical lines, slowly, each with the line it starts on. Raises Refused
        at a record that is no CSV."""
        for line, record in _records(self, skip):
            if isinstance(record, Fault):
                raise refusal(self.name, [record])
            yield line, record

    def structural_refusal(self, columns: int, skip: int, cause: str) -> Refused:
        """The error for a file that DuckDB could not read: where its records do not have `columns` cells."""
        faults, count = [], 0
        for line, record in _records(self, skip):
            fault = record if isinstance(record, Fault) else _cell_count_fault(line, record, columns)
            if fault is not None:
                count += 1
                if len(faults) < LISTED:
                    faults.append(fault)
        if not faults:
            faults.append(Fault(f"cannot be read as CSV ({cause})"))
        return refusal(self.name, faults, count)


@contextlib.contextmanager
def open_csv(path: Path, called: str = "") -> Iterator[CsvFile]:
    """Looks a file over and yields it. On leaving, checks that it did not change meanwhile. Raises Refused,
    with the line where that can be said, for everything that is not a CSV file in UTF-8. `called` is its
    name for people, where it lies under another one."""
    name = called or path.name
    before = _status(path, name)
    scan = _scan(path, name)
    with contextlib.ExitStack() as stack:
        source = path
        if scan.mixed_line_ends:
            source = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lego-import-"))) / "even.csv"
            _even_line_ends(path, source)
        delimiter, head, head_lines = _head(path, name)
        yield CsvFile(
            name, source, scan.sha256, delimiter, head, head_lines,
            line_ends=scan.line_ends, has_quotes=scan.has_quotes,
        )
        check_unchanged(path, before, name)


def check_unchanged(path: Path, before: os.stat_result, name: str) -> None:
    """Raises Refused if the file is not the one that was looked over."""
    try:
        after = path.stat()
    except OSError:
        raise Refused(f"{name}: disappeared while it was read; nothing was taken in") from None
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        raise Refused(f"{name}: changed while it was read; nothing was taken in; import it when it is complete")


def _status(path: Path, name: str) -> os.stat_result:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise Refused(f"{_whole(path, name)}: is a folder; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{_whole(path, name)}: is not a regular file; save it to one first")
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise Refused(f"{_whole(path, name)}: there is no such file") from None
    except OSError as error:
        raise Refused(f"{_whole(path, name)}: cannot be read ({error.strerror})") from None
    for magic, words in _MAGIC.items():
        if start.startswith(magic):
            raise Refused(f"{name}: {words}")
    if not status.st_size:
        raise Refused(f"{name}: is empty")
    return status


def _whole(path: Path, name: str) -> str:
    """The whole path helps whoever gave it, and nobody else."""
    return str(path) if name == path.name else name


@dataclass(frozen=True)
class _Scan:
    sha256: str
    line_ends: int
    mixed_line_ends: bool
    has_quotes: bool


def _scan(path: Path, name: str) -> _Scan:
    try:
        with ThreadPoolExecutor(1) as pool:
            # Hashing and looking both leave the interpreter free, so two cores share the work.
            sha256 = pool.submit(_sha256, path)
            line_ends, mixed, quotes = _look_over(path, name)
            return _Scan(sha256.result(), line_ends, mixed, quotes)
    except OSError as error:
        raise Refused(f"{_whole(path, name)}: cannot be read ({error.strerror})") from None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _look_over(path: Path, name: str) -> tuple[int, bool, bool]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    feeds = pairs = returns = 0
    quotes = False
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk:
                _refuse_nul(name, feeds, chunk)
            if not chunk.isascii() or decoder.getstate()[0]:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    _refuse_byte(name, feeds, error)
            feeds += chunk.count(b"\n")
            if b"\r" in chunk or last == b"\r":
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            quotes = quotes or b'"' in chunk
            last = chunk[-1:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        _refuse_byte(name, feeds, error)
    if returns and not feeds:
        raise Refused(f"{name}: its lines end with a carriage return only; save it with LF or CRLF line ends")
    return feeds + (last != b"\n"), 0 < pairs < feeds, quotes


def _refuse_nul(name: str, lines: int, chunk: bytes) -> None:
    position = chunk.index(b"\0")
    line = lines + chunk.count(b"\n", 0, position) + 1
    if chunk.count(b"\0") > len(chunk) // 4:
        raise Refused(f"{name}: line {line}: every other byte is NUL, so it is UTF-16; save it as UTF-8")
    raise refusal(name, [Fault("a NUL byte; this is no text file, or it is damaged", line)])


def _refuse_byte(name: str, lines: int, error: UnicodeDecodeError) -> None:
    line = lines + error.object.count(b"\n", 0, error.start) + 1
    byte = f"0x{error.object[error.start]:02X}" if error.start < len(error.object) else "a cut character"
    raise refusal(name, [Fault(f"byte {byte} is not UTF-8; save the file as UTF-8", line)])


def _even_line_ends(path: Path, copy: Path) -> None:
    """DuckDB refuses a file that mixes CRLF and LF; line numbers stay the same."""
    held = b""
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(_CHUNK):
            chunk = held + chunk
            held = chunk[-1:] if chunk.endswith(b"\r") else b""
            target.write(chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n"))
        target.write(held)


def _head(path: Path, name: str) -> tuple[str, tuple[tuple[str, ...], ...], tuple[int, ...]]:
    with path.open("rb") as file:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(file.read(_HEADER_BYTES))
    if not text.strip():
        raise Refused(f"{name}: is empty but for blank lines")
    delimiter = _delimiter(text)
    head: list[tuple[str, ...]] = []
    ends: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    with _field_limit():
        try:
            for record in reader:
                if record:
                    head.append(tuple(cell.strip(" \t\u00a0") for cell in record))
                    ends.append(reader.line_num)
                if len(head) == 2:
                    break
        except csv.Error:
            # An open quote in the first lines: the header is told as far as it goes, reading finds the line.
            if not head:
                raise refusal(name, [Fault("a quote is opened in the headings and never closed", 1)]) from None
    return delimiter, tuple(head), tuple(ends)


def _delimiter(text: str) -> str:
    first = next(line for line in re.split(r"[\r\n]+", text) if line.strip(" \t") or line)
    bare = re.sub(r'"[^"]*"', "", first)
    return max(_DELIMITERS, key=bare.count)


def _records(file: CsvFile, skip: int) -> Iterator[tuple[int, list[str] | Fault]]:
    with file.path.open(encoding="utf-8-sig", newline="") as lines, _field_limit():
        for _ in range(skip):
            lines.readline()
        reader = csv.reader(_feeds(lines), delimiter=file.delimiter, strict=True)
        start = skip + 1
        while True:
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start, _broken_record(file, start, error)
                return
            if record and (len(record) > 1 or record[0].strip()):
                yield start, record
            start = skip + reader.line_num + 1


def _feeds(lines: io.TextIOBase) -> Iterator[str]:
    """Lines as they end on LF: with newline="" Python would also end them on a lone CR."""
    held = ""
    for line in lines:
        held += line
        if line.endswith("\n"):
            yield held
            held = ""
    if held:
        yield held


def _broken_record(file: CsvFile, start: int, error: csv.Error) -> Fault:
    words = str(error)
    if "expected after" in words:
        return Fault("a closing quote is followed by more text; double the quotes inside a cell", start)
    if "new-line character" in words:
        return Fault("a carriage return stands inside a cell that is not quoted", start)
    opened = _open_quote(file, start)
    if opened is not None:
        return Fault("a quote is opened here and never closed", opened)
    return Fault(f"a cell is longer than {FIELD_LIMIT:,} characters", start)


def _open_quote(file: CsvFile, start: int) -> int | None:
    """The line on which the record that starts at `start` opens the quote it does not close."""
    opened = None
    with file.path.open(encoding="utf-8-sig", newline="") as lines:
        for number, line in enumerate(_feeds(lines), start=1):
            if number < start:
                continue
            for _ in range(line.count('"') % 2):
                opened = None if opened is not None else number
            if number - start > 100_000:
                break
            if opened is None:
                return None
    return opened


def _cell_count_fault(line: int, record: list[str], columns: int) -> Fault | None:
    if len(record) == columns or (len(record) > columns and not any(cell.strip() for cell in record[columns:])):
        return None
    return Fault(f"{len(record)} cells where the headings have {columns}", line)


@contextlib.contextmanager
def _field_limit() -> Iterator[None]:
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        yield
    finally:
        csv.field_size_limit(before)

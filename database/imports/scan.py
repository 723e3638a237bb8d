"""A file's bytes, looked over once: that they are text in UTF-8, how its lines end, and their SHA-256."""

from __future__ import annotations

import codecs
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from database.imports.faults import Fault, refusal
from domain.errors import Refused

CHUNK = 4 << 20
_MAGIC = {
    b"\x1f\x8b": "is compressed with gzip; unpack it first: gunzip",
    b"BZh": "is compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "is compressed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; unpack it first",
    b"7z\xbc\xaf": "is a 7z archive; unpack it first",
    b"Rar!": "is a rar archive; unpack it first",
    b"%PDF": "is a PDF, which holds no table that could be read; export it from where it came from as CSV or .xlsx",
    b"\x89PNG": "is a picture; export the table itself as CSV or .xlsx",
    b"\xff\xd8\xff": "is a picture; export the table itself as CSV or .xlsx",
    b"{\\rtf": "is a text document (RTF); save its table as CSV UTF-8",
    b"PAR1": "is a Parquet file; export it as CSV",
    b"SQLite f": "is an SQLite database; export its table as CSV",
}


@dataclass(frozen=True)
class Scan:
    """What the bytes of a text came to. `lines` counts a last line without an end too."""

    sha256: str
    lines: int
    mixed_line_ends: bool
    has_quotes: bool


class NotUtf8(Exception):
    """A byte that is not UTF-8: its words and the line that it stands on."""

    def __init__(self, byte: str, line: int) -> None:
        super().__init__(f"line {line}: {byte} is not UTF-8")
        self.byte, self.line = byte, line


def status_of(path: Path, name: str) -> os.stat_result:
    """The file's status, to see later whether it changed. Raises Refused for what is no file with something in it,
    or is of a kind that is known not to be text."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise Refused(f"{whole_path(path, name)}: is a folder; name the files in it")
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{whole_path(path, name)}: is not a regular file; save it to one first")
        with path.open("rb") as file:
            start = file.read(8)
    except FileNotFoundError:
        raise Refused(f"{whole_path(path, name)}: there is no such file") from None
    except OSError as error:
        raise Refused(f"{whole_path(path, name)}: cannot be read ({error.strerror})") from None
    for magic, words in _MAGIC.items():
        if start.startswith(magic):
            raise Refused(f"{name}: {words}")
    if not status.st_size:
        raise Refused(f"{name}: is empty")
    return status


def check_unchanged(path: Path, before: os.stat_result, name: str) -> None:
    """Raises Refused if the file is not the one that was looked over."""
    try:
        after = path.stat()
    except OSError:
        raise Refused(f"{name}: disappeared while it was read; nothing was imported") from None
    if (before.st_size, before.st_mtime_ns, before.st_ino) != (after.st_size, after.st_mtime_ns, after.st_ino):
        raise Refused(f"{name}: changed while it was read; nothing was imported; import it when it is complete")


def scan(path: Path, name: str) -> Scan:
    """Looks a file over. Raises NotUtf8, and Refused, with the line, for bytes that are no text at all."""
    try:
        with ThreadPoolExecutor(1) as pool:
            # Hashing and looking both leave the interpreter free, so two cores share the work.
            sha256 = pool.submit(sha256_of, path)
            lines, mixed, quotes = _look_over(path, name)
            return Scan(sha256.result(), lines, mixed, quotes)
    except OSError as error:
        raise Refused(f"{whole_path(path, name)}: cannot be read ({error.strerror})") from None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def even_line_ends(path: Path, copy: Path) -> None:
    """DuckDB refuses a file that mixes CRLF and LF; line numbers stay the same."""
    held = b""
    with path.open("rb") as source, copy.open("wb") as target:
        while chunk := source.read(CHUNK):
            chunk = held + chunk
            held = chunk[-1:] if chunk.endswith(b"\r") else b""
            target.write(chunk[: len(chunk) - len(held)].replace(b"\r\n", b"\n"))
        target.write(held)


def whole_path(path: Path, name: str) -> str:
    """The whole path helps whoever gave it, and nobody else."""
    return str(path) if name == path.name else name


def _look_over(path: Path, name: str) -> tuple[int, bool, bool]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    feeds = pairs = returns = 0
    quotes, last = False, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if b"\0" in chunk:
                _refuse_nul(name, feeds, chunk)
            if not chunk.isascii() or decoder.getstate()[0]:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    raise _not_utf8(feeds, error) from None
            feeds += chunk.count(b"\n")
            if b"\r" in chunk or last == b"\r":
                returns += chunk.count(b"\r")
                pairs += chunk.count(b"\r\n") + (last == b"\r" and chunk[:1] == b"\n")
            quotes = quotes or b'"' in chunk
            last = chunk[-1:]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_utf8(feeds, error) from None
    if returns and not feeds:
        raise Refused(f"{name}: its lines end with a carriage return only; save it with LF or CRLF line ends")
    return feeds + (last != b"\n"), 0 < pairs < feeds, quotes


def _refuse_nul(name: str, lines: int, chunk: bytes) -> None:
    position = chunk.index(b"\0")
    line = lines + chunk.count(b"\n", 0, position) + 1
    if _is_of_two_bytes(chunk):
        ways = "give --encoding utf-16-le or --encoding utf-16-be, or save it as UTF-8"
        raise Refused(f"{name}: line {line}: every other byte is NUL, so it is UTF-16; {ways}")
    raise refusal(name, [Fault("a NUL byte; this is no text file, or it is damaged", line)])


def _is_of_two_bytes(chunk: bytes) -> bool:
    """Whether nearly every other byte is NUL, and those between are not."""
    even, odd = chunk[::2].count(b"\0"), chunk[1::2].count(b"\0")
    return max(even, odd) > len(chunk) // 4 and min(even, odd) * 20 < max(even, odd)


def _not_utf8(lines: int, error: UnicodeDecodeError) -> NotUtf8:
    line = lines + error.object.count(b"\n", 0, error.start) + 1
    byte = f"byte 0x{error.object[error.start]:02X}" if error.start < len(error.object) else "a cut character"
    return NotUtf8(byte, line)

"""How many records a file has, counted by its bytes alone: what the reader gives is held against it.

A record ends with a line end that stands outside of quotes. A quote opens a cell at its first byte only and
closes it at its last, and a doubled one inside is a character; where a file keeps to that, what stands outside
of quotes is every other part between them, and nothing has to be looked at byte by byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from database.imports.scan import CHUNK

_BLANK_LINE = re.compile(rb"\n(?=\r?\n)")
_MISPLACED = re.compile(rb'"(?:(?<=[^\n"]")|(?=[^\n"]))')
"""In what stands outside of quotes, with one quote left for each quoted part and every edge of a cell made a line
end: a quote that has something else beside it. Another quote beside it is a doubled one inside a cell."""


@dataclass(frozen=True)
class QuotedCount:
    """`line_ends` outside of quotes, a missing last one counted too. Each record stands on one line and each quote
    at the edge of a cell if `is_plain`; if not, only a reading cell by cell tells how many records there are."""

    line_ends: int
    is_plain: bool


def count_outside_quotes(path: Path, *, offset: int, delimiter: str) -> QuotedCount:
    """Counts line ends outside of quotes from byte `offset` on, which begins a line."""
    edges = bytes.maketrans(delimiter.encode() + b"\r", b"\n\n")
    feeds, inside, is_plain, last = 0, False, True, b"\n"
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(CHUNK):
            parts = chunk.split(b'"')
            outside = b'"'.join(parts[inside::2])
            is_plain = is_plain and b"\n" not in b"".join(parts[1 - inside :: 2])
            inside = inside != (len(parts) % 2 == 0)
            outside += b'"' if inside else b""
            feeds += outside.count(b"\n")
            is_plain = is_plain and not _MISPLACED.search((last + outside).translate(edges))
            last = outside[-1:] or last
    return QuotedCount(feeds + (last != b"\n"), is_plain and not inside)


def count_blank_lines(path: Path, *, offset: int) -> int:
    """The lines with nothing on them, not even a space, from byte `offset` on, which begins a line."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(CHUNK):
            count += len(_BLANK_LINE.findall(last + chunk)) - len(_BLANK_LINE.findall(last))
            last = (last + chunk)[-2:]
    return count

"""Which encoding a file is in, and a copy of it in UTF-8.

A byte order mark settles it; else strict UTF-8; else what a person told; else Windows-1252 or Shift-JIS, whichever
the cells make sense in. Nearly every European text can be decoded as Shift-JIS too, and statistics take short
texts for the wrong one, so each cell with a byte beyond ASCII is judged by rules that a person could follow.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from database.imports.encoding_rules import HARD_SPACE, makes_sense_in_japanese, makes_sense_in_western
from database.imports.faults import Fault, refusal, shown
from database.imports.scan import CHUNK, NotUtf8, whole_path
from domain.errors import Refused, SetupError

WESTERN, JAPANESE = "cp1252", "cp932"
NAMES = {WESTERN: "Windows-1252", JAPANESE: "Shift-JIS", "utf-16": "UTF-16", "utf-8": "UTF-8"}
TOLD = (
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1250", "windows-1251", "windows-1252", "windows-1253",
    "windows-1254", "windows-1257", "iso-8859-1", "iso-8859-2", "iso-8859-15", "mac-roman", "shift-jis", "euc-jp",
    "gb18030", "big5",
)
"""What `--encoding` takes; other names of these are understood as well."""
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_ODD = re.compile(rb"[\x80-\xff]")
_EDGE = re.compile(rb'[\t;,"\r\n]')
_BEFORE, _AFTER = 200, 2000
"""So many bytes before and after the first odd one of a cell are looked at."""
_MOST_CELLS, _MOST_SEEN = 5_000, 200_000
_MAJORITY = 10
"""So many times as many cells must speak for one encoding as for the other."""


@dataclass(frozen=True)
class Settled:
    """The encoding of a file, and a cell to show what came of it."""

    codec: str
    example: str = ""

    @property
    def note(self) -> str:
        """What a person is told of it."""
        name = NAMES.get(self.codec, self.codec)
        return f"encoding {name}" + (f", for example {shown(self.example)}" if self.example else "")


def codec_of(told: str) -> str:
    """The codec for a name that a person gave. Raises SetupError for what is none of TOLD."""
    try:
        codec = codecs.lookup(told.strip()).name
    except (LookupError, ValueError):
        codec = ""
    if codec not in {codecs.lookup(name).name for name in TOLD}:
        raise SetupError(f"--encoding {told!r}: choose one of {', '.join(TOLD)}")
    return JAPANESE if codec == "shift_jis" else codec


def marked_encoding(path: Path, name: str) -> str | None:
    """The encoding that a byte order mark at the file's start says, if there is one."""
    with path.open("rb") as file:
        start = file.read(4)
    if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
        raise Refused(f"{name}: is UTF-32; save it as UTF-8")
    return next((codec for mark, codec in _MARKS if start.startswith(mark)), None)


def judge_encoding(path: Path, name: str, broken: NotUtf8) -> Settled:
    """Windows-1252 or Shift-JIS for a file that is not UTF-8. Raises Refused where no encoding, or more than one,
    makes sense."""
    cells = _odd_cells(path)
    if any(_decoded(cell, "utf-8") for cell in cells):
        fault = f"{broken.byte} is not UTF-8, as the rest of the file is; save the file as UTF-8, or give --encoding"
        raise refusal(name, [Fault(fault, broken.line)])
    possible = [codec for codec in (WESTERN, JAPANESE) if _decodes(path, codec)]
    if not possible:
        raise refusal(name, [Fault(f"{broken.byte} is of no known encoding; save the file as UTF-8", broken.line)])
    votes = _votes(cells)
    best, other = sorted((WESTERN, JAPANESE), key=lambda codec: len(votes[codec]), reverse=True)
    if best in possible and len(votes[best]) > _MAJORITY * len(votes[other]):
        return Settled(best, votes[best][0].decode(best))
    if not any(votes.values()) and WESTERN in possible:
        # Only signs that are the same in both, such as a hard space.
        return Settled(WESTERN)
    raise refusal(name, [Fault(_question(votes, broken), broken.line)])


def to_utf8(path: Path, copy: Path, codec: str, name: str) -> None:
    """Writes the file's text to `copy` in UTF-8, line by line the same. Raises Refused at a byte that is none."""
    decoder, lines = codecs.getincrementaldecoder(codec)(), 0
    try:
        with path.open("rb") as source, copy.open("wb") as target:
            while chunk := source.read(CHUNK):
                text = _decode(decoder, chunk, codec, name, lines=lines, final=False)
                lines += text.count("\n")
                target.write(text.replace(HARD_SPACE, "\u00a0").encode())
            target.write(_decode(decoder, b"", codec, name, lines=lines, final=True).encode())
    except OSError as error:
        raise Refused(f"{whole_path(path, name)}: cannot be read ({error.strerror})") from None


def _decode(decoder, chunk: bytes, codec: str, name: str, *, lines: int, final: bool) -> str:
    try:
        return decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(codec, "replace").count("\n")
        byte = f"byte 0x{error.object[error.start]:02X}" if error.start < len(error.object) else "a cut character"
        rule = f"{byte} is not {NAMES.get(codec, codec)}; give the encoding that the file was saved in"
        raise refusal(name, [Fault(rule, lines + before + 1)]) from None


def _odd_cells(path: Path) -> list[bytes]:
    """Distinct cells with a byte beyond ASCII, in the file's order: as many as are enough to judge by."""
    found: dict[bytes, None] = {}
    seen, held = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            whole, end, held = (held + chunk).rpartition(b"\n")
            for cell in _cells_of(whole + end):
                found[cell] = None
                seen += 1
                if len(found) >= _MOST_CELLS or seen >= _MOST_SEEN:
                    return list(found)
        found.update(dict.fromkeys(_cells_of(held)))
    return list(found)


def _cells_of(text: bytes) -> Iterator[bytes]:
    """The second byte of a character in Shift-JIS is none of the delimiters."""
    at = 0
    while odd := _ODD.search(text, at):
        before = text[max(at, odd.start() - _BEFORE) : odd.start()]
        after = text[odd.start() : odd.start() + _AFTER]
        edge = _EDGE.search(after)
        rest = after[: edge.start()] if edge else after
        yield _EDGE.split(before)[-1] + rest
        at = odd.start() + len(rest)


def _decodes(path: Path, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(cell: bytes, codec: str) -> str | None:
    try:
        return cell.decode(codec)
    except UnicodeDecodeError:
        return None


def _votes(cells: list[bytes]) -> dict[str, list[bytes]]:
    """The cells that make sense as Windows-1252 only, as Shift-JIS only, as "both", and as "neither"; without those
    that are the same in both."""
    votes: dict[str, list[bytes]] = {WESTERN: [], JAPANESE: [], "both": [], "neither": []}
    for cell in cells:
        one, other = _decoded(cell, WESTERN), _decoded(cell, JAPANESE)
        is_same = other is not None and one == other.replace(HARD_SPACE, "\u00a0")
        is_western = one is not None and makes_sense_in_western(one)
        is_japanese = other is not None and makes_sense_in_japanese(other)
        if is_western and is_japanese:
            kind = "both"
        else:
            kind = WESTERN if is_western else JAPANESE if is_japanese else "neither"
        if not is_same:
            votes[kind].append(cell)
    return votes


def _question(votes: dict[str, list[bytes]], broken: NotUtf8) -> str:
    ask = "give --encoding windows-1252 or --encoding shift-jis"
    doubtful = votes["both"] or votes["neither"] or votes[WESTERN] + votes[JAPANESE]
    one, other = _decoded(doubtful[0], WESTERN), _decoded(doubtful[0], JAPANESE)
    if one is None or other is None or not votes["both"]:
        return f"{broken.byte} is not UTF-8, and not for certain Windows-1252 or Shift-JIS; give --encoding NAME"
    return f"could be {shown(one)} in Windows-1252 or {shown(other)} in Shift-JIS; {ask}"

"""Notes under a table: lines that are no records, and cannot be records that were cut off."""

from __future__ import annotations

from pathlib import Path

_LOOKED_AT = 64 << 10
_MOST_CELLS = 2
"""A sentence has a comma at times; a record that lacks all but two of its cells lacks too much to be told from one."""


def notes_below(path: Path, delimiter: str, columns: int, room: int) -> list[tuple[int, str]]:
    """The last lines of a UTF-8 file that are notes under a table of `columns`, each with its place from the end, the
    last being 0, in their order; at most `room`. A note holds a space and no quote, has a cell or two where records
    have more, and stands below a blank line or ends itself with a line end: the last record of a file that was cut
    off does neither. A lone end-of-file mark of DOS is one too."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOOKED_AT))
        text = file.read().decode("utf-8", "replace")
    lines = text.removesuffix("\n").split("\n")
    found: list[tuple[int, str]] = []
    is_below_blank = False
    for number, line in enumerate(reversed(lines[1:] if size > _LOOKED_AT else lines)):
        bare = line.strip("\r\n \t\ufeff")
        if number >= room or (bare and not _is_note(bare, delimiter, columns)):
            break
        if bare:
            found.append((number, bare))
        is_below_blank = bool(found) and not bare
    if not found or not (is_below_blank or text.endswith("\n") or found[-1][1] == "\x1a"):
        return []
    return found[::-1]


def _is_note(line: str, delimiter: str, columns: int) -> bool:
    cells = line.split(delimiter)
    is_sentence = " " in cells[0].strip() and '"' not in line
    return line == "\x1a" or (is_sentence and len(cells) <= min(_MOST_CELLS, columns - 2))


def cut_lines(path: Path, count: int) -> None:
    """Takes the last `count` lines off a file."""
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        start = max(0, size - _LOOKED_AT)
        file.seek(start)
        tail = file.read().removesuffix(b"\n")
        kept = tail.split(b"\n")[:-count]
        file.truncate(start + len(b"\n".join(kept)) + (1 if kept else 0))

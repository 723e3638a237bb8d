"""What is wrong with a file: each fault with its line, column, cell and rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import Refused

LISTED = 20
_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. Lines count from 1, as editors do; a fault of the whole file has none."""

    rule: str
    line: int | None = None
    column: str | None = None
    cell: str | None = None

    def __str__(self) -> str:
        place = [f"line {self.line}"] if self.line else []
        place += [f"column {self.column}"] if self.column else []
        cell = "" if self.cell is None else f"{shown(self.cell)} "
        return f"{', '.join(place)}: {cell}{self.rule}" if place else f"{cell}{self.rule}"


def shown(cell: str) -> str:
    """A cell as a message quotes it: on one line, and never a page long."""
    if len(cell) > _SHOWN:
        return f"{cell[:_SHOWN]!r}… ({len(cell):,} characters)"
    return repr(cell)


def refusal(file_name: str, faults: Iterable[Fault], count: int | None = None) -> Refused:
    """The error for a file with faults. `count` is how many there are, if more than were gathered."""
    gathered = list(faults)
    count = max(count or 0, len(gathered))
    if count == 1:
        return Refused(f"{file_name}: {gathered[0]}; nothing was taken in")
    lines = [str(fault) for fault in gathered[:LISTED]]
    if count > len(lines):
        lines.append(f"and {count - len(lines):,} more")
    return Refused(f"{file_name}: {count:,} faults; nothing was taken in", tuple(lines))

"""What is wrong with a file: each fault with its line, column, cell and rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from domain.errors import Refused

LISTED = 20
_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. Lines count from 1, as editors do; a fault of the whole file has none. `column` is a
    heading, `position` its number, from 0, for the name that a workbook has for the cell."""

    rule: str
    line: int | None = None
    column: str | None = None
    cell: str | None = None
    position: int | None = None

    def __str__(self) -> str:
        return self.words()

    def words(self, sheet: str = "") -> str:
        """The fault on one line; in a `sheet` of a workbook it names the cell as the workbook does."""
        place = [f"sheet {sheet}"] if sheet else []
        if sheet and self.line and self.position is not None:
            place.append(f"cell {_column_letters(self.position)}{self.line}")
        elif self.line:
            place.append(f"{'row' if sheet else 'line'} {self.line}")
        place += [f"column {self.column}"] if self.column else []
        cell = "" if self.cell is None else f"{shown(self.cell)} "
        return f"{', '.join(place)}: {cell}{self.rule}" if place else f"{cell}{self.rule}"


def shown(cell: str) -> str:
    """A cell as a message quotes it: on one line, and never a page long."""
    if len(cell) > _SHOWN:
        return f"{cell[:_SHOWN]!r}… ({len(cell):,} characters)"
    return repr(cell)


def _column_letters(position: int) -> str:
    """The name of a workbook's column: A, B, … Z, AA, …"""
    letters, number = "", position + 1
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def refusal(file_name: str, faults: Iterable[Fault], count: int | None = None, *, sheet: str = "") -> Refused:
    """The error for a file with faults, or for one sheet of it. `count` is how many there are, if more than were
    gathered."""
    gathered = list(faults)
    count = max(count or 0, len(gathered))
    if count == 1:
        return Refused(f"{file_name}: {gathered[0].words(sheet)}; nothing was imported")
    lines = [fault.words(sheet) for fault in gathered[:LISTED]]
    if count > len(lines):
        lines.append(f"and {count - len(lines):,} more")
    return Refused(f"{file_name}: {count:,} faults; nothing was imported", tuple(lines))

"""Rows of a sheet -> a CSV file with commas in UTF-8, whose line n is the sheet's row n, each with as many cells."""

from __future__ import annotations

import re
from pathlib import Path

from database.imports.workbook.container import Damaged
from database.imports.workbook.limits import MOST_CELLS
from domain.errors import Refused

MOST_ROWS = 1 << 24
"""LibreOffice's; Excel has 1,048,576."""
_QUOTED = re.compile('"[^"]*"')


class SheetCsv:
    """Takes rows in their order and writes what is between them as blank lines. `filled` counts cells that hold
    something, `width` is the number of columns up to the last of these."""

    def __init__(self, path: Path) -> None:
        self.rows = self.width = self.filled = 0
        self._is_even = True
        self._path = path
        self._file = path.open("w", encoding="utf-8", newline="")

    def __enter__(self) -> SheetCsv:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def row(self, number: int, cells: list[str]) -> None:
        """A row, counted from 1, with its cells quoted as CSV needs it and '' where nothing is. Blank ones at the end
        of the sheet are none."""
        if number <= self.rows:
            raise Damaged(f"row {number} stands after row {self.rows}")
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            return
        self.expect(number, len(cells))
        gap = number - self.rows - 1
        self._is_even = self._is_even and (self.rows == 0 or len(cells) == self.width) and not gap
        self._file.write("\n" * gap + ",".join(cells) + "\n")
        self.rows, self.width = number, max(self.width, len(cells))
        self.filled += len(cells) - cells.count("")

    def expect(self, rows: int, width: int) -> None:
        """Raises Refused if a sheet that reaches so far would be endless."""
        width = max(width, self.width)
        if rows > MOST_ROWS or rows * width > MOST_CELLS:
            raise Refused(
                f"reaches to row {rows:,} and column {width:,}, more cells than a table of figures needs; "
                "delete what stands far outside of the table, or save the table as CSV UTF-8"
            )

    def finish(self) -> None:
        """Makes all lines equally long."""
        self._file.close()
        if not self._is_even or self.width == 1:
            self._pad()

    def _pad(self) -> None:
        padded = self._path.with_suffix(".even")
        with (
            self._path.open(encoding="utf-8", newline="") as source,
            padded.open("w", encoding="utf-8", newline="") as target,
        ):
            for line in source:
                bare = _QUOTED.sub("", line) if '"' in line else line
                blank = '""' if self.width == 1 and line == "\n" else ""
                target.write(f"{line[:-1]}{blank}{',' * (self.width - 1 - bare.count(','))}\n")
        padded.replace(self._path)

"""Merged cells: the text of one holds for all of them, as the name of a metric does over its months.

A number does not: it would be there several times.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Merged:
    """A range of merged cells: columns from 0, rows from 1, both ends belong to it."""

    left: int
    top: int
    right: int
    bottom: int


class MergedTexts:
    """Puts texts into the cells that are merged with theirs, row after row. `filled` counts these."""

    def __init__(self, areas: Iterable[Merged] = ()) -> None:
        self.filled = 0
        self._by_top: dict[int, list[Merged]] = {}
        self._open: list[tuple[Merged, str]] = []
        for area in areas:
            self.add(area)

    def add(self, area: Merged) -> None:
        """One more range, of a row that is still to be filled."""
        self._by_top.setdefault(area.top, []).append(area)

    def fill(self, number: int, row: list[str], texts: set[int]) -> None:
        """Fills a row; `texts` are the columns of it that hold texts or dates."""
        if not self._open and number not in self._by_top:
            return
        for area in self._by_top.pop(number, ()):
            if area.left < len(row) and row[area.left] and area.left in texts:
                self._open.append((area, row[area.left]))
        for area, text in self._open:
            row.extend([""] * (area.right + 1 - len(row)))
            for column in range(area.left, area.right + 1):
                if not row[column]:
                    row[column] = text
                    self.filled += 1
        self._open = [(area, text) for area, text in self._open if area.bottom > number]

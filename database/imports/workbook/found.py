"""What was found in a workbook beside its cells: what a person must know, and what the CSV file cannot say."""

from __future__ import annotations

from dataclasses import dataclass, field

from database.imports.workbook.cell_texts import column_name

_LISTED = 12


@dataclass(frozen=True)
class SheetName:
    """A sheet: its name as written, and whether it is a table (a chart is none) and is shown."""

    name: str
    is_table: bool = True
    is_shown: bool = True


@dataclass
class Found:
    """Gathered while a sheet is read. Rows count from 1, columns from 0; a cell is its name, like C5."""

    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    without_value: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    percent_columns: list[int] = field(default_factory=list)
    filled_merged: int = 0
    remarks: list[str] = field(default_factory=list)

    def notes(self, rows: int, width: int) -> list[str]:
        """What the report says of a sheet with so many rows and columns."""
        rows_hidden = ranges([row for row in self.hidden_rows if row <= rows])
        columns_hidden = ranges([column for column in self.hidden_columns if column < width], column_name)
        notes = []
        if rows_hidden:
            notes.append(f"hidden rows were read like others: {rows_hidden}")
        if columns_hidden:
            notes.append(f"hidden columns were read like others: {columns_hidden}")
        if self.filled_merged:
            notes.append(f"merged cells were read as if each held their text: {self.filled_merged:,}")
        return notes + self.remarks


def ranges(numbers: list[int], name=str) -> str:
    """1, 2, 3, 7 -> "1–3, 7", and how many more there are."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [name(first) if first == last else f"{name(first)}–{name(last)}" for first, last in spans[:_LISTED]]
    if len(spans) > _LISTED:
        words.append(f"and {len(spans) - _LISTED:,} more")
    return ", ".join(words)

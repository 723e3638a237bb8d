"""An .xlsx workbook: its sheets in their order, each read when it is asked for."""

from __future__ import annotations

from functools import cached_property

from database.imports.workbook.container import Parts
from database.imports.workbook.found import Found
from database.imports.workbook.sheet_csv import SheetCsv
from database.imports.workbook.xlsx_book import read_book, read_texts
from database.imports.workbook.xlsx_sheet import read_sheet

_MANUAL = "the workbook calculates only when it is told to (manual): its formulas may be older than its figures"


class XlsxWorkbook:
    """The sheets of an .xlsx workbook."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._book = parts, read_book(parts)
        self.sheets = tuple(sheet.name for sheet in self._book.sheets)

    def read(self, number: int, target: SheetCsv, most_rows: int | None = None) -> Found:
        """Writes the rows, or the first `most_rows` of them, of sheet `number`, counted from 0."""
        found = read_sheet(
            self._parts, self._book, self._book.sheets[number], self._texts, target, most_rows=most_rows
        )
        if self._book.is_manual:
            found.remarks.append(_MANUAL)
        return found

    @cached_property
    def _texts(self) -> list[str]:
        return read_texts(self._parts, self._book)

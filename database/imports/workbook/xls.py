"""An old .xls workbook, by xlrd, with a second look at its records.

xlrd does not tell which cells are formulas, and so not which of them have no value: that, and how many cells a sheet
has, is read from the records themselves ([MS-XLS] 2.4).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import xlrd
from xlrd.compdoc import CompDoc

from database.imports.workbook.cell_texts import (
    DATE,
    NOT_AVAILABLE,
    NOT_CALCULATED,
    PERCENT,
    column_name,
    date_text,
    number_format_kind,
    number_text,
    percent_text,
    quoted,
)
from database.imports.workbook.container import PROTECTED, Damaged
from database.imports.workbook.found import Found, SheetName
from database.imports.workbook.merged import Merged, MergedTexts
from database.imports.workbook.sheet_csv import SheetCsv
from domain.errors import Refused

_BOF, _EOF, _BOUNDSHEET = 0x0809, 0x000A, 0x0085
_FORMULA = (0x0006, 0x0206, 0x0406)
_ONE_CELL = (0x00FD, 0x0203, 0x027E, 0x0205, 0x0204, 0x00D6, *_FORMULA)
_SEVERAL_CELLS = 0x00BD
_CALCULATE_ON_LOAD = 2
_EMPTY = (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK)


@dataclass
class _Records:
    """What the records of a sheet say: how many cells hold something, and which formulas have no value."""

    cells: int = 0
    without_value: set[tuple[int, int]] = field(default_factory=set)


class XlsBook:
    """The sheets of an .xls workbook."""

    def __init__(self, path: Path) -> None:
        with _as_damaged():
            with Path(os.devnull).open("w", encoding="utf-8") as nothing:
                self._book = xlrd.open_workbook(
                    str(path), formatting_info=True, on_demand=True, logfile=nothing, use_mmap=False
                )
            self._stream = _stream(path)
        self.sheets = tuple(
            SheetName(name, is_shown=not hidden)
            for name, hidden in zip(self._book.sheet_names(), self._book._sheet_visibility, strict=True)
        )
        self._kinds = {
            number: number_format_kind(xf.format_key, _code(self._book, xf.format_key))
            for number, xf in enumerate(self._book.xf_list)
        }

    def read(self, number: int, target: SheetCsv, most_rows: int | None = None) -> Found:
        """Writes the rows, or the first `most_rows` of them, of sheet `number`, counted from 0."""
        with _as_damaged():
            sheet = self._book.sheet_by_index(number)
            records = _read_records(self._stream, number)
        found = Found(
            hidden_rows=[row + 1 for row, about in sheet.rowinfo_map.items() if about.hidden],
            hidden_columns=[column for column, about in sheet.colinfo_map.items() if about.hidden],
        )
        merged = MergedTexts(
            Merged(left, top + 1, right - 1, bottom) for top, bottom, left, right in sheet.merged_cells
        )
        rows = _Rows(self._book.datemode == 1, self._kinds, records, found)
        for row in range(min(sheet.nrows, most_rows or sheet.nrows)):
            cells, texts = rows.read(sheet, row)
            merged.fill(row + 1, cells, texts)
            target.row(row + 1, cells)
        if most_rows is None and rows.cells != records.cells:
            raise Damaged(f"counted in two ways, sheet {number + 1} has {rows.cells:,} and {records.cells:,} cells")
        found.filled_merged = merged.filled
        found.percent_columns = sorted(rows.percent - rows.plain)
        return found


class _Rows:
    """Turns rows of one sheet into texts."""

    def __init__(self, is_1904: bool, kinds: dict[int, int], records: _Records, found: Found) -> None:  # noqa: FBT001
        self.cells = 0
        self.percent: set[int] = set()
        self.plain: set[int] = set()
        self._is_1904, self._kinds, self._records, self._found = is_1904, kinds, records, found

    def read(self, sheet: xlrd.sheet.Sheet, row: int) -> tuple[list[str], set[int]]:
        """The cells of a row, and the columns of those that are texts or dates."""
        cells, texts = [], set()
        for column, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            self.cells += kind not in _EMPTY
            cells.append("" if kind in _EMPTY else self._text(sheet, row, column, (kind, value)))
            if kind == xlrd.XL_CELL_TEXT or self._is_date(sheet, row, column, kind):
                texts.add(column)
        return cells, texts

    def _is_date(self, sheet: xlrd.sheet.Sheet, row: int, column: int, kind: int) -> bool:
        is_number = kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE)
        return is_number and self._kinds.get(sheet.cell_xf_index(row, column)) == DATE

    def _text(self, sheet: xlrd.sheet.Sheet, row: int, column: int, cell: tuple[int, object]) -> str:
        kind, value = cell
        name = f"{column_name(column)}{row + 1}"
        if (row, column) in self._records.without_value:
            self._found.without_value.append(name)
            return NOT_CALCULATED
        if kind == xlrd.XL_CELL_TEXT:
            return quoted(str(value))
        if kind == xlrd.XL_CELL_BOOLEAN:
            return "TRUE" if value else "FALSE"
        if kind == xlrd.XL_CELL_ERROR:
            text = xlrd.error_text_from_code.get(value, "#VALUE!")
            if text == NOT_AVAILABLE:
                return ""
            self._found.errors.append(name)
            return text
        return self._number(repr(value).removesuffix(".0"), self._kinds.get(sheet.cell_xf_index(row, column)), column)

    def _number(self, written: str, kind: int | None, column: int) -> str:
        if kind == DATE:
            return date_text(written, is_1904=self._is_1904)
        if kind == PERCENT:
            self.percent.add(column)
            return percent_text(written)
        self.plain.add(column)
        return number_text(written)


class _as_damaged:  # noqa: N801 it reads as a word of the statement
    """xlrd believes what it reads, and ends in any of Python's errors where that is not so."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, (Refused, MemoryError)) or not isinstance(error, Exception):
            return
        if "encrypted" in str(error):
            raise Refused(PROTECTED) from None
        raise Damaged(" ".join(str(error).split())[:100] or kind.__name__) from None


def _code(book: xlrd.Book, key: int) -> str | None:
    found = book.format_map.get(key)
    return found.format_str if found is not None and found.format_str else None


def _stream(path: Path) -> bytes:
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        document = CompDoc(path.read_bytes(), logfile=nothing)
        for name in ("Workbook", "Book"):
            memory, start, length = document.locate_named_stream(name)
            if memory:
                return memory[start:start + length]
    raise Damaged("it has no stream of sheets")


def _read_records(stream: bytes, number: int) -> _Records:
    """Of worksheet `number`; sheets of other kinds, as charts, are not counted."""
    offsets = [
        struct.unpack_from("<L", body)[0] for kind, body in _records(stream, 0) if kind == _BOUNDSHEET and body[5] == 0
    ]
    found, empty, formulas = _Records(), set(), 0
    for kind, body in _records(stream, offsets[number]):
        if kind in _FORMULA:
            formulas += 1
            (empty if _is_empty_text(body) else found.without_value if _is_left_to_excel(body) else set()).add(
                struct.unpack_from("<HH", body)
            )
        if kind in _ONE_CELL:
            found.cells += 1
        elif kind == _SEVERAL_CELLS:
            found.cells += (len(body) - 6) // 6
    if len(empty) + len(found.without_value) == formulas:
        # A single formula may give an empty text. Where all do, nobody has calculated them yet.
        found.without_value |= empty
    return found


def _records(stream: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """The records from a BOF to its EOF, without those of what is embedded between."""
    depth = 0
    while position + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, position)
        depth += kind == _BOF
        if depth == 1:
            yield kind, stream[position + 4:position + 4 + length]
        depth -= kind == _EOF
        position += 4 + length
        if not depth:
            return


def _is_empty_text(body: bytes) -> bool:
    return body[12:14] == b"\xff\xff" and body[6] == 3


def _is_left_to_excel(body: bytes) -> bool:
    """Programs that do not calculate write 0 and leave the rest to whoever loads the file."""
    return body[6:14] == bytes(8) and bool(struct.unpack_from("<H", body, 14)[0] & _CALCULATE_ON_LOAD)

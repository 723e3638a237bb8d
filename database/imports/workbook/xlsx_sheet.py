"""One sheet of an .xlsx workbook, streamed: half a gigabyte of it needs no memory.

It is gone through twice. First its bytes are counted, rows and cells by their tags, and merged cells are looked up,
which stand after the rows they are of. Then expat reads it; what it finds must be as many.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from database.imports.workbook.cell_texts import (
    DATE,
    NOT_AVAILABLE,
    NOT_CALCULATED,
    PERCENT,
    PLAIN,
    column_name,
    column_position,
    date_text,
    is_simple,
    iso_text,
    number_text,
    percent_text,
    quoted,
)
from database.imports.workbook.container import Damaged, Parts
from database.imports.workbook.found import Found
from database.imports.workbook.limits import MOST_MERGED
from database.imports.workbook.merged import Merged, MergedTexts
from database.imports.workbook.plain_rows import plain_row, segments
from database.imports.workbook.sheet_csv import SheetCsv
from database.imports.workbook.xlsx_book import TextGatherer, XlsxBook, XlsxSheet, unescaped
from database.imports.workbook.xml_stream import feed, stream_parser
from domain.errors import Refused

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"

_PREFIX = re.compile(
    rb"xmlns(?::([\w.-]+))?\s*=\s*[\"'](?:" + re.escape(MAIN.encode()) + b"|" + re.escape(STRICT.encode()) + rb")[\"']"
)
_MERGED = re.compile(rb"<(?:[\w.-]+:)?mergeCell\s[^>]*?ref\s*=\s*[\"']([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)[\"']")
_TAIL = 32 << 20
"""Bytes after the rows that may hold merged cells and much else."""
_USUAL_ENDS = (b" ", b">")
_ENDS = (*_USUAL_ENDS, b"/", b"\n", b"\r", b"\t")


@dataclass(frozen=True)
class Counted:
    """What the bytes of a sheet say."""

    rows: int
    cells: int
    merged: tuple[Merged, ...]


def read_sheet(
    parts: Parts, book: XlsxBook, sheet: XlsxSheet, texts: list[str], target: SheetCsv, *,
    most_rows: int | None = None,
) -> Found:
    """Writes the sheet's rows, or the first `most_rows` of them, to `target`. Raises Damaged where the two ways of
    counting differ, or something is no sheet."""
    counted = count(parts, sheet.part)
    reader = _Reader(book, sheet, texts, target, counted.merged)
    parser = stream_parser(reader.start, reader.end, reader.text)
    for segment, may_be_plain in segments(parts.chunks(sheet.part)):
        # What expat sees is the sheet without its plain rows: whole elements, so it is XML still.
        if not (may_be_plain and reader.is_in_rows and reader.takes(segment)):
            feed(parser, segment, sheet.part)
        if most_rows is not None and reader.row_number > most_rows:
            return reader.found
    feed(parser, b"", sheet.part, is_last=True)
    if (reader.rows, reader.cells) != (counted.rows, counted.cells):
        # Some programs break lines inside tags.
        counted = count(parts, sheet.part, _ENDS)
    reader.check(counted)
    return reader.found


def count(parts: Parts, part: str, ends: tuple[bytes, ...] = _USUAL_ENDS) -> Counted:
    """Rows, cells and merged cells by their tags alone, which are those whose name `ends` end."""
    rows = cells = 0
    prefixes: list[bytes] = []
    held, tail, is_over = b"", b"", False
    for chunk in parts.chunks(part):
        piece = held + chunk
        if not prefixes:
            prefixes = [found[1] + b":" if found[1] else b"" for found in _PREFIX.finditer(piece)] or [b""]
        # A tag that is cut in two by the end of the piece is counted with the next one.
        cut = piece.rfind(b"<") if piece.rfind(b">") < piece.rfind(b"<") else len(piece)
        piece, held = piece[:cut], piece[cut:]
        if not is_over:
            for prefix in set(prefixes):
                cells += sum(piece.count(b"<" + prefix + b"c" + end) for end in ends)
                rows += sum(piece.count(b"<" + prefix + b"row" + end) for end in ends)
        is_over = is_over or b"mergeCell" in piece
        if is_over:
            tail += piece[-_TAIL:] if not tail else piece
            if len(tail) > _TAIL:
                raise Refused(f"has more than {MOST_MERGED:,} merged cells; save the sheet as CSV UTF-8")
    return Counted(rows, cells, tuple(_merged(tail)))


def _merged(tail: bytes) -> list[Merged]:
    found = []
    for left, top, right, bottom in _MERGED.findall(tail):
        found.append(Merged(
            column_position(left.decode()), int(top), column_position(right.decode()), int(bottom)
        ))
    if len(found) > MOST_MERGED:
        raise Refused(f"has {len(found):,} merged cells; save the sheet as CSV UTF-8")
    return found


_COLUMNS: dict[str, int] = {}
"""Letters of columns that were met, with their positions: a sheet has at most 18,278."""
_TRUTH = {"1": "TRUE", "true": "TRUE", "0": "FALSE", "false": "FALSE"}


class _Reader:
    """What expat calls. Attributes of a cell are kept until it ends; its text is what `v` or `is` holds."""

    def __init__(
        self, book: XlsxBook, sheet: XlsxSheet, texts: list[str], target: SheetCsv, merged: tuple[Merged, ...]
    ) -> None:
        self.found = Found()
        self.row_number = self.rows = self.cells = self.merged_count = 0
        self._book, self._texts, self._target = book, texts, target
        self._merged = MergedTexts(merged)
        self._row: list[str] = []
        self._texts_of_row: set[int] = set()
        self._percent: set[int] = set()
        self._plain: set[int] = set()
        self._kinds = {str(style): kind for style, kind in enumerate(book.kinds)}
        self._plain_styles = {"", *(style for style, kind in self._kinds.items() if kind == PLAIN)}
        self._row_label = ""
        self.is_in_rows = False
        self._space = ""
        self._cell = self._value = self._inline = self._formula = self._row_name = self._rows_name = ""
        self._attributes: dict[str, str] = {}
        self._written = ""
        self._has_value = self._has_formula = self._is_inside = False
        self._gatherer = TextGatherer()
        self._is_inline = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == self._cell:
            self._attributes = attributes
            self._written = ""
            self._has_value = self._has_formula = False
            self.cells += 1
        elif name == self._value:
            self._has_value = self._is_inside = True
        elif name == self._formula:
            self._has_formula = True
        elif name == self._row_name:
            self._start_row(attributes)
        elif name == self._inline:
            self._is_inline = True
        elif self._is_inline:
            self._gatherer.start(name, attributes)
        elif not self._space:
            self._start_sheet(name)
        else:
            self._start_other(name, attributes)

    def text(self, piece: str) -> None:
        if self._is_inside:
            self._written += piece
        elif self._is_inline:
            self._gatherer.text(piece)

    def end(self, name: str) -> None:
        if name == self._cell:
            self._end_cell()
        elif name == self._value:
            self._is_inside = False
        elif name == self._row_name:
            self._end_row()
        elif name == self._inline:
            self._is_inline = False
            self._written = unescaped(self._gatherer.take())
        elif self._is_inline:
            self._gatherer.end(name)
        elif name == self._rows_name:
            self.is_in_rows = False

    def check(self, counted: Counted) -> None:
        """Raises Damaged where the bytes told of other numbers."""
        here = (self.rows, self.cells, self.merged_count)
        there = (counted.rows, counted.cells, len(counted.merged))
        if here != there:
            raise Damaged(
                f"counted in two ways, a sheet has {here[0]:,} and {there[0]:,} rows, "
                f"{here[1]:,} and {there[1]:,} cells, {here[2]:,} and {there[2]:,} merged ones"
            )
        self.found.filled_merged = self._merged.filled
        self.found.percent_columns = sorted(self._percent - self._plain)

    def _start_sheet(self, name: str) -> None:
        space, _, element = name.rpartition(" ")
        if space not in (MAIN, STRICT) or element != "worksheet":
            raise Damaged("a sheet is of a kind that is not known")
        self._space = space
        self._cell, self._value, self._inline, self._formula, self._row_name, self._rows_name = (
            f"{space} {short}" for short in ("c", "v", "is", "f", "row", "sheetData")
        )

    def _start_row(self, attributes: dict[str, str]) -> None:
        self.rows += 1
        number = attributes.get("r")
        row = self.row_number + 1 if number is None else int(number) if number.isdecimal() else 0
        if row <= self.row_number:
            raise Damaged(f"row {number} stands after row {self.row_number}")
        self.row_number, self._row_label = row, str(row)
        self._row = []
        self._texts_of_row.clear()
        if attributes.get("hidden") in ("1", "true") or attributes.get("ht") == "0":
            self.found.hidden_rows.append(row)

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(" ")[2]
        if element == "sheetData":
            self.is_in_rows = True
        elif element == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = (int(attributes.get(end, "1")) for end in ("min", "max"))
            self.found.hidden_columns.extend(range(first - 1, min(last, 16_384)))
        elif element == "mergeCell":
            self.merged_count += 1

    def _end_cell(self) -> None:
        attributes, row = self._attributes, self._row
        reference = attributes.get("r")
        if reference is None:
            column = len(row)
        else:
            letters = reference.rstrip("0123456789")
            column = self._column(letters, reference[len(letters):])
        text = ""
        if self._has_value or self._has_formula or self._written:
            if self._has_formula and not self._written and (attributes.get("t") != "str" or not self._has_value):
                text = self._without_value(column)
            else:
                text = self._text(
                    column, attributes.get("t", "n"), self._written, attributes.get("s", ""),
                    has_formula=self._has_formula,
                )
        if column > len(row):
            row.extend([""] * (column - len(row)))
        row.append(text)

    def takes(self, segment: bytes) -> bool:
        """Reads a row without expat, if it is a plain one."""
        plain = plain_row(segment)
        if plain is None:
            return False
        attributes, cells = plain
        self._start_row(attributes)
        self.cells += len(cells)
        row, simple, kinds, seen = self._row, is_simple, self._plain_styles, self._plain
        for letters, number, style, kind, formula, value, inline in cells:
            column = self._column(letters, number)
            if column > len(row):
                row.extend([""] * (column - len(row)))
            if not value and not inline:
                row.append("")
            elif not formula and kind in ("", "n") and style in kinds and simple(value):
                seen.add(column)
                row.append(value)
            else:
                written = unescaped(inline) if kind == "inlineStr" else value
                row.append(self._text(column, kind or "n", written, style, has_formula=bool(formula)))
        self._end_row()
        return True

    def _column(self, letters: str, row: str) -> int:
        column = _COLUMNS.get(letters)
        if column is None:
            try:
                column = _COLUMNS[letters] = column_position(letters)
            except ValueError:
                raise Damaged(f"a cell is called {letters[:20] + row[:20]!r}") from None
        if row != self._row_label:
            raise Damaged(f"cell {letters}{row} stands in row {self.row_number}")
        if column < len(self._row):
            raise Damaged(f"cell {letters}{row} stands after column {column_name(len(self._row) - 1)}")
        return column

    def _without_value(self, column: int) -> str:
        self.found.without_value.append(f"{column_name(column)}{self.row_number}")
        return NOT_CALCULATED

    def _text(self, column: int, kind: str, written: str, style: str, *, has_formula: bool) -> str:
        if kind == "n":
            # Whoever leaves formulas to Excel (fullCalcOnLoad) puts a 0 in place of every value.
            if has_formula and written == "0" and self._book.is_uncalculated:
                return self._without_value(column)
            return self._number(written, style, column) if written else ""
        if kind == "s":
            self._texts_of_row.add(column)
            try:
                return self._texts[int(written)]
            except (ValueError, IndexError):
                raise self._damaged_cell(column, f"refers to text {written[:40]!r}, which is not there") from None
        if kind == "e":
            if written == NOT_AVAILABLE:
                return ""
            self.found.errors.append(f"{column_name(column)}{self.row_number}")
            return quoted(written)
        if kind == "b":
            return _TRUTH.get(written) or quoted(written)
        self._texts_of_row.add(column)
        if kind == "inlineStr":
            return quoted(written)
        if kind == "d":
            return quoted(iso_text(written))
        if kind == "str":
            return quoted(unescaped(written))
        raise self._damaged_cell(column, f"is of the kind {kind[:40]!r}, which is not known")

    def _number(self, written: str, style: str, column: int) -> str:
        kind = self._kinds.get(style, PLAIN)
        try:
            if kind == DATE:
                self._texts_of_row.add(column)
                return date_text(written, is_1904=self._book.is_1904)
            if kind == PERCENT:
                self._percent.add(column)
                return percent_text(written)
            self._plain.add(column)
            return number_text(written)
        except (ValueError, OverflowError):
            raise self._damaged_cell(column, f"holds {written[:40]!r} as a number") from None

    def _damaged_cell(self, column: int, what: str) -> Damaged:
        return Damaged(f"cell {column_name(column)}{self.row_number} {what}")

    def _end_row(self) -> None:
        self._merged.fill(self.row_number, self._row, self._texts_of_row)
        self._target.row(self.row_number, self._row)

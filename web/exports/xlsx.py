"""The tables of a page as an Excel workbook: a sheet for each, and one that says what they are.

Rows go to disk as they come, so that a million of them need no memory. Excel keeps numbers as binary
floats: beyond fifteen digits cents are lost, in CSV and API they are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from domain.errors import Refused
from domain.spreadsheets import harmless
from web.exports.about import About
from web.exports.plain_values import number, plain, unwrapped
from web.figures.formats import COUNT, MONEY, PERCENT, RATE
from web.figures.sheets import MONTH, TEXT, Sheet, Value

MOST_ROWS = 1_048_575
"""Of one sheet, below its headings."""
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
WIDEST = 60
NARROWEST = 9
MEASURED_ROWS = 1000
"""So many rows say how wide a column must be."""

NUMBER_FORMATS = {MONEY: "#,##0.00", PERCENT: "0.0%", MONTH: "yyyy-mm", RATE: "0.0000######"}
MONTH_HEADINGS = ("mmm yyyy", 'mmm yyyy "(in progress)"')
"""How a month is written that heads a column: one that is over, and one that is not."""
WHOLE, PARTS = "#,##0", "#,##0.##"
"""Counts: pieces, and parts of pieces, which are rare."""


@dataclass(frozen=True)
class _Formats:
    heading: Format
    number_heading: Format
    month_headings: tuple[Format, Format]
    label: Format
    by_pattern: dict[str, Format]


def write_xlsx(out: BinaryIO, sheets: Iterable[Sheet], about: About, *, folder: Path) -> int:
    """Writes the workbook, with scratch files in `folder`, and returns how many rows there were. Raises
    Refused if a table has more rows or columns than Excel takes."""
    sheets = list(sheets)
    counts = [sheet.count() for sheet in sheets]
    for sheet, count in zip(sheets, counts, strict=True):
        if count > MOST_ROWS:
            raise Refused(f"{sheet.title} has more rows than Excel takes ({MOST_ROWS:,}); take .csv instead")
        if len(sheet.columns) > MOST_COLUMNS:
            raise Refused(f"{sheet.title} has more columns than Excel takes ({MOST_COLUMNS:,}); take .csv instead")
    # A sheet without a row would only be turned to and away from; what is left out is named.
    shown = [sheet for sheet, count in zip(sheets, counts, strict=True) if count] or sheets[:1]
    missing = [sheet.title for sheet, count in zip(sheets, counts, strict=True) if not count]
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "tmpdir": str(folder)})
    try:
        book.set_properties({"title": about.title, "comments": about.in_a_line, "created": about.exported})
        formats = _formats(book)
        names = _sheet_names([sheet.title for sheet in shown])
        rows = sum(
            _write_sheet(book.add_worksheet(name), sheet, formats) for name, sheet in zip(names, shown, strict=True)
        )
        _write_about(book.add_worksheet("About"), about, missing, formats)
    finally:
        # After an error too: the open scratch files go with it.
        _close(book)
    return rows


def _close(book: xlsxwriter.Workbook) -> None:
    try:
        book.close()
    except FileCreateError as error:
        # What it wraps says whether the disk is full.
        raise error.args[0] from None


def _formats(book: xlsxwriter.Workbook) -> _Formats:
    heading = {"bold": True, "bottom": 1, "valign": "top"}
    return _Formats(
        heading=book.add_format(heading),
        number_heading=book.add_format({**heading, "align": "right"}),
        month_headings=tuple(
            book.add_format({**heading, "align": "right", "num_format": pattern}) for pattern in MONTH_HEADINGS
        ),
        label=book.add_format({"bold": True, "valign": "top"}),
        by_pattern={
            pattern: book.add_format({"num_format": pattern})
            for pattern in (*NUMBER_FORMATS.values(), WHOLE, PARTS)
        },
    )


def _write_sheet(to: Worksheet, sheet: Sheet, formats: _Formats) -> int:
    to.freeze_panes(1, 0)
    widths = []
    for place, column in enumerate(sheet.columns):
        if column.month:
            # What follows the month in the heading is part of how the date is written.
            mark = column.name.partition("(")[2]
            to.write_datetime(0, place, column.month, formats.month_headings[bool(mark)])
        else:
            heading = formats.heading if column.kind in (TEXT, MONTH) else formats.number_heading
            to.write_string(0, place, _cell_text(column.name), heading)
        widths.append(len(column.name))
    rows = 0
    for row in sheet.read():
        rows += 1
        for place, (value, column) in enumerate(zip(row, sheet.columns, strict=True)):
            _write_cell(to, rows, place, value, column.kind, formats)
            if rows <= MEASURED_ROWS:
                widths[place] = max(widths[place], _width(value, column.kind))
    if rows:
        to.autofilter(0, 0, rows, len(sheet.columns) - 1)
    for place, width in enumerate(widths):
        to.set_column(place, place, min(max(width + 2, NARROWEST), WIDEST))
    return rows


def _write_cell(to: Worksheet, row: int, place: int, value: Value, kind: str, formats: _Formats) -> None:
    value, kind = unwrapped(value, kind)
    if value is None or value == "":
        return
    if kind == TEXT:
        to.write_string(row, place, _cell_text(str(value)))
    elif kind == MONTH:
        to.write_datetime(row, place, value, formats.by_pattern[NUMBER_FORMATS[MONTH]])
    else:
        found = number(value, kind)
        pattern = NUMBER_FORMATS.get(kind) or (WHOLE if found == found.to_integral_value() else PARTS)
        to.write_number(row, place, found, formats.by_pattern[pattern])


def _width(value: Value, kind: str) -> int:
    """Characters; separators of thousands come on top of the digits."""
    value, kind = unwrapped(value, kind)
    length = len(plain(value, kind) or "")
    return length * 4 // 3 + 1 if kind in (MONEY, COUNT) else length


def _write_about(to: Worksheet, about: About, missing: list[str], formats: _Formats) -> None:
    to.set_column(0, 0, 16)
    to.set_column(1, 1, WIDEST)
    lines = (*about.lines, *([("Without rows", ", ".join(missing))] if missing else []))
    for row, (label, words) in enumerate(lines):
        to.write_string(row, 0, label, formats.label)
        to.write_string(row, 1, _cell_text(words))


def _cell_text(text: str) -> str:
    """Text as a cell takes it. XlsxWriter writes what looks like its own rich text as XML, unescaped: a
    space at the end makes it a text again."""
    text = harmless(text)[:LONGEST_TEXT - 1]
    return text + " " if text.startswith("<r>") else text


def _sheet_names(titles: list[str]) -> list[str]:
    """Excel's rules: at most 31 characters, none of []:*?/\\, no apostrophe at the ends, and no two alike."""
    names: list[str] = []
    for title in titles:
        name = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip("' ")[:31] or "Table"
        taken = {"about", "history", *(other.lower() for other in names)}
        number = 2
        while name.lower() in taken:
            name = f"{name[:27]} {number}"
            number += 1
        names.append(name.strip("' "))
    return names

"""A table as CSV that a spreadsheet opens and `pandas.read_csv` reads without options.

UTF-8 with a byte order mark (Excel takes anything else for the local code page), commas, CRLF, RFC 4180.
The first line holds the headings and every other line is a row. Selection, generation and times stand
in columns of their own at the end of each row, not in lines above: so the file stays a plain table,
and rows of several files that are put together still say where they come from.
"""

from __future__ import annotations

import csv
import io
from typing import BinaryIO

from domain.spreadsheets import harmless
from web.exports.about import About
from web.exports.plain_values import moment, plain
from web.figures.sheets import TEXT, Column, Row, Sheet

ORIGIN = ("Selection", "Generation", "Published", "Exported")
"""Headings of the last columns."""


def write_csv(out: BinaryIO, sheet: Sheet, about: About) -> int:
    """Writes the table row by row, and returns how many rows there were."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    origin = (
        harmless(about.in_a_line), str(about.generation), moment(about.published), moment(about.exported)
    )
    writer.writerow([*(harmless(column.name) for column in sheet.columns), *ORIGIN])
    rows = 0
    for row in sheet.read():
        writer.writerow([*_cells(row, sheet.columns), *origin])
        rows += 1
    text.flush()
    text.detach()
    return rows


def _cells(row: Row, columns: tuple[Column, ...]) -> list[str]:
    return [_cell(value, column.kind) for value, column in zip(row, columns, strict=True)]


def _cell(value, kind: str) -> str:
    text = plain(value, kind)
    if text is None:
        return ""
    own = getattr(value, "kind", kind)
    return harmless(text) if own == TEXT else text

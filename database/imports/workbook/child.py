"""The process that reads a workbook: `python -m database.imports.workbook.child FILE FOLDER [NUMBER]`.

With a number it writes that sheet whole, as FOLDER/NUMBER.csv. Without one it writes the first rows of each sheet that
is shown, or a single one whole. What it found is told as JSON on its standard output. It limits itself before it opens
the file.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from database.imports.workbook.container import ODS, XLS, Parts, kind_of
from database.imports.workbook.found import Found, SheetName
from database.imports.workbook.limits import MEMORY, limit_this_process
from database.imports.workbook.sheet_csv import SheetCsv
from domain.errors import Refused

HEAD_ROWS = 60
"""So many rows are written to look for headings in."""
_LISTED = 5


class Book(Protocol):
    """What each kind of workbook is read by."""

    sheets: tuple[SheetName, ...]

    def read(self, number: int, target: SheetCsv, most_rows: int | None = None) -> Found:
        """Writes the rows, or the first `most_rows` of them, of sheet `number`, counted from 0."""


def main() -> None:
    """Reads, and prints one line of JSON."""
    limit_this_process()
    path, folder = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        told = read(path, folder, int(sys.argv[3]) if len(sys.argv) > 3 else None)
    except Refused as error:
        told = {"refused": str(error)}
    except MemoryError:
        told = {"refused": f"needs more than {MEMORY >> 20} MiB of memory to be read; save the sheet as CSV UTF-8"}
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        told = {"full": f"{folder.parent} has no room for its unpacked sheet"}
    print(json.dumps(told))  # noqa: T201 this is how it answers


def read(path: Path, folder: Path, number: int | None) -> dict:
    """The sheets, and what was found in those that were read."""
    with _open(path) as book:
        wanted = [number] if number is not None else [
            place for place, sheet in enumerate(book.sheets) if sheet.is_table and sheet.is_shown
        ]
        most_rows = None if len(wanted) == 1 else HEAD_ROWS
        return {
            "is_whole": most_rows is None,
            "sheets": [[sheet.name, sheet.is_table, sheet.is_shown] for sheet in book.sheets],
            "read": {place: _write(book, place, folder, most_rows) for place in wanted},
        }


def _write(book: Book, number: int, folder: Path, most_rows: int | None) -> dict:
    with SheetCsv(folder / f"{number}.csv") as target:
        found = book.read(number, target, most_rows)
        target.finish()
    return {
        "rows": target.rows, "filled": target.filled, "notes": found.notes(target.rows, target.width),
        "percent_columns": found.percent_columns,
        "without_value": found.without_value[:_LISTED], "without_value_count": len(found.without_value),
        "errors": found.errors[:_LISTED], "error_count": len(found.errors),
    }


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Book]:
    kind = kind_of(path)
    if kind == XLS:
        # Here, so that nobody else needs the library.
        from database.imports.workbook.xls import XlsBook

        yield XlsBook(path)
        return
    with Parts(path) as parts:
        if kind == ODS:
            from database.imports.workbook.ods import OdsBook

            yield OdsBook(parts)
        else:
            from database.imports.workbook.xlsx import XlsxWorkbook

            yield XlsxWorkbook(parts)


if __name__ == "__main__":
    main()

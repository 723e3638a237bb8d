"""A path -> the text that is read: the file's own, or what a sheet of a workbook became."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from database.imports.csv_file import TextFile, open_csv
from database.imports.numbers import WITHOUT_VALUE
from database.imports.scan import check_unchanged, scan, sha256_of, status_of
from database.imports.workbook.container import starts_like_a_workbook
from database.imports.workbook.sheet import Sheet, open_sheet
from domain.errors import Refused


@contextlib.contextmanager
def open_text(
    path: Path, called: str = "", *, sheet: str | None = None, encoding: str | None = None,
    is_known: Callable[[TextFile], bool],
) -> Iterator[TextFile]:
    """Yields a CSV file as it is, and of a workbook the sheet named `sheet`, or the first that `is_known`. Raises
    Refused for what is neither, for a file that changed meanwhile, and where `sheet` is given for no workbook."""
    name = called or path.name
    if _is_workbook(path):
        with _open_workbook(path, name, sheet, is_known) as text:
            yield text
        return
    if sheet is not None:
        raise Refused(f"{name}: is no workbook, so there is no sheet {sheet!r} in it; leave --sheet out")
    with open_csv(path, called, encoding=encoding) as text:
        yield text


def _is_workbook(path: Path) -> bool:
    """What cannot be read is none: opening it as text says why."""
    try:
        with path.open("rb") as file:
            return starts_like_a_workbook(file.read(8))
    except OSError:
        return False


@contextlib.contextmanager
def _open_workbook(
    path: Path, name: str, wanted: str | None, is_known: Callable[[TextFile], bool]
) -> Iterator[TextFile]:
    before, sha256 = status_of(path, name), sha256_of(path)

    def is_known_head(head: Path) -> bool:
        return is_known(_text_of(Sheet(head, "", 0), name, ""))

    with open_sheet(path, name, sheet=wanted, is_known=is_known_head) as sheet:
        try:
            yield _text_of(sheet, name, sha256)
        except Refused as error:
            if not sheet.without_value or any(WITHOUT_VALUE in words for words in (str(error), *error.faults)):
                raise
            raise Refused(str(error), (*error.faults, _without_value_words(sheet))) from None
        check_unchanged(path, before, name)


def _text_of(sheet: Sheet, name: str, sha256: str) -> TextFile:
    """The sheet's text. Another sheet of the same workbook is another file: each may be imported once."""
    found = scan(sheet.path, name)
    return TextFile(
        name, sheet.path, hashlib.sha256(f"{sha256} {sheet.name}".encode()).hexdigest(), found.lines,
        found.has_quotes, sheet.path.parent, sheet=sheet.name, notes=sheet.notes,
        delimiter=",", percent_columns=frozenset(sheet.percent_columns),
    )


def _without_value_words(sheet: Sheet) -> str:
    count = sheet.without_value_count
    cells = ", ".join(sheet.without_value) + (" …" if count > len(sheet.without_value) else "")
    formulas = "a formula has" if count == 1 else f"{count:,} formulas have"
    return (
        f"sheet {sheet.name}: {formulas} no value ({cells}), as in a workbook that a program wrote; open it in Excel, "
        "save it once, and import it again (in LibreOffice: Data, Calculate, Recalculate Hard, before it is saved)"
    )

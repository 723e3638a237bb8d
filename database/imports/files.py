"""A path -> an import: look it over, recognise its format, stage it, import it, tell the log."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import ModuleType

import duckdb
import sqlalchemy as sa

from database.engines.ports import Store
from database.imports import long, overheads, sku_map, tidy, unit_costs, wide
from database.imports.amazon import (
    advertising,
    business,
    listings,
    orders,
    settlement,
    storage,
    transactions,
)
from database.imports.batch import refuse_same_bytes, take_in
from database.imports.csv_file import CsvFile, TextFile
from database.imports.currencies import Currencies
from database.imports.faults import shown
from database.imports.head import LINES, Head, Headings, Record, head_text
from database.imports.known_reports import known_report
from database.imports.line_batch import LineFile, take_in_lines
from database.imports.line_currencies import settle_line_currencies
from database.imports.opening import open_text
from database.imports.overhead_batch import take_in_overheads
from database.imports.report import ImportReport
from database.imports.staging import ImportOptions, Staged
from database.imports.told_words import with_told_words, words_told
from domain.errors import LegoError, Refused

FORMATS: dict[str, ModuleType] = {module.FORMAT: module for module in (
    settlement, transactions, advertising, business, storage, listings, orders, unit_costs, sku_map, overheads, long,
    tidy, wide,
)}
_TAKES = {LineFile: take_in_lines, overheads.OverheadFile: take_in_overheads}
"""What takes in a file that is more than facts."""
AUTO = "auto"
NEAREST, SHOWN_LINES, SHOWN_CELLS = 3, 5, 12
"""How much is shown of a file of no known format."""
_DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs"}
MEMORY = 704
"""MiB that DuckDB may use for an import before it spills to disk: the process stays below 1 GiB with it."""


def import_file(
    store: Store, path: Path, options: ImportOptions, *, file_format: str = AUTO, called: str = "",
    progress: Callable[[str], None] = lambda stage: None,
) -> ImportReport:
    """Takes one file in, all or nothing; the caller holds `store.lock()`. `progress` is told what begins;
    `called` is the file's name for people, where it lies under another one. Raises Refused with every fault."""
    try:
        with store.facts() as connection, store.facts_room.scratch(connection) as scratch:
            scratch.execute(f"SET memory_limit = '{min(store.settings.database.memory, MEMORY)}MiB'")
            progress("looking it over")
            with open_text(
                path, called, sheet=options.sheet, encoding=options.encoding,
                is_known=lambda text: is_of_known_format(text, file_format),
            ) as text:
                refuse_same_bytes(connection, text.sha256, text.name)
                progress("reading its cells")
                staged = stage(
                    scratch, text, options, file_format=file_format, currency=store.settings.dashboard.currency,
                    recall=partial(with_told_words, connection),
                )
            progress("writing its facts")
            take = _TAKES.get(type(staged), take_in)
            return take(store, connection, scratch, staged, options)
    except sa.exc.DBAPIError as error:
        name, words = called or path.name, " ".join(str(error.orig).split())[:200]
        raise LegoError(f"{name}: the database refused it ({words}); nothing was imported; try again") from error


def stage(
    scratch: duckdb.DuckDBPyConnection, text: TextFile, options: ImportOptions, *, file_format: str, currency: str,
    recall: Callable[[str, ImportOptions], ImportOptions] = lambda report, options: options,
) -> Staged | LineFile | overheads.OverheadFile:
    """Reads the file's cells by its format, found by its headings if `file_format` is auto. `recall` adds to the
    options what was told before of words of that format."""
    module, file = _recognised(text, _chosen(file_format))
    told = recall(module.FORMAT, options)
    currencies = Currencies(currency, file.name)
    staged = module.stage(scratch, file, told, currencies)
    if isinstance(staged, LineFile):
        staged = settle_line_currencies(scratch, staged, told, currencies)
    return dataclasses.replace(
        staged, notes=(*text.notes, *_notes(file), *staged.notes),
        read_as=(*_read_as(file), *words_told(options, told), *staged.read_as),
    )


def is_of_known_format(text: TextFile, file_format: str = AUTO) -> bool:
    """Whether its headings are those of a format, or of this one."""
    is_known = _found(text, _chosen(file_format)) is not None
    return is_known or any(map(known_report, text.heads))


def _chosen(file_format: str) -> dict[str, ModuleType]:
    return FORMATS if file_format == AUTO else {file_format: FORMATS[file_format]}


def _found(text: TextFile, formats: dict[str, ModuleType]) -> tuple[ModuleType, Head, Headings] | None:
    for head in text.heads:
        for module in formats.values():
            headings = module.find_headings(head)
            if headings is not None:
                return module, head, headings
    return None


def _recognised(text: TextFile, formats: dict[str, ModuleType]) -> tuple[ModuleType, CsvFile]:
    if not any(head.records for head in text.heads):
        words = f"nothing stands in its first {LINES} lines, where headings are looked for; delete them"
        raise Refused(f"{text.name}: {words}")
    if len(formats) > 1:
        _refuse_known_report(text)
    found = _found(text, formats)
    if found is not None:
        module, head, headings = found
        return module, text.below(head, headings)
    if len(formats) == 1:
        # The format was named by a person: it tells itself what its headings lack.
        (module,), head = formats.values(), text.heads[0]
        return module, text.below(head, module.nearest_headings(head))
    _refuse_other_kind(text)
    raise Refused(
        f"{text.name}: its headings are those of no known format; nothing was imported",
        (*_nearest(text, formats), *_as_understood(text.heads[0])),
    )


def _refuse_known_report(text: TextFile) -> None:
    report = next(filter(None, map(known_report, text.heads)), None)
    if report is not None:
        raise Refused(f"{text.name}: is Amazon's {report.name}, which cannot be imported; {report.instead}")


def _refuse_other_kind(text: TextFile) -> None:
    """Texts that are no tables, or whose cells stand between other signs."""
    start = head_text(text.path, text.name).lstrip()
    first = text.heads[0].records[0].cells
    if re.match(r"<(!doctype html|html|head|body|table|meta|style)\b", start, re.IGNORECASE):
        words = "is a web page (HTML), as some programs save under .xls; open it and save it as .xlsx"
        raise Refused(f"{text.name}: {words}")
    if start.startswith("<"):
        raise Refused(f"{text.name}: is XML; open it in a spreadsheet and save it as .xlsx, or export it as CSV")
    if re.match(r'\[?\s*\{\s*"', start):
        raise Refused(f"{text.name}: is JSON; export it as CSV")
    if len(first) == 1 and (sign := next((sign for sign in "|^~:" if first[0].count(sign) > 1), "")):
        words = f"its cells stand between {sign}; save it with commas, semicolons or tabs between them"
        raise Refused(f"{text.name}: {words}")


def _nearest(text: TextFile, formats: dict[str, ModuleType]) -> list[str]:
    """The formats that the file comes nearest to, most of whose headings it has, and what each lacks."""
    found = []
    for name, module in formats.items():
        needed = len(module.lacking(Record(("",), 1, 1)))
        count, line, lacking = min(
            (len(module.lacking(record)), record.last_line, module.lacking(record))
            for head in text.heads if head.records for record in head.records
        )
        found.append((count - needed, count, f"{name} (line {line}) lacks {', '.join(lacking)}"))
    return [words for _, _, words in sorted(found, key=itemgetter(0, 1))[:NEAREST]]


def _as_understood(head: Head) -> Iterator[str]:
    for record in head.records[:SHOWN_LINES]:
        yield f"line {record.first_line} was read as {' | '.join(shown(cell) for cell in record.cells[:SHOWN_CELLS])}"


def _read_as(file: CsvFile) -> Iterator[str]:
    if not file.text.sheet:
        yield file.text.encoding
        yield f"cells between {_DELIMITERS[file.delimiter]}"
    yield f"headings in {_lines_words(file, file.headings[0].first_line, file.last_heading_line)}"


def _lines_words(file: CsvFile, first: int, last: int) -> str:
    kind = "row" if file.text.sheet else "line"
    return f"{kind} {first}" if first == last else f"{kind}s {first} to {last}"


def _notes(file: CsvFile) -> Iterator[str]:
    """What a person should know of how the file was understood."""
    if file.above:
        lines = _lines_words(file, file.above[0].first_line, file.above[-1].last_line)
        words = ", ".join(shown(" ".join(filter(None, dict.fromkeys(record.cells)))) for record in file.above[:3])
        yield f"{lines} above the headings: {words}{' …' if len(file.above) > 3 else ''}"
    if file.below:
        lines = _lines_words(file, file.below[0][0], file.below[-1][0])
        words = ", ".join(shown(note) for _, note in file.below[:3])
        yield f"{lines} below the table left out: {words}{' …' if len(file.below) > 3 else ''}"

"""The long format: one fact per line, columns asin, brand, category, marketplace, metric, month, value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import duckdb

from database.imports.cells import FIELDS, Cell, CellSource, gather_cells, refuse_twice
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies, check_currencies
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.staging import ImportOptions, Skipped, Staged
from domain.spelling import name_key

FORMAT = "long"
_NEEDED = ("asin", "marketplace", "metric", "month", "value")


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a long file stand, if this is one."""
    for number, record in enumerate(head.records):
        if {"asin", "metric", "value"} <= set(record.keys):
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a long file needs."""
    return Headings(max(range(len(head.records)), key=lambda n: len(set(_NEEDED) & set(head.records[n].keys))))


def lacking(record: Record) -> list[str]:
    """The columns of a long file that are not among a record's cells."""
    return [field for field in _NEEDED if field not in record.keys]


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> Staged:
    """Reads a long file into TEMP table `staged`. Raises Refused with every fault found."""
    headings = file.headings[0].cells
    positions = _positions(file, headings, options)
    source = CellSource(
        file=file, query=_query(file, headings, positions, options),
        cells_of=lambda record: _cells(record, headings, positions),
        facts_of=lambda record: _facts(record, headings, positions),
        unread=tuple(number for number, name in enumerate(headings) if name_key(name) not in FIELDS),
    )
    gathered = gather_cells(scratch, source, options)
    refuse_twice(scratch, source, gathered.months)
    unknown = [name for name in headings if name_key(name) not in FIELDS]
    return Staged(
        format=FORMAT, file_name=file.name, sha256=file.sha256,
        currencies=check_currencies(currencies, options, gathered.named_currencies, gathered.style.symbols),
        symbols=gathered.style.symbols, skipped_columns=tuple(unknown),
        skipped=(Skipped("rows without a value", gathered.blank),) if gathered.blank else (),
        warnings=tuple(_unknown_words(name) for name in unknown),
        rows_read=gathered.rows, cells_read=gathered.rows, rounded=gathered.style.rounded, products="staged_product",
    )


def _positions(file: CsvFile, headings: tuple[str, ...], options: ImportOptions) -> dict[str, int]:
    faults, positions, line = [], {}, file.headings[0].first_line
    for number, name in enumerate(headings):
        field = name_key(name)
        if field in positions:
            faults.append(Fault("this heading stands there twice", line, name))
        elif field in FIELDS:
            positions[field] = number
    faults += [Fault(f"the column {field} is missing", line) for field in _NEEDED if field not in positions]
    if "brand" not in positions and options.brand is None:
        faults.append(Fault("the column brand is missing; add it, or give --brand NAME", line))
    if faults:
        raise file.refusal(faults)
    return positions


def _query(file: CsvFile, headings: tuple[str, ...], positions: dict[str, int], options: ImportOptions) -> str:
    columns = [
        f"c{positions[field]} AS {field}" if field in positions else f"NULL::VARCHAR AS {field}" for field in FIELDS
    ]
    if "brand" not in positions:
        columns[FIELDS.index("brand")] = "'" + options.brand.replace("'", "''") + "' AS brand"
    return f"SELECT {', '.join(columns)} FROM {file.reader()}"


def _cells(record: list[str], headings: tuple[str, ...], positions: dict[str, int]) -> Iterator[Cell]:
    for field, number in positions.items():
        yield Cell(field, headings[number], record[number], position=number)


def _facts(
    record: list[str], headings: tuple[str, ...], positions: dict[str, int]
) -> Iterator[tuple[str, str, str, str, str]]:
    asin, marketplace, metric, month, _ = (record[positions[field]] for field in _NEEDED)
    yield asin, marketplace, metric, month, headings[positions["value"]]


def _unknown_words(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), FIELDS, n=1, cutoff=0.6)
    return f"column {name!r} is not known and was not read" + (f"; did you mean {near[0]}?" if near else "")

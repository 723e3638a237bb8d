"""The long format: one fact per line, columns asin, brand, category, marketplace, metric, month, value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

import duckdb

from database.imports.by_product import Columns, stage_table
from database.imports.cell_source import FIELDS, Cell, CellSource, FactCell
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.identifiers import (
    HEADINGS,
    LABELS,
    PRODUCT_ID,
    currency_of_row,
    find_identifiers,
    key_of,
    marketplace_of,
    names_product,
    naming,
    sql_of,
)
from database.imports.staging import ImportOptions, Staged
from domain.metrics import read_metric
from domain.spelling import name_key

FORMAT = "long"
COLUMNS = ("asin", "brand", "category", "marketplace", "metric", "month", "value")
"""In the order in which people expect them; any other does as well."""
_NEEDED = ("asin", "marketplace", "metric", "month", "value")
_OWN = ("metric", "month", "value")


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a long file stand, if this is one."""
    for number, record in enumerate(head.records):
        if {"metric", "value"} <= set(record.keys) and names_product(record.keys):
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
    unread = tuple(number for number in range(len(headings)) if number not in positions.values())
    numbered = f"(SELECT row_number() OVER () AS record, * FROM {file.reader()})"
    source = CellSource(
        file=file, query=_query(file.reader(), positions, options), unread=unread,
        numbered=_query(numbered, positions, options, "record"),
        cells_of=lambda record: _cells(record, headings, positions, options),
        facts_of=lambda record: _facts(record, headings, positions, options),
        naming=naming(headings, positions, options),
    )
    told = {name_key(name) for name in options.skip_columns}
    unknown = [headings[number] for number in unread if headings[number]]
    return stage_table(
        scratch, source, options, currencies, file_format=FORMAT, blank="rows without a value",
        columns=Columns({}, tuple(unknown), warnings=tuple(
            _unknown_words(name) for name in unknown if name_key(name) not in told
        )),
    )


def _positions(file: CsvFile, headings: tuple[str, ...], options: ImportOptions) -> dict[str, int]:
    line = file.headings[0].first_line
    positions, faults = find_identifiers(headings, line=line)
    for number, name in enumerate(headings):
        field = name_key(name)
        if field in _OWN and field in positions:
            faults.append(Fault("this heading stands there twice", line, name))
        elif field in _OWN:
            positions[field] = number
    told = {"brand": options.brand, "marketplace": options.marketplace}
    for field in _NEEDED:
        if field not in positions and not told.get(field) and not (field == "asin" and PRODUCT_ID in positions):
            switch = "; add it, or give --marketplace CODE" if field == "marketplace" else ""
            faults.append(Fault(f"the column {field} is missing{switch}", line))
    if "brand" not in positions and options.brand is None:
        faults.append(Fault("the column brand is missing; add it, or give --brand NAME", line))
    if faults:
        raise file.refusal(faults)
    return positions


def _query(table: str, positions: Mapping[str, int], options: ImportOptions, *more: str) -> str:
    columns = [
        f"c{positions[field]} AS {field}" if field in _OWN else f"{sql_of(field, positions, options)} AS {field}"
        for field in (*FIELDS, *LABELS)
    ]
    return f"SELECT {', '.join((*columns, *more))} FROM {table}"


def _cells(
    record: list[str], headings: tuple[str, ...], positions: Mapping[str, int], options: ImportOptions
) -> Iterator[Cell]:
    keyed = "asin" if "asin" in positions else PRODUCT_ID
    for field, number in positions.items():
        if field == keyed:
            yield Cell("asin", headings[number], key_of(record, positions), written=record[number], position=number)
        elif field != PRODUCT_ID:
            yield Cell(field, headings[number], record[number], position=number)
    if "marketplace" not in positions:
        yield Cell("marketplace", "--marketplace", options.marketplace or "")


def _facts(
    record: list[str], headings: tuple[str, ...], positions: Mapping[str, int], options: ImportOptions
) -> Iterator[FactCell]:
    metric, month = record[positions["metric"]], record[positions["month"]]
    place = marketplace_of(record, positions, options)
    yield FactCell(
        key_of(record, positions), place, metric, month, headings[positions["value"]], record[positions["value"]],
        currency_of_row(record, positions), read_metric(metric).currency,
    )


def _unknown_words(name: str) -> str:
    near = difflib.get_close_matches(name.casefold(), (*HEADINGS, *_OWN), n=1, cutoff=0.6)
    return f"column {name!r} is not known and was not read" + (f"; did you mean {near[0]}?" if near else "")

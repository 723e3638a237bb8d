"""The tidy format: a row per product, marketplace and month, a column per metric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
    missing,
    names_product,
    naming,
    sql_of,
)
from database.imports.month_texts import is_month
from database.imports.numbers import NOT_A_NUMBER, PERCENTAGE, means_no_value
from database.imports.staging import ImportOptions, Staged
from database.imports.wide_headings import MONTH_HEADINGS
from domain.metrics import is_ratio, read_metric
from domain.remarks import fault_of_remarks
from domain.spelling import name_key
from domain.totals import is_total_heading

FORMAT = "tidy"
NO_METRICS = frozenset((
    "year", "jahr", "année", "anno", "año", "jaar", "quarter", "quartal", "trimestre", "week", "woche", "semaine",
    "ean", "upc", "gtin", "isbn", "barcode", "fnsku", "parent asin", "(parent) asin", "id", "no", "no.", "nr", "nr.",
    "#", "row", "index",
))
"""Headings over numbers that count nothing."""


@dataclass(frozen=True)
class TidyHeadings:
    """The headings, understood: identifiers and `month` -> column, metric columns -> (as written, name)."""

    identifiers: dict[str, int]
    month: int
    metrics: dict[int, tuple[str, str]]
    skipped: tuple[str, ...]


def find_headings(head: Head) -> Headings | None:
    """Where a line names a product, a month and at least one metric, and has no months of its own."""
    for number, record in enumerate(head.records):
        keys = set(record.keys)
        others = [key for key in record.keys if key and key not in HEADINGS and key not in MONTH_HEADINGS]
        is_long, is_wide = "metric" in keys, any(map(is_month, record.cells))
        if names_product(keys) and keys & MONTH_HEADINGS and others and not is_long and not is_wide:
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The line that has most of what a tidy file needs."""
    known = set(HEADINGS) | MONTH_HEADINGS
    return Headings(max(range(len(head.records)), key=lambda n: len(known & set(head.records[n].keys))))


def lacking(record: Record) -> list[str]:
    """What a tidy file needs and a record has not."""
    keys = set(record.keys)
    found = {
        "ASIN (or Product ID)": names_product(keys), "Marketplace (or MP)": keys & {"mp", "marketplace"},
        "Month": keys & MONTH_HEADINGS,
        "columns of metrics": "metric" not in keys and keys - {*HEADINGS, *MONTH_HEADINGS, ""},
    }
    return [words for words, is_there in found.items() if not is_there]


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> Staged:
    """Reads a tidy file into TEMP table `staged`. Raises Refused with every fault found."""
    headings = _read_headings(file, options)
    cells = file.headings[0].cells
    metrics = list(headings.metrics.values())
    stated = [read_metric(written).currency for written, _ in metrics]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE metric_column AS SELECT unnest($names::VARCHAR[]) AS name, "
        "unnest($metrics::VARCHAR[]) AS metric, unnest($stated::VARCHAR[]) AS stated",
        {"names": [f"c{position}" for position in headings.metrics], "metrics": [name for _, name in metrics],
         "stated": stated},
    )
    read = {*headings.identifiers.values(), headings.month, *headings.metrics}
    numbered = f"(SELECT row_number() OVER () AS record, * FROM {file.reader()})"
    source = CellSource(
        file=file, unread=tuple(number for number in range(file.columns) if number not in read),
        query=_query(file.reader(), headings, options), numbered=_query(numbered, headings, options, "u.record"),
        cells_of=lambda record: _cells(record, headings, cells, options),
        facts_of=lambda record: _facts(record, headings, cells, options), rows_per_record=len(metrics),
        names_currencies=any(stated),
        naming=naming(cells, headings.identifiers, options),
        skippable=frozenset((NOT_A_NUMBER, PERCENTAGE)),
    )
    return stage_table(
        scratch, source, options, currencies, file_format=FORMAT, blank="blank cells",
        columns=Columns(dict(metrics), headings.skipped),
    )


def _read_headings(file: CsvFile, options: ImportOptions) -> TidyHeadings:
    cells, line = file.headings[0].cells, file.headings[0].first_line
    identifiers, faults = find_identifiers(cells, line=line)
    faults += missing(identifiers, options, line=line)
    months = [number for number, name in enumerate(cells) if name_key(name) in MONTH_HEADINGS]
    if len(months) != 1:
        words = "the column Month is missing" if not months else "two columns of months; leave one out of the file"
        faults.append(Fault(words, line))
    told = {name_key(name) for name in options.skip_columns}
    metrics: dict[int, tuple[str, str]] = {}
    skipped = []
    for number, name in enumerate(cells):
        if not name or number in months or name_key(name) in HEADINGS:
            continue
        is_percent = number in file.text.percent_columns
        is_label = name_key(name) in NO_METRICS
        if name_key(name) in told or is_ratio(name) or is_total_heading(name) or is_percent or is_label:
            skipped.append(f"{name} (shown as percentages)" if is_percent else name)
            continue
        metric = read_metric(name).name
        if fault := fault_of_remarks(name):
            faults.append(Fault(f"{fault}; --skip-column '{name}' leaves it out", line, name))
        other = next((written for written, known in metrics.values() if known == metric), None)
        if other is not None:
            faults.append(Fault(f"means {metric}, as the column {other} does; keep one of them", line, name))
        metrics[number] = (name, metric)
    faults += [
        Fault("is no column that --skip-column could leave out", line, None, name)
        for name in options.skip_columns if name_key(name) not in {name_key(cell) for cell in cells}
    ]
    if not metrics and not faults:
        faults.append(Fault("no column holds a metric", line))
    if faults:
        raise file.refusal(faults)
    return TidyHeadings(identifiers, months[0], metrics, tuple(skipped))


def _query(table: str, headings: TidyHeadings, options: ImportOptions, *more: str) -> str:
    values = ", ".join(f"c{position}" for position in headings.metrics)
    own = {"metric": "h.metric", "month": f"u.c{headings.month}", "stated": "h.stated", "value": "u.value"}
    fields = [
        f"{own.get(field) or sql_of(field, headings.identifiers, options, table='u.')} AS {field}"
        for field in (*FIELDS, *LABELS)
    ]
    return (
        f"SELECT {', '.join((*fields, *more))} FROM (SELECT * FROM {table}) "
        f"UNPIVOT INCLUDE NULLS (value FOR name IN ({values})) AS u JOIN metric_column h ON h.name = u.name"
    )


def _cells(
    record: list[str], headings: TidyHeadings, cells: tuple[str, ...], options: ImportOptions
) -> Iterator[Cell]:
    identifiers: Mapping[str, int] = headings.identifiers
    for field, number in identifiers.items():
        if field not in ("asin", PRODUCT_ID):
            yield Cell(field, cells[number], record[number], position=number)
    if "marketplace" not in identifiers:
        yield Cell("marketplace", "--marketplace", options.marketplace or "")
    keyed = "asin" if "asin" in identifiers else PRODUCT_ID
    place = identifiers[keyed]
    yield Cell("asin", cells[place], key_of(record, identifiers), written=record[place], position=place)
    yield Cell("month", cells[headings.month], record[headings.month], position=headings.month)
    for position, (written, _) in headings.metrics.items():
        yield Cell("value", written, record[position], position=position)


def _facts(
    record: list[str], headings: TidyHeadings, cells: tuple[str, ...], options: ImportOptions
) -> Iterator[FactCell]:
    asin = key_of(record, headings.identifiers)
    marketplace = marketplace_of(record, headings.identifiers, options)
    for position, (written, metric) in headings.metrics.items():
        if not means_no_value(record[position]):
            yield FactCell(
                asin, marketplace, metric, record[headings.month], written, record[position],
                currency_of_row(record, headings.identifiers), read_metric(written).currency,
            )

"""The wide format: a row per product and marketplace, a column per metric and month, two header rows."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from database.imports.cells import FIELDS, Cell, CellSource, gather_cells, refuse_twice
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies, check_currencies
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.month_texts import is_month, read_months
from database.imports.numbers import means_no_value
from database.imports.staging import ImportOptions, Skipped, Staged
from domain.metrics import canonical_metric
from domain.months import format_month
from domain.spelling import name_key

FORMAT = "wide"
PRODUCT_ID = "product id"
_IDENTIFIERS = {
    "asin": "asin", PRODUCT_ID: PRODUCT_ID, "brand": "brand", "brand name": "brand", "mp": "marketplace",
    "marketplace": "marketplace", "status": "status", "category": "category", "currency": "currency",
}


@dataclass(frozen=True)
class MonthColumn:
    """A column of values: where it is, its metric and month, and how to name it to a person."""

    position: int
    metric: str
    month: datetime.date
    label: str


@dataclass(frozen=True)
class WideHeadings:
    """The two header rows, understood."""

    identifiers: dict[str, int]
    months: tuple[MonthColumn, ...]
    skipped: tuple[str, ...]


def find_headings(head: Head) -> Headings | None:
    """Where two header rows stand, the second of which names a product and a marketplace, or holds months."""
    for number, record in enumerate(head.records[1:]):
        names = set(record.keys)
        if names & {"asin", PRODUCT_ID} and (names & {"mp", "marketplace"} or any(map(is_month, record.cells))):
            return Headings(number, 2)
    return None


def nearest_headings(head: Head) -> Headings:
    """The two records of which the second has most of what a wide file needs."""
    if len(head.records) < 2:
        return Headings(0)
    return Headings(max(
        range(len(head.records) - 1), key=lambda n: len(set(_IDENTIFIERS) & set(head.records[n + 1].keys))
    ), 2)


def lacking(record: Record) -> list[str]:
    """What a wide file needs and a record has not."""
    keys = set(record.keys)
    found = {
        "ASIN (or Product ID)": keys & {"asin", PRODUCT_ID}, "Marketplace (or MP)": keys & {"mp", "marketplace"},
        "months such as Jan-24": any(map(is_month, record.cells)),
    }
    return [words for words, is_there in found.items() if not is_there]


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> Staged:
    """Reads a wide file into TEMP table `staged`. Raises Refused with every fault found."""
    headings = read_headings(file, options)
    lower = file.headings[1].cells
    read = {*headings.identifiers.values(), *(column.position for column in headings.months)}
    source = CellSource(
        file=file, unread=tuple(number for number in range(file.columns) if number not in read),
        query=_query(scratch, file, headings, options), cells_of=lambda record: _cells(record, headings, lower),
        facts_of=lambda record: _facts(record, headings), rows_per_record=len(headings.months),
    )
    gathered = gather_cells(scratch, source, options)
    refuse_twice(scratch, source, gathered.months)
    return Staged(
        format=FORMAT, file_name=file.name, sha256=file.sha256,
        currencies=check_currencies(currencies, options, gathered.named_currencies, gathered.style.symbols),
        symbols=gathered.style.symbols, skipped_columns=headings.skipped,
        skipped=(Skipped("blank cells", gathered.blank),) if gathered.blank else (),
        rows_read=gathered.rows, cells_read=gathered.filled + gathered.blank, rounded=gathered.style.rounded,
        products="staged_product",
    )


def read_headings(file: CsvFile, options: ImportOptions) -> WideHeadings:
    """The two header rows: identifiers, then metrics over months. Raises Refused with every fault in them."""
    if len(file.headings) < 2:
        raise file.refusal([Fault("the second header row, with identifiers and months, is missing", 1)])
    line = file.headings[1].first_line
    upper, lower = (record.cells for record in file.headings)
    if len(upper) != len(lower):
        raise file.refusal([Fault(f"has {len(lower)} cells, the first header row has {len(upper)}", line)])
    identifiers, faults = _identifiers(lower, upper, line)
    months, skipped, more = _months(upper, lower, set(identifiers.values()), line=line, order=options.date_order)
    faults += more
    percentages = [column for column in months if column.position in file.text.percent_columns]
    skipped += [f"{column.label} (shown as percentages)" for column in percentages]
    months = [column for column in months if column not in percentages]
    if not {"asin", PRODUCT_ID} & set(identifiers):
        faults.append(Fault("the column ASIN (or Product ID) is missing", line))
    if "marketplace" not in identifiers:
        faults.append(Fault("the column Marketplace (or MP) is missing", line))
    if "brand" not in identifiers and options.brand is None:
        faults.append(Fault("the column Brand is missing; add it, or give --brand NAME", line))
    if not months and not faults:
        faults.append(Fault("no column has a month as its second heading; write months like Jan-24 or 2024-01", line))
    if faults:
        raise file.refusal(faults)
    return WideHeadings(identifiers, tuple(months), tuple(skipped))


def _identifiers(lower: tuple[str, ...], upper: tuple[str, ...], line: int) -> tuple[dict[str, int], list[Fault]]:
    identifiers: dict[str, int] = {}
    faults = []
    for number, name in enumerate(lower):
        field = _IDENTIFIERS.get(name_key(name))
        # A heading that is merged over both rows stands in both.
        if field is None or upper[number] not in ("", name):
            continue
        if field in identifiers:
            faults.append(Fault("this heading stands there twice", line, name))
        identifiers[field] = number
    return identifiers, faults


def _months(
    upper: tuple[str, ...], lower: tuple[str, ...], taken: set[int], *, line: int, order: str | None
) -> tuple[list[MonthColumn], list[str], list[Fault]]:
    months: list[MonthColumn] = []
    skipped, faults = [], []
    seen: dict[tuple[str, datetime.date], str] = {}
    metric = ""
    read = read_months(filter(is_month, lower), order=order, headings=True)
    for number, (above, below) in enumerate(zip(upper, lower, strict=True)):
        metric = above or metric
        if number in taken or (not above and not below):
            continue
        label = f"{metric} / {below}" if metric else below
        if not is_month(below):
            skipped.append(label)
            continue
        if below in read.rules:
            faults.append(Fault(read.rules[below], line, None, below))
            continue
        month = read.months[below]
        if not metric:
            faults.append(Fault("stands under no metric; the first header row is blank up to it", line, None, below))
            continue
        if len(metric) > 100:
            faults.append(Fault("is longer than 100 characters", 1, None, metric))
            continue
        name = canonical_metric(metric)
        if (name, month) in seen:
            faults.append(_twice(label, seen[name, month], name, month, line))
        seen[name, month] = label
        months.append(MonthColumn(number, name, month, label))
    return months, skipped, faults


def _twice(label: str, other: str, name: str, month: datetime.date, line: int) -> Fault:
    if label == other:
        return Fault("this heading stands there twice", line, label)
    return Fault(f"means {name} {format_month(month)}, as the column {other} does; keep one of them", line, label)


def _query(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, headings: WideHeadings, options: ImportOptions
) -> str:
    """The file as one row per cell: UNPIVOT, then the heading's metric and month by the column's name."""
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE month_column AS SELECT unnest($names::VARCHAR[]) AS name, "
        "unnest($metrics::VARCHAR[]) AS metric, unnest($months::VARCHAR[]) AS month",
        {
            "names": [f"c{column.position}" for column in headings.months],
            "metrics": [column.metric for column in headings.months],
            "months": [format_month(column.month) for column in headings.months],
        },
    )
    values = ", ".join(f"c{column.position}" for column in headings.months)
    fields = []
    for field in FIELDS:
        if field in ("metric", "month"):
            fields.append(f"h.{field}")
        elif field == "value":
            fields.append("u.value")
        else:
            fields.append(f"{_identifier(field, headings, options)} AS {field}")
    return (
        f"SELECT {', '.join(fields)} FROM (SELECT * FROM {file.reader()}) "
        f"UNPIVOT INCLUDE NULLS (value FOR name IN ({values})) AS u JOIN month_column h ON h.name = u.name"
    )


def _identifier(field: str, headings: WideHeadings, options: ImportOptions) -> str:
    position = headings.identifiers.get(field)
    if field == "asin":
        own = f"nullif(trim(u.c{position}), '')" if position is not None else "NULL"
        key = headings.identifiers.get(PRODUCT_ID)
        made = f"'ASIN-' || nullif(trim(u.c{key}), '')" if key is not None else "NULL"
        return f"coalesce({own}, {made})::VARCHAR"
    if position is not None:
        return f"u.c{position}"
    if field == "brand" and options.brand is not None:
        return "'" + options.brand.replace("'", "''") + "'"
    return "NULL::VARCHAR"


def _cells(record: list[str], headings: WideHeadings, lower: tuple[str, ...]) -> Iterator[Cell]:
    for field, number in headings.identifiers.items():
        if field not in ("asin", PRODUCT_ID):
            yield Cell(field, lower[number], record[number], position=number)
    keyed = "asin" if "asin" in headings.identifiers else PRODUCT_ID
    place = headings.identifiers[keyed]
    yield Cell("asin", lower[place], _key(record, headings), position=place)
    for column in headings.months:
        yield Cell("value", column.label, record[column.position], position=column.position)


def _facts(record: list[str], headings: WideHeadings) -> Iterator[tuple[str, str, str, str, str]]:
    asin, marketplace = _key(record, headings), record[headings.identifiers["marketplace"]]
    for column in headings.months:
        if not means_no_value(record[column.position]):
            yield asin, marketplace, column.metric, format_month(column.month), column.label


def _key(record: list[str], headings: WideHeadings) -> str:
    own = headings.identifiers.get("asin")
    if own is not None and record[own].strip():
        return record[own].strip()
    made = headings.identifiers.get(PRODUCT_ID)
    return f"ASIN-{record[made].strip()}" if made is not None and record[made].strip() else ""

"""The wide format: a row per product and marketplace, a column per metric and month."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from database.imports.by_product import Columns, stage_table
from database.imports.cell_source import FIELDS, Cell, CellSource, FactCell
from database.imports.cells import reading
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.faults import Fault
from database.imports.identifiers import (
    LABELS,
    PRODUCT_ID,
    currency_of_row,
    key_of,
    marketplace_of,
    missing,
    naming,
    sql_of,
)
from database.imports.numbers import PERCENTAGE, means_no_value
from database.imports.staging import ImportOptions, Staged
from database.imports.wide_headings import (
    WideHeadings,
    find_headings,
    lacking,
    lowered,
    nearest_headings,
    read_headings,
)
from domain.months import format_month

__all__ = ["FORMAT", "find_headings", "lacking", "nearest_headings", "stage"]

FORMAT = "wide"


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> Staged:
    """Reads a wide file into TEMP table `staged`. Raises Refused with every fault found."""
    headings, faults = read_headings(
        file.headings, order=options.date_order, skip=options.skip_columns, percent=file.text.percent_columns
    )
    line = file.headings[-1].first_line
    faults += missing(headings.identifiers, options, line=line) if headings.identifiers or headings.months else ()
    if faults:
        raise file.refusal(faults)
    _keep_months(scratch, headings)
    lowest = lowered(file.headings)[-1].cells
    read = {*headings.identifiers.values(), *(column.position for column in headings.months)}
    source = CellSource(
        file=file, unread=tuple(number for number in range(file.columns) if number not in read),
        query=_query(file.reader(), headings, options),
        numbered=_query(f"(SELECT row_number() OVER () AS record, * FROM {file.reader()})", headings, options,
            "u.record"),
        cells_of=lambda record: _cells(record, headings, lowest, options),
        facts_of=lambda record: _facts(record, headings, options), rows_per_record=len(headings.months),
        names_currencies=any(column.currency for column in headings.months),
        naming=naming(lowest, headings.identifiers, options),
        skippable=frozenset((PERCENTAGE,)),
    )
    _refuse_nameless(scratch, source, headings)
    return stage_table(
        scratch, source, options, currencies, file_format=FORMAT, blank="blank cells",
        columns=Columns(
            {column.written: column.metric for column in headings.months}, headings.skipped, headings.orders
        ),
    )


def _refuse_nameless(scratch: duckdb.DuckDBPyConnection, source: CellSource, headings: WideHeadings) -> None:
    """A column between months that has no heading must hold nothing: its figures would be lost without a word."""
    for position in headings.nameless:
        with reading(source):
            count = scratch.execute(
                f"SELECT count(*) FROM {source.file.reader()} WHERE trim(c{position}) <> ''"
            ).fetchone()[0]
        if count:
            words = f"column {position + 1} stands between months without a heading and holds {count:,} values"
            raise source.file.refusal([Fault(f"{words}; name it, or clear it", source.file.headings[-1].first_line)])


def _keep_months(scratch: duckdb.DuckDBPyConnection, headings: WideHeadings) -> None:
    """TEMP table `month_column`: which metric and month a column of the file holds."""
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE month_column AS SELECT unnest($names::VARCHAR[]) AS name, "
        "unnest($metrics::VARCHAR[]) AS metric, unnest($months::VARCHAR[]) AS month, "
        "unnest($stated::VARCHAR[]) AS stated",
        {
            "names": [f"c{column.position}" for column in headings.months],
            "metrics": [column.metric for column in headings.months],
            "months": [format_month(column.month) for column in headings.months],
            "stated": [column.currency for column in headings.months],
        },
    )


def _query(table: str, headings: WideHeadings, options: ImportOptions, *more: str) -> str:
    """The file as one row per cell: UNPIVOT, then the heading's metric and month by the column's name."""
    values = ", ".join(f"c{column.position}" for column in headings.months)
    own = {"metric": "h.metric", "month": "h.month", "stated": "h.stated", "value": "u.value"}
    fields = [
        f"{own.get(field) or sql_of(field, headings.identifiers, options, table='u.')} AS {field}"
        for field in (*FIELDS, *LABELS)
    ]
    return (
        f"SELECT {', '.join((*fields, *more))} FROM (SELECT * FROM {table}) "
        f"UNPIVOT INCLUDE NULLS (value FOR name IN ({values})) AS u JOIN month_column h ON h.name = u.name"
    )


def _cells(
    record: list[str], headings: WideHeadings, lowest: tuple[str, ...], options: ImportOptions
) -> Iterator[Cell]:
    for field, number in headings.identifiers.items():
        if field not in ("asin", PRODUCT_ID):
            yield Cell(field, lowest[number], record[number], position=number)
    if "marketplace" not in headings.identifiers:
        yield Cell("marketplace", "--marketplace", options.marketplace or "")
    keyed = "asin" if "asin" in headings.identifiers else PRODUCT_ID
    place = headings.identifiers[keyed]
    yield Cell("asin", lowest[place], key_of(record, headings.identifiers), written=record[place], position=place)
    for column in headings.months:
        yield Cell("value", column.label, record[column.position], position=column.position)


def _facts(
    record: list[str], headings: WideHeadings, options: ImportOptions
) -> Iterator[FactCell]:
    asin = key_of(record, headings.identifiers)
    marketplace = marketplace_of(record, headings.identifiers, options)
    for column in headings.months:
        if not means_no_value(record[column.position]):
            yield FactCell(
                asin, marketplace, column.metric, format_month(column.month), column.label, record[column.position],
                currency_of_row(record, headings.identifiers), column.currency,
            )

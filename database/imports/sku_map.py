"""A file of one's own: sku, asin and, where it matters, marketplace."""

from __future__ import annotations

import duckdb

from database.imports.amazon.raw_lines import lacking_of
from database.imports.amazon.sku_maps import find_in, nearest_in, stage_map
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions

FORMAT = "sku-map"
_COLUMNS = {"sku": "sku", "asin": "asin", "marketplace": "marketplace"}


def find_headings(head: Head) -> Headings | None:
    """Where the headings of an SKU map stand, if this is one."""
    found = find_in(head, _COLUMNS, {"sku", "asin"})
    return found if found and set(head.records[found.first].keys) <= set(_COLUMNS) | {""} else None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what an SKU map needs."""
    return nearest_in(head, _COLUMNS)


def lacking(record: Record) -> list[str]:
    """The columns of an SKU map that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, ("sku", "asin"))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads the SKUs and ASINs of an SKU map. Raises Refused with every fault found."""
    return stage_map(scratch, file, options, _COLUMNS, FORMAT)

"""Amazon's listings report (all listings): which product each SKU is."""

from __future__ import annotations

import duckdb

from database.imports.amazon.raw_lines import lacking_of
from database.imports.amazon.sku_maps import find_in, nearest_in, stage_map
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions

FORMAT = "amazon-listings"
_COLUMNS = {"seller-sku": "sku", "asin1": "asin"}


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a listings report stand, if this is one."""
    return find_in(head, _COLUMNS, set(_COLUMNS))


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a listings report needs."""
    return nearest_in(head, _COLUMNS)


def lacking(record: Record) -> list[str]:
    """The columns of a listings report that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, ("sku", "asin"))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads the SKUs and ASINs of a listings report. Raises Refused with every fault found."""
    return stage_map(scratch, file, options, _COLUMNS, FORMAT)

"""Which product an SKU is: what Amazon's listings report and a file `sku, asin[, marketplace]` have in common."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from database.imports.amazon.raw_lines import positions_of, read_asins, read_lines, refuse_texts
from database.imports.csv_file import CsvFile
from database.imports.head import Head, Headings
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions, Skipped
from database.imports.told_names import name_column, take_names
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed
from domain.marketplaces import marketplace_code
from domain.settlements import NOTHING, Amount


def rules(amount: Amount) -> Placed:
    """There are no amounts."""
    return Placed(NOTHING, ())


def find_in(head: Head, columns: Mapping[str, str], telling: set[str]) -> Headings | None:
    """The first record of a head that has all the `telling` headings."""
    for number, record in enumerate(head.records):
        if set(record.keys) >= telling:
            return Headings(number, is_unquoted=head.delimiter == "\t")
    return None


def nearest_in(head: Head, columns: Mapping[str, str]) -> Headings:
    """The record of a head that has most of these headings."""
    number = max(range(len(head.records)), key=lambda number: len(columns.keys() & set(head.records[number].keys)))
    return Headings(number, is_unquoted=head.delimiter == "\t")


def stage_map(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, columns: Mapping[str, str], name: str
) -> LineFile:
    """Reads SKUs and their ASINs into TEMP table `staged_sku`. Raises Refused with every fault found."""
    positions = positions_of(file, columns, ("sku", "asin"))
    rows = read_lines(scratch, file, positions | name_column(file.headings[-1]))
    if "marketplace" not in positions:
        scratch.execute("ALTER TABLE raw_line ADD COLUMN marketplace VARCHAR")
    headings = {field: file.headings[-1].cells[position] for field, position in positions.items()}
    read_asins(scratch, file, headings["asin"])
    refuse_texts(
        scratch, file, headings["asin"],
        "SELECT line, asin AS text, 'is no ASIN' AS rule FROM raw_line "
        "WHERE NOT regexp_full_match(asin, '[A-Z0-9]{10}')",
    )
    nameless = take_names(scratch, "asin")
    codes = [row[0] for row in scratch.execute("SELECT DISTINCT coalesce(marketplace, '') FROM raw_line").fetchall()]
    everywhere = options.marketplace or ""
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE code AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($codes::VARCHAR[]) AS code",
        {"texts": codes, "codes": [marketplace_code(text) if text else everywhere for text in codes]},
    )
    twice = (
        "SELECT max(line) AS line, sku AS text, 'leads to ' || string_agg(DISTINCT asin, ' and ' ORDER BY asin) "
        "|| ' in this file; keep one' AS rule FROM raw_line WHERE asin IS NOT NULL AND sku IS NOT NULL "
        "GROUP BY sku, coalesce(marketplace, '') HAVING count(DISTINCT asin) > 1"
    )
    refuse_texts(scratch, file, headings["sku"], twice)
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_sku AS SELECT DISTINCT sku, code AS marketplace, "
        "asin FROM raw_line JOIN code ON text = coalesce(marketplace, '') "
        "WHERE sku IS NOT NULL AND asin IS NOT NULL"
    )
    blank = scratch.execute("SELECT count(*) FROM raw_line WHERE sku IS NULL OR asin IS NULL").fetchone()[0]
    skipped = (Skipped("lines without an SKU or an ASIN", blank),) if blank else ()
    return LineFile(
        name, file.name, file.sha256, StagedLines(name, rules), rows_read=rows, skipped=(*skipped, *nameless)
    )

"""Amazon's report of monthly storage fees: by product and warehouse, with more decimals than money has.

What is kept is what is written; the fees of a product and month are added up first, then rounded.
"""

from __future__ import annotations

import duckdb

from database.imports.amazon.measures import PRODUCT, measure_lines, stage_measures
from database.imports.amazon.raw_lines import (
    lacking_of,
    positions_of,
    read_days,
    read_lines,
    refuse_blank,
    refuse_texts,
)
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions, Skipped
from database.imports.told_names import name_column, take_names
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed, Posting
from domain.amazon import LUMPS, STORAGE
from domain.marketplaces import marketplace_code
from domain.settlements import Amount

FORMAT = STORAGE
_COLUMNS = {
    "asin": "asin", "fnsku": "fnsku", "fulfillment_center": "warehouse", "fulfillment-center": "warehouse",
    "country_code": "site", "country-code": "site", "month_of_charge": "charged", "month-of-charge": "charged",
    "currency": "currency", "estimated_monthly_storage_fee": "fee", "estimated-monthly-storage-fee": "fee",
}
_NEEDED = ("asin", "charged", "fee")
_NUMBER = r"-?[0-9]*[.,]?[0-9]+([eE][+-]?[0-9]+)?"
_NONE = ("", "--", "-", "n/a")


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a storage report stand, if this is one."""
    for number, record in enumerate(head.records):
        if {_COLUMNS.get(key) for key in record.keys} >= set(_NEEDED):
            return Headings(number, is_unquoted=head.delimiter == "\t")
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a storage report needs."""
    number = max(range(len(head.records)), key=lambda number: len(_COLUMNS.keys() & set(head.records[number].keys)))
    return Headings(number, is_unquoted=head.delimiter == "\t")


def lacking(record: Record) -> list[str]:
    """The columns of a storage report that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, _NEEDED)


def rules(amount: Amount) -> Placed:
    """Storage is a fee, told by product here and a lump in payments."""
    return Placed("Other platform fees", (Posting("Other platform fees", 1, lump=LUMPS[STORAGE]),))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads a storage report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    columns = positions_of(file, _COLUMNS, _NEEDED)
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    rows = read_lines(scratch, file, columns | name_column(file.headings[-1]))
    nameless = take_names(scratch, PRODUCT)
    for field in sorted(set(_COLUMNS.values()) - columns.keys()):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")
    scratch.execute("ALTER TABLE raw_line ADD COLUMN sku VARCHAR")
    scratch.execute("UPDATE raw_line SET charged = charged || '-01' WHERE regexp_full_match(charged, '\\d{4}-\\d{2}')")
    refuse_blank(scratch, file, {field: headings[field] for field in ("asin", "charged")})
    blank = _read_fees(scratch, file, headings["fee"])
    _place(scratch, file, options)
    read_days(scratch, file, {"charged": (headings["charged"], "charged", "''")}, order=options.date_order)
    measure_lines(scratch, (), days_of="charged")
    stage_measures(
        scratch, {"fee": "fee_number"}, day="m.begins", happened="strftime(m.begins, '%Y-%m')",
        identity="md5(concat_ws('|', m.marketplace, m.begins::VARCHAR, m.asin, coalesce(m.fnsku, ''), "
        "coalesce(m.warehouse, '')))",
    )
    return LineFile(
        FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows,
        skipped=(*([Skipped("lines without a fee", blank)] if blank else []), *nameless),
    )


def _read_fees(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str) -> int:
    """Adds `fee_number`, as exactly as it is written; returns how many lines have none."""
    none = ", ".join(f"'{word}'" for word in _NONE)
    scratch.execute("ALTER TABLE raw_line ADD COLUMN fee_number DECIMAL(21,6)")
    scratch.execute(f"UPDATE raw_line SET fee = NULL WHERE lower(fee) IN ({none})")
    scratch.execute(
        f"UPDATE raw_line SET fee_number = try_cast(replace(fee, ',', '.') AS DECIMAL(21,6)) "
        f"WHERE regexp_full_match(fee, '{_NUMBER}')"
    )
    scratch.execute(
        "UPDATE raw_line SET fee_number = try_cast(try_cast(replace(fee, ',', '.') AS DOUBLE) AS DECIMAL(21,6)) "
        "WHERE regexp_full_match(fee, '.*[eE].*') AND fee_number IS NULL"
    )
    refuse_texts(
        scratch, file, heading, "SELECT line, fee AS text, 'is no number, or has more than six decimals' AS rule "
        "FROM raw_line WHERE fee IS NOT NULL AND fee_number IS NULL",
    )
    return scratch.execute("SELECT count(*) FROM raw_line WHERE fee IS NULL").fetchone()[0]


def _place(scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions) -> None:
    told = options.marketplace
    sites = [row[0] for row in scratch.execute("SELECT DISTINCT coalesce(site, '') FROM raw_line").fetchall()]
    if "" in sites and told is None:
        refuse_texts(
            scratch, file, "country_code",
            "SELECT line, '' AS text, 'is blank; give --marketplace CODE' AS rule FROM raw_line WHERE site IS NULL",
        )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE place AS SELECT unnest($sites::VARCHAR[]) AS place, "
        "unnest($codes::VARCHAR[]) AS marketplace",
        {"sites": sites, "codes": [marketplace_code(site) if site else told for site in sites]},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE raw_line AS SELECT r.*, p.marketplace FROM raw_line r "
        "JOIN place p ON p.place = coalesce(r.site, '')"
    )

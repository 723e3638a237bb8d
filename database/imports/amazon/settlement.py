"""Amazon's settlement report V2 (flat file): every amount between two deposits, and the deposit they add up to.

Tab-separated, never quoted. The line after the headings is the settlement itself; the amounts of all others add up to
its total, or the file is refused with the difference.
"""

from __future__ import annotations

import dataclasses

import duckdb

from database.imports.amazon.raw_lines import (
    amount_join,
    amount_of,
    lacking_of,
    positions_of,
    read_amounts,
    read_days,
    read_lines,
    refuse_blank,
    refuse_texts,
)
from database.imports.amazon.sites import place_in_marketplaces
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed, Posting, postings_of
from domain.amazon import SETTLEMENT
from domain.settlements import Amount, counts_units, lump_of, place_of

FORMAT = SETTLEMENT
_COLUMNS = {
    "settlement-id": "settlement", "settlement-start-date": "starts", "settlement-end-date": "ends",
    "deposit-date": "deposited", "total-amount": "total", "currency": "currency", "transaction-type": "kind",
    "order-id": "order_id", "marketplace-name": "site", "amount-type": "amount_type",
    "amount-description": "description", "amount": "amount", "posted-date": "posted", "sku": "sku",
    "quantity-purchased": "quantity", "posted-date-time": "posted_at",
}
_NEEDED = tuple(field for field in _COLUMNS.values() if field != "posted_at")
_SPAN = ("starts", "ends", "deposited")
_TELLING = {"settlement-id", "amount-description", "total-amount", "deposit-date"}


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a settlement report stand, if this is one."""
    for number, record in enumerate(head.records):
        if head.delimiter == "\t" and set(record.keys) >= _TELLING:
            return Headings(number, is_unquoted=True)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a settlement report needs."""
    return Headings(max(
        range(len(head.records)), key=lambda number: len(_COLUMNS.keys() & set(head.records[number].keys))
    ), is_unquoted=head.delimiter == "\t")


def lacking(record: Record) -> list[str]:
    """The columns of a settlement report that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, _NEEDED)


def rules(amount: Amount) -> Placed:
    """Where an amount of a settlement belongs."""
    place, lump = place_of(amount), lump_of(amount)
    units = (Posting("Gross units", 1, of_quantity=True),) if counts_units(amount) else ()
    return Placed(place, (*(dataclasses.replace(each, lump=lump) for each in postings_of(place)), *units))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads a settlement report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    columns = positions_of(file, _COLUMNS, _NEEDED)
    rows = read_lines(scratch, file, columns)
    _mark_headers(scratch, file)
    read_amounts(scratch, file, {"amount": "amount", "total": "total-amount", "quantity": "quantity-purchased"},
                 decimal=options.decimal)
    place_in_marketplaces(scratch, file, options, group="settlement", currency="currency")
    _check_totals(scratch, file)
    moment = "coalesce(posted_at, posted)" if "posted_at" in columns else "posted"
    _refuse_blank(scratch, file, moment)
    read_days(scratch, file, {
        "posting": ("posted-date", f"CASE WHEN NOT is_header THEN {moment} END", "home"),
        **{field: (heading, field, "''") for heading, field in _COLUMNS.items() if field in _SPAN},
    }, order=options.date_order)
    _stage_lines(scratch, moment)
    _stage_settlements(scratch)
    # Most downloads name it only in the line of the settlement itself.
    scratch.execute(
        "UPDATE staged_line SET currency = s.currency FROM staged_settlement s "
        "WHERE s.settlement_id = staged_line.identity AND staged_line.currency IS NULL"
    )
    return LineFile(FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows)


def _refuse_blank(scratch: duckdb.DuckDBPyConnection, file: CsvFile, moment: str) -> None:
    """Raises Refused for cells that every line, or every settlement, needs."""
    refuse_blank(scratch, file, {moment: "posted-date", "description": "amount-description"}, where="NOT is_header")
    refuse_blank(scratch, file, {
        field: heading for heading, field in _COLUMNS.items() if field in (*_SPAN, "currency")
    }, where="is_header")


def _mark_headers(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> None:
    """A settlement's own line has no amount and a total. Every other line must belong to one."""
    scratch.execute("ALTER TABLE raw_line ADD COLUMN is_header BOOLEAN")
    scratch.execute("UPDATE raw_line SET is_header = total IS NOT NULL AND amount IS NULL")
    refuse_texts(scratch, file, "settlement-id", "SELECT line, coalesce(settlement, '') AS text, "
                 "'has no line of its own in this file, with its total; download the report again' AS rule "
                 "FROM raw_line l WHERE NOT is_header AND NOT EXISTS (FROM raw_line h WHERE h.is_header "
                 "AND h.settlement = l.settlement)")
    refuse_texts(scratch, file, "settlement-id", "SELECT max(line) AS line, settlement AS text, "
                 "'has two totals in this file' AS rule FROM raw_line WHERE is_header GROUP BY settlement "
                 "HAVING count(*) > 1")
    refuse_blank(scratch, file, {"amount": "amount"}, where="NOT is_header")


def _check_totals(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> None:
    """The deposit is the sum of all amounts, to the cent."""
    wrong = scratch.execute(
        f"SELECT settlement, sum({amount_of('amount')}) FILTER (NOT is_header) AS lines, "
        f"any_value({amount_of('total')}) FILTER (is_header) AS total, any_value(line) FILTER (is_header) AS line "
        f"FROM raw_line {amount_join('amount')} {amount_join('total')} GROUP BY settlement "
        "HAVING coalesce(lines, 0) <> total ORDER BY settlement"
    ).fetchall()
    if wrong:
        raise file.refusal([
            Fault(f"settlement {settlement}: its lines add up to {lines or 0:,.2f}, its total is {total:,.2f}, the "
                  f"difference {(lines or 0) - total:,.2f}; download the report again", line, "total-amount")
            for settlement, lines, total, line in wrong
        ])


def _stage_lines(scratch: duckdb.DuckDBPyConnection, moment: str) -> None:
    scratch.execute(f"""
CREATE OR REPLACE TEMP TABLE staged_line AS
SELECT line::INTEGER AS line, 1::SMALLINT AS part, settlement AS identity, 0::BIGINT AS version, r.marketplace,
    date_trunc('month', posting_day)::DATE AS month, posting_day AS day, {moment} AS happened, order_id, sku,
    NULL::VARCHAR AS asin, coalesce(kind, '') AS transaction_type, coalesce(amount_type, '') AS amount_type,
    coalesce(description, '') AS description, {amount_of('quantity')}::BIGINT AS quantity,
    {amount_of('amount')}::DECIMAL(19,4) AS amount, upper(currency) AS currency
FROM raw_line r
{amount_join('amount')}
{amount_join('quantity')}
WHERE NOT is_header
""")


def _stage_settlements(scratch: duckdb.DuckDBPyConnection) -> None:
    days = ", ".join(f"{name}_utc AS {column}" for name, column in zip(
        _SPAN, ("starts_at", "ends_at", "deposited_at"), strict=True
    ))
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_settlement AS SELECT settlement AS settlement_id, r.home AS marketplace, "
        f"upper(r.currency) AS currency, {days}, {amount_of('total')}::DECIMAL(25,2) AS total, "
        "(SELECT count(*) FROM raw_line o WHERE o.settlement = r.settlement AND NOT o.is_header) AS line_count "
        f"FROM raw_line r {amount_join('total')} WHERE is_header"
    )

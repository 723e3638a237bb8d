"""Amazon's order report: one line per item of an order -> units and sales per product, marketplace and month.

Gross counts the lines that were not cancelled; Returned those that came back or were rejected, which are in
Gross too; Net is the difference. A month in which every line of a product was cancelled gives zeros, so that
a later report, in which an order is cancelled, takes its figures back.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from database.imports.cells import Cell, CellSource, gather_cells
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies, check_currencies
from database.imports.faults import LISTED, Fault
from database.imports.head import Head, Headings, Record
from database.imports.numbers import LARGEST, means_no_value
from database.imports.staging import ImportOptions, Skipped, Staged
from domain.errors import Refused
from domain.spelling import name_key

FORMAT = "amazon-orders"
_HEADINGS = {
    "order id": "order", "amazon-order-id": "order", "date": "month", "purchase-date": "month", "status": "status",
    "order-status": "status", "sku": "sku", "asin": "asin", "qty": "units", "quantity": "units", "amount": "sales",
    "item-price": "sales", "currency": "currency", "sales channel": "channel", "sales-channel": "channel",
    "category": "category",
}
_NEEDED = {
    "month": "Date (purchase-date)", "status": "Status (order-status)", "asin": "ASIN (asin)",
    "units": "Qty (quantity)", "sales": "Amount (item-price)", "channel": "Sales Channel (sales-channel)",
}
CHANNELS = {
    "amazon.com": "US", "amazon.ca": "CA", "amazon.com.mx": "MX", "amazon.com.br": "BR", "amazon.co.uk": "UK",
    "amazon.de": "DE", "amazon.fr": "FR", "amazon.it": "IT", "amazon.es": "ES", "amazon.nl": "NL", "amazon.se": "SE",
    "amazon.pl": "PL", "amazon.com.be": "BE", "amazon.ie": "IE", "amazon.com.tr": "TR", "amazon.ae": "AE",
    "amazon.sa": "SA", "amazon.eg": "EG", "amazon.in": "IN", "amazon.co.jp": "JP", "amazon.jp": "JP",
    "amazon.sg": "SG", "amazon.com.au": "AU", "amazon.co.za": "ZA",
}
OTHER = "OTHER"
_MEASURES = ("units", "sales")


def find_headings(head: Head) -> Headings | None:
    """Where the headings of an order report stand, if this is one. Amazon's own tab files are never quoted."""
    for number, record in enumerate(head.records):
        fields = {_HEADINGS.get(key) for key in record.keys}
        if "order" in fields and {"channel", "units", "sales"} & fields:
            return Headings(number, is_unquoted=head.delimiter == "\t" and "amazon-order-id" in record.keys)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what an order report needs."""
    return Headings(max(
        range(len(head.records)), key=lambda n: len({_HEADINGS.get(key) for key in head.records[n].keys} - {None})
    ))


def lacking(record: Record) -> list[str]:
    """The columns of an order report that are not among a record's cells."""
    found = {_HEADINGS.get(key) for key in record.keys}
    return [words for field, words in {"order": "Order ID (amazon-order-id)", **_NEEDED}.items() if field not in found]


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> Staged:
    """Reads an order report into TEMP table `staged`. Raises Refused with every fault found."""
    headings = file.headings[0].cells
    positions = _positions(file, headings)
    source = CellSource(
        file=file, query=_query(file, headings, positions, options),
        cells_of=lambda record: _cells(record, headings, positions), facts_of=lambda record: iter(()),
        rows_per_record=len(_MEASURES),
        unread=tuple(number for number in range(len(headings)) if number not in positions.values()),
        blank_rules={"asin": "is blank", "marketplace": "is no sales channel that is known", "metric": "is blank",
                     "month": "is blank"},
    )
    gathered = gather_cells(scratch, source, options)
    _refuse_blank_quantities(scratch, file, positions)
    named = check_currencies(currencies, options, gathered.named_currencies, gathered.style.symbols)
    skipped = _skipped(scratch)
    _sum_lines(scratch, file)
    return Staged(
        format=FORMAT, file_name=file.name, sha256=file.sha256, currencies=named, symbols=gathered.style.symbols,
        skipped=skipped, rows_read=gathered.rows, cells_read=gathered.filled + gathered.blank,
        rounded=gathered.style.rounded, products="staged_product",
    )


def _positions(file: CsvFile, headings: tuple[str, ...]) -> dict[str, int]:
    faults, positions, line = [], {}, file.headings[0].first_line
    for number, name in enumerate(headings):
        field = _HEADINGS.get(name_key(name))
        if field in positions:
            faults.append(Fault("this heading stands there twice", line, name))
        elif field is not None:
            positions[field] = number
    missing = (words for field, words in _NEEDED.items() if field not in positions)
    faults += [Fault(f"the column {words} is missing", line) for words in missing]
    if faults:
        raise file.refusal(faults)
    return positions


def _query(file: CsvFile, headings: tuple[str, ...], positions: dict[str, int], options: ImportOptions) -> str:
    """Two rows per line, its units and its sales; what became of the line is part of the measure's name."""
    def column(field: str) -> str:
        return f"c{positions[field]}" if field in positions else "NULL::VARCHAR"

    status = f"lower({column('status')})"
    fate = (
        f"CASE WHEN contains({status}, 'cancel') THEN 'cancelled' "
        f"WHEN contains({status}, 'return') OR contains({status}, 'reject') THEN 'returned' ELSE 'kept' END"
    )
    channel = f"lower(trim({column('channel')}))"
    known = " ".join(f"WHEN '{name}' THEN '{code}'" for name, code in CHANNELS.items())
    marketplace = f"CASE WHEN {channel} LIKE 'non-amazon%' THEN '{OTHER}' ELSE CASE {channel} {known} END END"
    brand = "NULL" if options.brand is None else "'" + options.brand.replace("'", "''") + "'"
    return (
        f"SELECT {column('asin')} AS asin, {brand}::VARCHAR AS brand, {column('category')} AS category, "
        f"NULL::VARCHAR AS status, {marketplace} AS marketplace, measure.name || ' ' || {fate} AS metric, "
        f"{column('month')} AS month, {column('currency')} AS currency, "
        f"CASE measure.name WHEN 'units' THEN {column('units')} ELSE {column('sales')} END AS value "
        f"FROM {file.reader()}, (VALUES ('units'), ('sales')) measure(name)"
    )


def _cells(record: list[str], headings: tuple[str, ...], positions: dict[str, int]) -> Iterator[Cell]:
    for field in ("asin", "category", "month", "currency"):
        if field in positions:
            yield Cell(field, headings[positions[field]], record[positions[field]], position=positions[field])
    channel = record[positions["channel"]]
    place = positions["channel"]
    yield Cell("marketplace", headings[place], _marketplace(channel), channel, place)
    for field in _MEASURES:
        yield Cell("value", headings[positions[field]], record[positions[field]], position=positions[field])


def _marketplace(channel: str) -> str:
    name = channel.strip(" ").lower()
    return OTHER if name.startswith("non-amazon") else CHANNELS.get(name, "")


def _refuse_blank_quantities(scratch: duckdb.DuckDBPyConnection, file: CsvFile, positions: dict[str, int]) -> None:
    """A line that is cut off before its quantity is no line of the report, unless it is cancelled."""
    if not scratch.execute(
        "SELECT count(*) FROM word WHERE g = 5 AND metric IN ('units kept', 'units returned') AND kind = 'blank'"
    ).fetchone()[0]:
        return
    heading, faults, count = file.headings[0].cells[positions["units"]], [], 0
    for line, record in file.records():
        is_cancelled = "cancel" in record[positions["status"]].lower()
        if means_no_value(record[positions["units"]]) and not is_cancelled and any(map(str.strip, record)):
            count += 1
            faults += [Fault("is blank", line, heading, "")] if count <= LISTED else []
    if count:
        raise file.refusal(faults, count)


def _skipped(scratch: duckdb.DuckDBPyConnection) -> tuple[Skipped, ...]:
    cancelled, blank = scratch.execute(
        "SELECT coalesce(sum(n) FILTER (metric = 'units cancelled'), 0)::BIGINT, "
        "coalesce(sum(n) FILTER (metric IN ('sales kept', 'sales returned') AND kind = 'blank'), 0)::BIGINT "
        "FROM word WHERE g = 5"
    ).fetchone()
    found = (Skipped("cancelled order lines", cancelled), Skipped("order lines without an amount", blank))
    return tuple(skipped for skipped in found if skipped.count)


def _sum_lines(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> None:
    """Replaces the lines in `staged` by their sums: six metrics per product, marketplace and month."""
    scratch.execute("ALTER TABLE staged RENAME TO order_line")
    scratch.execute(_SUMS)
    beyond = scratch.execute("SELECT count(*) FROM order_sum WHERE abs(value) > 9999999999999.99").fetchone()[0]
    if beyond:
        raise Refused(f"{file.name}: {beyond} sums are beyond {LARGEST}; nothing was taken in")
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged AS SELECT asin, marketplace, metric, month, value::DECIMAL(15,2) AS value "
        "FROM order_sum WHERE value IS NOT NULL"
    )


_SUMS = """
CREATE OR REPLACE TEMP TABLE order_sum AS
WITH line AS (
    SELECT asin, marketplace, month, value,
        split_part(metric::VARCHAR, ' ', 1) AS measure, split_part(metric::VARCHAR, ' ', 2) AS fate
    FROM order_line
), summed AS (
    SELECT asin, marketplace, month,
        coalesce(sum(value) FILTER (measure = 'units' AND fate <> 'cancelled'), 0) AS gross_units,
        coalesce(sum(value) FILTER (measure = 'units' AND fate = 'returned'), 0) AS returned_units,
        CASE
            WHEN bool_or(fate <> 'cancelled') THEN sum(value) FILTER (measure = 'sales' AND fate <> 'cancelled')
            ELSE 0
        END
            AS gross_sales,
        coalesce(sum(value) FILTER (measure = 'sales' AND fate = 'returned'), 0) AS returns
    FROM line
    GROUP BY asin, marketplace, month
)
SELECT asin, marketplace, month, unnest([
    {'metric': 'Gross units', 'value': gross_units},
    {'metric': 'Returned units', 'value': returned_units},
    {'metric': 'Net units', 'value': gross_units - returned_units},
    {'metric': 'Gross sales', 'value': gross_sales},
    {'metric': 'Returns', 'value': CASE WHEN gross_sales IS NOT NULL THEN returns END},
    {'metric': 'Net revenue', 'value': gross_sales - returns}
], recursive := true)
FROM summed
"""

"""Amazon's order report (all orders), as lines: an item of an order each.

A line was sold, cancelled, returned, or waits until its order is not pending any more. The newest state of an order
counts, whichever file tells it.
"""

from __future__ import annotations

from collections.abc import Mapping

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
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions, Skipped
from database.imports.told_names import name_column, take_names
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed, Posting
from domain.amazon import ORDERS
from domain.errors import Refused
from domain.marketplaces import OTHER, site_code
from domain.orders import AMOUNTS, CANCELLED, FATES, PENDING, PROMOTIONS, RETURNED, SOLD, TAXES, fate_of, is_cancelled
from domain.settlements import NOTHING, Amount
from domain.spelling import name_key

FORMAT = ORDERS
_COLUMNS = {
    "amazon-order-id": "order_id", "order id": "order_id", "order-id": "order_id", "purchase-date": "purchased",
    "date": "purchased", "order date": "purchased", "last-updated-date": "updated", "order-status": "status",
    "status": "status", "item-status": "item_status", "sales-channel": "channel", "sales channel": "channel",
    "sku": "sku", "asin": "asin", "quantity": "quantity", "qty": "quantity", "currency": "currency",
    "item-price": "item_price", "amount": "item_price",
    **{name: name.replace("-", "_") for name in AMOUNTS if name != "item-price"},
}
_NEEDED = ("order_id", "purchased", "status", "channel", "asin", "quantity", "item_price")


def find_headings(head: Head) -> Headings | None:
    """Where the headings of an order report stand, if this is one. Amazon's own tab files are never quoted."""
    for number, record in enumerate(head.records):
        fields = {_COLUMNS.get(key) for key in record.keys}
        if "order_id" in fields and "status" in fields and {"channel", "quantity", "item_price"} & fields:
            return Headings(number, is_unquoted=head.delimiter == "\t" and "amazon-order-id" in record.keys)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what an order report needs."""
    def fields(number: int) -> int:
        return len({_COLUMNS.get(key) for key in head.records[number].keys} - {None})

    return Headings(max(range(len(head.records)), key=fields))


def lacking(record: Record) -> list[str]:
    """The columns of an order report that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, _NEEDED)


def rules(amount: Amount) -> Placed:
    """Where an amount of an order line goes: its transaction type is what became of the line, its description the
    column. A replacement has a price of nothing, and so is a unit without revenue."""
    fate, column = amount.transaction_type, amount.description
    if fate not in (SOLD, RETURNED):
        return Placed(NOTHING, ())
    if column in PROMOTIONS:
        return Placed("Promo fees", (Posting("Promo fees", 1),))
    metrics = ("Gross sales",) if fate == SOLD else ("Gross sales", "Returns")
    if column in TAXES:
        return Placed("tax in prices", tuple(Posting(metric, -1, tax_in_price=True) for metric in metrics))
    units = ("Gross units",) if fate == SOLD else ("Gross units", "Returned units")
    pieces = tuple(Posting(metric, 1, of_quantity=True) for metric in units) if column == "item-price" else ()
    return Placed("Gross sales", (*(Posting(metric, 1) for metric in metrics), *pieces))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads an order report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    columns = positions_of(file, _COLUMNS, _NEEDED)
    rows = read_lines(scratch, file, columns | name_column(file.headings[-1]))
    nameless = take_names(scratch, "upper(replace(asin, ' ', ''))")
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    _add_missing(scratch, columns)
    _refuse_blank(scratch, file, headings)
    _tell_fates(scratch, file, headings, options)
    refuse_blank(scratch, file, {"quantity": headings["quantity"]}, where=f"fate IN ('{SOLD}', '{RETURNED}')")
    amounts = {field: headings[field] for field in ("quantity", *(each.replace("-", "_") for each in AMOUNTS))
               if field in columns}
    style = read_amounts(scratch, file, amounts, decimal=options.decimal)
    read_days(scratch, file, {
        "purchased": (headings["purchased"], "purchased", "marketplace"),
        "updated": (headings.get("updated", ""), "updated", "''"),
    }, order=options.date_order)
    _stage_lines(scratch, file)
    _stage_skus(scratch)
    return LineFile(
        FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows,
        symbols=style.symbols, skipped=(*_skipped(scratch), *nameless),
    )


def _add_missing(scratch: duckdb.DuckDBPyConnection, columns: Mapping[str, int]) -> None:
    """Columns that this export lacks are blank."""
    for field in sorted(set(_COLUMNS.values()) - set(columns)):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")


def _refuse_blank(scratch: duckdb.DuckDBPyConnection, file: CsvFile, headings: Mapping[str, str]) -> None:
    needed = ("order_id", "purchased", "status", "channel", "asin")
    refuse_blank(scratch, file, {field: headings[field] for field in needed})


def _tell_fates(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, headings: Mapping[str, str], options: ImportOptions
) -> None:
    """Adds `fate` and `marketplace` to the lines. A status that nobody knows refuses the file."""
    told = {}
    for name, fate in options.statuses:
        if name_key(fate) not in FATES:
            raise Refused(f"--status {name}={fate}: a status is one of {', '.join(FATES)}")
        told[name_key(name)] = name_key(fate)
    statuses = scratch.execute("SELECT DISTINCT status, item_status FROM raw_line").fetchall()
    fates = []
    for status, item in statuses:
        cancelled = item is not None and (told.get(name_key(item)) == CANCELLED or is_cancelled(item))
        fates.append(CANCELLED if cancelled else told.get(name_key(status)) or fate_of(status))
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE fate AS SELECT unnest($statuses::VARCHAR[]) AS status, "
        "unnest($items::VARCHAR[]) AS item_status, unnest($fates::VARCHAR[]) AS fate",
        {"statuses": [each[0] for each in statuses], "items": [each[1] for each in statuses], "fates": fates},
    )
    channels = [row[0] for row in scratch.execute("SELECT DISTINCT channel FROM raw_line").fetchall()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE channel AS SELECT unnest($names::VARCHAR[]) AS channel, "
        "unnest($codes::VARCHAR[]) AS marketplace",
        {"names": channels, "codes": [site_code(name) or OTHER for name in channels]},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE raw_line AS SELECT r.*, f.fate, c.marketplace FROM raw_line r "
        "JOIN fate f ON f.status = r.status AND f.item_status IS NOT DISTINCT FROM r.item_status "
        "JOIN channel c ON c.channel = r.channel"
    )
    refuse_texts(
        scratch, file, headings["status"],
        "SELECT line, status AS text, 'is no status that is known; say what became of such lines: --status ''' "
        "|| status || '=sold'' (or cancelled, returned, pending)' AS rule FROM raw_line WHERE fate IS NULL",
    )


def _stage_lines(scratch: duckdb.DuckDBPyConnection, file: CsvFile) -> None:
    """A row per amount; the price is there even where it is blank, because it carries the quantity."""
    parts = []
    for number, name in enumerate(AMOUNTS, start=1):
        field = name.replace("-", "_")
        amount = f"coalesce({amount_of(field)}, 0)"
        if name in PROMOTIONS:
            amount = f"abs({amount})"
        wanted = "true" if name == "item-price" else f"{field} IS NOT NULL"
        quantity = f"{amount_of('quantity')}::BIGINT" if name == "item-price" else "NULL::BIGINT"
        parts.append(
            f"SELECT r.line, {number} AS part, '{name}' AS description, {quantity} AS quantity, {amount} AS amount "
            f"FROM raw_line r {amount_join(field)} {amount_join('quantity')} WHERE {wanted}"
        )
    scratch.execute(f"""
CREATE OR REPLACE TEMP TABLE staged_line AS
WITH state AS (
    SELECT order_id, max(coalesce(epoch_ms(updated_utc), 0)) AS version
    FROM raw_line GROUP BY order_id
)
SELECT r.line::INTEGER AS line, p.part::SMALLINT AS part, r.order_id AS identity, s.version, r.marketplace,
    date_trunc('month', r.purchased_day)::DATE AS month, r.purchased_day AS day, r.purchased AS happened, r.order_id,
    r.sku, upper(replace(r.asin, ' ', '')) AS asin, r.fate AS transaction_type, '' AS amount_type, p.description,
    p.quantity, p.amount::DECIMAL(19,4) AS amount, upper(r.currency) AS currency
FROM ({" UNION ALL ".join(parts)}) p
JOIN raw_line r ON r.line = p.line
JOIN state s ON s.order_id = r.order_id
""")


def _stage_skus(scratch: duckdb.DuckDBPyConnection) -> None:
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_sku AS SELECT sku, marketplace, last(asin ORDER BY line) AS asin "
        f"FROM staged_line WHERE sku IS NOT NULL AND marketplace <> '{OTHER}' GROUP BY sku, marketplace"
    )


def _skipped(scratch: duckdb.DuckDBPyConnection) -> tuple[Skipped, ...]:
    counts = dict(scratch.execute("SELECT fate, count(*) FROM raw_line GROUP BY fate").fetchall())
    blank = scratch.execute(
        f"SELECT count(*) FROM raw_line WHERE item_price IS NULL AND fate IN ('{SOLD}', '{RETURNED}')"
    ).fetchone()[0]
    found = (
        Skipped("cancelled order lines", counts.get(CANCELLED, 0)),
        Skipped("pending order lines, which wait until a later report tells what became of them",
                counts.get(PENDING, 0)),
        Skipped("order lines without an amount", blank),
    )
    return tuple(each for each in found if each.count)

"""Amazon's transaction reports (date range or monthly), in any of its languages: a line per transaction, its amounts
side by side.

The amounts of a line add up to its total, or the file is refused with the difference. Equal lines of two files are one:
as many count as the file with most of them has, whatever language it was downloaded in.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

import duckdb

from database.imports.amazon.raw_lines import (
    amount_join,
    amount_of,
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
from domain.amazon import TRANSACTIONS
from domain.currencies import CODES
from domain.errors import Refused
from domain.settlements import Amount
from domain.spelling import name_key
from domain.transactions import (
    AMOUNTS,
    HEADINGS,
    ORDER,
    REFUND,
    TYPES,
    field_of,
    is_advertising,
    is_storage,
    is_text_heading,
    place_of,
    type_of,
)

FORMAT = TRANSACTIONS
_NEEDED = ("moment", "type", "order_id", "sku", "description", "quantity", "sales", "other", "total")
_TEXTS = ("moment", "settlement", "type", "order_id", "sku", "description", "site")
_TOLD = {"sold": ORDER, "returned": REFUND, **{name_key(kind): kind for kind in TYPES}}
"""What `--status` may say of a type."""


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a transaction report stand, in any language, if this is one."""
    for number, record in enumerate(head.records):
        fields = set(map(field_of, record.cells))
        if {"moment", "type", "total"} <= fields and len(fields & {"settlement", "order_id", "sales", "other"}) >= 2:
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a transaction report needs."""
    return Headings(max(
        range(len(head.records)), key=lambda number: len(set(map(field_of, head.records[number].cells)) - {None})
    ))


def lacking(record: Record) -> list[str]:
    """The columns of a transaction report that are not among a record's cells, by their English headings."""
    found = set(map(field_of, record.cells))
    return [HEADINGS[field][0] for field in _NEEDED if field not in found]


def rules(amount: Amount) -> Placed:
    """Where an amount of a transaction belongs."""
    place = place_of(amount)
    lump = "storage" if is_storage(amount) else "advertising" if is_advertising(amount) else ""
    of_order = amount.transaction_type == ORDER and amount.amount_type == "sales"
    units = (Posting("Gross units", 1, of_quantity=True),) if of_order else ()
    return Placed(place, (*(dataclasses.replace(each, lump=lump) for each in postings_of(place)), *units))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads a transaction report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    columns, unknown = _columns(file, options)
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    rows = read_lines(scratch, file, columns)
    for field in sorted({*_TEXTS, *AMOUNTS} - columns.keys()):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")
    amounts = [field for field in (*AMOUNTS, *unknown) if field in columns]
    refuse_blank(scratch, file, {field: headings[field] for field in ("moment", "type")})
    read_amounts(
        scratch, file, {field: headings[field] for field in (*amounts, "quantity", "total")}, decimal=options.decimal
    )
    free = [field for field in AMOUNTS if field not in columns]
    _refuse_unknown(scratch, file, {field: headings[field] for field in unknown}, free)
    _tell_types(scratch, file, headings["type"], options)
    currency = _currency(file)
    place_in_marketplaces(scratch, file, options, group="''", currency=f"nullif('{currency}', '')")
    _check_sums(scratch, file, headings["total"], amounts)
    read_days(scratch, file, {"moment": (headings["moment"], "moment", "home")}, order=options.date_order)
    _stage_lines(scratch, amounts, currency)
    return LineFile(FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules, is_exclusive=False), rows_read=rows)


def _columns(file: CsvFile, options: ImportOptions) -> tuple[dict[str, int], list[str]]:
    """Where the fields stand, and the names given to columns that are in no list and may hold amounts."""
    record, faults = file.headings[-1], []
    told = {name_key(name): field for name, field in options.columns}
    columns: dict[str, int] = {}
    unknown = []
    for number, written in enumerate(record.cells):
        field = told.get(name_key(written)) or field_of(written)
        if field is None:
            if written and not is_text_heading(written):
                field = f"unknown_{number}"
                unknown.append(field)
            else:
                continue
        if field in columns:
            faults.append(Fault("this heading stands there twice", record.first_line, written))
        columns[field] = number
    faults += [
        Fault(f"a column for {field.replace('_', ' ')} is missing", record.first_line)
        for field in _NEEDED if field not in columns
    ]
    if faults:
        raise file.refusal(faults)
    return columns, unknown


def _refuse_unknown(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, unknown: Mapping[str, str], free: Sequence[str]
) -> None:
    """A column in no list refuses the file where it is not zero. `free` are the fields that no column fills yet."""
    for field, heading in unknown.items():
        refuse_texts(
            scratch, file, heading,
            f"SELECT line, {field} AS text, 'is an amount of a column that is not known; say what it is: "
            f"--column ''{heading.replace(chr(39), chr(39) * 4)}={free[0]}'' (or {', '.join(free[1:])})' AS rule "
            f"FROM raw_line {amount_join(field)} WHERE coalesce({amount_of(field)}, 0) <> 0",
        )


def _tell_types(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str, options: ImportOptions) -> None:
    """Adds `kind`: the type of each line. One that is not known refuses the file where it has product sales."""
    told = {}
    for name, meaning in options.statuses:
        if name_key(meaning) not in _TOLD:
            raise Refused(f"--status {name}={meaning}: a transaction is one of {', '.join(TYPES)}")
        told[name_key(name)] = _TOLD[name_key(meaning)]
    words = [word for (word,) in scratch.execute("SELECT DISTINCT type FROM raw_line").fetchall()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE type_word AS SELECT unnest($words::VARCHAR[]) AS type, "
        "unnest($kinds::VARCHAR[]) AS kind",
        {"words": words, "kinds": [told.get(name_key(word)) or type_of(word) for word in words]},
    )
    scratch.execute("CREATE OR REPLACE TEMP TABLE raw_line AS SELECT * FROM raw_line JOIN type_word USING (type)")
    refuse_texts(
        scratch, file, heading,
        "SELECT line, type AS text, 'is no type that is known, and has product sales; say what it is: --status ''' "
        "|| type || '=Order'' (or Refund, Adjustment, Service Fee …)' AS rule "
        f"FROM raw_line {amount_join('sales')} WHERE kind IS NULL AND coalesce({amount_of('sales')}, 0) <> 0",
    )
    scratch.execute("UPDATE raw_line SET kind = type WHERE kind IS NULL")


def _currency(file: CsvFile) -> str:
    """The currency that the lines above the headings name; '' if they name none."""
    words = re.findall(r"\b[A-Z]{3}\b", " ".join(cell for record in file.above for cell in record.cells))
    found = sorted({word for word in words if word in CODES})
    return found[0] if len(found) == 1 else ""


def _check_sums(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str, amounts: list[str]) -> None:
    """The amounts of a line are its total, to the cent."""
    joins = " ".join(map(amount_join, (*amounts, "total")))
    added = " + ".join(f"coalesce({amount_of(field)}, 0)" for field in amounts)
    total = f"coalesce({amount_of('total')}, 0)"
    refuse_texts(
        scratch, file, heading,
        f"SELECT line, total AS text, 'the amounts of this line add up to ' || ({added}) || ', the difference is ' "
        f"|| ({added} - {total}) || '; download the report again' AS rule FROM raw_line {joins} "
        f"WHERE {added} <> {total}",
    )


def _stage_lines(scratch: duckdb.DuckDBPyConnection, amounts: list[str], currency: str) -> None:
    """A row per amount that is not zero; product sales are there even so, because they carry the quantity. What a line
    is, is its values, not its words."""
    joins = " ".join(map(amount_join, (*amounts, "quantity")))
    scratch.execute(f"""
CREATE OR REPLACE TEMP TABLE transaction_line AS
SELECT r.line, moment_day AS day, {amount_of('quantity')}::BIGINT AS pieces,
    md5(concat_ws('|', r.marketplace, moment_utc::VARCHAR, r.kind, coalesce(order_id, ''), coalesce(sku, ''),
        coalesce({amount_of('quantity')}, 0)::BIGINT::VARCHAR)) AS who,
    md5({_nonzero(amounts)}) AS what
FROM raw_line r {joins}
""")
    parts = []
    for number, field in enumerate(AMOUNTS, start=1):
        if field not in amounts:
            continue
        value = f"coalesce({amount_of(field)}, 0)"
        is_sales = field == "sales"
        wanted = f"{value} <> 0" + (" OR r.pieces IS NOT NULL" if is_sales else "")
        parts.append(
            f"SELECT r.line, {number} AS part, '{field}' AS amount_type, "
            f"{'r.pieces' if is_sales else 'NULL::BIGINT'} AS quantity, {value} AS amount, "
            f"{'description' if field == 'other' else 'NULL'} AS words "
            f"FROM (SELECT l.*, t.pieces FROM raw_line l JOIN transaction_line t USING (line)) r {amount_join(field)} "
            f"WHERE {wanted}"
        )
    scratch.execute(f"""
CREATE OR REPLACE TEMP TABLE staged_line AS
WITH numbered AS (
    SELECT *, row_number() OVER (PARTITION BY who, what ORDER BY line) AS time FROM transaction_line
)
SELECT r.line::INTEGER AS line, p.part::SMALLINT AS part, n.who || n.what || '#' || n.time AS identity,
    0::BIGINT AS version, r.marketplace, date_trunc('month', n.day)::DATE AS month, n.day, r.moment AS happened,
    r.order_id, r.sku, NULL::VARCHAR AS asin, r.kind AS transaction_type, p.amount_type,
    coalesce(p.words, '') AS description, p.quantity,
    p.amount::DECIMAL(19,4) AS amount, nullif('{currency}', '') AS currency
FROM ({" UNION ALL ".join(parts)}) p
JOIN raw_line r ON r.line = p.line
JOIN numbered n ON n.line = p.line
""")


def _nonzero(amounts: list[str]) -> str:
    """SQL: the amounts of a line that are not zero, by name: a file of another year has other columns."""
    named = ", ".join(
        f"CASE WHEN coalesce({amount_of(field)}, 0) <> 0 "
        f"THEN '{field}=' || {amount_of(field)}::DECIMAL(15,2)::VARCHAR END"
        for field in sorted(amounts)
    )
    return f"concat_ws('|', {named})"

"""Unit costs, what a piece of a product costs from a month on: `asin` or `sku`, `valid from`, `unit cost`; and
`marketplace`, `currency` where they matter."""

from __future__ import annotations

import duckdb

from database.imports.amazon.raw_lines import (
    lacking_of,
    positions_of,
    read_asins,
    read_days,
    read_lines,
    refuse_blank,
    refuse_texts,
)
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.numbers import rule_of_mark
from database.imports.staging import ImportOptions
from database.lines.costs import COSTS
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed
from domain.marketplaces import marketplace_code
from domain.settlements import NOTHING, Amount

FORMAT = COSTS
_COLUMNS = {
    "asin": "asin", "sku": "sku", "marketplace": "site", "valid from": "valid", "valid_from": "valid", "from": "valid",
    "unit cost": "cost", "unit_cost": "cost", "cost": "cost", "currency": "currency",
}
_NEEDED = ("valid", "cost")
_TELLING = {"unit cost", "unit_cost"}
_DIGITS = "regexp_replace(cost, '[$€£¥₹]|^[A-Z]{3} |[A-Z]{3}$|[''\u2019 \u00a0\u202f]', '', 'g')"
_KIND = """CASE
    WHEN regexp_full_match(digits, '[0-9]+') THEN 'none'
    WHEN regexp_full_match(digits, '[1-9][0-9]{0,2}[.,][0-9]{3}') THEN 'either'
    WHEN regexp_full_match(digits, '([0-9]+|[0-9]{1,3}(,[0-9]{3})+)[.][0-9]{1,4}|[0-9]{1,3}(,[0-9]{3}){2,}')
        THEN 'dot'
    WHEN regexp_full_match(digits, '([0-9]+|[0-9]{1,3}([.][0-9]{3})+),[0-9]{1,4}|[0-9]{1,3}([.][0-9]{3}){2,}')
        THEN 'comma'
    ELSE 'bad'
END"""


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a file of unit costs stand, if this is one."""
    for number, record in enumerate(head.records):
        fields = {_COLUMNS.get(key) for key in record.keys}
        if _TELLING & set(record.keys) and "valid" in fields and {"asin", "sku"} & fields:
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a file of unit costs needs."""
    return Headings(max(
        range(len(head.records)), key=lambda number: len(_COLUMNS.keys() & set(head.records[number].keys))
    ))


def lacking(record: Record) -> list[str]:
    """The columns of a file of unit costs that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, ("asin", *_NEEDED))


def rules(amount: Amount) -> Placed:
    """There are no amounts of lines."""
    return Placed(NOTHING, ())


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads unit costs into TEMP table `staged_cost`. Raises Refused with every fault found."""
    columns = positions_of(file, _COLUMNS, _NEEDED)
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    rows = read_lines(scratch, file, columns)
    for field in sorted(set(_COLUMNS.values()) - columns.keys()):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")
    refuse_blank(scratch, file, {field: headings[field] for field in _NEEDED})
    refuse_texts(
        scratch, file, headings.get("asin", headings.get("sku", "asin")),
        "SELECT line, '' AS text, 'names no product: neither ASIN nor SKU' AS rule FROM raw_line "
        "WHERE asin IS NULL AND sku IS NULL",
    )
    read_asins(scratch, file, headings.get("asin", "asin"))
    refuse_texts(
        scratch, file, headings.get("currency", "currency"),
        "SELECT line, currency AS text, 'is not a currency code like USD' AS rule FROM raw_line "
        "WHERE currency IS NOT NULL AND NOT regexp_full_match(currency, '[A-Za-z]{3}')",
    )
    _read_costs(scratch, file, headings["cost"], options)
    scratch.execute("UPDATE raw_line SET valid = valid || '-01' WHERE regexp_full_match(valid, '\\d{4}[-/]\\d{2}')")
    read_days(scratch, file, {"valid": (headings["valid"], "valid", "''")}, order=options.date_order)
    _stage(scratch, file, headings, options)
    return LineFile(FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows)


def _read_costs(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str, options: ImportOptions) -> None:
    """Adds `cost_number`. Which of point and comma is the decimal mark is told, or settled by the cells that can be
    read in one way only; else it is asked for."""
    scratch.execute("ALTER TABLE raw_line ADD COLUMN cost_number DECIMAL(19,4)")
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE cost_text AS SELECT line, cost AS text, {_DIGITS} AS digits, {_KIND} AS kind "
        "FROM raw_line"
    )
    counts = dict(scratch.execute("SELECT kind, count(*) FROM cost_text GROUP BY kind").fetchall())
    mark = options.decimal or ("," if counts.get("comma", 0) > counts.get("dot", 0) else ".")
    if options.decimal is None and not counts.keys() & {"dot", "comma"}:
        refuse_texts(scratch, file, heading, "SELECT line, text, 'could be thousands or thousandths; give --decimal . "
                     "or --decimal ,' AS rule FROM cost_text WHERE kind = 'either'")
    other, wrong = (".", "dot") if mark == "," else (",", "comma")
    refuse_texts(scratch, file, heading, f"SELECT line, text, '{rule_of_mark(mark)}' AS rule FROM cost_text "
                 f"WHERE kind = '{wrong}'")
    number = f"replace(replace(digits, '{other}', ''), '{mark}', '.')"
    scratch.execute(
        f"UPDATE raw_line SET cost_number = try_cast({number} AS DECIMAL(19,4)) FROM cost_text c "
        "WHERE c.line = raw_line.line AND c.kind <> 'bad'"
    )
    refuse_texts(
        scratch, file, heading, "SELECT line, cost AS text, 'is no cost of 0 or more with up to four decimals' AS rule "
        "FROM raw_line WHERE cost_number IS NULL",
    )


def _stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, headings: dict[str, str], options: ImportOptions
) -> None:
    sites = [row[0] for row in scratch.execute("SELECT DISTINCT coalesce(site, '') FROM raw_line").fetchall()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE place AS SELECT unnest($sites::VARCHAR[]) AS place, "
        "unnest($codes::VARCHAR[]) AS marketplace",
        {"sites": sites, "codes": [marketplace_code(site) if site else options.marketplace or "" for site in sites]},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_cost AS SELECT line::INTEGER AS line, "
        "asin, CASE WHEN asin IS NULL THEN sku END AS sku, p.marketplace, "
        "date_trunc('month', valid_day)::DATE AS valid_from, cost_number AS cost, upper(currency) AS currency "
        "FROM raw_line r JOIN place p ON p.place = coalesce(site, '')"
    )
    refuse_texts(
        scratch, file, headings["cost"],
        "SELECT max(line) AS line, coalesce(asin, sku) AS text, 'has two costs from the same month on; keep one' "
        "AS rule FROM staged_cost GROUP BY coalesce(asin, sku), asin IS NULL, marketplace, valid_from "
        "HAVING count(*) > 1",
    )

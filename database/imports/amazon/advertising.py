"""Amazon's advertising report (sponsored products, advertised product): what was spent on which product and when."""

from __future__ import annotations

import duckdb

from database.imports.amazon.measures import PRODUCT, measure_lines, stage_measures
from database.imports.amazon.raw_lines import (
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
from database.imports.faults import Fault
from database.imports.head import Head, Headings, Record
from database.imports.line_batch import LineFile
from database.imports.staging import ImportOptions
from database.imports.told_names import name_column, take_names
from database.lines.keeping import StagedLines
from database.lines.kinds import Placed, Posting
from domain.amazon import ADVERTISING, LUMPS, OF_CURRENCY
from domain.marketplaces import marketplace_code
from domain.settlements import Amount

FORMAT = ADVERTISING
_SALES = ("7 day total sales", "14 day total sales", "total sales")
_COLUMNS = {
    "date": "day", "start date": "day", "end date": "until", "currency": "currency", "campaign name": "campaign",
    "ad group name": "ad_group", "advertised sku": "sku", "advertised asin": "asin", "impressions": "impressions",
    "clicks": "clicks", "spend": "spend", "country": "site", "marketplace": "site", "portfolio name": "portfolio",
    **dict.fromkeys((form for name in _SALES for form in (name, *(f"{name} ({sign})" for sign in "$€£¥"))), "sales"),
}
_MEASURES = {"spend": "SEM costs", "sales": "Ad sales", "impressions": "Impressions", "clicks": "Clicks"}


def find_headings(head: Head) -> Headings | None:
    """Where the headings of an advertising report stand, if this is one."""
    for number, record in enumerate(head.records):
        keys = set(record.keys)
        if {"advertised asin", "advertised sku"} & keys and "spend" in keys and {"date", "start date"} & keys:
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what an advertising report needs."""
    return Headings(max(
        range(len(head.records)), key=lambda number: len(_COLUMNS.keys() & set(head.records[number].keys))
    ))


def lacking(record: Record) -> list[str]:
    """The columns of an advertising report that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, ("day", "asin", "spend"))


def rules(amount: Amount) -> Placed:
    """A measure is a metric; what is spent is told by product here and a lump in payments."""
    metric = _MEASURES[amount.description]
    return Placed(metric, (Posting(metric, 1, lump=LUMPS[ADVERTISING] if amount.description == "spend" else ""),))


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> LineFile:
    """Reads an advertising report into the TEMP tables of `StagedLines`. Raises Refused with every fault found."""
    columns = positions_of(file, _COLUMNS, ("day", "spend"))
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    rows = read_lines(scratch, file, columns | name_column(file.headings[-1]))
    nameless = take_names(scratch, PRODUCT) if "asin" in columns else ()
    for field in sorted(set(_COLUMNS.values()) - columns.keys()):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")
    refuse_blank(scratch, file, {"day": headings["day"]})
    refuse_texts(
        scratch, file, headings.get("asin", headings.get("sku", "")),
        "SELECT line, '' AS text, 'names no product: neither ASIN nor SKU' AS rule FROM raw_line "
        "WHERE asin IS NULL AND sku IS NULL",
    )
    measures = [field for field in _MEASURES if field in columns]
    style = read_amounts(scratch, file, {field: headings[field] for field in measures}, decimal=options.decimal)
    codes = [row[0] for row in scratch.execute(
        "SELECT DISTINCT upper(currency) FROM raw_line WHERE currency IS NOT NULL ORDER BY 1").fetchall()]
    _place(scratch, file, options, codes)
    moments = {"day": (headings["day"], "day", "''")}
    if "until" in columns:
        moments["until"] = (headings["until"], "until", "''")
    read_days(scratch, file, moments, order=options.date_order)
    if "until" in columns:
        _refuse_long_spans(scratch, file, headings["until"])
    measure_lines(scratch, measures, days_of="day")
    stage_measures(
        scratch, {field: f"{field}_number" for field in measures}, day="m.begins", happened="m.day",
        identity="md5(concat_ws('|', m.marketplace, m.begins::VARCHAR, coalesce(m.until, ''), "
        "coalesce(m.campaign, ''), coalesce(m.ad_group, ''), coalesce(m.sku, m.asin)))",
    )
    _stage_skus(scratch)
    return LineFile(
        FORMAT, file.name, file.sha256, StagedLines(FORMAT, rules), rows_read=rows,
        symbols=style.symbols if not codes else (), skipped=nameless,
    )


def _place(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, codes: list[str]
) -> None:
    """The marketplace of each line: its own, else what its currency settles, else what was told."""
    pairs = scratch.execute("SELECT DISTINCT site, currency FROM raw_line").fetchall()
    found = []
    for site, currency in pairs:
        code = marketplace_code(site) if site else options.marketplace or OF_CURRENCY.get((currency or "").upper())
        if code is None:
            raise file.refusal([Fault(
                f"of which marketplace is it? No line says so, and {currency or 'no currency'} is not that of one "
                "alone; give --marketplace CODE"
            )])
        found.append(code)
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE place AS SELECT unnest($sites::VARCHAR[]) AS site, "
        "unnest($currencies::VARCHAR[]) AS currency, unnest($codes::VARCHAR[]) AS marketplace",
        {"sites": [pair[0] for pair in pairs], "currencies": [pair[1] for pair in pairs], "codes": found},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE raw_line AS SELECT r.*, p.marketplace FROM raw_line r JOIN place p "
        "ON p.site IS NOT DISTINCT FROM r.site AND p.currency IS NOT DISTINCT FROM r.currency"
    )


def _refuse_long_spans(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str) -> None:
    refuse_texts(
        scratch, file, heading,
        "SELECT line, until AS text, 'is of another month than its start; download the report by day or by month' "
        "AS rule FROM raw_line WHERE date_trunc('month', day_day) <> date_trunc('month', until_day)",
    )


def _stage_skus(scratch: duckdb.DuckDBPyConnection) -> None:
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE staged_sku AS SELECT sku, marketplace, last(asin ORDER BY line) AS asin "
        "FROM staged_line WHERE sku IS NOT NULL AND asin IS NOT NULL GROUP BY sku, marketplace"
    )

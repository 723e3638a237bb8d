"""Overheads, costs that no sale causes: `name`, `amount` per month, `from`; and `to`, `currency`, `brand`,
`marketplace` where they matter."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import duckdb

from database.imports.amazon.raw_lines import (
    amount_join,
    amount_of,
    lacking_of,
    positions_of,
    read_amounts,
    read_lines,
    refuse_blank,
    refuse_texts,
)
from database.imports.csv_file import CsvFile
from database.imports.currencies import Currencies, marked, one_to_one
from database.imports.faults import LISTED, Fault
from database.imports.head import Head, Headings, Record
from database.imports.month_texts import read_months
from database.imports.staging import LOCAL, ImportOptions, Skipped
from database.lines import overheads
from domain.currencies import CODES
from domain.errors import SetupError
from domain.marketplaces import NOWHERE, marketplace_code
from domain.months import fault_of_month, today_utc
from domain.spelling import name_key, tidy

FORMAT = overheads.FORMAT
COLUMNS = ("name", "amount", "from", "to", "currency", "brand", "marketplace")
"""In the order in which a template has them."""
_COLUMNS = {
    "name": "name", "amount": "amount", "from": "first", "to": "last", "currency": "currency", "brand": "brand",
    "marketplace": "site",
}
_NEEDED = ("name", "amount", "first")
_LONGEST = {"name": 200, "brand": 255, "site": 10}


@dataclass(frozen=True)
class ToldOverhead:
    """A line of a file: as `domain.overheads.Overhead`, its brand by name, '' for nobody's."""

    line: int
    name: str
    brand: str
    marketplace: str
    first_month: datetime.date
    last_month: datetime.date
    amount: Decimal
    currency: str | None


@dataclass(frozen=True)
class OverheadFile:
    """A file of overheads that was read, and what is to be said of it."""

    format: str
    file_name: str
    sha256: str
    told: tuple[ToldOverhead, ...]
    currencies: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    read_as: tuple[str, ...] = ()


def find_headings(head: Head) -> Headings | None:
    """Where the headings of a file of overheads stand, if this is one."""
    for number, record in enumerate(head.records):
        keys = set(record.keys)
        if {"name", "amount", "from"} <= keys and not keys & {"asin", "sku", "metric", "month"}:
            return Headings(number)
    return None


def nearest_headings(head: Head) -> Headings:
    """The record that has most of what a file of overheads needs."""
    return Headings(max(
        range(len(head.records)), key=lambda number: len(_COLUMNS.keys() & set(head.records[number].keys))
    ))


def lacking(record: Record) -> list[str]:
    """The columns of a file of overheads that are not among a record's cells."""
    return lacking_of(record, _COLUMNS, _NEEDED)


def stage(
    scratch: duckdb.DuckDBPyConnection, file: CsvFile, options: ImportOptions, currencies: Currencies
) -> OverheadFile:
    """Reads a file of overheads. Raises Refused with every fault found."""
    if options.currency == LOCAL:
        raise SetupError("--currency local: overheads have no currency of a marketplace's own; name one")
    columns = positions_of(file, _COLUMNS, _NEEDED)
    headings = {field: file.headings[-1].cells[position] for field, position in columns.items()}
    read_lines(scratch, file, columns)
    for field in sorted(set(_COLUMNS.values()) - columns.keys()):
        scratch.execute(f"ALTER TABLE raw_line ADD COLUMN {field} VARCHAR")
    refuse_blank(scratch, file, {field: headings[field] for field in _NEEDED})
    read_amounts(scratch, file, {"amount": headings["amount"]}, decimal=options.decimal)
    rows = scratch.execute(
        f"SELECT line::INTEGER, name, coalesce(brand, ''), coalesce(site, ''), first, last, currency, amount, "
        f"{amount_of('amount')} FROM raw_line {amount_join('amount')} ORDER BY line"
    ).fetchall()
    _refuse_codes(scratch, file, headings["amount"])
    told = tuple(_read(rows, file, headings, options))
    named, counted = {each.currency for each in told if each.currency}, one_to_one(currencies, options)
    told = tuple(replace(each, currency=None) if each.currency in counted else each for each in told)
    minus = [each for each in told if each.amount < 0]
    if minus and not options.negative_costs and not any(each.amount > 0 for each in told):
        words = "amounts stand with a minus only, and costs are kept as positive amounts; --negative-costs turns them"
        raise file.refusal([Fault(words, minus[0].line, headings["amount"])])
    if options.negative_costs:
        told = tuple(replace(each, amount=-each.amount) for each in told)
    return OverheadFile(
        FORMAT, file.name, file.sha256, told, currencies=marked(currencies, options, named, ()),
    )


def _refuse_codes(scratch: duckdb.DuckDBPyConnection, file: CsvFile, heading: str) -> None:
    """A code beside an amount says its currency, which has a column of its own."""
    refuse_texts(
        scratch, file, heading,
        "SELECT line, amount AS text, 'names a currency; write it in a column currency' AS rule FROM raw_line "
        "WHERE regexp_matches(amount, '[A-Za-z]{3}')",
    )


def _read(
    rows: list[tuple], file: CsvFile, headings: dict[str, str], options: ImportOptions
) -> Iterator[ToldOverhead]:
    months = read_months(
        {text for row in rows for text in row[4:6] if text is not None}, order=options.date_order
    )
    faults: list[Fault] = []
    seen: dict[tuple, int] = {}
    found = []
    for line, name, brand, site, first, last, code, written, amount in rows:

        def fault(field: str, text: str, rule: str, line: int = line) -> None:
            faults.append(Fault(rule, line, headings.get(field, field), text))

        begins, ends = _months(first, last, months, fault)
        name, brand = tidy(name), tidy(brand or options.brand or "")
        place = marketplace_code(site or options.marketplace or "") or NOWHERE
        currency = (code or options.currency or "").upper() or None
        if amount is None:
            fault("amount", written, "is no amount")
        if currency and currency not in CODES:
            fault("currency", code or currency, "is no currency's code, such as EUR")
        if name_key(place) == "all":
            fault("site", site, "is not one marketplace; leave it blank for none")
        for field, text in (("name", name), ("brand", brand), ("site", place)):
            if len(text) > _LONGEST[field]:
                fault(field, text[:40], f"has more than {_LONGEST[field]} characters")
        if not name:
            fault("name", "", "is blank")
        if begins is None or ends is None or amount is None:
            continue
        twin = seen.setdefault((name_key(name), name_key(brand), place, begins), line)
        if twin != line:
            fault("name", name, f"begins in the same month as in line {twin}; keep one")
        found.append(ToldOverhead(line, name, brand, place, begins, ends, amount, currency))
    if faults:
        raise file.refusal(faults[:LISTED], len(faults))
    yield from found


Months = tuple[datetime.date | None, datetime.date | None]


def _months(first: str, last: str | None, months, fault: Callable[[str, str, str], None]) -> Months:
    """From when to when; without an end, that month only. None where a fault was told."""
    found: list[datetime.date | None] = []
    for field, text in (("first", first), ("last", last or first)):
        month = months.months.get(text)
        rule = months.rules.get(text, "") if month is None else fault_of_month(month, today_utc())
        if rule and not (field == "last" and text == first):
            fault(field, text, rule)
        found.append(None if rule else month)
    begins, ends = found
    if begins and ends and ends < begins:
        fault("last", last or "", "is before it begins")
        return None, None
    return begins, ends

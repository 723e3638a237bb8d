"""Files of rates: `month, currency, rate`, one row per month and currency, or the European Central Bank's history.

Both are opened, looked over and counted as every file is (database/imports/); nothing of a file is taken if anything of
it cannot be.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from database.imports.csv_file import CsvFile, TextFile
from database.imports.encodings import codec_of
from database.imports.faults import Fault
from database.imports.head import Headings
from database.imports.month_texts import read_months
from database.imports.opening import open_text
from database.imports.templates import text_of
from database.rates import central_bank
from database.rates.read import RatesFile, lines_above, records_of, refuse
from database.rates.texts import read_rates_of
from domain.currencies import CODES
from domain.errors import SetupError
from domain.spelling import tidy

MONTHLY = "month, currency, rate"
_COLUMNS = {"month": "month", "currency": "currency", "rate": "rate", "exchange rate": "rate"}


@dataclass(frozen=True)
class RateFileOptions:
    """What a person told of a file: what it is called, its decimal mark, order of dates, encoding, sheet."""

    called: str = ""
    decimal: str | None = None
    date_order: str | None = None
    encoding: str | None = None
    sheet: str | None = None

    def __post_init__(self) -> None:
        if self.encoding is not None and codec_of(self.encoding) is None:
            raise SetupError(f"--encoding {self.encoding!r} is not known; flask import --help names some")


def template_of(base: str) -> str:
    """A file of rates to fill in, with a rate of another currency than `base`."""
    return text_of([MONTHLY.split(", "), ["2025-01", "USD" if base == "EUR" else "EUR", "1.0350"]])


def read_rates_file(path: Path, options: RateFileOptions, *, base: str, others: Collection[str] = ()) -> RatesFile:
    """The rates of a file, each what one unit of a currency is in `base`. `others` are codes that facts name beside the
    known ones. Raises Refused with every fault found."""
    with open_text(
        path, options.called, sheet=options.sheet, encoding=options.encoding,
        is_known=lambda text: _headings(text) is not None or central_bank.find_headings(text) is not None,
    ) as text:
        if (history := central_bank.find_headings(text)) is not None:
            found = central_bank.read(history, base=base, decimal=options.decimal, order=options.date_order)
        elif (file := _headings(text)) is not None:
            found = _monthly(file, options, base=base, known=CODES | set(others))
        else:
            raise text.refusal([Fault(
                f"its headings are neither {MONTHLY}, nor those of {central_bank.KIND} (Date, USD, JPY, …), unpacked"
            )])
    return dataclasses.replace(found, notes=(*text.notes, *found.notes))


def _headings(text: TextFile) -> CsvFile | None:
    for head in text.heads:
        for number, record in enumerate(head.records):
            if {"month", "currency"} <= set(record.keys) and {"rate", "exchange rate"} & set(record.keys):
                return text.below(head, Headings(number))
    return None


def _monthly(file: CsvFile, options: RateFileOptions, *, base: str, known: Collection[str]) -> RatesFile:
    columns = _columns(file)
    rows = list(records_of(file))
    if not rows:
        raise file.refusal([Fault("has headings and no rows")])
    months = read_months({_cell(row, columns["month"]) for _, row in rows}, order=options.date_order)
    numbers = read_rates_of(
        {_cell(row, columns["rate"]) for _, row in rows}, base=base, decimal=options.decimal
    )
    faults, rates, lines, blank = [], {}, {}, 0
    for line, row in rows:
        month, code, rate = (_cell(row, columns[name]) for name in ("month", "currency", "rate"))
        found = _faults_of_row(line, month, code, rate, months=months.rules, numbers=numbers.rules, known=known)
        if found:
            faults += found
            continue
        code, number = code.upper(), numbers.rates[rate]
        key = (months.months[month], code)
        if number is None:
            blank += 1
        elif code == base:
            if number != 1:
                faults.append(Fault(f"{base} is the reporting currency, whose rate is 1", line, "rate", rate))
        elif key in rates:
            faults.append(Fault(f"{code} stands there again for this month; line {lines[key]} gave it first", line,
                                "currency", code))
        else:
            rates[key], lines[key] = number, line
    refuse(file, faults)
    if not rates:
        raise file.refusal([Fault("has no rate in any row")])
    notes = (f"{blank:,} {'row has' if blank == 1 else 'rows have'} no rate: left out",) if blank else ()
    return RatesFile(file.name, MONTHLY, rates, (*lines_above(file), *notes))


def _columns(file: CsvFile) -> dict[str, int]:
    headings, line = file.headings[-1], file.last_heading_line
    columns, faults = {}, []
    for position, (heading, key) in enumerate(zip(headings.cells, headings.keys, strict=True)):
        field = _COLUMNS.get(key)
        if field is None and heading:
            faults.append(Fault(f"is not one of {MONTHLY}: take the column out", line, None, heading, position))
        elif field in columns:
            faults.append(Fault("this heading stands there twice", line, heading, None, position))
        elif field is not None:
            columns[field] = position
    refuse(file, faults)
    return columns


def _faults_of_row(
    line: int, month: str, code: str, rate: str, *, months: dict[str, str], numbers: dict[str, str],
    known: Collection[str],
) -> list[Fault]:
    found = []
    if month in months:
        found.append(Fault(months[month] if month else "is blank", line, "month", month))
    if code.upper() not in known:
        found.append(Fault("is no currency's code, like GBP" if code else "is blank", line, "currency", code))
    if rate in numbers:
        found.append(Fault(numbers[rate], line, "rate", rate))
    return found


def _cell(row: Sequence[str], position: int) -> str:
    return tidy(row[position])

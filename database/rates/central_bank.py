"""The European Central Bank's history of rates, unpacked: `Date, USD, JPY, …`, per euro, a line per working day.

A month's rate is the mean of its days' crosses: a unit of a currency in the reporting currency is, on each day, the
reporting currency per euro over that currency per euro. It is exact until it is rounded, half to even, at ten decimals.
https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from database.imports.csv_file import CsvFile, TextFile
from database.imports.faults import Fault
from database.imports.head import Headings
from database.imports.month_texts import read_months
from database.rates.read import RatesFile, lines_above, records_of, refuse
from database.rates.texts import DECIMALS, read_rates_of
from domain.currencies import CODES
from domain.months import add_months, day_words, format_month, month_name, month_of, today_utc
from domain.spelling import tidy

KIND = "the European Central Bank's history"
EURO = "EUR"
_CODE = re.compile("[A-Za-z]{3}", re.ASCII)
_LATE = 6
"""A file that begins after this day of a month does not know that month: the bank gives no rates on the first of
January, nor on days around Easter and weekends."""
_SHORT = 5
"""A month whose last day in the file is so many days before its end was not over."""


def find_headings(text: TextFile) -> CsvFile | None:
    """The file's records, if its headings are the date and codes of currencies."""
    for head in text.heads:
        for number, record in enumerate(head.records):
            named = [key.upper() for key in record.keys[1:] if key]
            if record.keys[:1] == ("date",) and named and all(map(_CODE.fullmatch, named)) and set(named) & CODES:
                return text.below(head, Headings(number))
    return None


def read(file: CsvFile, *, base: str, decimal: str | None, order: str | None) -> RatesFile:
    """Every month's rates of every currency. Raises Refused for what is no rate or no date, for a day that stands there
    twice, and if the reporting currency is not among the columns."""
    codes = [cell.upper() for cell in file.headings[-1].cells]
    if base != EURO and base not in codes:
        words = f"there is no column for {base}, the reporting currency"
        raise file.refusal([Fault(words, file.last_heading_line)])
    twice = sorted({code for code in codes if code and codes.count(code) > 1})
    refuse(file, [Fault("this heading stands there twice", file.last_heading_line, code) for code in twice])
    rows = [(line, [tidy(cell) for cell in record]) for line, record in records_of(file)]
    months = _months(file, rows, order)
    days = _numbers(file, rows, codes, base=base, decimal=decimal)
    kept, notes, until = _whole_months(file, months)
    by_month: dict[datetime.date, list[dict[str, Decimal]]] = {}
    for month, per_euro in zip(months.values(), days, strict=True):
        if month in kept:
            by_month.setdefault(month, []).append(per_euro)
    rates = {}
    for month, found in sorted(by_month.items()):
        for code in sorted({*codes[1:], EURO} - {"", base}):
            crosses = [(per_euro[base], per_euro[code]) for per_euro in found if base in per_euro and code in per_euro]
            mean = mean_of(crosses) if crosses else Decimal(0)
            if mean:
                rates[month, code] = mean
    if not rates:
        raise file.refusal([Fault("has no month whose rates it knows; take the whole history (eurofxref-hist.csv)")])
    return RatesFile(file.name, KIND, rates, (*lines_above(file), *notes), until)


def mean_of(crosses: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """The mean of quotients, rounded half to even at ten decimals."""
    above, below = 0, 1
    # Fractions reduce themselves at each step, which takes seconds for a history of a quarter of a century.
    for dividend, divisor in crosses:
        quotient = Fraction(dividend) / Fraction(divisor)
        above, below = above * quotient.denominator + quotient.numerator * below, below * quotient.denominator
    below *= len(crosses)
    whole, rest = divmod(above * 10**DECIMALS, below)
    is_up = 2 * rest > below or (2 * rest == below and whole % 2 == 1)
    return Decimal(whole + is_up).scaleb(-DECIMALS)


def _months(
    file: CsvFile, rows: Sequence[tuple[int, list[str]]], order: str | None
) -> dict[str, datetime.date]:
    """Each day's text -> its month, in the order of the file."""
    found = read_months([row[0] for _, row in rows], order=order)
    faults, seen = [], {}
    for line, row in rows:
        day = row[0]
        if day in found.rules:
            faults.append(Fault(found.rules[day] if day else "is blank", line, "Date", day))
        elif day in seen:
            faults.append(Fault(f"stands there again; line {seen[day]} gave it first", line, "Date", day))
        seen.setdefault(day, line)
    refuse(file, faults)
    return {row[0]: found.months[row[0]] for _, row in rows}


def _numbers(
    file: CsvFile, rows: Sequence[tuple[int, list[str]]], codes: Sequence[str], *, base: str, decimal: str | None
) -> list[dict[str, Decimal]]:
    """Of each day, what a euro is in each currency that has a rate there."""
    columns = [(position, code) for position, code in enumerate(codes) if position and code]
    texts = {row[position] for _, row in rows for position, _ in columns}
    numbers = read_rates_of(texts, base=base, decimal=decimal, usual=".")
    if numbers.rules:
        refuse(file, [
            Fault(numbers.rules[row[position]], line, code, row[position], position)
            for line, row in rows for position, code in columns if row[position] in numbers.rules
        ])
    return [
        {EURO: Decimal(1)} | {
            code: numbers.rates[row[position]] for position, code in columns
            if numbers.rates[row[position]] is not None
        }
        for _, row in rows
    ]


def _whole_months(
    file: CsvFile, months: dict[str, datetime.date]
) -> tuple[set[datetime.date], list[str], dict[datetime.date, datetime.date]]:
    """The months that count, what is to be said of those at the ends, and of one that is not over the last day."""
    days = sorted(filter(None, map(_day, months)))
    kept, notes, until = set(months.values()), [], {}
    if not days or len(days) != len(months):
        return kept, _in_progress(kept), until
    first, last = days[0], days[-1]
    if first.day > _LATE:
        kept.discard(month_of(first))
        notes.append(
            f"{format_month(month_of(first))} is left out: the file knows it from {day_words(first)} on only"
        )
    over = add_months(month_of(last), 1)
    if month_of(last) in kept and (today_utc() < over or (over - last).days > _SHORT):
        until[month_of(last)] = last
        count = sum(month_of(day) == month_of(last) for day in days)
        notes.append(
            f"{month_name(month_of(last))} is a mean so far, of {count} {'day' if count == 1 else 'days'} through "
            f"{day_words(last)}"
        )
    return kept, notes, until


def _in_progress(months: Iterable[datetime.date]) -> list[str]:
    this = month_of(today_utc())
    return [f"{month_name(this)} is a mean so far"] if this in months else []


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None

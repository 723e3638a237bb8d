"""Periods: a run of months, what it is compared with, and how "the last 12 months" follows the data."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field

from domain.months import EARLIEST, MOST_AHEAD, add_months, month_name, month_of, months_between

ROLLING = {"3m": 3, "6m": 6, "12m": 12}
"""Period word -> number of complete months up to the last one with data."""

YEAR_TO_DATE = "ytd"
LAST_MONTH, MONTH_TO_DATE, LAST_QUARTER = "1m", "mtd", "1q"
"""The last complete month, the one in progress, and the last quarter that is complete."""

RELATIVE = (LAST_MONTH, MONTH_TO_DATE, LAST_QUARTER, *ROLLING, YEAR_TO_DATE)
"""Every period word that follows the data."""

PREVIOUS, YEAR_BEFORE, NOTHING = "previous", "year", "none"
COMPARISONS = (PREVIOUS, YEAR_BEFORE, NOTHING)
"""What months are compared with: as many before them, the same months a year before, or nothing."""

MOST_DRAWN = 120
"""Months that a page draws: nobody reads more, and one fact in the year 9999 would make a hundred thousand of them."""

AROUND = 13
"""Months that are drawn for a single one: with the same month of another year at one end."""

_WORDS = {
    LAST_MONTH: "Last month", MONTH_TO_DATE: "Month to date", LAST_QUARTER: "Last quarter",
    YEAR_TO_DATE: "Year to date",
}
_YEAR = re.compile(r"[1-9]\d{3}", re.ASCII)


@dataclass(frozen=True)
class Span:
    """The months from `first` to `last`, both included; never empty."""

    first: datetime.date
    last: datetime.date

    @property
    def months(self) -> list[datetime.date]:
        return months_between(self.first, self.last)

    @property
    def count(self) -> int:
        """How many months it has."""
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1

    def newest(self, count: int) -> Span:
        """Its last `count` months, or all of it."""
        return Span(add_months(self.last, 1 - count), self.last) if self.count > count else self

    def meets(self, other: Span) -> bool:
        """Whether no month lies between the two, so that together they are one run of months."""
        return add_months(self.first, -1) <= other.last and other.first <= add_months(self.last, 1)

    def with_months_before(self, count: int) -> Span:
        """The span with the `count` months before it."""
        return Span(add_months(self.first, -count), self.last)

    def shifted(self, count: int) -> Span:
        """The span `count` months later (earlier, if negative)."""
        return Span(add_months(self.first, count), add_months(self.last, count))

    def words(self) -> str:
        """`'Nov 2024 – Oct 2025'`, or one month's name."""
        if self.first == self.last:
            return month_name(self.first)
        return f"{month_name(self.first)} – {month_name(self.last)}"


@dataclass(frozen=True)
class Calendar:
    """Which months have figures, and which month is in progress.

    `current` is the calendar month of `today` (UTC): it, and every later one, is not complete. Where nobody told what
    day it is, none of that month is over.
    """

    first_month: datetime.date
    last_month: datetime.date
    current: datetime.date
    day: datetime.date | None = field(default=None, compare=False)

    @property
    def today(self) -> datetime.date:
        """The day that is not over."""
        return self.day or self.current

    @property
    def end(self) -> datetime.date:
        """Where relative periods end: the last complete month with data, or the last month with data
        where none is complete yet."""
        complete = min(self.last_month, add_months(self.current, -1))
        return complete if complete >= self.first_month else self.last_month

    def complete_part(self, span: Span) -> Span | None:
        """`span` without the month in progress and later ones; None if nothing is left."""
        last = min(span.last, add_months(self.current, -1))
        return Span(span.first, last) if last >= span.first else None

    @property
    def offered(self) -> Span:
        """The months that lists offer: those with data, but for such as no file can mean. These are chosen by an
        address."""
        first, last = max(self.first_month, EARLIEST), min(self.last_month, add_months(self.current, MOST_AHEAD))
        return Span(first, last) if first <= last else Span(self.last_month, self.last_month)

    def around(self, span: Span) -> Span:
        """The months that a drawing shows for `span`: its own, and for a single one those around it, AROUND in all as
        far as there are figures, so that it is seen beside its like."""
        if span.count > 1 or not self.first_month <= span.first <= self.last_month:
            return span
        last = min(self.last_month, add_months(span.first, AROUND // 2))
        first = max(self.first_month, add_months(last, 1 - AROUND))
        return Span(first, min(self.last_month, add_months(first, AROUND - 1)))

    @property
    def knows_current(self) -> bool:
        """Whether the month in progress has figures."""
        return self.first_month <= self.current <= self.last_month

    @property
    def years(self) -> list[int]:
        """Calendar years that are offered, newest first."""
        return list(range(self.offered.last.year, self.offered.first.year - 1, -1))


def calendar_at(first_month: datetime.date, last_month: datetime.date, today: datetime.date) -> Calendar:
    """The calendar of figures from `first_month` to `last_month`, seen on the day `today`."""
    return Calendar(first_month, last_month, month_of(today), today)


def is_year(word: str) -> bool:
    """Whether a period word has the form of a calendar year."""
    return _YEAR.fullmatch(word) is not None


def span_of(period: str, calendar: Calendar) -> Span:
    """The months that a period word (one of RELATIVE, or a year) stands for.

    A quarter is whole, so that it is never the last month over again. A year that is not over ends where relative
    periods end; a year without any complete month ends with the data.
    """
    end = calendar.end
    if period in ROLLING:
        return Span(add_months(end, 1 - ROLLING[period]), end)
    if period == LAST_QUARTER:
        last_of_quarter = add_months(end, -(end.month % 3))
        return Span(add_months(last_of_quarter, -2), last_of_quarter)
    if period in (LAST_MONTH, MONTH_TO_DATE):
        month = end if period == LAST_MONTH else calendar.current
        return Span(month, month)
    year = end.year if period == YEAR_TO_DATE else int(period)
    first, last = datetime.date(year, 1, 1), datetime.date(year, 12, 1)
    for cut in (end, calendar.last_month):
        if first <= cut < last:
            return Span(first, cut)
    return Span(first, last)


def glanced_at(calendar: Calendar) -> tuple[str, ...]:
    """The periods that are looked at first: the last month, the month to date, the last quarter, the year to date.
    What has no complete month, or no month in progress, is left out, and so is what holds the same figures as one
    before it: in February the year to date is January."""
    found: dict[Span, str] = {}
    for period in (LAST_MONTH, MONTH_TO_DATE, LAST_QUARTER, YEAR_TO_DATE):
        span = span_of(period, calendar)
        first, last = max(span.first, calendar.first_month), min(span.last, calendar.last_month)
        is_over = span.last < calendar.current
        if first <= last and is_over != (period == MONTH_TO_DATE):
            found.setdefault(Span(first, last), period)
    return tuple(found.values())


def usual_comparison(period: str, span: Span) -> str:
    """What months are compared with unless a reader says otherwise; `period` is their word, if they have one.

    What has a place in the year, a month, a quarter, a year or the part of one since January, is compared with the year
    before: ten months against the ten before would be January to October against March to December, and a month
    against the one before would be Christmas against November. Other runs of months are compared with as many before.
    """
    if period in ROLLING:
        return PREVIOUS
    is_quarter = span.count == 3 and span.first.month % 3 == 1
    is_since_january = span.first.month == 1 and span.first.year == span.last.year
    return YEAR_BEFORE if period or span.count == 1 or is_quarter or is_since_january else PREVIOUS


def period_words(period: str) -> str:
    """A period word as people say it: `'Last 12 months'`, `'Year to date'`, `'2025'`."""
    if period in ROLLING:
        return f"Last {ROLLING[period]} months"
    return _WORDS.get(period, period)

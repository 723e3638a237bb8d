"""Periods as people write them: `last month`, `mar 2025`, `q1`, `2024`, `year to date`."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from domain.months import add_months, format_month, month_name
from domain.periods import (
    LAST_MONTH,
    LAST_QUARTER,
    MONTH_TO_DATE,
    YEAR_TO_DATE,
    Calendar,
    Span,
    period_words,
    span_of,
)

_RELATIVE = {
    LAST_MONTH: ("last month", "previous month", LAST_MONTH),
    YEAR_TO_DATE: ("year to date", YEAR_TO_DATE, "this year"),
    "12m": ("last 12 months", "12m"), "6m": ("last 6 months", "6m"), "3m": ("last 3 months", "3m"),
    MONTH_TO_DATE: ("month to date", MONTH_TO_DATE, "this month", "current month"),
    LAST_QUARTER: ("last quarter", "previous quarter", LAST_QUARTER),
}
"""Periods that follow the data, in the order in which they are offered -> what people call them."""
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)


@dataclass(frozen=True)
class NamedPeriod:
    """Months that somebody wrote: `words` as pages say them, `more` which months these are, and the `period` or else
    the `span` that a selection changes to."""

    words: str
    more: str = ""
    period: str = ""
    span: Span | None = None

    @property
    def changes(self) -> Mapping[str, Any]:
        """What `Selection.changed` takes."""
        return {"period": self.period} if self.period else {"first": self.span.first, "last": self.span.last}


def periods_named(text: str, calendar: Calendar, *, limit: int) -> tuple[NamedPeriod, ...]:
    """The periods with figures that `text` begins to name, the likeliest first; without any text the usual ones."""
    words = _words(text)
    if not words:
        return tuple(found for _, found in _known(calendar)[:3])
    found = dict.fromkeys(
        period for names, period in _known(calendar) if any(_begins(words, name) for name in names)
    )
    return tuple(found)[:limit]


def _words(text: str) -> list[str]:
    """Small letters; `2025-03` and `03/2025` stay one word, as a month is written."""
    return re.sub(r"[^\w/-]+", " ", text.lower()).split()


def _begins(words: list[str], name: str) -> bool:
    """Whether every word begins a word of the name, in its order; the last one may be half typed."""
    rest = iter(name.split())
    return all(any(known.startswith(word) for known in rest) for word in words)


@functools.lru_cache(maxsize=8)
def _known(calendar: Calendar) -> list[tuple[tuple[str, ...], NamedPeriod]]:
    """Everything that can be named, with its names, in the order in which it is offered."""
    return [*_relative(calendar), *_years(calendar), *_quarters(calendar), *_months(calendar)]


def _relative(calendar: Calendar) -> Iterator[tuple[tuple[str, ...], NamedPeriod]]:
    for period, names in _RELATIVE.items():
        span = span_of(period, calendar)
        if _has(calendar, span):
            yield names, NamedPeriod(period_words(period), span.words() if span.count < 4 else "", period=period)
    this = calendar.current
    quarter = add_months(this, -((this.month - 1) % 3))
    for names, words, span in (
        (("this quarter", "quarter to date", "qtd"), "Quarter to date", Span(quarter, this)),
        (("last year", "previous year"), "Last year", _year(this.year - 1)),
    ):
        if _has(calendar, span):
            yield names, NamedPeriod(words, span.words(), span=span)


def _years(calendar: Calendar) -> Iterator[tuple[tuple[str, ...], NamedPeriod]]:
    for year in calendar.years:
        yield (str(year),), NamedPeriod(str(year), period=str(year))


def _quarters(calendar: Calendar) -> Iterator[tuple[tuple[str, ...], NamedPeriod]]:
    for year in calendar.years:
        for number in (4, 3, 2, 1):
            first = datetime.date(year, 3 * number - 2, 1)
            span = Span(first, add_months(first, 2))
            if _has(calendar, span):
                yield (f"q{number} {year}", f"{year} q{number}"), NamedPeriod(f"Q{number} {year}", span.words(),
                                                                              span=span)


def _months(calendar: Calendar) -> Iterator[tuple[tuple[str, ...], NamedPeriod]]:
    for month in reversed(calendar.offered.months):
        name = _MONTHS[month.month - 1]
        names = (f"{name} {month.year}", f"{month.year} {name}", format_month(month), f"{month:%m/%Y}")
        yield names, NamedPeriod(month_name(month), span=Span(month, month))


def _year(number: int) -> Span:
    return Span(datetime.date(number, 1, 1), datetime.date(number, 12, 1))


def _has(calendar: Calendar, span: Span) -> bool:
    """Whether some month of it has figures."""
    return span.first <= calendar.last_month and span.last >= calendar.first_month

"""Rates as /operations/rates shows them: a matrix of months and currencies, and where each is from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from database.rates.needed import Pair, gaps, waiting
from database.rates.told import ToldRate
from domain.months import day_words, format_month, month_name, months_words
from domain.rates import LiveRate
from web.figures.formats import RATE, Formats

MISSING, MOVED, SO_FAR = "missing", "moved", "so far"
MOST_SOURCES = 12


@dataclass(frozen=True)
class Kept:
    """What is known of rates: those that were told, by month and currency, those that the live figures were converted
    at, and the reporting currency."""

    told: Mapping[Pair, ToldRate]
    live: Sequence[LiveRate]
    base: str

    @property
    def needed(self) -> set[Pair]:
        """The months and currencies that the live figures need rates of."""
        return {(each.month, each.currency) for each in self.live if each.currency != self.base}

    @property
    def currencies(self) -> list[str]:
        """Those that figures need, then the others that were told."""
        needed = {code for _, code in self.needed}
        return [*sorted(needed), *sorted({code for _, code in self.told} - needed)]


@dataclass(frozen=True)
class RateCell:
    """One rate: `words` where it is from, `state` what must be known of it, `live` what the figures use instead."""

    rate: str
    words: str = ""
    state: str = ""
    live: str = ""


@dataclass(frozen=True)
class MonthRow:
    """The rates of a month, in the order of the columns."""

    month: str
    value: str
    cells: tuple[RateCell, ...]


@dataclass(frozen=True)
class SourceView:
    """What came at one time from one file, or by one person's word."""

    source: str
    by: str
    when: str
    what: str
    count: str


def months_of(kept: Kept, columns: Iterable[str]) -> list[datetime.date]:
    """The months that have a rate of these currencies, or need one, the newest first."""
    shown = set(columns)
    return sorted({month for month, code in (*kept.told, *kept.needed) if code in shown}, reverse=True)


def row_view(month: datetime.date, columns: Sequence[str], kept: Kept, formats: Formats) -> MonthRow:
    """A row of the matrix."""
    live = {each.currency: each for each in kept.live if each.month == month}
    cells = tuple(_cell(kept.told.get((month, code)), live.get(code), kept.base, formats) for code in columns)
    return MonthRow(month_name(month), format_month(month), cells)


def _cell(told: ToldRate | None, live: LiveRate | None, base: str, formats: Formats) -> RateCell:
    if told is None:
        if live is None:
            return RateCell("")
        return RateCell("", state=MISSING, live=_live_words(live, None, base, formats))
    words = f"{told.source}, by {told.changed_by}, {day_words(told.changed_at.date())}"
    moved = _live_words(live, told.rate, base, formats)
    state = MOVED if moved else SO_FAR if told.is_so_far else ""
    return RateCell(formats.exact(told.rate, RATE), words, state, moved)


def _live_words(live: LiveRate | None, rate: Decimal | None, base: str, formats: Formats) -> str:
    """What the figures use, where that is another rate; '' where it is this one, or nothing is converted."""
    if live is None or (live.base == base and live.rate == rate):
        return ""
    if live.rate is None:
        return "not in the figures yet"
    return f"figures use {formats.exact(live.rate, RATE)}"


def gap_words(kept: Kept) -> list[str]:
    """`GBP: Mar to May 2025`, of each currency that figures lack a rate of."""
    by_code: dict[str, list[str]] = {}
    for month, code in gaps(kept.needed, kept.told.keys(), kept.base):
        by_code.setdefault(code, []).append(format_month(month))
    return [f"{code}: {months_words(months)}" for code, months in by_code.items()]


def waiting_words(kept: Kept) -> list[str]:
    """`GBP 2025-03 from 1.2931 to 1.294`, of each rate that the next refresh converts anew."""
    rates = {pair: each.rate for pair, each in kept.told.items()}
    return [change.words for change in waiting(kept.live, rates, kept.base)]


def source_views(kept: Kept, formats: Formats) -> list[SourceView]:
    """Where the rates are from, the newest first."""
    groups: dict[tuple[datetime.datetime, str, str], list[ToldRate]] = {}
    for each in kept.told.values():
        groups.setdefault((each.changed_at, each.source, each.changed_by), []).append(each)
    newest = sorted(groups.items(), key=lambda group: group[0], reverse=True)
    return [
        SourceView(source, by, day_words(when.date()), _what(found), formats.counted(len(found), "rate"))
        for (when, source, by), found in newest[:MOST_SOURCES]
    ]


def _what(found: Sequence[ToldRate]) -> str:
    codes = sorted({each.currency for each in found})
    named = ", ".join(codes) if len(codes) <= 4 else f"{len(codes)} currencies"
    return f"{named}, {months_words(sorted({format_month(each.month) for each in found}))}"

"""The months before the chosen ones and those after: one step back, one step on."""

from __future__ import annotations

from dataclasses import dataclass

from domain.periods import ROLLING, YEAR_TO_DATE, Span, is_year, span_of
from domain.selection import Selection
from web.figures.page import Page

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Step:
    """A step; `way` is before or after, `address` '' where there are no figures that way."""

    way: str
    words: str
    address: str


def steps_of(page: Page) -> tuple[Step, Step]:
    """Back and on: a year of a year, else as many months as are chosen."""
    return tuple(_step(page, way, sign) for way, sign in ((BEFORE, -1), (AFTER, 1)))


def _step(page: Page, way: str, sign: int) -> Step:
    selection = page.selection
    year = _year_of(selection)
    if year:
        is_there = year + sign in selection.calendar.years
        return Step(way, str(year + sign), page.address(period=str(year + sign)) if is_there else "")
    chosen, calendar = selection.span, selection.calendar
    beyond = Span(chosen.last, calendar.last_month) if sign > 0 else Span(calendar.first_month, chosen.first)
    if beyond.count - 1 < chosen.count:
        return Step(way, "", "")
    span = chosen.shifted(sign * chosen.count)
    return Step(way, span.words(), _address(page, span))


def _year_of(selection: Selection) -> int:
    """The calendar year that is chosen, whole or so far; 0 if none is."""
    if is_year(selection.period):
        return int(selection.period)
    return selection.span.first.year if selection.period == YEAR_TO_DATE else 0


def _address(page: Page, span: Span) -> str:
    """By the period's own word where it has one, so that two ways to the same months are one address."""
    for word in ROLLING:
        if span_of(word, page.selection.calendar) == span:
            return page.address(period=word)
    return page.address(first=span.first, last=span.last)

"""Headline figures as cards: short, with a trend line, against earlier months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from charts.small import TrendLine, trend_line
from database.queries.figures import Figure
from domain.months import month_name
from domain.selection import Selection
from web.figures.breakdown import LEVEL_WORDS
from web.figures.changes import Change, change_of
from web.figures.formats import MONEY, kind_of_figure
from web.figures.page import Page
from web.figures.profit_table import level_of
from web.figures.sheets import TEXT, Cell, Column, Sheet


@dataclass(frozen=True)
class Card:
    """A headline as it is shown: short, with the exact figure for whoever asks. `level` is a margin's, for
    the sign beside it."""

    name: str
    short: str
    exact: str
    is_negative: bool
    changes: tuple[Change, ...]
    trend: TrendLine | None
    trend_words: str
    level: str = ""
    level_words: str = ""


@dataclass(frozen=True)
class Headlines:
    """The cards in a row; `no_changes` stands where there is nothing to compare with."""

    cards: tuple[Card, ...]
    no_changes: str


def headlines_of(figures: Iterable[Figure], page: Page) -> Headlines:
    """The cards of `figures`."""
    return Headlines(
        cards=tuple(_card(figure, page) for figure in figures),
        no_changes="" if page.selection.compare == "none" else "no earlier figures",
    )


def headlines_sheet(figures: Iterable[Figure]) -> Sheet:
    """The same figures as raw values. Kinds go by row: a margin stands below an amount."""
    names = ("Value", "Complete months", "Previous period", "Year before")
    columns = (Column("Figure", TEXT), *(Column(name, MONEY) for name in names))
    return Sheet("headlines", "Headlines", columns, [
        (
            row.name,
            *(Cell(value, kind_of_figure(row)) for value in (row.value, row.complete, row.previous, row.year_before)),
        )
        for row in figures
    ])


def _card(headline: Figure, page: Page) -> Card:
    kind = kind_of_figure(headline)
    write = page.formats
    level = level_of(headline, headline.value, page)
    return Card(
        name=headline.name,
        short=write.short(headline.value, kind),
        exact=write.exact(headline.value, kind),
        is_negative=headline.value is not None and headline.value < 0,
        changes=_card_changes(headline, page.selection, page),
        trend=trend_line(headline.months),
        trend_words=_trend_words(headline, page, kind),
        level=level,
        level_words=LEVEL_WORDS.get(level, ""),
    )


def _card_changes(headline: Figure, selection: Selection, page: Page) -> tuple[Change, ...]:
    """Against the previous period and the year before, or once where these are the same months."""
    if selection.compare == "none":
        return ()
    against = [("vs year before", selection.year_before, headline.year_before)]
    if selection.previous != selection.year_before:
        against.insert(0, ("vs previous period", selection.previous, headline.previous))
    return tuple(
        change_of(headline, before, formats=page.formats).against(words, span)
        for words, span, before in against
        if span
    )


def _trend_words(headline: Figure, page: Page, kind: str) -> str:
    months = page.selection.span.months
    known = [(m, v) for m, v in zip(months, headline.months, strict=True) if v is not None]
    if not known:
        return "no figures"
    (first, start), (last, end) = known[0], known[-1]
    write = page.formats.short
    return f"from {write(start, kind)} in {month_name(first)} to {write(end, kind)} in {month_name(last)}"

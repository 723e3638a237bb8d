"""Headline figures as cards: short, with a trend line, against earlier months."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from charts.small import TrendLine, trend_line
from database.queries.figures import Figure
from domain.months import add_months, month_name
from domain.periods import NOTHING, Span
from domain.selection import Selection
from web.figures.asked import of_metric
from web.figures.breakdown import LEVEL_WORDS
from web.figures.changes import Change, change_of
from web.figures.formats import MONEY, kind_of_figure
from web.figures.page import Page
from web.figures.profit_table import level_of
from web.figures.sheets import TEXT, Cell, Column, Sheet
from web.figures.trends import trend_words


@dataclass(frozen=True)
class Card:
    """A headline as it is shown: short, with the exact figure for whoever asks. `level` is a margin's, for
    the sign beside it; `earlier` what a month had a year before one that is not over; `margin` the part of net revenue
    that the amount is. `explained` is where it is explained, and `about` says the same beside the figure."""

    name: str
    short: str
    exact: str
    is_negative: bool
    changes: tuple[Change, ...]
    trend: TrendLine | None
    trend_words: str
    level: str = ""
    level_words: str = ""
    earlier: str = ""
    margin: Card | None = None
    explained: str = ""
    about: str = ""


@dataclass(frozen=True)
class Headlines:
    """The cards in a row; `no_changes` stands where there is nothing to compare with."""

    cards: tuple[Card, ...]
    no_changes: str


def headlines_of(figures: Iterable[Figure], page: Page) -> Headlines:
    """The cards of `figures`; a margin stands with the amount before it."""
    cards: list[Card] = []
    for figure in figures:
        card = _card(figure, page)
        if cards and figure.ratio and figure.ratio.percent:
            cards[-1] = replace(cards[-1], margin=card)
        else:
            cards.append(card)
    return Headlines(
        cards=tuple(cards),
        no_changes="" if page.selection.compared_with == NOTHING else "no earlier figures",
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
        trend=trend_line(headline.drawn, marked=marked_month(page.selection)),
        trend_words=_trend_words(headline, page, kind),
        level=level,
        level_words=LEVEL_WORDS.get(level, ""),
        earlier=_earlier(headline, page, kind),
        explained=page.explanation(metric=headline.name), about=of_metric(headline.name),
    )


def marked_month(selection: Selection) -> int | None:
    """The place of a single chosen month among those that are drawn around it."""
    if selection.drawn == selection.span:
        return None
    return Span(selection.drawn.first, selection.span.first).count - 1


def _earlier(headline: Figure, page: Page, kind: str) -> str:
    """`Nov 2024, whole: $2.74M`: what a month that is not over, and so compared with nothing, may be held against."""
    selection = page.selection
    if selection.complete is not None or selection.compared_with == NOTHING or selection.drawn == selection.span:
        return ""
    month = add_months(selection.span.first, -12)
    known = dict(zip(selection.drawn.months, headline.drawn, strict=True))
    value = known.get(month)
    return "" if value is None else f"{month_name(month)}, whole: {page.formats.short(value, kind)}"


def _card_changes(headline: Figure, selection: Selection, page: Page) -> tuple[Change, ...]:
    """Against the months that the reader compares with, by their name where they are the months of a year before."""
    span = selection.comparison
    if span is None:
        return ()
    is_year = span == selection.year_before
    before = headline.year_before if is_year else headline.previous
    words = "vs year before" if is_year else "vs previous period"
    return (change_of(headline, before, formats=page.formats).against(words, span),)


def _trend_words(headline: Figure, page: Page, kind: str) -> str:
    return trend_words(page.selection.drawn.months, headline.drawn, lambda value: page.formats.short(value, kind))

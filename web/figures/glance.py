"""The periods that are looked at first, as tiles: a glance at each, and the way to it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from database.queries.glance import ASKED, Glance, GlanceFigure, YearEstimate
from domain.estimates import RULE
from domain.metrics import CM3, NET_REVENUE, rise_of
from domain.month_estimates import MonthEstimate
from domain.months import add_months, month_name
from domain.periods import period_words
from web.figures.asked import of_period
from web.figures.breakdown import LEVEL_WORDS
from web.figures.changes import Change, in_points, relative
from web.figures.formats import MONEY, PERCENT
from web.figures.month_estimates import short_estimate
from web.figures.page import Page
from web.figures.profit_table import level_of
from web.figures.sheets import MONTH, TEXT, Column, Sheet

IN_PROGRESS = "in progress; the year before is the whole month"


@dataclass(frozen=True)
class TileFigure:
    """A figure of a tile: short, and exact for whoever asks. Of a month in progress no change is told."""

    name: str
    short: str
    exact: str
    is_negative: bool
    level: str
    level_words: str
    change: Change
    about: str


@dataclass(frozen=True)
class Tile:
    """A period: a way to it, with the filters that are chosen. `foot` says what its changes are against, and of a month
    in progress what the whole month had a year before; `estimate` what it may come to."""

    name: str
    months: str
    address: str
    is_chosen: bool
    foot: str
    figures: tuple[TileFigure, ...]
    estimate: str = ""


def tiles_of(glances: Iterable[Glance], page: Page, of_month: MonthEstimate) -> tuple[Tile, ...]:
    """A tile of each period; that of the month in progress says what it may come to."""
    return tuple(
        Tile(
            name=period_words(glance.period), months=glance.span.words(), address=page.address(period=glance.period),
            is_chosen=glance.span == page.selection.span, foot=_foot(glance, page),
            estimate=short_estimate(of_month, page) if glance.in_progress else "",
            figures=tuple(_figure(figure, page, glance.period) for figure in glance.figures),
        )
        for glance in glances
    )


@dataclass(frozen=True)
class EstimateView:
    """What the year will come to, and what is to be known of it: its rule, and how good it was a year ago."""

    year: str
    figures: tuple[tuple[str, str, str], ...]
    rule: str
    missed: str


def estimate_view(found: YearEstimate | None, page: Page) -> EstimateView | None:
    """The estimate as readers see it: each figure by its name, short and exact."""
    if found is None:
        return None
    write = page.formats
    missed = " and ".join(
        f"{write.change(size)} for {name}" for name in (CM3, NET_REVENUE)
        if (size := found.missed.get(name)) is not None
    )
    then = month_name(add_months(found.through, -12))
    return EstimateView(
        year=str(found.year),
        figures=tuple(
            (name, write.short(value, MONEY), write.exact(value, MONEY))
            for name in (CM3, NET_REVENUE) if (value := found.values.get(name)) is not None
        ),
        rule=RULE,
        missed=f"After {then} the same rule was off by {missed}." if missed
        else "How far off it would have been a year ago cannot be told: the figures do not reach back so far.",
    )


def glance_sheet(glances: Iterable[Glance], estimate: YearEstimate | None) -> Sheet:
    """The same figures as raw values."""
    names = [(each, MONEY) if isinstance(each, str) else (each.name, PERCENT) for each in ASKED]
    columns = [Column("Period", TEXT), Column("From", MONTH), Column("To", MONTH), Column("State", TEXT)]
    for name, kind in names:
        change = "change in points" if kind == PERCENT else "change"
        columns += [Column(name, kind), Column(f"{name}, year before", kind), Column(f"{name}, {change}", PERCENT)]
    rows = []
    for glance in glances:
        state = IN_PROGRESS if glance.in_progress else "complete"
        row = [period_words(glance.period), glance.span.first, glance.span.last, state]
        figures = {figure.name: figure for figure in glance.figures}
        for name, _ in names:
            figure = figures.get(name)
            row += [figure.value, figure.before, figure.change] if figure else [None, None, None]
        rows.append(tuple(row))
    if estimate:
        first, last = (datetime.date(estimate.year, month, 1) for month in (1, 12))
        values = (value for name, _ in names for value in (estimate.values.get(name), None, None))
        rows.append((str(estimate.year), first, last, f"estimate. {RULE}", *values))
    return Sheet("periods", "At a glance", tuple(columns), rows)


def _foot(glance: Glance, page: Page) -> str:
    """`vs Oct 2025`, or of a month in progress `Whole Nov 2025: CM3 $7.67K, Net revenue $107K`."""
    if glance.before is None:
        return "no earlier figures"
    if not glance.in_progress:
        return f"vs {glance.before.words()}"
    amounts = [f"{figure.name} {page.formats.short(figure.before, MONEY)}" for figure in glance.figures
               if figure.ratio is None and figure.before is not None]
    return f"Whole {glance.before.words()}: {', '.join(amounts)}" if amounts else "no earlier figures"


def _figure(figure: GlanceFigure, page: Page, period: str) -> TileFigure:
    write, kind = page.formats, PERCENT if figure.ratio else MONEY
    level = level_of(figure, figure.value, page)
    return TileFigure(
        name=figure.name, short=write.short(figure.value, kind), exact=write.exact(figure.value, kind),
        is_negative=figure.value is not None and figure.value < 0,
        level=level, level_words=LEVEL_WORDS.get(level, ""), change=_change(figure, page),
        about=of_period(figure.name, period),
    )


def _change(figure: GlanceFigure, page: Page) -> Change:
    if figure.ratio:
        before = None if figure.in_progress else figure.before
        return in_points(figure.value, before, formats=page.formats, rise=figure.ratio.rise)
    return relative(figure.change, formats=page.formats, rise=rise_of(figure.name))

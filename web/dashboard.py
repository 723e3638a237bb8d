"""/dashboard: how is business, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, render_template

from charts.monthly import Bar, monthly_figure
from charts.small import TrendLine, trend_line
from database.queries.breakdown import SORTS
from database.queries.dashboard import Dashboard, MonthRow, read_dashboard
from database.queries.figures import Figure
from domain.metrics import rise_of
from domain.months import month_name
from domain.selection import Selection
from web.breakdown import BreakdownView, breakdown_view
from web.changes import Change, change_of, relative
from web.drawing import embedded
from web.figures import Page, figures_page
from web.filters import filters_of, period_name
from web.formats import PERCENT, kind_of
from web.notices import badge_of, notices_of

pages = Blueprint("dashboard", __name__)

ROWS_PER_PAGE = 20


@dataclass(frozen=True)
class Card:
    """A headline as it is shown: short, with the exact figure for whoever asks."""

    name: str
    short: str
    exact: str
    is_negative: bool
    changes: tuple[Change, ...]
    trend: TrendLine | None
    trend_words: str


@dataclass(frozen=True)
class ChartRow:
    """One month of the table behind the chart."""

    month: str
    value: str
    before_month: str
    before: str
    change: Change
    in_progress: bool


@dataclass(frozen=True)
class Chart:
    """The main chart: its figure as JSON, and the same figures as rows."""

    metric: str
    figure: str
    now_words: str
    before_words: str
    rows: tuple[ChartRow, ...]


@pages.get("/")
@pages.get("/dashboard")
def show() -> Response:
    """The dashboard of the reader's selection."""
    return figures_page("Dashboard", _render, sorts=SORTS)


def _render(page: Page) -> str:
    rows = read_dashboard(page.connection, page.selection, page.catalogue.brands)
    return render_template(
        "dashboard/show.html",
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        filters=filters_of(page),
        notices=notices_of(page),
        is_empty=rows.is_empty,
        cards=[_card(headline, page) for headline in rows.headlines],
        no_changes="" if page.selection.compare == "none" else "no earlier figures",
        chart=_chart(rows, page),
        brands=_brands(rows, page),
    )


def _brands(rows: Dashboard, page: Page) -> BreakdownView:
    return breakdown_view(rows.brands, page, title="Brands", part="brands", per_page=ROWS_PER_PAGE)


def _card(headline: Figure, page: Page) -> Card:
    kind = PERCENT if headline.ratio and headline.ratio.percent else kind_of(headline.name)
    write = page.formats
    return Card(
        name=headline.name,
        short=write.short(headline.value, kind),
        exact=write.exact(headline.value, kind),
        is_negative=headline.value is not None and headline.value < 0,
        changes=_card_changes(headline, page.selection, page),
        trend=trend_line(headline.months),
        trend_words=_trend_words(headline, page, kind),
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


def _chart(rows: Dashboard, page: Page) -> Chart:
    selection, kind = page.selection, kind_of(page.selection.metric)
    comparison = selection.comparison
    before_words = comparison.words() if comparison else ""

    def exact(value: Decimal) -> str:
        return page.formats.exact(value, kind)

    figure = monthly_figure(
        [Bar(row.month, row.value, row.before_month, row.before, open=row.in_progress) for row in rows.months],
        name=selection.span.words(), before_name=before_words, exact=exact,
        tick=lambda value: page.formats.tick(value, kind),
    )
    return Chart(
        metric=selection.metric,
        figure=embedded(figure),
        now_words=selection.span.words(),
        before_words=before_words,
        rows=tuple(_chart_row(row, page, kind) for row in rows.months),
    )


def _chart_row(row: MonthRow, page: Page, kind: str) -> ChartRow:
    return ChartRow(
        month=month_name(row.month),
        value=page.formats.exact(row.value, kind),
        before_month=month_name(row.before_month) if row.before_month else "",
        before=page.formats.exact(row.before, kind),
        change=relative(row.change, formats=page.formats, rise=rise_of(page.selection.metric)),
        in_progress=row.in_progress,
    )

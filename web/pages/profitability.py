"""/profitability: where the money goes, from net revenue to CM3, and to the operating profit if there are overheads."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from charts.lines import Line, Threshold, lines_figure
from charts.waterfall import Bar, waterfall_figure
from database.queries.pages import PROFITABILITY
from database.queries.profitability import MARGINS, Profitability
from domain.metrics import CM3, NET_REVENUE, OPERATING_PROFIT
from domain.months import month_name
from domain.profit import Step
from domain.ratios import share
from web.figures.asked import NOTHING, of_metric
from web.figures.drawing import embedded
from web.figures.filters import filters_of, period_name
from web.figures.formats import MONEY, PERCENT
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import CellView, LineView, ProfitTable, profit_sheet, profit_table, view_sheets
from web.figures.sheets import TEXT, Column, Offer, Sheet, export_links, without_view
from web.pages.drivers import way_to_drivers

pages = Blueprint("profitability", __name__)

WITHOUT = ("metric", "compare")
"""The P&L has its own metrics, and is always compared with the year before."""


@dataclass(frozen=True)
class StepRow:
    """One row of the table behind the waterfall."""

    name: str
    kind: str
    address: str
    amount: str
    is_negative: bool
    share: str
    about: str


@dataclass(frozen=True)
class Waterfall:
    """The waterfall: its figure, and the same figures as rows."""

    title: str
    figure: Markup
    rows: tuple[StepRow, ...]
    has_rises: bool


@dataclass(frozen=True)
class Margins:
    """The margin lines; behind them stand the margin rows of the table."""

    figure: Markup
    table: ProfitTable
    lines: tuple[LineView, ...]

    def rows(self) -> list[tuple[str, bool, str, list[CellView]]]:
        """A row per month: its name, whether it is in progress, what it is of, one cell per line."""
        return [
            (month.words, month.in_progress, month.about, [line.months[place] for line in self.lines])
            for place, month in enumerate(self.table.months)
        ]


@dataclass(frozen=True)
class GapRow:
    """A margin that does not follow from its parts in a month."""

    month: str
    margin: str
    imported: str
    expected: str
    difference: str


@dataclass(frozen=True)
class Gaps:
    """What the note says: a sentence per margin, and every month."""

    sentences: tuple[str, ...]
    rows: tuple[GapRow, ...]


@pages.get("/profitability")
def show() -> Response:
    """The P&L of the reader's selection."""
    return figures_page(PROFITABILITY, _render)


def _render(page: Page, found: Profitability) -> str:
    page.check_page_number(1)
    table = profit_table(found, page)
    return render_template(
        "profitability/show.html",
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        filters=filters_of(page, without=WITHOUT),
        notices=notices_of(page),
        exports=export_links(page, offer),
        is_empty=found.is_empty,
        table=table,
        gaps=_gaps(found, page),
        waterfall=_waterfall(found, page) if len(found.steps) > 1 else None,
        margins=_margins(found, table, page),
        drivers=way_to_drivers(page),
        # Orders are paid by marketplace: nothing for somebody who is limited to some brands.
        paid=page.elsewhere("paid.show") if page.selectable.knows_bridges and page.selection.scope is None else "",
    )


def _gaps(found: Profitability, page: Page) -> Gaps | None:
    if not found.gaps:
        return None

    def write(value: Decimal | None) -> str:
        return page.formats.exact(value, MONEY)

    return Gaps(
        sentences=tuple(_gap_sentence(margin, found, page) for margin in (*MARGINS, OPERATING_PROFIT)
                        if any(row.gap.margin == margin for row in found.gaps)),
        rows=tuple(
            GapRow(month_name(row.month), row.gap.margin, write(row.gap.imported), write(row.gap.expected),
                   write(row.gap.difference))
            for row in found.gaps
        ),
    )


def _gap_sentence(margin: str, found: Profitability, page: Page) -> str:
    differences = [row.gap.difference for row in found.gaps if row.gap.margin == margin]
    whole = sum(differences, Decimal(0))
    amount = page.formats.exact(abs(whole), MONEY)
    end = f"{amount} {'more' if whole > 0 else 'less'} than they make" if whole else "the differences cancel out"
    months = month_name(found.months[0])
    if len(found.months) > 1:
        months = f"{len(differences)} of {len(found.months)} months"
    return f"{margin} does not follow from its parts in {months}: {end}."


def _waterfall(found: Profitability, page: Page) -> Waterfall:
    revenue = _net_revenue(found)
    rows = tuple(_step_row(step, revenue, page) for step in found.steps)
    bars = [
        Bar(
            name=step.name, kind=step.kind, start=step.start, end=step.end, address=row.address,
            label=page.formats.short(step.amount, MONEY),
            hover=f"{step.name}: {row.amount}" + (f" ({row.share})" if share(step.amount, revenue) else ""),
        )
        for step, row in zip(found.steps, rows, strict=True)
    ]
    figure = waterfall_figure(bars, tick=lambda value: page.formats.tick(value, MONEY))
    has_rises = any(step.kind in ("cost", "gain") and step.end > step.start for step in found.steps)
    return Waterfall(_way_words(found), figure=embedded(figure), rows=rows, has_rises=has_rises)


def _way_words(found: Profitability) -> str:
    last = OPERATING_PROFIT if any(step.name == OPERATING_PROFIT for step in found.steps) else CM3
    return f"From net revenue to {last if last == CM3 else last.lower()}"


def _net_revenue(found: Profitability) -> Decimal | None:
    return next((step.end for step in found.steps if step.name == NET_REVENUE), None)


def _step_row(step: Step, revenue: Decimal | None, page: Page) -> StepRow:
    return StepRow(
        name=step.name, kind=step.kind,
        address="" if step.kind == "gap" else page.elsewhere("dashboard.show", {"metric": step.name}),
        amount=page.formats.exact(step.amount, MONEY), is_negative=step.amount < 0,
        share=page.formats.exact(share(step.amount, revenue), PERCENT),
        about=NOTHING if step.kind == "gap" else of_metric(step.name),
    )


def _margins(found: Profitability, table: ProfitTable, page: Page) -> Margins | None:
    ratios = [ratio.name for ratio in MARGINS.values()]
    shown = [line for line in found.lines if line.figure.name in ratios and line.figure.value is not None]
    if not shown:
        return None
    figure = lines_figure(
        found.months,
        [Line(line.figure.name, line.figure.months) for line in shown],
        _thresholds(page),
        exact=lambda value: page.formats.exact(value, PERCENT),
        tick=lambda value: page.formats.tick(value, PERCENT),
        addresses=[month.address for month in table.months],
    )
    names = [line.figure.name for line in shown]
    return Margins(
        figure=embedded(figure), table=table, lines=tuple(line for line in table.lines if line.name in names)
    )


def _thresholds(page: Page) -> list[Threshold]:
    levels = page.settings.dashboard
    return [
        Threshold(Decimal(str(levels.margin_green)) / 100, "--good"),
        Threshold(Decimal(str(levels.margin_orange)) / 100, "--warn"),
    ]


def _sheets(page: Page) -> list[Sheet]:
    found = PROFITABILITY.read(page)
    return [profit_sheet(found, page), *view_sheets(found, page), _waterfall_sheet(found), _gap_sheet(found)]


def _waterfall_sheet(found: Profitability) -> Sheet:
    columns = (Column("Step", TEXT), Column("Amount", MONEY), Column("% of net revenue", PERCENT))
    revenue = _net_revenue(found)
    rows = [(step.name, step.amount, share(step.amount, revenue)) for step in found.steps]
    return Sheet("waterfall", _way_words(found), columns, rows)


def _gap_sheet(found: Profitability) -> Sheet:
    columns = (
        Column("Month", "month"), Column("Margin", TEXT), Column("As imported", MONEY),
        Column("From its parts", MONEY), Column("Difference", MONEY),
    )
    rows = [(row.month, row.gap.margin, row.gap.imported, row.gap.expected, row.gap.difference) for row in found.gaps]
    return Sheet("differences", "Margins against their parts", columns, rows)


offer = Offer(
    PROFITABILITY, _sheets, without=WITHOUT, compared=attrgetter("year_before"), words=without_view(PROFITABILITY),
)

"""The P&L as a table: metrics down, months across, with the signs of arithmetic and of margins; as amounts, per unit or
as parts of net revenue."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from database.queries.figures import Figure
from database.queries.glance import GlanceFigure
from database.queries.pages import PROFIT_VIEWS
from database.queries.profitability import MARGINS, SHARES, Profitability, ProfitLine, change_in
from domain.metrics import COSTS, OPERATING_PROFIT, PROFIT_TREE, REIMBURSEMENTS
from domain.months import format_month, month_name
from domain.ratios import OPERATING_MARGIN, margin_level
from domain.selection import AMOUNT, OF_REVENUE, PER_UNIT
from web.figures.asked import of_metric, of_month, of_span
from web.figures.breakdown import LEVEL_WORDS, margin_legend
from web.figures.changes import Change, change_of
from web.figures.formats import COUNT, MONEY, PERCENT, kind_of_figure, leaves_out_cents
from web.figures.page import Page
from web.figures.sheets import TEXT, Cell, Column, Sheet

JUDGED = frozenset(ratio.name for ratio in MARGINS.values())
"""The ratios that the thresholds of the settings are for."""
SAID = frozenset(ratio.name for ratio in SHARES.values())
"""The ratios that are parts of net revenue, and so stand in the rows of their amounts where these are such parts."""
VIEW_WORDS = {AMOUNT: "Amounts", PER_UNIT: "Per unit", OF_REVENUE: "% of net revenue"}


@dataclass(frozen=True)
class CellView:
    """One figure; `level` is a margin's, for the sign beside it."""

    text: str
    is_negative: bool
    level: str = ""
    level_words: str = ""


@dataclass(frozen=True)
class LineView:
    """One row. `kind` is `'level'` (net revenue and what is left of it), `'cost'`, `'gain'`, `'margin'`,
    `'ratio'` or `'other'` (not part of the P&L); `sign` stands before the name: − for what is taken away, + for what
    is added, = for what is left."""

    name: str
    kind: str
    sign: str
    address: str
    total: CellView
    exact: str
    share: str
    per_unit: str
    before: str
    change: Change
    months: tuple[CellView, ...]
    about: str


@dataclass(frozen=True)
class MonthHeading:
    """A month's column; `address` narrows the page to it."""

    words: str
    address: str
    in_progress: bool
    about: str = ""


@dataclass(frozen=True)
class ViewLink:
    """A way to show the table: what its figures are, and the address that shows them so."""

    words: str
    address: str
    is_chosen: bool


@dataclass(frozen=True)
class ProfitTable:
    """The table. `year_before` says which months the comparison is with, '' where there is none, `about_before` what
    figures of them are of; `is_amounts`, whether its figures are amounts, beside which stand what they are per unit,
    where pieces are known, and of net revenue; `note`, what they are else."""

    caption: str
    months: tuple[MonthHeading, ...]
    lines: tuple[LineView, ...]
    year_before: str
    about_before: str
    legend: tuple[tuple[str, str], ...]
    views: tuple[ViewLink, ...]
    is_amounts: bool
    knows_units: bool
    note: str

    @property
    def staying(self) -> int:
        """So many columns stay in sight at a desk."""
        beside = 1 + self.knows_units if self.is_amounts else 0
        return 2 + beside + (2 if self.year_before else 0)


def profit_table(found: Profitability, page: Page) -> ProfitTable:
    """The rows of `found` as the reader writes figures, in the view that the address asks for."""
    selection = page.selection
    write, knows_units = _writer(found, page), _knows_units(found)
    shown = [(line, figure) for line in found.lines if (figure := _shown(line, selection.show)) is not None]
    return ProfitTable(
        caption=f"Profit and loss, {selection.span.words()}",
        months=tuple(
            MonthHeading(
                month_name(month), page.address(first=month, last=month) if len(found.months) > 1 else "",
                in_progress=month >= selection.calendar.current, about=of_month(month),
            )
            for month in found.months
        ),
        lines=tuple(_line(line, figure, page, write) for line, figure in shown),
        year_before=selection.year_before.words() if selection.year_before else "",
        about_before=of_span(selection.year_before) if selection.year_before else "",
        legend=margin_legend(page),
        views=_views(page, knows_units=knows_units),
        is_amounts=selection.show == AMOUNT,
        knows_units=knows_units,
        note=_note(found, page),
    )


def view_sheets(found: Profitability, page: Page) -> list[Sheet]:
    """The amounts per unit, and as parts of net revenue: tables of their own, because each has months across."""
    return [
        _view_sheet("per_unit", MONEY, [(line, line.per_unit) for line in found.lines if line.per_unit], found, page),
        _view_sheet("of_revenue", PERCENT, [(line, line.share) for line in found.lines if line.share], found, page),
    ]


def _view_sheet(
    name: str, kind: str, shown: Iterable[tuple[ProfitLine, Figure]], found: Profitability, page: Page
) -> Sheet:
    change = "Change in points" if kind == PERCENT else "Change"
    columns = (
        Column("Metric", TEXT), Column("Whole period", kind, key="total"), Column("Year before", kind),
        Column(change, PERCENT, key="change"), *_month_columns(found, page, kind),
    )
    rows = [
        (line.figure.name, figure.value, figure.year_before, change_in(figure), *figure.months)
        for line, figure in shown
    ]
    return Sheet(name, PROFIT_VIEWS[name], columns, rows)


def profit_sheet(found: Profitability, page: Page) -> Sheet:
    """The same rows as raw values. Kinds go by row: a margin stands below an amount."""
    columns = (
        Column("Metric", TEXT), Column("Total", MONEY), Column("Per unit", MONEY), Column("% of net revenue", PERCENT),
        Column("Year before", MONEY), Column("Change", PERCENT), *_month_columns(found, page, MONEY),
    )
    rows = []
    for line in found.lines:
        figure, kind = line.figure, kind_of_figure(line.figure)
        rows.append((
            figure.name, Cell(figure.value, kind), line.per_unit and line.per_unit.value,
            line.share and line.share.value, Cell(figure.year_before, kind), line.change,
            *(Cell(value, kind) for value in figure.months),
        ))
    return Sheet("profit", "Profit and loss", columns, rows)


def _month_columns(found: Profitability, page: Page, kind: str) -> list[Column]:
    return [
        Column(month_name(month) + progress_mark(month, page), kind, key=format_month(month), month=month)
        for month in found.months
    ]


def progress_mark(month: datetime.date, page: Page) -> str:
    """What stands behind the heading of a month that is not over, in files: on pages a tag says it."""
    found = page.selection.in_progress
    return " (in progress)" if found and found.first <= month <= found.last else ""


def level_of(figure: Figure | GlanceFigure, value: Decimal | None, page: Page) -> str:
    """The level of a margin against the settings' thresholds; '' of anything else."""
    if figure.ratio is None or figure.name not in JUDGED:
        return ""
    thresholds = page.settings.dashboard
    return margin_level(value, green=thresholds.margin_green, orange=thresholds.margin_orange) or ""


def _knows_units(found: Profitability) -> bool:
    return any(value is not None for value in (*found.units.months, found.units.year_before))


def _shown(line: ProfitLine, show: str) -> Figure | None:
    """What stands in the row of a line; None where the view has no such row: pieces, and what another row of it says
    already."""
    if show == AMOUNT:
        return line.figure
    if line.figure.ratio is None:
        return line.per_unit if show == PER_UNIT else line.share
    is_said = show == OF_REVENUE and line.figure.name in SAID
    return None if is_said or not line.figure.ratio.percent else line.figure


def _views(page: Page, *, knows_units: bool) -> tuple[ViewLink, ...]:
    """Per unit is no way where no pieces are known, but for somebody who is there."""
    return tuple(
        ViewLink(words, page.address(show=view), view == page.selection.show) for view, words in VIEW_WORDS.items()
        if view != PER_UNIT or knows_units or page.selection.show == PER_UNIT
    )


def _note(found: Profitability, page: Page) -> str:
    if page.selection.show == AMOUNT:
        return ""
    if page.selection.show == OF_REVENUE:
        return "Each amount as a part of the net revenue of the same months."
    pieces = page.formats.exact(found.units.value, COUNT)
    return f"Each amount divided by the net units of the same months, {pieces} in all; a dash where there are none."


Writer = Callable[[Figure, Decimal | None], str]


def _writer(found: Profitability, page: Page) -> Writer:
    """Amounts go without cents where they are large; a price never does."""
    amounts = [value for line in found.lines if not line.figure.ratio for value in line.figure.months]
    is_large = page.selection.show == AMOUNT and leaves_out_cents(amounts)
    money = page.formats.whole if is_large else page.formats.exact

    def write(figure: Figure, value: Decimal | None) -> str:
        return (page.formats.exact if figure.ratio else money)(value, kind_of_figure(figure))

    return write


def _line(line: ProfitLine, shown: Figure, page: Page, write: Writer) -> LineView:
    figure, exact = line.figure, page.formats.exact
    return LineView(
        name=figure.name, kind=_kind(figure), sign=_sign(figure),
        address="" if figure.ratio else page.elsewhere("dashboard.show", {"metric": figure.name}),
        total=_cell(shown, shown.value, page, write),
        exact=exact(shown.value, kind_of_figure(shown)),
        share=exact(line.share.value, PERCENT) if line.share else "",
        per_unit=exact(line.per_unit.value, MONEY) if line.per_unit else "",
        before=write(shown, shown.year_before),
        change=change_of(shown, shown.year_before, formats=page.formats),
        months=tuple(_cell(shown, value, page, write) for value in shown.months),
        about=of_metric(figure.name),
    )


def _kind(figure: Figure) -> str:
    if figure.ratio:
        return "margin" if figure.name in (*JUDGED, OPERATING_MARGIN.name) else "ratio"
    if figure.name not in PROFIT_TREE:
        return "other"
    if figure.name == REIMBURSEMENTS:
        return "gain"
    return "cost" if figure.name in COSTS else "level"


def _sign(figure: Figure) -> str:
    if figure.ratio:
        return ""
    if figure.name == REIMBURSEMENTS:
        return "+"
    return "\u2212" if figure.name in COSTS else "=" if figure.name in (*MARGINS, OPERATING_PROFIT) else ""


def _cell(figure: Figure, value: Decimal | None, page: Page, write: Writer) -> CellView:
    level = level_of(figure, value, page)
    return CellView(
        text=write(figure, value), is_negative=value is not None and value < 0,
        level=level, level_words=LEVEL_WORDS.get(level, ""),
    )

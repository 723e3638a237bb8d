"""The P&L as a table: metrics down, months across, with the signs of arithmetic and of margins."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from database.queries.figures import Figure
from database.queries.glance import GlanceFigure
from database.queries.profitability import MARGINS, Profitability, ProfitLine
from domain.metrics import COSTS, OPERATING_PROFIT, PROFIT_TREE, REIMBURSEMENTS, is_money
from domain.months import format_month, month_name
from domain.ratios import OPERATING_MARGIN, margin_level
from web.figures.breakdown import LEVEL_WORDS, margin_legend
from web.figures.changes import Change, change_of
from web.figures.formats import MONEY, PERCENT, kind_of_figure, leaves_out_cents
from web.figures.page import Page
from web.figures.sheets import TEXT, Cell, Column, Sheet

JUDGED = frozenset(ratio.name for ratio in MARGINS.values())
"""The ratios that the thresholds of the settings are for."""


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
    before: str
    change: Change
    months: tuple[CellView, ...]


@dataclass(frozen=True)
class MonthHeading:
    """A month's column; `address` narrows the page to it."""

    words: str
    address: str
    in_progress: bool


@dataclass(frozen=True)
class ProfitTable:
    """The table. `year_before` says which months the comparison is with, '' where there is none."""

    caption: str
    months: tuple[MonthHeading, ...]
    lines: tuple[LineView, ...]
    year_before: str
    legend: tuple[tuple[str, str], ...]


def profit_table(found: Profitability, page: Page) -> ProfitTable:
    """The rows of `found` as the reader writes figures."""
    selection = page.selection
    write = _writer(found, page)
    return ProfitTable(
        caption=f"Profit and loss, {selection.span.words()}",
        months=tuple(
            MonthHeading(
                month_name(month), page.address(first=month, last=month) if len(found.months) > 1 else "",
                in_progress=month >= selection.calendar.current,
            )
            for month in found.months
        ),
        lines=tuple(_line(line, page, write) for line in found.lines),
        year_before=selection.year_before.words() if selection.year_before else "",
        legend=margin_legend(page),
    )


def profit_sheet(found: Profitability, page: Page) -> Sheet:
    """The same rows as raw values. Kinds go by row: a margin stands below an amount."""
    columns = (
        Column("Metric", TEXT), Column("Total", MONEY), Column("% of net revenue", PERCENT),
        Column("Year before", MONEY), Column("Change", PERCENT),
        *(Column(month_name(month) + progress_mark(month, page), MONEY, key=format_month(month), month=month)
          for month in found.months),
    )
    rows = []
    for line in found.lines:
        figure, kind = line.figure, kind_of_figure(line.figure)
        rows.append((
            figure.name, Cell(figure.value, kind), line.share, Cell(figure.year_before, kind), line.change,
            *(Cell(value, kind) for value in figure.months),
        ))
    return Sheet("profit", "Profit and loss", columns, rows)


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


Writer = Callable[[Figure, Decimal | None], str]


def _writer(found: Profitability, page: Page) -> Writer:
    """Amounts go without cents where they are large; a price never does."""
    amounts = [value for line in found.lines if not line.figure.ratio for value in line.figure.months]
    money = page.formats.whole if leaves_out_cents(amounts) else page.formats.exact

    def write(figure: Figure, value: Decimal | None) -> str:
        return (page.formats.exact if figure.ratio else money)(value, kind_of_figure(figure))

    return write


def _line(line: ProfitLine, page: Page, write: Writer) -> LineView:
    figure = line.figure
    return LineView(
        name=figure.name, kind=_kind(figure), sign=_sign(figure),
        address="" if figure.ratio else page.elsewhere("dashboard.show", {"metric": figure.name}),
        total=_cell(figure, figure.value, page, write),
        exact=page.formats.exact(figure.value, kind_of_figure(figure)),
        share="" if figure.ratio or not is_money(figure.name) else page.formats.exact(line.share, PERCENT),
        before=write(figure, figure.year_before),
        change=change_of(figure, figure.year_before, formats=page.formats),
        months=tuple(_cell(figure, value, page, write) for value in figure.months),
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

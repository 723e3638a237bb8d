"""The chosen metric by month as a chart, with the table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from charts.monthly import Bar, monthly_figure
from database.queries.monthly import MonthRow
from domain.months import month_name
from domain.periods import Span
from web.figures.asked import of_month
from web.figures.changes import DOWN, SAME, UP, Change, change_heading, measured
from web.figures.drawing import embedded
from web.figures.formats import PERCENT, kind_of_chosen
from web.figures.page import Page
from web.figures.sheets import MONTH, TEXT, Column, Sheet

SIGNS = {UP: "\N{BLACK UP-POINTING TRIANGLE}", DOWN: "\N{BLACK DOWN-POINTING TRIANGLE}", SAME: "="}


@dataclass(frozen=True)
class ChartRow:
    """One month of the table behind the chart; `address` narrows the page to it."""

    month: str
    address: str
    value: str
    before_month: str
    before: str
    change: Change
    in_progress: bool
    is_chosen: bool
    about: str
    about_before: str


@dataclass(frozen=True)
class Chart:
    """The chart: its figure as JSON, and the same figures as rows."""

    metric: str
    figure: Markup
    now_words: str
    before_words: str
    open_words: str
    around_words: str
    rows: tuple[ChartRow, ...]


def monthly_chart(months: Sequence[MonthRow], page: Page) -> Chart:
    """The chart of `months`, which are those of the page's selection, or a single one among those around it."""
    selection, kind = page.selection, kind_of_chosen(page.selection)
    comparison = selection.comparison
    before_words, open_words = comparison.words() if comparison else "", _open_words(months, page)

    def exact(value: Decimal) -> str:
        return page.formats.exact(value, kind)

    rows = tuple(_chart_row(row, page, kind) for row in months)
    figure = monthly_figure(
        [
            Bar(row.month, row.value, row.before_month, row.before, open=row.in_progress,
                is_chosen=row.is_chosen, address=shown.address, change=_change_words(shown.change))
            for row, shown in zip(months, rows, strict=True)
        ],
        name=selection.span.words(), before_name=before_words, open_name=open_words, exact=exact,
        tick=lambda value: page.formats.tick(value, kind),
    )
    return Chart(
        metric=selection.metric,
        figure=embedded(figure),
        now_words=selection.span.words(),
        before_words=before_words,
        open_words=open_words,
        around_words="" if all(row.is_chosen for row in months) else "months around it",
        rows=rows,
    )


def _change_words(change: Change) -> str:
    """`▲ 14.3%`; '' where nothing is compared."""
    return f"{SIGNS[change.direction]} {change.figure}" if change.direction else ""


def _open_words(months: Sequence[MonthRow], page: Page) -> str:
    """What the legend calls the paler bars; '' where none is drawn."""
    found = [row.month for row in months if row.in_progress and row.value is not None]
    return f"{Span(found[0], found[-1]).words()}, in progress" if found else ""


def months_sheet(months: Sequence[MonthRow], page: Page) -> Sheet:
    """The same months as raw values."""
    metric = page.selection.metric
    kind = kind_of_chosen(page.selection)
    columns = (
        Column("Month", MONTH), Column(metric, kind, key="value"), Column("Compared with", MONTH),
        Column(f"{metric} then", kind, key="before"),
        Column(change_heading(page.selection), PERCENT, key="change"), Column("In progress", TEXT),
    )
    return Sheet("months", "By month", columns, [
        (row.month, row.value, row.before_month, row.before, row.change, "yes" if row.in_progress else "no")
        for row in months if row.is_chosen
    ])


def _chart_row(row: MonthRow, page: Page, kind: str) -> ChartRow:
    span = page.selection.span
    return ChartRow(
        month=month_name(row.month),
        address="" if span.first == row.month == span.last else page.address(first=row.month, last=row.month),
        value=page.formats.exact(row.value, kind),
        before_month=month_name(row.before_month) if row.before_month else "",
        before=page.formats.exact(row.before, kind),
        change=measured(row.change, page.selection, formats=page.formats),
        in_progress=row.in_progress,
        is_chosen=row.is_chosen,
        about=of_month(row.month), about_before=of_month(row.before_month) if row.before_month else "",
    )

"""The P&L: every metric of the profit tree by month, its ratios, and margins that do not follow from their parts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from database.queries.figures import Figure, MonthSums, figure_of, read_months, total_over
from domain.metrics import CM1, CM2, CM3, NET_REVENUE, NET_UNITS, OPERATING_PROFIT, PROFIT_TREE, is_money, rise_of
from domain.profit import Gap, Step, gaps_of, way_down
from domain.ratios import (
    AVERAGE_PRICE,
    CM1_MARGIN,
    CM2_MARGIN,
    CM3_MARGIN,
    OPERATING,
    OPERATING_MARGIN,
    ROI,
    TACOS,
    Balance,
    Measure,
    Ratio,
    as_given,
    relative_change,
)
from domain.selection import Selection
from domain.shared_costs import SHARED, with_shares

MARGINS = {CM1: CM1_MARGIN, CM2: CM2_MARGIN, CM3: CM3_MARGIN}
"""Margin as an amount -> as a ratio."""
SHARES = MARGINS | {OPERATING_PROFIT: OPERATING_MARGIN}
"""Amount -> its part of net revenue, where that has a name."""


def _lines() -> Iterator[Measure]:
    for metric in PROFIT_TREE:
        yield OPERATING if metric == OPERATING_PROFIT else metric
        if metric in MARGINS:
            yield MARGINS[metric]
    yield OPERATING_MARGIN
    yield from (TACOS, ROI, AVERAGE_PRICE)


LINES: tuple[Measure, ...] = tuple(_lines())
"""The rows of the P&L in reading order."""


@dataclass(frozen=True)
class ProfitLine:
    """One row. `share` is the metric's part of net revenue, and `per_unit` what it is of each piece that was sold and
    kept, each as a figure over the same months; ratios and pieces have neither."""

    figure: Figure
    share: Figure | None = None
    per_unit: Figure | None = None

    @property
    def change(self) -> Decimal | None:
        """Since the year before, as a fraction; of percentages the difference. Months in progress are left out."""
        return change_in(self.figure)


@dataclass(frozen=True)
class MonthGap:
    """A margin that does not follow from its parts in one month."""

    month: datetime.date
    gap: Gap


@dataclass(frozen=True)
class Profitability:
    """All rows of the page, of one generation. `months` are the chosen ones, as in every line's figure; `units` are
    the pieces that amounts are divided by; `steps` lead from net revenue to the last margin over all of them."""

    months: tuple[datetime.date, ...]
    lines: tuple[ProfitLine, ...]
    steps: tuple[Step, ...]
    gaps: tuple[MonthGap, ...]
    units: Figure

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing of the P&L."""
        return not self.steps

    def line(self, name: str) -> ProfitLine | None:
        """The row of that name; None if it is absent."""
        return next((line for line in self.lines if line.figure.name == name), None)


def change_in(figure: Figure) -> Decimal | None:
    """A figure's change since the year before, as a fraction; of percentages the difference. Months in progress are
    left out."""
    now, before = figure.complete, figure.year_before
    if figure.ratio and figure.ratio.percent:
        return None if now is None or before is None else now - before
    return relative_change(now, before)


def read_profitability(connection: sa.Connection, selection: Selection) -> Profitability:
    """Everything that `/profitability` shows for the selection, with shared costs if these are chosen; metrics without
    any figure are absent."""
    by_month = read_months(connection, selection, (*LINES, *SHARED) if selection.shared else LINES)
    if selection.shared:
        by_month = {month: with_shares(sums) for month, sums in by_month.items()}
    return profitability_of(by_month, selection, LINES)


def profitability_of(by_month: MonthSums, selection: Selection, asked: Iterable[Measure]) -> Profitability:
    """The P&L of sums by month, with the lines that are `asked` for."""
    months, totals = tuple(selection.span.months), total_over(by_month, selection.span)
    known = _known(by_month, selection)
    lines = (as_given(line, known) for line in asked)
    figures = [figure_of(line, by_month, selection) for line in lines if _is_present(line, known)]
    revenue, units = (figure_of(base, by_month, selection) for base in (NET_REVENUE, NET_UNITS))
    return Profitability(
        months=months,
        lines=tuple(
            ProfitLine(figure, _share(figure, revenue), figure.per(units)) if _is_amount(figure) else ProfitLine(figure)
            for figure in figures
        ),
        steps=tuple(way_down(totals)),
        gaps=tuple(
            MonthGap(month, gap) for month in months for gap in gaps_of(by_month.get(month, {}), totals)
        ),
        units=units,
    )


def _share(figure: Figure, revenue: Figure) -> Figure:
    """The part of net revenue, as the ratio that it is: of a margin the one that has a name."""
    ratio = SHARES.get(figure.name) or Ratio(figure.name, (figure.name,), NET_REVENUE, rise=rise_of(figure.name))
    return replace(figure.per(revenue), name=ratio.name, ratio=ratio)


def _is_amount(figure: Figure) -> bool:
    return figure.ratio is None and is_money(figure.name)


def _known(by_month: MonthSums, selection: Selection) -> set[str]:
    """Metrics with a figure in the chosen months or a year before."""
    spans = [span for span in (selection.span, selection.year_before) if span]
    return {metric for span in spans for metric in total_over(by_month, span)}


def _is_present(line: Measure, known: set[str]) -> bool:
    """A margin without net revenue is there, and has no figure; other ratios need both their sides."""
    if isinstance(line, str):
        return line in known
    if isinstance(line, Balance):
        return all(part in known for part in line.metrics)
    if not all(part in known for part in line.minus):
        return False
    return any(part in known for part in line.parts) and (line.base in known or line.base == NET_REVENUE)

"""The dashboard's rows: headline figures with their months, the main chart, the brands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.queries.breakdown import Breakdown, read_breakdown
from database.queries.sums import BRAND, MONTH, by_grain, sums_by
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.months import add_months
from domain.periods import Span
from domain.ratios import CM3_MARGIN, Ratio, relative_change
from domain.selection import Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM3, CM3_MARGIN)
"""What stands at the top: metrics, and ratios of metrics."""


@dataclass(frozen=True)
class Headline:
    """One figure over the chosen months. Ratios are fractions, money and pieces are sums.

    `complete` is the figure without the month in progress: it is what `previous` and `year_before`,
    where there is anything to compare with, compare to. `months` holds the figure of each chosen month.
    """

    name: str
    ratio: Ratio | None
    value: Decimal | None
    complete: Decimal | None
    previous: Decimal | None
    year_before: Decimal | None
    months: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class MonthRow:
    """The chosen metric in one month, and in the month it is compared with."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None
    before: Decimal | None
    in_progress: bool

    @property
    def change(self) -> Decimal | None:
        """As a fraction; a month in progress is not compared."""
        return None if self.in_progress else relative_change(self.value, self.before)


@dataclass(frozen=True)
class Dashboard:
    """All rows of the page, of one generation."""

    headlines: tuple[Headline, ...]
    months: tuple[MonthRow, ...]
    brands: Breakdown

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing at all."""
        return all(found.value is None for found in (*self.headlines, *self.months, *self.brands.rows))


def read_dashboard(connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str]) -> Dashboard:
    """Everything that `/dashboard` shows for the selection."""
    by_month = _read_months(connection, selection)
    return Dashboard(
        headlines=tuple(_headline(figure, by_month, selection) for figure in HEADLINES),
        months=_month_rows(by_month, selection),
        brands=read_breakdown(connection, selection, BRAND, brand_names),
    )


MonthSums = Mapping[datetime.date, Mapping[str, Decimal]]


def _read_months(connection: sa.Connection, selection: Selection) -> MonthSums:
    spans = [span for span in (selection.span, selection.previous, selection.year_before) if span]
    metrics = {selection.metric}
    for figure in HEADLINES:
        metrics.update(figure.metrics if isinstance(figure, Ratio) else (figure,))
    whole = Span(min(span.first for span in spans), max(span.last for span in spans))
    return by_grain(sums_by(connection, selection, MONTH, span=whole, metrics=metrics))


def _headline(figure: str | Ratio, by_month: MonthSums, selection: Selection) -> Headline:
    def over(span: Span | None) -> Decimal | None:
        return _figure(figure, _total(by_month, span)) if span else None

    return Headline(
        name=figure.name if isinstance(figure, Ratio) else figure,
        ratio=figure if isinstance(figure, Ratio) else None,
        value=over(selection.span),
        complete=over(selection.complete),
        previous=over(selection.previous),
        year_before=over(selection.year_before),
        months=tuple(_figure(figure, by_month.get(month, {})) for month in selection.span.months),
    )


def _figure(figure: str | Ratio, sums: Mapping[str, Decimal]) -> Decimal | None:
    return figure.of(sums) if isinstance(figure, Ratio) else sums.get(figure)


def _total(by_month: MonthSums, span: Span) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for month in span.months:
        for metric, value in by_month.get(month, {}).items():
            totals[metric] = totals.get(metric, Decimal(0)) + value
    return totals


def _month_rows(by_month: MonthSums, selection: Selection) -> tuple[MonthRow, ...]:
    """Months in progress have no counterpart in the comparison."""
    span, comparison = selection.span, selection.comparison
    shift = _months_apart(span.first, comparison.first) if comparison else 0
    rows = []
    for month in span.months:
        in_progress = month >= selection.calendar.current
        before = add_months(month, -shift) if comparison and not in_progress else None
        rows.append(
            MonthRow(
                month=month,
                value=by_month.get(month, {}).get(selection.metric),
                before_month=before,
                before=by_month.get(before, {}).get(selection.metric) if before else None,
                in_progress=in_progress,
            )
        )
    return tuple(rows)


def _months_apart(later: datetime.date, earlier: datetime.date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


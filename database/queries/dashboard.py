"""The dashboard's rows: headline figures with their months, the main chart, the brands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.queries.breakdown import Breakdown, read_breakdown
from database.queries.figures import Figure, MonthSums, figure_of, read_months
from database.queries.sums import BRAND
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.months import add_months
from domain.ratios import CM3_MARGIN, Ratio, relative_change
from domain.selection import Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM3, CM3_MARGIN)
"""What stands at the top: metrics, and ratios of metrics."""


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

    headlines: tuple[Figure, ...]
    months: tuple[MonthRow, ...]
    brands: Breakdown

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing at all."""
        return all(found.value is None for found in (*self.headlines, *self.months, *self.brands.rows))


def read_dashboard(connection: sa.Connection, selection: Selection, brand_names: Mapping[int, str]) -> Dashboard:
    """Everything that `/dashboard` shows for the selection."""
    by_month = read_months(connection, selection, (selection.metric, *HEADLINES))
    return Dashboard(
        headlines=tuple(figure_of(asked, by_month, selection) for asked in HEADLINES),
        months=_month_rows(by_month, selection),
        brands=read_breakdown(connection, selection, BRAND, brand_names),
    )


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


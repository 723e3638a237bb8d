"""The dashboard's rows: headline figures with their months, the main chart, the brands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from database.queries.breakdown import Breakdown, read_breakdown
from database.queries.figures import Figure, figure_of, read_months
from database.queries.monthly import MonthRow, month_rows
from database.queries.sums import BRAND
from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.ratios import CM3_MARGIN, Ratio
from domain.selection import Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM3, CM3_MARGIN)
"""What stands at the top: metrics, and ratios of metrics."""


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
        months=month_rows(by_month, selection),
        brands=read_breakdown(connection, selection, BRAND, brand_names),
    )

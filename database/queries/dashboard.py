"""The dashboard's rows: a glance at periods, headlines, the main chart, what moved it, who loses and who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from database.queries.breakdown import Breakdown, breakdown_of, read_breakdown, read_groups
from database.queries.figures import Figure, figure_of, read_months
from database.queries.glance import Glance, YearEstimate, estimate_of, glance_months, glances_of
from database.queries.losses import Losses, read_losses
from database.queries.month_estimates import read_month_estimate
from database.queries.monthly import MonthRow, month_rows
from database.queries.movers import Movers, read_movers
from database.queries.sums import BRAND, CATEGORY, MARKETPLACE
from domain.metrics import CM1, CM2, CM3, NET_REVENUE, NET_UNITS
from domain.month_estimates import MonthEstimate
from domain.ratios import CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, OPERATING, OPERATING_MARGIN, Measure, Ratio, as_given
from domain.selection import Selectable, Selection

HEADLINES: tuple[Measure, ...] = (
    NET_REVENUE, NET_UNITS, CM1, CM1_MARGIN, CM2, CM2_MARGIN, CM3, CM3_MARGIN, OPERATING, OPERATING_MARGIN,
)
"""What stands at the top: metrics, and ratios of metrics."""


@dataclass(frozen=True)
class Dashboard:
    """All rows of the page, of one generation. `movers` is None where there is nothing to compare with,
    `losses` where no CM3 was imported."""

    glances: tuple[Glance, ...]
    estimate: YearEstimate | None
    of_month: MonthEstimate
    headlines: tuple[Figure, ...]
    months: tuple[MonthRow, ...]
    movers: Movers | None
    losses: Losses | None
    brands: Breakdown
    categories: Breakdown
    marketplaces: Breakdown

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing at all."""
        months = (row for row in self.months if row.is_chosen)
        return all(found.value is None for found in (*self.headlines, *months, *self.brands.rows))


def read_dashboard(
    connection: sa.Connection, selection: Selection, selectable: Selectable, marketplace_names: Mapping[str, str]
) -> Dashboard:
    """Everything that `/dashboard` shows for the selection. A metric that was never imported has no headline."""
    headlines = [line for asked in HEADLINES if _exists(line := as_given(asked, selectable.metrics), selectable)]
    # In the statement that is asked anyway: one more would cost more than its months.
    by_month = read_months(
        connection, selection, (selection.measure, *headlines), also=glance_months(selection.calendar)
    )
    by_brand = read_groups(connection, selection, BRAND)
    return Dashboard(
        glances=glances_of(by_month, selection.calendar, selectable.metrics),
        estimate=estimate_of(by_month, selection.calendar),
        of_month=read_month_estimate(connection, selection, selectable),
        headlines=tuple(figure_of(asked, by_month, selection) for asked in headlines),
        months=month_rows(by_month, selection),
        movers=read_movers(connection, selection, selectable.brands, by_brand),
        losses=read_losses(connection, selection) if CM3 in selectable.metrics else None,
        brands=breakdown_of(by_brand, selection, selectable.brands),
        categories=read_breakdown(connection, selection, CATEGORY, selectable.categories),
        marketplaces=read_breakdown(connection, selection, MARKETPLACE, marketplace_names),
    )


def _exists(asked: Measure, selectable: Selectable) -> bool:
    if isinstance(asked, str):
        return asked in selectable.metrics
    if isinstance(asked, Ratio):
        has_parts = any(part in selectable.metrics for part in asked.parts)
        return has_parts and all(part in selectable.metrics for part in asked.minus)
    return asked.name in selectable.balances

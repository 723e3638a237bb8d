"""One brand's whole story: headlines, months, P&L, marketplaces, and its products in a ranking."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from database.queries import breakdown
from database.queries.brand_products import (
    Ranking,
    categories_of,
    losses_of,
    movers_of,
    ranking_of,
    read_product_sums,
)
from database.queries.breakdown import Breakdown
from database.queries.choices import UNASSIGNED_NAME
from database.queries.figures import Figure, figure_of, read_months
from database.queries.losses import Losses
from database.queries.month_estimates import read_month_estimate
from database.queries.monthly import MonthRow, month_rows
from database.queries.movers import Movers
from database.queries.products import Products, read_products
from database.queries.profitability import LINES, Profitability, profitability_of
from database.queries.sums import MARKETPLACE
from database.schema import UNASSIGNED, brand
from domain.metrics import CM1, CM2, CM3, NET_REVENUE, NET_UNITS
from domain.month_estimates import MonthEstimate
from domain.ratios import CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, Ratio
from domain.selection import Selectable, Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM1, CM1_MARGIN, CM2, CM2_MARGIN, CM3, CM3_MARGIN)
"""What stands at the top: metrics, and ratios of metrics."""

@dataclass(frozen=True)
class Brand:
    """All rows of the page, of one generation. `categories` are those in which the brand has the metric,
    the largest first; `table` is one page of its products, `movers` is None where there is nothing to compare with."""

    headlines: tuple[Figure, ...]
    months: tuple[MonthRow, ...]
    categories: tuple[int, ...]
    profit: Profitability
    marketplaces: Breakdown
    products: Ranking
    table: Products
    movers: Movers | None
    losses: Losses
    of_month: MonthEstimate

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing at all."""
        months = (row for row in self.months if row.is_chosen)
        return self.profit.is_empty and all(
            found.value is None for found in (*self.headlines, *months, *self.marketplaces.rows)
        )


def find_brand_name(
    connection: sa.Connection, selectable: Selectable, number: int, *, scope: tuple[int, ...] | None
) -> str | None:
    """The name of a brand, with figures or without; None if there is none, or none that may be seen."""
    if scope is not None and number not in scope:
        return None
    if number in selectable.brands:
        return selectable.brands[number]
    if number == UNASSIGNED:
        return UNASSIGNED_NAME
    return connection.execute(sa.select(brand.c.brand).where(brand.c.id == number)).scalar_one_or_none()


def read_brand(
    connection: sa.Connection, selection: Selection, selectable: Selectable, *, start: int, limit: int
) -> Brand:
    """Everything that `/brands/<id>` shows for a selection whose only brand it is: of its products `limit` from the
    `start`-th (0 is the first)."""
    # Orders that only products have leave marketplaces by value.
    by_value = selection if selection.sort in breakdown.SORTS else selection.changed(sort="value")
    by_month = read_months(connection, selection, (selection.measure, *HEADLINES, *LINES))
    products = read_product_sums(connection, selection)
    return Brand(
        headlines=tuple(figure_of(asked, by_month, selection) for asked in HEADLINES),
        months=month_rows(by_month, selection),
        categories=categories_of(products, selection),
        profit=profitability_of(by_month, selection, LINES),
        marketplaces=breakdown.read_breakdown(
            connection, by_value, MARKETPLACE, selectable.marketplace_names
        ),
        products=ranking_of(products, selection),
        table=read_products(connection, selection, selectable.brands, start=start, limit=limit),
        movers=movers_of(products, selection),
        losses=losses_of(products),
        of_month=read_month_estimate(connection, selection, selectable),
    )


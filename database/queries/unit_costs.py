"""Unit costs as a generation tells of them: each product's, and how much of net revenue has none."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.queries.sums import MONTH, sums_by
from database.schema import summary_uncosted, summary_unit_cost
from domain.metrics import NET_REVENUE
from domain.ratios import share
from domain.selection import Selection


@dataclass(frozen=True)
class UnitCost:
    """What a piece costs from the month `valid_from` on: in `marketplace` ('' for all), in `currency` ('' for the
    marketplace's own), as import `import_id` told it."""

    valid_from: datetime.date
    marketplace: str
    cost: Decimal
    currency: str
    import_id: int

    @property
    def words(self) -> str:
        """`4.20`, `0.0125` or `4.20 EUR`: as many decimals as it has, two at least."""
        whole, _, rest = f"{self.cost:f}".partition(".")
        return f"{whole}.{rest.rstrip('0').ljust(2, '0')} {self.currency}".rstrip()


@dataclass(frozen=True)
class CostCover:
    """Net revenue of the selection, the part of it of which no cost is known, and how many products that is."""

    revenue: Decimal
    uncosted: Decimal
    products: int

    @property
    def share(self) -> Decimal | None:
        """The part of net revenue for which a cost is known, as a fraction; None where there is no such part, as when
        returns are more than sales."""
        known = share(self.revenue - self.uncosted, self.revenue)
        return known if known is not None and 0 <= known <= 1 else None


def read_costs(connection: sa.Connection, generation: int, product: int) -> tuple[UnitCost, ...]:
    """A product's costs, the newest first."""
    table = summary_unit_cost.c
    rows = connection.execute(
        sa.select(table.valid_from, table.marketplace, table.cost, table.currency, table.import_id)
        .where(table.generation == generation, table.asin_id == product)
        .order_by(table.valid_from.desc(), table.marketplace)
    )
    return tuple(UnitCost(*row) for row in rows)


def read_cover(connection: sa.Connection, generation: int, selection: Selection) -> CostCover:
    """How much of the net revenue of the chosen months, brands, categories and marketplaces has a cost."""
    table = summary_uncosted.c
    conditions = [table.generation == generation, table.month.in_(selection.span.months)]
    for column, chosen in (
        (table.brand_id, selection.brands), (table.category_id, selection.categories),
        (table.marketplace, selection.marketplaces),
    ):
        if chosen:
            conditions.append(column.in_(chosen))
    if selection.scope is not None:
        conditions.append(table.brand_id.in_(selection.scope))
    found = connection.execute(
        sa.select(
            sa.func.sum(table.revenue).label("revenue"), sa.func.count(table.asin_id.distinct()).label("products")
        )
        .where(*conditions)
    ).one()
    if not found.products:
        return CostCover(Decimal(0), Decimal(0), 0)
    sums = sums_by(connection, selection, MONTH, span=selection.span, metrics={NET_REVENUE})
    return CostCover(sum((each.value for each in sums), Decimal(0)), found.revenue, found.products)

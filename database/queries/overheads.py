"""Overheads as a generation tells of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.values import Generation
from database.schema import brand, summary_overhead
from domain.marketplaces import NOWHERE
from domain.months import format_month


@dataclass(frozen=True)
class ToldOverhead:
    """A recurring cost: `amount` per month in `currency` ('' for the reporting one), of `brand` ('' for nobody's) in
    `marketplace` ('' for none), as import `import_id` told it."""

    name: str
    amount: Decimal
    currency: str
    brand: str
    marketplace: str
    first_month: datetime.date
    last_month: datetime.date
    import_id: int

    @property
    def months(self) -> int:
        """How many months it is for."""
        first, last = self.first_month, self.last_month
        return (last.year - first.year) * 12 + last.month - first.month + 1

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Name, brand, marketplace and first month: what another telling of it names."""
        return self.name, self.brand, self.marketplace, format_month(self.first_month)


def read_overheads(connection: sa.Connection, generation: Generation) -> tuple[ToldOverhead, ...]:
    """All that count, those that began last first."""
    table = summary_overhead.c
    rows = connection.execute(
        sa.select(
            table.name, table.amount, table.currency, table.brand_id, brand.c.brand, table.marketplace,
            table.first_month, table.last_month, table.import_id,
        )
        .select_from(summary_overhead.outerjoin(brand, brand.c.id == table.brand_id))
        .where(table.generation == generation.generation)
        .order_by(table.first_month.desc(), table.name, table.brand_id, table.marketplace)
    )
    return tuple(
        ToldOverhead(
            row.name, row.amount, row.currency or "", (row.brand or f"(brand {row.brand_id})") if row.brand_id else "",
            "" if row.marketplace == NOWHERE else row.marketplace, row.first_month, row.last_month, row.import_id,
        )
        for row in rows
    )

"""Loss-makers: the products whose CM3 over the chosen months is below zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.product_level import conditions
from database.schema import asin, summary_asin
from domain.metrics import CM3
from domain.selection import Selection

MOST = 10
"""So many are named."""


@dataclass(frozen=True)
class Loss:
    """A product with its CM3, which is negative; `asin` is '' if it is not in the catalogue any more."""

    key: int
    asin: str
    name: str
    cm3: Decimal


@dataclass(frozen=True)
class Losses:
    """The worst first; `count` and `total` are of all loss-makers."""

    worst: tuple[Loss, ...]
    count: int
    total: Decimal

    @property
    def others_count(self) -> int:
        """How many are not named."""
        return self.count - len(self.worst)

    @property
    def others(self) -> Decimal:
        """What the ones that are not named lose together."""
        return self.total - sum((loss.cm3 for loss in self.worst), Decimal(0))


def read_losses(connection: sa.Connection, selection: Selection) -> Losses:
    """The loss-makers of the selection, whichever metric is chosen."""
    rows = connection.execute(losses_statement(selection)).all()
    return Losses(
        worst=tuple(Loss(row.key, row.asin or "", row.name or row.asin or f"({row.key})", row.cm3) for row in rows),
        count=rows[0].products if rows else 0,
        total=rows[0].total if rows else Decimal(0),
    )


def worst_of(found: Iterable[Loss]) -> Losses:
    """The same of all loss-makers, where they are known; equal ones by their id."""
    losses = sorted(found, key=lambda loss: (loss.cm3, loss.key))
    return Losses(tuple(losses[:MOST]), len(losses), sum((loss.cm3 for loss in losses), Decimal(0)))


def losses_statement(selection: Selection) -> sa.Select:
    """The worst products; how many there are in all, and their sum, stand in every row."""
    columns, calendar = summary_asin.c, selection.calendar
    months = [month for month in selection.span.months if calendar.first_month <= month <= calendar.last_month]
    value = sa.func.sum(columns.value)
    found = (
        sa.select(columns.asin_id, value.label("cm3"))
        .where(is_one_of(columns.month, months), columns.metric == CM3, *conditions(selection))
        .group_by(columns.asin_id)
        .having(value < 0)
        .subquery("found")
    )
    worst = (
        sa.select(
            found.c.asin_id,
            found.c.cm3,
            sa.func.count().over().label("products"),
            sa.func.sum(found.c.cm3).over().label("total"),
        )
        .order_by(found.c.cm3, found.c.asin_id)
        .limit(MOST)
        .subquery("worst")
    )
    return (
        sa.select(worst.c.asin_id.label("key"), asin.c.asin, asin.c.name, worst.c.cm3, worst.c.products, worst.c.total)
        .select_from(worst.outerjoin(asin, asin.c.id == worst.c.asin_id))
        .order_by(worst.c.cm3, worst.c.asin_id)
    )

"""What the settlements of a generation cover, and which months are not settled to their end."""

from __future__ import annotations

import sqlalchemy as sa

from database.engines.values import Generation
from database.schema import summary_report, summary_settlement
from domain.amazon import SETTLEMENT
from domain.coverage import Covered, Unsettled, unsettled

deposit, told = summary_settlement, summary_report


def read_covered(connection: sa.Connection, generation: Generation) -> list[Covered]:
    """What each settlement covers, in the order of time."""
    rows = connection.execute(
        sa.select(deposit.c.settlement_id, deposit.c.marketplace, deposit.c.currency, deposit.c.starts_at,
                  deposit.c.ends_at)
        .where(deposit.c.generation == generation.generation)
        .order_by(deposit.c.starts_at, deposit.c.settlement_id)
    )
    return [Covered(*row) for row in rows]


def read_unsettled(connection: sa.Connection, generation: Generation) -> tuple[Unsettled, ...]:
    """Months whose figures come from settlements that end before the month does."""
    covered = read_covered(connection, generation)
    if not covered:
        return ()
    months = connection.execute(
        sa.select(told.c.marketplace, told.c.month)
        .where(told.c.generation == generation.generation, told.c.report == SETTLEMENT, told.c.counts == sa.true())
        .distinct()
    )
    return unsettled(covered, [(row.marketplace, row.month) for row in months])

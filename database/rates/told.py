"""The rates that files and people told, into the reporting currency."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.months import add_months

told = schema.exchange_rate

Rates = Mapping[tuple[datetime.date, str], Decimal]
"""Month and currency -> what one unit of it is in the reporting currency."""

_UNTIL = re.compile(r" \(to \d{4}-\d{2}-\d{2}\)$")


@dataclass(frozen=True)
class ToldRate:
    """What one unit of a currency was in a month, in the reporting currency; the file or the person's word that told
    it, who brought it, and when (UTC)."""

    month: datetime.date
    currency: str
    rate: Decimal
    source: str
    changed_by: str
    changed_at: datetime.datetime

    @property
    def is_so_far(self) -> bool:
        """Whether it was told before its month was over: a mean of the days until then."""
        return self.changed_at.date() < add_months(self.month, 1) or _UNTIL.search(self.source) is not None


def until(name: str, day: datetime.date) -> str:
    """The source of rates of a month of which a file knows the days to this one only."""
    return f"{name[:230]} (to {day.isoformat()})"


def read_rates(store: Store) -> dict[tuple[datetime.date, str], Decimal]:
    """All rates into the reporting currency."""
    with store.application_reading.connect() as connection:
        return {key: each.rate for key, each in read_told(connection, store.settings.dashboard.currency).items()}


def read_told(connection: sa.Connection, base: str) -> dict[tuple[datetime.date, str], ToldRate]:
    """All that was told of rates into `base`, by month and currency, in this order."""
    query = (
        sa.select(told.c.month, told.c.currency, told.c.rate, told.c.source, told.c.changed_by, told.c.changed_at)
        .where(told.c.base == base)
        .order_by(told.c.month, told.c.currency)
    )
    return {
        (row.month, row.currency): ToldRate(
            row.month, row.currency, Decimal(row.rate), row.source, row.changed_by, row.changed_at
        )
        for row in connection.execute(query)
    }


def rate_words(rate: Decimal | None) -> str:
    """`1.2931`, without zeros at its end; `none` where there is no rate."""
    return "none" if rate is None else f"{rate.normalize():f}"

"""Which months' facts need which rates: what the live figures were converted at, what has none, what waits."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.values import Reading
from database.rates.told import Rates, rate_words
from domain.months import format_month, runs_of_months
from domain.rates import LiveRate

Pair = tuple[datetime.date, str]
"""A month, and a currency that facts of it are in."""


@dataclass(frozen=True)
class RateChange:
    """A rate before and after; None where there was, or is, none."""

    month: datetime.date
    currency: str
    before: Decimal | None
    after: Decimal | None

    @property
    def words(self) -> str:
        """`GBP 2025-03 from 1.2931 to 1.294`"""
        moved = f"from {rate_words(self.before)} to {rate_words(self.after)}"
        return f"{self.currency} {format_month(self.month)} {moved}"


def live_rates(reading: Reading) -> tuple[LiveRate, ...]:
    """All of the generation that is read, by month and currency: a row per month and currency of its facts."""
    table = schema.summary_rate
    query = (
        sa.select(table.c.month, table.c.currency, table.c.base, table.c.rate)
        .where(table.c.generation == reading.generation.generation)
        .order_by(table.c.month, table.c.currency)
    )
    return tuple(LiveRate(*row) for row in reading.connection.execute(query))


def named_pairs(connection: sa.Connection) -> set[Pair]:
    """The months and currencies that facts name by now, the reporting currency among them."""
    table = schema.financials_currency
    return {(month.replace(day=1), code) for month, code in connection.execute(
        sa.select(table.c.month, table.c.currency)
    )}


def gaps(needed: Iterable[Pair], known: Collection[Pair], base: str) -> list[Pair]:
    """What has no rate of what is needed, by currency and month. `base` needs none."""
    found = {pair for pair in needed if pair[1] != base and pair not in known}
    return sorted(found, key=lambda pair: (pair[1], pair[0]))


def waiting(live: Iterable[LiveRate], rates: Rates, base: str) -> list[RateChange]:
    """What the next refresh converts at other rates than the live figures were, by month and currency."""
    return [
        RateChange(each.month, each.currency, each.rate, rates.get((each.month, each.currency)))
        for each in live
        if each.currency != base
        if each.base != base or each.rate != rates.get((each.month, each.currency))
    ]


def pairs_words(pairs: Iterable[Pair]) -> str:
    """`GBP 2025-03 to 2025-05; SEK 2025-01`"""
    by_code: dict[str, list[datetime.date]] = {}
    for month, code in sorted(pairs, key=lambda pair: (pair[1], pair[0])):
        by_code.setdefault(code, []).append(month)
    return "; ".join(f"{code} {runs_of_months(months)}" for code, months in by_code.items())

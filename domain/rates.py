"""Exchange rates that figures were converted at."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class LiveRate:
    """The rate that published figures of a month were converted at into `base`; None where nobody had told one, so that
    amounts in this currency are in no figure."""

    month: datetime.date
    currency: str
    base: str
    rate: Decimal | None


def converted_currencies(rates: tuple[LiveRate, ...], months: frozenset[datetime.date]) -> tuple[str, ...]:
    """The currencies that figures of these months were converted from, by code."""
    return tuple(sorted({each.currency for each in rates if each.rate is not None and each.month in months}))


def unrated_months(
    rates: tuple[LiveRate, ...], months: frozenset[datetime.date]
) -> dict[str, tuple[datetime.date, ...]]:
    """Currency -> those of these months that lack a rate of it, in order."""
    found: dict[str, tuple[datetime.date, ...]] = {}
    for each in sorted(rates, key=lambda each: (each.currency, each.month)):
        if each.rate is None and each.month in months:
            found[each.currency] = (*found.get(each.currency, ()), each.month)
    return found

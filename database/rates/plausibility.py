"""Rates that look wrong: a jump of more than half from one month to the next, or one that stands upside down."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from decimal import Decimal

from database.rates.needed import Pair
from database.rates.told import Rates, rate_words
from domain.months import add_months, format_month

NEAR = 3
"""So many months before and after are looked for a neighbour."""
JUMP = Decimal("0.5")
DOLLARS = {
    "EUR": 1.1, "GBP": 1.28, "CHF": 1.1, "SEK": 0.1, "NOK": 0.1, "DKK": 0.147, "PLN": 0.25, "CZK": 0.044,
    "HUF": 0.0028, "JPY": 0.0067, "CNY": 0.14, "HKD": 0.128, "SGD": 0.74, "INR": 0.012, "KRW": 0.00075, "THB": 0.029,
    "AED": 0.272, "SAR": 0.267, "ZAR": 0.055, "MXN": 0.055, "USD": 1.0,
}
"""What one unit is in dollars, within a factor that does not reach its reverse, in this century."""
_APART = math.log(1.25)
_SAME = Decimal("0.05")


def unusual(rates: Rates, looked_at: Iterable[Pair], base: str) -> list[str]:
    """Of what `looked_at` names among `rates`, what looks wrong, each in a line."""
    return [words for pair in sorted(looked_at) if (words := _trouble(rates, pair, base))]


def _trouble(rates: Rates, pair: Pair, base: str) -> str:
    (month, code), rate = pair, rates[pair]
    told = f"{code} {format_month(month)}: {rate_words(rate)}"
    for near in filter(None, (_neighbour(rates, pair, -1), _neighbour(rates, pair, 1))):
        other = rates[near, code]
        beside = f"{format_month(near)} is {rate_words(other)}"
        if abs(rate * other - 1) < _SAME and abs(rate / other - 1) > 2 * _SAME:
            return f"{told} looks upside down: {beside}"
        if abs(rate / other - 1) > JUMP:
            return f"{told} is a jump of more than half: {beside}"
    if _is_upside_down(code, rate, base):
        return f"{told} looks upside down: rates are what one {code} is in {base}, not one {base} in {code}"
    return ""


def _neighbour(rates: Rates, pair: Pair, step: int) -> datetime.date | None:
    month, code = pair
    months = (add_months(month, step * distance) for distance in range(1, NEAR + 1))
    return next((near for near in months if (near, code) in rates), None)


def _is_upside_down(code: str, rate: Decimal, base: str) -> bool:
    """Whether it is nearer to the reverse of what is known of both currencies."""
    if code not in DOLLARS or base not in DOLLARS:
        return False
    usual, found = math.log(DOLLARS[code] / DOLLARS[base]), math.log(rate)
    return abs(usual) > _APART and abs(found + usual) < abs(found - usual)

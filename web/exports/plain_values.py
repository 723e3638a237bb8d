"""Values as files and the API write them: the same for every reader, whatever their browser's language."""

from __future__ import annotations

import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from domain.months import format_month
from web.figures.formats import COUNT, MONEY, RATE
from web.figures.sheets import MONTH, TEXT, Cell, Plain, Value

_CENTS = Decimal("0.01")
_MILLIONTHS = Decimal("0.000001")
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Room for any sum: the default of 28 digits would refuse a sum of sums."""


def unwrapped(value: Value, kind: str) -> tuple[Plain, str]:
    """A value of a column of `kind`, and the kind that it is of itself."""
    return (value.value, value.kind) if isinstance(value, Cell) else (value, kind)


def number(value: Decimal | int, kind: str) -> Decimal:
    """Money in full cents, percents as fractions to the millionth, counts and rates as they are."""
    found = Decimal(value)
    if kind not in (COUNT, RATE):
        found = found.quantize(_CENTS if kind == MONEY else _MILLIONTHS, context=_EXACT)
    return found or abs(found)  # no -0


def plain(value: Value, kind: str) -> str | None:
    """`1234.5` of money -> `1234.50`, a month -> `2025-10`, a fifth as percent -> `0.2`; None stays None."""
    value, kind = unwrapped(value, kind)
    if value is None:
        return None
    if kind == TEXT:
        return str(value)
    if kind == MONTH:
        return format_month(value)
    found = number(value, kind)
    return f"{found:f}" if kind == MONEY else _without_zeros(found)


def moment(when: datetime.datetime) -> str:
    """A time in UTC: `2025-11-03T06:30:00Z`."""
    return when.replace(microsecond=0).isoformat() + "Z"


def _without_zeros(found: Decimal) -> str:
    text = f"{found:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text

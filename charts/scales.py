"""Round marks for an axis."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


def round_ticks(values: Iterable[Decimal | None], *, count: int = 5) -> list[Decimal]:
    """About `count` round numbers that enclose 0 and all `values`: `[0, 420]` -> 0, 100, … 500."""
    known = [value for value in values if value is not None]
    lowest, highest = min([*known, Decimal(0)]), max([*known, Decimal(0)])
    if lowest == highest:
        return [Decimal(0), Decimal(1)]
    step = _round_up((highest - lowest) / count)
    first = (lowest / step).to_integral_value(ROUND_FLOOR)
    last = (highest / step).to_integral_value(ROUND_CEILING)
    return [number * step for number in range(int(first), int(last) + 1)]


def _round_up(size: Decimal) -> Decimal:
    power = Decimal(1).scaleb(size.adjusted())
    return next(step for step in STEPS if step * power >= size) * power

"""Round marks for an axis, and the ends of bars that stand on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

BAR_RADIUS = 2
"""Of the corners of bars, in every chart, in pixels."""
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


def value_axis(values: Iterable[Decimal | None], tick: Callable[[Decimal], str]) -> dict[str, Any]:
    """The axis of bars in plotly's words: round marks, written by `tick`, and an end half a step from one where that
    holds all `values`: a whole step could leave a quarter of the picture empty."""
    known = [Decimal(0), *(value for value in values if value is not None)]
    ticks = round_ticks(known)
    half = (ticks[1] - ticks[0]) / 2
    low = (min(known) / half).to_integral_value(ROUND_FLOOR) * half
    high = (max(known) / half).to_integral_value(ROUND_CEILING) * half
    if low == high:
        low, high = ticks[0], ticks[-1]
    shown = [value for value in ticks if low <= value <= high]
    return {
        "tickvals": [float(value) for value in shown],
        "ticktext": [tick(value) for value in shown],
        "range": [float(low), float(high)],
    }


def _round_up(size: Decimal) -> Decimal:
    power = Decimal(1).scaleb(size.adjusted())
    return next(step for step in STEPS if step * power >= size) * power

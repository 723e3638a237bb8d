"""Small drawings that come with the HTML: trend lines and bars in tables, as numbers for inline SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH = 120
HEIGHT = 32
MARGIN = 3


@dataclass(frozen=True)
class TrendLine:
    """SVG path data within 0 0 120 32; a missing value leaves a gap. `zero` is the height of the zero line, `end` the
    last point, `mark` the one that is marked."""

    line: str
    end: tuple[str, str]
    zero: str
    mark: tuple[str, str] | None = None


@dataclass(frozen=True)
class SmallBar:
    """A bar within 0 to 100: where it starts and how wide it is."""

    start: str
    width: str
    negative: bool


def trend_line(values: Sequence[Decimal | None], *, marked: int | None = None) -> TrendLine | None:
    """The trend of `values` in their order, on a scale that holds zero: 18 falling to 13 is no collapse. None with
    fewer than two of them. `marked` is the place of one that is marked."""
    known = [float(value) for value in values if value is not None]
    if len(known) < 2:
        return None
    lowest, highest = min(0.0, *known), max(0.0, *known)
    size = (highest - lowest) or 1.0
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)

    def height(value: float) -> float:
        return HEIGHT - MARGIN - (value - lowest) / size * (HEIGHT - 2 * MARGIN)

    runs: list[list[tuple[float, float]]] = [[]]
    for position, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((MARGIN + position * step, height(float(value))))
    runs = [run for run in runs if run]
    last = runs[-1][-1]
    return TrendLine(
        line="".join(_path(run) for run in runs),
        end=_point(*last),
        zero=_tenth(height(0.0)),
        mark=_place(values, marked, step, height),
    )


def _place(
    values: Sequence[Decimal | None], marked: int | None, step: float, height: Callable[[float], float]
) -> tuple[str, str] | None:
    value = None if marked is None else values[marked]
    return None if value is None else _point(MARGIN + marked * step, height(float(value)))


def small_bars(values: Sequence[Decimal | None], shown: slice = slice(None)) -> list[SmallBar | None]:
    """Bars for the values of `shown`, on one scale that holds zero and all `values`; None where there is no value."""
    known = [value for value in values if value is not None]
    lowest, highest = float(min([Decimal(0), *known])), float(max([Decimal(0), *known]))
    size = (highest - lowest) or 1.0

    def bar(value: float) -> SmallBar:
        start = (min(value, 0.0) - lowest) / size * 100
        return SmallBar(_number(start), _number(abs(value) / size * 100), value < 0)

    return [None if value is None else bar(float(value)) for value in values[shown]]


def _path(run: list[tuple[float, float]]) -> str:
    # A lone point is drawn as a dot: a line of no length with round ends.
    points = run if len(run) > 1 else run * 2
    return "M" + "L".join(" ".join(_point(*point)) for point in points)


def _point(x: float, y: float) -> tuple[str, str]:
    return _tenth(x), _tenth(y)


def _tenth(value: float) -> str:
    # More decimals nobody sees, and a page of fifty lines would weigh a third more.
    return f"{value:.1f}".removesuffix(".0")


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")

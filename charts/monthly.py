"""Bars by month, each before a wider, paler bar of the month it is compared with."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import round_ticks
from domain.months import month_name

MONTH = 30.44 * 24 * 3600 * 1000
"""A month of a date axis, in milliseconds."""
WIDER = 1.6
"""How much wider than a bar the one behind it is: it shows at both sides even where it is lower."""


@dataclass(frozen=True)
class Bar:
    """One month of the chart. `before` is what `before_month` had; `open` marks a month in progress;
    `address` is where a click leads."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None = None
    before: Decimal | None = None
    open: bool = False
    address: str = ""


def monthly_figure(
    bars: Sequence[Bar], *, name: str, before_name: str, exact: Callable[[Decimal], str], tick: Callable[[Decimal], str]
) -> dict[str, Any]:
    """The plotly figure of `bars`; `exact` writes a value for the reader, `tick` a mark of the axis.
    Only the drawing uses binary floats: every figure that is read was written by `exact`."""
    width = _bar_width(len(bars))
    traces = []
    if any(bar.before is not None for bar in bars):
        traces.append(_before(bars, before_name, exact) | {"width": width * WIDER})
    traces.append(_now(bars, name, exact) | {"width": width})
    ticks = round_ticks([value for bar in bars for value in (bar.value, bar.before)])
    return {"data": traces, "layout": _layout(bars, ticks, tick)}


def _now(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [bar.month.isoformat() for bar in bars],
        "y": [_drawn(bar.value) for bar in bars],
        "hovertext": [_hover(bar.month, bar.value, exact) + (" (in progress)" if bar.open else "") for bar in bars],
        "hoverinfo": "text",
        "customdata": [bar.address for bar in bars],
        "marker": {"color": ["--chart-open" if bar.open else "--chart-now" for bar in bars], "cornerradius": 3},
    }


def _before(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [bar.month.isoformat() for bar in bars],
        "y": [_drawn(bar.before) for bar in bars],
        "hovertext": [_hover(bar.before_month, bar.before, exact) if bar.before_month else "" for bar in bars],
        "hoverinfo": "text",
        "customdata": [bar.address for bar in bars],
        "marker": {"color": "--chart-before", "cornerradius": 3},
    }


def _layout(bars: Sequence[Bar], ticks: list[Decimal], tick: Callable[[Decimal], str]) -> dict[str, Any]:
    half = datetime.timedelta(days=16)
    return {
        "barmode": "overlay",
        "xaxis": {
            "type": "date",
            "tickformat": "%b\n%Y",
            "tick0": bars[0].month.isoformat(),
            "range": [(bars[0].month - half).isoformat(), (bars[-1].month + half).isoformat()],
        },
        "yaxis": {
            "tickvals": [float(value) for value in ticks],
            "ticktext": [tick(value) for value in ticks],
            "range": [float(ticks[0]), float(ticks[-1])],
        },
    }


def _bar_width(months: int) -> float:
    """In milliseconds of the axis. Few bars stay slim instead of filling the page."""
    return min(0.46, 0.09 * months) * MONTH


def _drawn(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _hover(month: datetime.date, value: Decimal | None, exact: Callable[[Decimal], str]) -> str:
    return f"{month_name(month)}: {exact(value) if value is not None else '–'}"

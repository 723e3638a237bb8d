"""Bars by month, with the period they are compared with as a line behind them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import round_ticks
from domain.months import month_name


@dataclass(frozen=True)
class Bar:
    """One month of the chart. `before` is what `before_month` had; `open` marks a month in progress."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None = None
    before: Decimal | None = None
    open: bool = False


def monthly_figure(
    bars: Sequence[Bar], *, name: str, before_name: str, exact: Callable[[Decimal], str], tick: Callable[[Decimal], str]
) -> dict[str, Any]:
    """The plotly figure of `bars`; `exact` writes a value for the reader, `tick` a mark of the axis.
    Only the drawing uses binary floats: every figure that is read was written by `exact`."""
    traces = [_bars(bars, name, exact)]
    if any(bar.before is not None for bar in bars):
        traces.append(_line(bars, before_name, exact))
    ticks = round_ticks([value for bar in bars for value in (bar.value, bar.before)])
    return {"data": traces, "layout": _layout(bars, ticks, tick)}


def _bars(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [bar.month.isoformat() for bar in bars],
        "y": [_drawn(bar.value) for bar in bars],
        "hovertext": [
            _hover(bar.month, bar.value, exact) + (" (in progress)" if bar.open else "") for bar in bars
        ],
        "hoverinfo": "text",
        "marker": {
            "color": ["--chart-open" if bar.open else "--chart-now" for bar in bars],
            "cornerradius": 3,
        },
    }


def _line(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [bar.month.isoformat() for bar in bars],
        "y": [_drawn(bar.before) for bar in bars],
        "hovertext": [_hover(bar.before_month, bar.before, exact) if bar.before_month else "" for bar in bars],
        "hoverinfo": "text",
        "connectgaps": False,
        "line": {"color": "--chart-before", "width": 2, "dash": "dot"},
        "marker": {"color": "--chart-before", "size": 5},
    }


def _layout(bars: Sequence[Bar], ticks: list[Decimal], tick: Callable[[Decimal], str]) -> dict[str, Any]:
    return {
        "xaxis": {"type": "date", "tickformat": "%b\n%Y", "tick0": bars[0].month.isoformat()},
        "yaxis": {
            "tickvals": [float(value) for value in ticks],
            "ticktext": [tick(value) for value in ticks],
            "range": [float(ticks[0]), float(ticks[-1])],
        },
    }


def _drawn(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _hover(month: datetime.date, value: Decimal | None, exact: Callable[[Decimal], str]) -> str:
    return f"{month_name(month)}: {exact(value) if value is not None else '–'}"

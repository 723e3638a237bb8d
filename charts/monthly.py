"""Bars by month, each before a wider, paler bar of the month it is compared with."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import BAR_RADIUS, value_axis
from domain.months import month_name

MONTH = 30.44 * 24 * 3600 * 1000
"""A month of a date axis, in milliseconds."""
AROUND = 0.35
"""How strong a bar is that stands beside the chosen one."""
WIDER = 1.6
"""How much wider than a bar the one behind it is: it shows at both sides even where it is lower."""


@dataclass(frozen=True)
class Bar:
    """One month of the chart. `before` is what `before_month` had, `change` says in words how much more or less it is
    now; `open` marks a month in progress; `address` is where a click leads. Bars that are not chosen stand around one
    that is."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None = None
    before: Decimal | None = None
    open: bool = False
    is_chosen: bool = True
    address: str = ""
    change: str = ""


def monthly_figure(
    bars: Sequence[Bar], *, name: str, before_name: str, open_name: str, exact: Callable[[Decimal], str],
    tick: Callable[[Decimal], str],
) -> dict[str, Any]:
    """The plotly figure of `bars`; `exact` writes a value for the reader, `tick` a mark of the axis. A legend calls
    the months `name`, and those in progress `open_name` ('' where none of them has a value). Only the drawing uses
    binary floats: every figure that is read was written by `exact`."""
    width = _bar_width(len(bars))
    traces = []
    if any(bar.before is not None for bar in bars):
        traces.append(_before(bars, before_name, exact) | {"width": width * WIDER})
    if not open_name or not all(bar.open for bar in bars):
        traces.append(_now(bars, name, exact) | {"width": width})
    if open_name:
        traces.append(_open(bars, open_name, exact) | {"width": width})
    return {"data": traces, "layout": _layout(bars, tick)}


def _now(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    values = [None if bar.open else bar.value for bar in bars]
    hovers = [_hover(bar.month, bar.value, exact) + (f" ({bar.change})" if bar.change else "") for bar in bars]
    return _trace(bars, name, values, hovers) | {"marker": _marker(values, "--chart-now", "--bad") | _faded(bars)}


def _open(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    """Bars of their own, so that a legend tells why they are paler."""
    found = [bar for bar in bars if bar.open]
    values = [bar.value for bar in found]
    hovers = [f"{_hover(bar.month, bar.value, exact)} (in progress)" for bar in found]
    return _trace(found, name, values, hovers) | {"marker": _marker(values, "--chart-open", "--chart-open-bad")}


def _before(bars: Sequence[Bar], name: str, exact: Callable[[Decimal], str]) -> dict[str, Any]:
    hovers = [_hover(bar.before_month, bar.before, exact) if bar.before_month else "" for bar in bars]
    values = [bar.before for bar in bars]
    return _trace(bars, name, values, hovers) | {"marker": _marker(values, "--chart-before", "--chart-before")}


def _trace(bars: Sequence[Bar], name: str, values: Sequence[Decimal | None], hovers: list[str]) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [bar.month.isoformat() for bar in bars],
        "y": [_drawn(value) for value in values],
        "hovertext": hovers,
        "hoverinfo": "text",
        "customdata": [bar.address for bar in bars],
        "meta": [month_name(bar.month) for bar in bars],
    }


def _marker(values: Sequence[Decimal | None], color: str, below_zero: str) -> dict[str, Any]:
    """One colour where that is enough: a legend shows the first of several."""
    colors = [below_zero if value is not None and value < 0 else color for value in values]
    return {"color": colors if len(set(colors)) > 1 else colors[0], "cornerradius": BAR_RADIUS}


def _faded(bars: Sequence[Bar]) -> dict[str, Any]:
    return {} if all(bar.is_chosen for bar in bars) else {"opacity": [1 if bar.is_chosen else AROUND for bar in bars]}


def _layout(bars: Sequence[Bar], tick: Callable[[Decimal], str]) -> dict[str, Any]:
    half = datetime.timedelta(days=16)
    return {
        "barmode": "overlay",
        "xaxis": {
            "type": "date",
            "tickformat": "%b\n%Y",
            "tick0": bars[0].month.isoformat(),
            "range": [(bars[0].month - half).isoformat(), (bars[-1].month + half).isoformat()],
        },
        "yaxis": value_axis((value for bar in bars for value in (bar.value, bar.before)), tick),
    }


def _bar_width(months: int) -> float:
    """In milliseconds of the axis. Few bars stay slim instead of filling the page."""
    return min(0.46, 0.09 * months) * MONTH


def _drawn(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _hover(month: datetime.date, value: Decimal | None, exact: Callable[[Decimal], str]) -> str:
    return f"{month_name(month)}: {exact(value) if value is not None else '–'}"

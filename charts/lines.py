"""Lines by month over marked heights, such as margins over the thresholds they are judged by."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import round_ticks
from domain.months import month_name

LOOKS = (("--chart-line-1", "dot", "square"), ("--chart-line-2", "dash", "diamond"), ("--chart-now", "solid", "circle"))
"""Colour, dashes and mark of each line, the last being the one that counts most."""


@dataclass(frozen=True)
class Line:
    """A name and its value in each month; a missing one leaves a gap."""

    name: str
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True)
class Threshold:
    """A marked height, drawn in the colour of a CSS token."""

    value: Decimal
    colour: str


def lines_figure(
    months: Sequence[datetime.date], lines: Sequence[Line], thresholds: Sequence[Threshold], *,
    exact: Callable[[Decimal], str], tick: Callable[[Decimal], str], addresses: Sequence[str] = (),
) -> dict[str, Any]:
    """The plotly figure of at most three `lines` over `months`; `addresses` are where a click on a month leads."""
    looks = LOOKS[len(LOOKS) - len(lines):]
    values = [value for line in lines for value in line.values] + [threshold.value for threshold in thresholds]
    ticks = round_ticks(values)
    return {
        "data": [
            _trace(months, line, look, exact) | _leading(months, addresses)
            for line, look in zip(lines, looks, strict=True)
        ],
        "layout": {
            "xaxis": _months_axis(months),
            "yaxis": {
                "tickvals": [float(value) for value in ticks],
                "ticktext": [tick(value) for value in ticks],
                "range": [float(ticks[0]), float(ticks[-1])],
            },
            "shapes": [_mark(threshold) for threshold in thresholds],
        },
    }


def _leading(months: Sequence[datetime.date], addresses: Sequence[str]) -> dict[str, Any]:
    """Where a click on a month leads, and its name."""
    return {"customdata": list(addresses), "meta": [month_name(month) for month in months]} if addresses else {}


def _trace(
    months: Sequence[datetime.date], line: Line, look: tuple[str, str, str], exact: Callable[[Decimal], str]
) -> dict[str, Any]:
    colour, dash, symbol = look
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": line.name,
        "x": [month.isoformat() for month in months],
        "y": [None if value is None else float(value) for value in line.values],
        "hovertext": [
            f"{line.name} {month_name(month)}: {exact(value) if value is not None else '–'}"
            for month, value in zip(months, line.values, strict=True)
        ],
        "hoverinfo": "text",
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "symbol": symbol, "size": 6 if len(months) <= 24 else 3},
        "connectgaps": False,
    }


def _months_axis(months: Sequence[datetime.date]) -> dict[str, Any]:
    half = datetime.timedelta(days=16)
    return {
        "type": "date",
        "tickformat": "%b\n%Y",
        "tick0": months[0].isoformat(),
        "range": [(months[0] - half).isoformat(), (months[-1] + half).isoformat()],
    }


def _mark(threshold: Threshold) -> dict[str, Any]:
    height = float(threshold.value)
    return {
        "type": "line", "layer": "between", "xref": "paper", "x0": 0, "x1": 1, "y0": height, "y1": height,
        "line": {"color": threshold.colour, "width": 1.5, "dash": "3px,4px"},
    }

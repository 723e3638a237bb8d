"""Bars by month, one piece per category or brand: losses stack below the zero line. Lines, where they do not add up."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import value_axis
from charts.words import drawn_name
from domain.months import month_name

MONTH = 30.44 * 24 * 3600 * 1000
"""A month of a date axis, in milliseconds."""
AROUND = 0.35
"""How strong a month is that stands beside the chosen one."""
OPEN_OPACITY = 0.5
"""A month in progress is paler."""


@dataclass(frozen=True)
class Layer:
    """One piece of every bar, from the zero line outwards in the order given. `colour` is a token;
    `address` is where a click leads."""

    name: str
    values: tuple[Decimal | None, ...]
    colour: str
    address: str = ""


def stacked_figure(
    months: Sequence[datetime.date], layers: Sequence[Layer], *, exact: Callable[[Decimal], str],
    tick: Callable[[Decimal], str], current: datetime.date, chosen: Sequence[datetime.date] = (),
) -> dict[str, Any]:
    """The plotly figure of `layers`, whose values stand in the order of `months`; those from `current` on
    are in progress. `exact` writes a value, `tick` a mark of the axis. Months that are not `chosen` stand around those
    that are; without it all are."""
    opacity = [
        AROUND if chosen and month not in chosen else OPEN_OPACITY if month >= current else 1 for month in months
    ]
    heights = [_height(layers, place, sign) for place in range(len(months)) for sign in (1, -1)]
    half = datetime.timedelta(days=16)
    return {
        "data": [_trace(layer, months, opacity, exact) for layer in layers],
        "layout": {
            "barmode": "relative",
            "hovermode": "closest",
            "xaxis": {
                "showspikes": False, "type": "date", "tickformat": "%b\n%Y", "tick0": months[0].isoformat(),
                "range": [(months[0] - half).isoformat(), (months[-1] + half).isoformat()],
            },
            "yaxis": value_axis(heights, tick),
        },
    }


def side_by_side_figure(
    months: Sequence[datetime.date], layers: Sequence[Layer], *, exact: Callable[[Decimal], str],
    tick: Callable[[Decimal], str],
) -> dict[str, Any]:
    """The plotly figure of `layers` that do not add up, such as margins: a line of each."""
    values = [value for layer in layers for value in layer.values]
    half = datetime.timedelta(days=16)
    return {
        "data": [
            _bar_or_line(layer, months, exact) | {
                "type": "scatter", "mode": "lines+markers", "connectgaps": False,
                "line": {"color": layer.colour, "width": 2},
                "marker": {"color": layer.colour, "size": 6 if len(months) <= 24 else 3},
            }
            for layer in layers
        ],
        "layout": {
            "hovermode": "closest",
            "xaxis": {
                "showspikes": False, "type": "date", "tickformat": "%b\n%Y", "tick0": months[0].isoformat(),
                "range": [(months[0] - half).isoformat(), (months[-1] + half).isoformat()],
            },
            "yaxis": value_axis(values, tick),
        },
    }


def _trace(
    layer: Layer, months: Sequence[datetime.date], opacity: list[float], exact: Callable[[Decimal], str]
) -> dict[str, Any]:
    return _bar_or_line(layer, months, exact) | {
        "type": "bar",
        "width": min(0.62, 0.12 * len(months)) * MONTH,
        "marker": {"color": layer.colour, "opacity": opacity, "line": {"width": 1, "color": "--surface"}},
    }


def _bar_or_line(
    layer: Layer, months: Sequence[datetime.date], exact: Callable[[Decimal], str]
) -> dict[str, Any]:
    """What both have: values, words for whoever points at them, and where a click leads."""
    name = drawn_name(layer.name)
    return {
        "name": name,
        "x": [month.isoformat() for month in months],
        "y": [None if value is None else float(value) for value in layer.values],
        "hovertext": [
            f"{name}<br>{month_name(month)}: {exact(value) if value is not None else '–'}"
            for month, value in zip(months, layer.values, strict=True)
        ],
        "hoverinfo": "text",
        "customdata": [layer.address] * len(months),
        "meta": [name] * len(months),
    }


def _height(layers: Sequence[Layer], place: int, sign: int) -> Decimal:
    values = [layer.values[place] for layer in layers]
    return sum((value for value in values if value is not None and value * sign > 0), Decimal(0))

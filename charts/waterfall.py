"""A waterfall: levels and the steps between them, from top to bottom like the table it is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import BAR_RADIUS, round_ticks

THICKNESS = 0.62
"""Of a bar, as a part of its row."""
ROOM = Decimal("0.4")
"""A label's, as a part of the chart's width on a phone."""
COLOURS = {"level": "--chart-now", "loss": "--bad", "fall": "--chart-fall", "rise": "--good", "gap": "--ink-faint"}


@dataclass(frozen=True)
class Bar:
    """One row: a bar from `start` to `end`. `kind` is `'level'` (it stands on 0), `'cost'` or `'gap'`;
    `label` stands at the bar, `hover` is read over it, `address` is where a click leads."""

    name: str
    kind: str
    start: Decimal
    end: Decimal
    label: str
    hover: str
    address: str = ""


def waterfall_figure(bars: Sequence[Bar], *, tick: Callable[[Decimal], str], marks: int = 4) -> dict[str, Any]:
    """The plotly figure of `bars`, the first at the top; `tick` writes a mark of the axis, of which there are about
    `marks`: fewer where long names leave little room on a phone."""
    ticks = round_ticks([place for bar in bars for place in (bar.start, bar.end)], count=marks)
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [bar.name for bar in bars],
        "base": [float(bar.start) for bar in bars],
        "x": [float(bar.end - bar.start) for bar in bars],
        "width": THICKNESS,
        "hovertext": [bar.hover for bar in bars],
        "hoverinfo": "text",
        "customdata": [bar.address for bar in bars],
        "meta": [bar.name for bar in bars],
        "marker": {
            "color": [COLOURS[_look(bar)] for bar in bars],
            "cornerradius": BAR_RADIUS,
            "pattern": {"shape": ["/" if bar.kind == "gap" else "" for bar in bars], "size": 6},
            "line": {"color": "--ink-faint", "width": [int(bar.kind == "gap") for bar in bars]},
        },
    }
    return {"data": [trace], "layout": _layout(bars, ticks, tick)}


def _look(bar: Bar) -> str:
    if bar.kind == "level":
        return "loss" if bar.end < 0 else "level"
    if bar.kind == "gap":
        return "gap"
    return "fall" if bar.end <= bar.start else "rise"


def _layout(bars: Sequence[Bar], ticks: list[Decimal], tick: Callable[[Decimal], str]) -> dict[str, Any]:
    low, high = ticks[0], ticks[-1]
    return {
        "hovermode": "closest",
        "xaxis": {
            "tickvals": [float(value) for value in ticks],
            "ticktext": [tick(value) for value in ticks],
            "range": [float(low), float(high)],
            "showgrid": True,
            "gridcolor": "--chart-grid",
            "zeroline": True,
            "zerolinecolor": "--chart-zero",
            "showspikes": False,
        },
        "yaxis": {
            "type": "category",
            "range": [len(bars) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
            "ticks": "outside",
            "ticklen": 4,
            "tickcolor": "rgba(0,0,0,0)",
            "tickfont": {"color": "--ink-soft"},
        },
        "annotations": [_label(row, bar, low, high) for row, bar in enumerate(bars)],
        "shapes": [_join(row, bar) for row, bar in enumerate(bars[:-1])],
    }


def _label(row: int, bar: Bar, low: Decimal, high: Decimal) -> dict[str, Any]:
    """Where there is room even on a phone: right of the bar, else left of it, else in it. (Texts that plotly
    places itself are turned, shrunk or left out where it finds them too long.)"""
    left, right = sorted((bar.start, bar.end))
    room = (high - low) * ROOM
    colour = "--ink" if bar.kind == "level" else "--ink-soft"
    if right <= high - room:
        place, anchor, shift = right, "left", 4
    elif left >= low + room:
        place, anchor, shift = left, "right", -4
    else:
        place, anchor, shift = right, "right", -6
        colour = "--on-accent" if _look(bar) in ("level", "rise") else "--on-brick"
    return {
        "x": float(place), "y": row, "text": bar.label, "showarrow": False, "xanchor": anchor, "xshift": shift,
        "font": {"color": colour},
    }


def _join(row: int, bar: Bar) -> dict[str, Any]:
    """The thin line on which the next bar hangs."""
    return {
        "type": "line",
        "layer": "below",
        "x0": float(bar.end),
        "x1": float(bar.end),
        "y0": row + THICKNESS / 2,
        "y1": row + 1 - THICKNESS / 2,
        "line": {"color": "--chart-zero", "width": 1},
    }

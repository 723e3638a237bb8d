"""A ranking as a curve: bars from the largest to the smallest, and above them how much they make up together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from charts.scales import BAR_RADIUS, round_ticks
from charts.words import drawn_name

MOST_BARS = 60
"""More than this are drawn in groups of neighbours: thinner bars could not be told apart."""
MARKS = (Decimal(0), Decimal("0.2"), Decimal("0.4"), Decimal("0.6"), Decimal("0.8"), Decimal(1))


@dataclass(frozen=True)
class Ranked:
    """One thing of the ranking; `cumulative` is the part of the whole that it and all above it make up."""

    name: str
    value: Decimal
    cumulative: Decimal | None
    address: str = ""


def pareto_figure(
    ranked: Sequence[Ranked], *, things: str, reached: int | None, exact: Callable[[Decimal], str],
    tick: Callable[[Decimal], str], percent: Callable[[Decimal], str],
) -> dict[str, Any]:
    """The plotly figure of `ranked`, largest first. `things` is what they are called ("Products"); `reached`
    is how many of them make up the marked part of the whole, None where nothing can be marked."""
    size = -(-len(ranked) // MOST_BARS)
    groups = [ranked[start:start + size] for start in range(0, len(ranked), size)]
    places = [(start * size + 1 + start * size + len(group)) / 2 for start, group in enumerate(groups)]
    values = [sum((thing.value for thing in group), Decimal(0)) for group in groups]
    words = [
        _words(group, start * size + 1, things, value, exact, percent)
        for start, (group, value) in enumerate(zip(groups, values, strict=True))
    ]
    bars = {
        "type": "bar", "name": things, "x": places, "y": [float(value) for value in values],
        "width": [max(size * 0.8, len(ranked) / 400)] * len(groups),
        "hovertext": words, "hoverinfo": "text",
        "customdata": [group[0].address if len(group) == 1 else "" for group in groups],
        "marker": {"color": ["--bad" if value < 0 else "--chart-now" for value in values], "cornerradius": BAR_RADIUS},
    }
    traces = [bars]
    if ranked[-1].cumulative is not None:
        traces.append({
            "type": "scatter", "mode": "lines", "name": "together", "yaxis": "y2",
            "x": [0, *(start * size + len(group) for start, group in enumerate(groups))],
            "y": [0.0, *(float(group[-1].cumulative) for group in groups)],
            "hoverinfo": "skip", "line": {"color": "--chart-line-2", "width": 2},
        })
    return {"data": traces, "layout": _layout(ranked, values, reached, tick, percent)}


def _words(
    group: Sequence[Ranked], first: int, things: str, value: Decimal, exact: Callable[[Decimal], str],
    percent: Callable[[Decimal], str],
) -> str:
    last = first + len(group) - 1
    name = f"{first}. {drawn_name(group[0].name)}" if len(group) == 1 else f"{things} {first}–{last}"
    together = group[-1].cumulative
    ends = "" if together is None else f"<br>first {last}: {percent(together)} of all"
    return f"{name}<br>{exact(value)}{ends}"


def _layout(
    ranked: Sequence[Ranked], values: Sequence[Decimal], reached: int | None, tick: Callable[[Decimal], str],
    percent: Callable[[Decimal], str],
) -> dict[str, Any]:
    """Both axes have their zero at the same height, whatever is lost."""
    ticks = round_ticks(values)
    low, high = float(ticks[0]), float(ticks[-1])
    most = max([Decimal(1), *(thing.cumulative for thing in ranked if thing.cumulative is not None)])
    top = float(most) * 1.04
    ranks = [rank for rank in round_ticks([Decimal(len(ranked))]) if 0 < rank <= len(ranked) and rank % 1 == 0]
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "xaxis": {
            "title": {"text": "rank", "standoff": 4}, "type": "linear", "range": [0, len(ranked) + 0.5],
            "showspikes": False, "tickmode": "array",
            "tickvals": [float(rank) for rank in ranks], "ticktext": [f"{rank:f}" for rank in ranks],
        },
        "yaxis": {
            "tickvals": [float(value) for value in ticks], "ticktext": [tick(value) for value in ticks],
            "range": [low, high],
        },
        "yaxis2": {
            "overlaying": "y", "side": "right", "showgrid": False, "fixedrange": True, "zeroline": False,
            "automargin": True, "range": [top * low / high if high > 0 else 0, top],
            "tickvals": [float(mark) for mark in MARKS], "ticktext": [percent(mark) for mark in MARKS],
        },
    }
    if reached is not None:
        layout["shapes"] = [{
            "type": "line", "x0": reached + 0.5, "x1": reached + 0.5, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": "--control-line", "width": 1, "dash": "dot"},
        }]
    return layout

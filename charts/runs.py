"""What happened at certain moments, over time: durations over bands that say how good they are, and sizes."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SECONDS_TICKS = ((0.1, "0.1 s"), (1, "1 s"), (10, "10 s"), (60, "1 min"), (300, "5 min"), (900, "15 min"),
                 (3600, "1 h"), (14400, "4 h"), (86400, "1 day"))
LOOKS = {"good": ("--chart-now", "circle"), "bad": ("--bad", "x")}
SIZE_LOOKS = (("--chart-now", "solid", "circle"), ("--chart-line-2", "dash", "diamond"))


@dataclass(frozen=True)
class Mark:
    """One run: when it began, how long it took, whether it went well, and what its mark says."""

    moment: datetime.datetime
    seconds: float
    is_good: bool
    words: str


@dataclass(frozen=True)
class Band:
    """Durations up to so many seconds, drawn in the colour of a CSS token."""

    upto: float
    colour: str


@dataclass(frozen=True)
class Sizes:
    """A name and its bytes at each moment."""

    name: str
    bytes: tuple[int | None, ...]


def durations_figure(marks: Sequence[Mark], bands: Sequence[Band]) -> dict[str, Any]:
    """The plotly figure of runs; each band begins where the one before ends. The axis is logarithmic: a refresh
    of seconds and one of half an hour stand in the same picture."""
    longest = max(mark.seconds for mark in marks)
    lowest = min(1.0, *(max(mark.seconds, 0.1) for mark in marks))
    highest = next((band.upto for band in bands if longest < band.upto < math.inf), longest * 2)
    ticks = [(value, words) for value, words in SECONDS_TICKS if lowest <= value <= highest]
    good = [mark for mark in marks if mark.is_good]
    return {
        "data": [
            _line(good),
            *(_marks([mark for mark in marks if mark.is_good is is_good], *LOOKS[look])
              for look, is_good in (("good", True), ("bad", False))),
        ],
        "layout": {
            "xaxis": _moments_axis([mark.moment for mark in marks]),
            "yaxis": {
                "type": "log", "range": [_log(lowest) - 0.15, _log(highest)],
                "tickvals": [value for value, _ in ticks], "ticktext": [words for _, words in ticks],
            },
            "shapes": _bands(bands, lowest, highest),
            "hovermode": "closest",
        },
    }


def sizes_figure(
    moments: Sequence[datetime.datetime], sizes: Sequence[Sizes], *, words: Callable[[float], str]
) -> dict[str, Any]:
    """The plotly figure of at most two sizes over time; `words` writes a number of bytes."""
    most = max(found for size in sizes for found in size.bytes if found is not None)
    ticks = [most * part / 4 for part in range(5)]
    return {
        "data": [
            {
                "type": "scatter", "mode": "lines+markers", "name": size.name,
                "x": [moment.isoformat() for moment in moments], "y": list(size.bytes),
                "hovertext": [f"{size.name}: {words(found)}" if found is not None else "" for found in size.bytes],
                "hoverinfo": "text", "line": {"color": colour, "dash": dash, "width": 2},
                "marker": {"color": colour, "symbol": symbol, "size": 6}, "connectgaps": True,
            }
            for size, (colour, dash, symbol) in zip(sizes, SIZE_LOOKS, strict=False)
        ],
        "layout": {
            "xaxis": _moments_axis(moments),
            "yaxis": {"tickvals": ticks, "ticktext": [words(tick) for tick in ticks], "range": [0, most * 1.08]},
        },
    }


def _line(marks: Sequence[Mark]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": [mark.moment.isoformat() for mark in marks],
        "y": [mark.seconds for mark in marks], "hoverinfo": "skip", "line": {"color": "--chart-before", "width": 1.5},
    }


def _marks(marks: Sequence[Mark], colour: str, symbol: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "x": [mark.moment.isoformat() for mark in marks],
        "y": [max(mark.seconds, 0.1) for mark in marks], "hovertext": [mark.words for mark in marks],
        "hoverinfo": "text", "marker": {"color": colour, "symbol": symbol, "size": 8},
    }


def _moments_axis(moments: Sequence[datetime.datetime]) -> dict[str, Any]:
    first, last = min(moments), max(moments)
    room = max((last - first) * 0.03, datetime.timedelta(minutes=2))
    tickformat = "%-d %b" if last - first > datetime.timedelta(days=3) else "%-d %b\n%H:%M"
    return {
        "type": "date", "tickformat": tickformat, "dtick": None, "nticks": 6,
        "range": [(first - room).isoformat(), (last + room).isoformat()],
    }


def _bands(bands: Sequence[Band], lowest: float, highest: float) -> list[dict[str, Any]]:
    shapes, begins = [], lowest * 0.5
    for band in bands:
        ends = min(band.upto, highest)
        if ends > begins:
            shapes.append({
                "type": "rect", "layer": "below", "xref": "paper", "x0": 0, "x1": 1, "y0": begins, "y1": ends,
                "fillcolor": band.colour, "line": {"width": 0},
            })
        begins = band.upto
    return shapes


def _log(value: float) -> float:
    """The power of ten, to two places: what a drawing needs."""
    return round(math.log10(value), 2)

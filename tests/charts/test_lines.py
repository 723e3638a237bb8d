"""Lines by month: one look each, gaps where nothing is known, thresholds in sight."""

from __future__ import annotations

import datetime
from decimal import Decimal

import plotly.graph_objects

from charts.lines import Line, Threshold, lines_figure

MONTHS = [datetime.date(2025, 9, 1), datetime.date(2025, 10, 1)]
LINES = [
    Line("CM1 %", (Decimal("0.5"), Decimal("0.6"))),
    Line("CM2 %", (Decimal("0.3"), None)),
    Line("CM3 %", (Decimal("-0.1"), Decimal("0.1"))),
]
THRESHOLDS = [Threshold(Decimal("0.2"), "green"), Threshold(Decimal("0.15"), "orange")]


def figure(lines=LINES) -> dict:
    return lines_figure(
        MONTHS, lines, THRESHOLDS, exact=lambda v: f"<{v}>", tick=lambda v: f"[{v:f}]", addresses=["/a", "/b"]
    )


def test_every_line_has_its_months_and_says_in_words_what_it_draws() -> None:
    traces = figure()["data"]

    assert [(trace["name"], trace["y"]) for trace in traces] == [
        ("CM1 %", [0.5, 0.6]), ("CM2 %", [0.3, None]), ("CM3 %", [-0.1, 0.1]),
    ]
    assert traces[1]["hovertext"] == ["CM2 % Sep 2025: <0.3>", "CM2 % Oct 2025: –"]
    assert all(trace["x"] == ["2025-09-01", "2025-10-01"] and trace["customdata"] == ["/a", "/b"] for trace in traces)
    assert all(trace["connectgaps"] is False for trace in traces)


def test_lines_differ_in_dashes_and_marks_and_not_only_in_colour() -> None:
    looks = [(trace["line"]["dash"], trace["marker"]["symbol"]) for trace in figure()["data"]]

    assert len(set(looks)) == 3


def test_the_last_line_looks_the_same_with_fewer_before_it() -> None:
    assert figure(LINES[2:])["data"][0]["line"] == figure()["data"][2]["line"]


def test_thresholds_are_lines_across_and_within_the_axis() -> None:
    layout = figure([Line("CM3 %", (Decimal("0.01"), Decimal("0.02")))])["layout"]

    assert [(mark["y0"], mark["y1"], mark["line"]["color"]) for mark in layout["shapes"]] == [
        (0.2, 0.2, "green"), (0.15, 0.15, "orange"),
    ]
    low, high = layout["yaxis"]["range"]
    assert low <= 0 and high >= 0.2


def test_plotly_takes_the_figure() -> None:
    plain = figure()
    for trace in plain["data"]:
        trace["marker"]["color"] = trace["line"]["color"] = "red"

    assert len(plotly.graph_objects.Figure(plain).data) == 3

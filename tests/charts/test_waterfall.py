"""The waterfall's figure is one that plotly takes, with every label where it has room."""

from __future__ import annotations

from decimal import Decimal

import plotly.graph_objects

from charts.waterfall import Bar, waterfall_figure


def bar(name: str, kind: str, start: int, end: int) -> Bar:
    return Bar(name, kind, Decimal(start), Decimal(end), label=f"<{end - start}>", hover=name, address=f"/{name}")


BARS = [
    bar("revenue", "level", 0, 100),
    bar("cogs", "cost", 100, 55),
    bar("fees", "cost", 55, 30),
    bar("refund", "cost", 30, 31),
    bar("odd", "gap", 31, 33),
    bar("CM3", "level", 0, -20),
]


def figure() -> dict:
    return waterfall_figure(BARS, tick=lambda value: f"[{value:f}]")


def test_bars_lead_from_start_to_end_in_order_from_the_top() -> None:
    found = figure()
    trace = found["data"][0]

    assert trace["y"] == ["revenue", "cogs", "fees", "refund", "odd", "CM3"]
    assert list(zip(trace["base"], trace["x"], strict=True)) == [
        (0, 100), (100, -45), (55, -25), (30, 1), (31, 2), (0, -20),
    ]
    assert trace["customdata"] == ["/revenue", "/cogs", "/fees", "/refund", "/odd", "/CM3"]
    assert found["layout"]["yaxis"]["range"] == [5.5, -0.5]


def test_levels_falls_rises_gaps_and_losses_look_different() -> None:
    marker = figure()["data"][0]["marker"]

    assert marker["color"] == ["--chart-now", "--chart-fall", "--chart-fall", "--good", "--ink-faint", "--bad"]
    assert marker["pattern"]["shape"] == ["", "", "", "", "/", ""]


def test_labels_stand_right_of_a_bar_or_left_of_it_or_in_it() -> None:
    labels = figure()["layout"]["annotations"]

    assert [(label["x"], label["xanchor"], label["xshift"]) for label in labels] == [
        (100, "right", -6), (55, "right", -4), (30, "right", -4), (31, "left", 4), (33, "left", 4), (0, "left", 4),
    ]
    assert [label["text"] for label in labels] == ["<100>", "<-45>", "<-25>", "<1>", "<2>", "<-20>"]


def test_each_bar_hangs_on_the_one_before() -> None:
    joins = figure()["layout"]["shapes"]

    assert [(join["x0"], join["x1"]) for join in joins] == [(100, 100), (55, 55), (30, 30), (31, 31), (33, 33)]


def test_the_axis_holds_zero_and_every_place() -> None:
    axis = figure()["layout"]["xaxis"]

    assert axis["tickvals"] == [-50, 0, 50, 100]
    assert axis["range"] == [-50, 100]
    assert axis["ticktext"][0] == "[-50]"


def test_plotly_takes_the_figure() -> None:
    def painted(value):
        if isinstance(value, dict):
            return {key: painted(part) for key, part in value.items()}
        if isinstance(value, list):
            return [painted(part) for part in value]
        return "red" if isinstance(value, str) and value.startswith("--") else value

    assert len(plotly.graph_objects.Figure(painted(figure())).data) == 1

"""Layers stack from the zero line outwards, and losses below it."""

from __future__ import annotations

import datetime
from decimal import Decimal

import plotly.graph_objects

from charts.stacked import Layer, stacked_figure

MONTHS = [datetime.date(2025, 10, 1), datetime.date(2025, 11, 1)]
LAYERS = [
    Layer("Toys", (Decimal("100.50"), Decimal("60")), "--series-1", "/categories?category=5"),
    Layer("<Games> & more", (Decimal("-30"), None), "--series-2"),
]


def figure() -> dict:
    return stacked_figure(
        MONTHS, LAYERS, exact=lambda v: f"[{v}]", tick=lambda v: f"{v:f}", current=datetime.date(2025, 11, 1)
    )


def test_each_layer_has_its_colour_its_link_and_its_words() -> None:
    toys, games = figure()["data"]

    assert (toys["y"], toys["marker"]["color"], toys["customdata"]) == (
        [100.5, 60.0], "--series-1", ["/categories?category=5"] * 2,
    )
    assert toys["hovertext"] == ["Toys<br>Oct 2025: [100.50]", "Toys<br>Nov 2025: [60]"]
    assert (games["name"], games["y"]) == ("&lt;Games&gt; &amp; more", [-30.0, None])
    assert games["hovertext"][1] == "&lt;Games&gt; &amp; more<br>Nov 2025: –"


def test_the_axis_holds_the_highest_stack_and_the_deepest_loss() -> None:
    assert figure()["layout"]["yaxis"]["range"] == [-50.0, 125.0]
    assert figure()["layout"]["barmode"] == "relative"


def test_a_month_in_progress_is_paler() -> None:
    assert figure()["data"][0]["marker"]["opacity"] == [1, 0.5]


def test_plotly_takes_the_figure() -> None:
    plain = figure()
    for trace in plain["data"]:
        trace["marker"] = {"color": "red"}

    assert len(plotly.graph_objects.Figure(plain).data) == 2

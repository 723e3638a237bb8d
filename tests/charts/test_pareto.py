"""A ranking is drawn from the largest to the smallest, with the share of all that came before."""

from __future__ import annotations

from decimal import Decimal

import plotly.graph_objects

from charts.pareto import MOST_BARS, Ranked, pareto_figure


def figure(ranked: list[Ranked], reached: int | None = 1) -> dict:
    return pareto_figure(
        ranked, things="Products", reached=reached, exact=lambda v: f"[{v}]", tick=lambda v: f"{v:f}",
        percent=lambda v: f"{v * 100:.0f}%",
    )


def many(count: int) -> list[Ranked]:
    return [
        Ranked(f"P{n}", Decimal(10), Decimal(n) / count, f"/products/P{n}") for n in range(1, count + 1)
    ]


THREE = [
    Ranked("Train", Decimal("90"), Decimal("0.9"), "/products/1"),
    Ranked("Bridge", Decimal("20"), Decimal("1.1")),
    Ranked("Station", Decimal("-10"), Decimal("1")),
]


def test_bars_have_words_links_and_a_colour_for_losses() -> None:
    bars, together = figure(THREE)["data"]

    assert (bars["x"], bars["y"]) == ([1.0, 2.0, 3.0], [90.0, 20.0, -10.0])
    assert bars["hovertext"] == [
        "1. Train<br>[90]<br>first 1: 90% of all", "2. Bridge<br>[20]<br>first 2: 110% of all",
        "3. Station<br>[-10]<br>first 3: 100% of all",
    ]
    assert bars["customdata"] == ["/products/1", "", ""]
    assert bars["marker"]["color"] == ["--chart-now", "--chart-now", "--bad"]
    assert (together["x"], together["y"]) == ([0, 1, 2, 3], [0.0, 0.9, 1.1, 1.0])


def test_both_axes_have_their_zero_at_the_same_height() -> None:
    layout = figure(THREE)["layout"]
    left, right = layout["yaxis"]["range"], layout["yaxis2"]["range"]

    assert left[0] / left[1] == right[0] / right[1]
    assert right[1] >= 1.1


def test_many_are_drawn_in_groups_that_add_up() -> None:
    bars, together = figure(many(1000), reached=800)["data"]

    assert len(bars["y"]) <= MOST_BARS
    assert sum(bars["y"]) == 10_000
    assert bars["hovertext"][0] == "Products 1–17<br>[170]<br>first 17: 2% of all"
    assert (together["x"][-1], together["y"][-1]) == (1000, 1.0)
    assert set(bars["customdata"]) == {""}


def test_without_a_positive_total_there_is_neither_curve_nor_mark() -> None:
    found = figure([Ranked("Train", Decimal("-5"), None)], reached=None)

    assert [trace["type"] for trace in found["data"]] == ["bar"]
    assert "shapes" not in found["layout"]


def test_plotly_takes_the_figure() -> None:
    plain = figure(many(70))
    plain["data"][0]["marker"]["color"] = plain["data"][1]["line"]["color"] = "red"
    plain["layout"]["shapes"][0]["line"]["color"] = "red"

    assert len(plotly.graph_objects.Figure(plain).data) == 2

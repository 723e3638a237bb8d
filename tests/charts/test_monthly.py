"""The figure of months is one that plotly takes, and says in words what it draws."""

from __future__ import annotations

import datetime
from decimal import Decimal

import plotly.graph_objects

from charts.monthly import Bar, monthly_figure


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


BARS = [
    Bar(month("2025-09"), Decimal("1200.50"), month("2024-09"), Decimal("-300.00"), change="up 5%"),
    Bar(month("2025-10"), None, month("2024-10"), None),
    Bar(month("2025-11"), Decimal("40.00"), open=True),
]


def figure(bars=BARS) -> dict:
    open_name = "not over" if any(bar.open for bar in bars) else ""
    return monthly_figure(
        bars, name="now", before_name="then", open_name=open_name, exact=lambda v: f"<{v}>", tick=lambda v: f"[{v:f}]"
    )


def test_bars_stand_before_the_bars_they_are_compared_with() -> None:
    months = ["2025-09-01", "2025-10-01", "2025-11-01"]

    then, now, not_over = figure()["data"]

    assert (then["name"], then["x"], then["y"]) == ("then", months, [-300.0, None, None])
    assert (now["name"], now["x"], now["y"]) == ("now", months, [1200.5, None, None])
    assert (not_over["name"], not_over["x"], not_over["y"]) == ("not over", months[2:], [40.0])
    assert then["width"] > now["width"] == not_over["width"]


def test_what_is_read_at_a_bar_was_written_by_the_formats() -> None:
    then, now, not_over = figure()["data"]

    assert then["hovertext"] == ["Sep 2024: <-300.00>", "Oct 2024: –", ""]
    assert now["hovertext"][:2] == ["Sep 2025: <1200.50> (up 5%)", "Oct 2025: –"]
    assert not_over["hovertext"] == ["Nov 2025: <40.00> (in progress)"]


def test_colours_are_names_of_tokens_and_a_month_in_progress_has_its_own() -> None:
    assert [trace["marker"]["color"] for trace in figure()["data"]] == [
        "--chart-before", "--chart-now", "--chart-open",
    ]


def test_where_every_month_is_in_progress_there_is_nothing_beside_it() -> None:
    assert [trace["name"] for trace in figure(BARS[2:])["data"]] == ["not over"]


def test_losses_have_the_colour_of_losses() -> None:
    bars = [
        Bar(month("2025-09"), Decimal(4)), Bar(month("2025-10"), Decimal(-5)),
        Bar(month("2025-11"), Decimal(-1), open=True),
    ]

    now, not_over = (trace["marker"]["color"] for trace in figure(bars)["data"])
    assert now[:2] == ["--chart-now", "--bad"]
    assert not_over == "--chart-open-bad"


def test_the_axis_holds_zero_and_every_value_at_round_marks() -> None:
    axis = figure()["layout"]["yaxis"]

    assert axis["tickvals"] == [-500.0, 0.0, 500.0, 1000.0]
    assert axis["ticktext"] == ["[-500]", "[0]", "[500]", "[1000]"]
    assert axis["range"] == [-500.0, 1250.0]


def test_without_anything_to_compare_there_is_one_row_of_bars() -> None:
    assert [trace["name"] for trace in figure([Bar(month("2025-09"), Decimal(1))])["data"]] == ["now"]


def test_plotly_takes_the_figure() -> None:
    plain = figure()
    for trace in plain["data"]:
        trace["marker"]["color"] = "red"

    assert len(plotly.graph_objects.Figure(plain).data) == 3

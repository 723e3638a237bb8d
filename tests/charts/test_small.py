"""Trend lines and small bars: exact places in a small drawing."""

from __future__ import annotations

from decimal import Decimal

from charts.small import SmallBar, TrendLine, small_bars, trend_line


def decimals(*values: int | None) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]


def test_a_trend_runs_from_the_left_to_the_right_edge_and_higher_is_higher() -> None:
    assert trend_line(decimals(0, 10, 5)) == TrendLine(
        line="M3 29L60 3L117 16", end=("117", "16"), zero="29"
    )


def test_a_missing_month_leaves_a_gap() -> None:
    assert trend_line(decimals(0, 10, None, 10)) == TrendLine(
        line="M3 29L41 3M117 3L117 3", end=("117", "3"), zero="29"
    )


def test_the_scale_holds_zero_so_that_a_small_fall_is_drawn_small() -> None:
    assert trend_line(decimals(-10, 10)).zero == "16"
    assert trend_line(decimals(18, 13)) == TrendLine(line="M3 3L117 10.2", end=("117", "10.2"), zero="29")
    assert trend_line(decimals(-7, -7)) == TrendLine(line="M3 29L117 29", end=("117", "29"), zero="3")
    assert trend_line(decimals(0, 0)).line == "M3 29L117 29"


def test_fewer_than_two_values_have_no_trend() -> None:
    assert trend_line(decimals(None, 7, None)) is None
    assert trend_line([]) is None


def test_bars_share_one_scale_with_zero_in_it() -> None:
    assert small_bars(decimals(30, -10, 0, None)) == [
        SmallBar("25", "75", negative=False), SmallBar("0", "25", negative=True), SmallBar("25", "0", negative=False),
        None,
    ]


def test_bars_of_nothing_are_empty() -> None:
    assert small_bars(decimals(0)) == [SmallBar("0", "0", negative=False)]

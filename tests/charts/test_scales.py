"""Axes have round marks that enclose zero and all values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charts.scales import round_ticks, value_axis


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        (["420"], [0, 100, 200, 300, 400, 500]),
        (["1990000", "815000"], [0, 500000, 1000000, 1500000, 2000000]),
        (["-30", "80"], [-50, -25, 0, 25, 50, 75, 100]),
        (["-7"], [-8, -6, -4, -2, 0]),
        ([], [0, 1]),
        (["0", "0.00"], [0, 1]),
    ],
)
def test_marks_are_round_and_enclose_the_values(values: list[str], ticks: list[int]) -> None:
    assert round_ticks([Decimal(value) for value in values]) == [Decimal(tick) for tick in ticks]


def test_missing_values_do_not_count() -> None:
    assert round_ticks([None, Decimal(5)]) == [Decimal(n) for n in (0, 1, 2, 3, 4, 5)]


@given(st.lists(st.decimals(min_value=-(10**20), max_value=10**20, places=2), max_size=20))
def test_any_values_fit_between_a_handful_of_marks(values: list[Decimal]) -> None:
    ticks = round_ticks(values)

    assert 2 <= len(ticks) <= 9
    assert ticks[0] <= min([Decimal(0), *values]) and max([Decimal(0), *values]) <= ticks[-1]
    assert Decimal(0) in ticks


@pytest.mark.parametrize(
    ("values", "ends", "marks"),
    [
        (["3050000"], (0, 3500000), [0, 1000000, 2000000, 3000000]),
        (["-0.9", "4.1"], (-1, 4.5), [-1, 0, 1, 2, 3, 4]),
        (["4000000"], (0, 4000000), [0, 1000000, 2000000, 3000000, 4000000]),
        ([], (0, 1), [0, 1]),
    ],
)
def test_an_axis_of_bars_may_end_half_a_step_from_a_mark(values: list[str], ends, marks) -> None:
    axis = value_axis([Decimal(value) for value in values], str)

    assert (tuple(axis["range"]), axis["tickvals"]) == (ends, marks)

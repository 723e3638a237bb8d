"""Ratios are sums divided by sums, and say nothing where there is nothing to divide by."""

from __future__ import annotations

from decimal import Decimal

import pytest

from domain.ratios import CM3_MARGIN, TACOS, margin_level, relative_change, share


def test_a_ratio_divides_the_sum_of_its_parts_by_its_base() -> None:
    sums = {
        "Net revenue": Decimal("200.00"), "Marketing": Decimal("10.00"), "SEM costs": Decimal("6.00"),
        "CM3": Decimal("-50.00"),
    }

    assert TACOS.of(sums) == Decimal("0.08")
    assert CM3_MARGIN.of(sums) == Decimal("-0.25")


@pytest.mark.parametrize(
    "sums",
    [{}, {"CM3": Decimal(5)}, {"CM3": Decimal(5), "Net revenue": Decimal(0)}, {"Net revenue": Decimal(5)}],
)
def test_a_ratio_without_base_or_parts_is_nothing_and_not_zero(sums) -> None:
    assert CM3_MARGIN.of(sums) is None


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        ("110", "100", "0.1"), ("90", "100", "-0.1"), ("-50", "-100", "0.5"), ("-150", "-100", "-0.5"),
        ("100", "-100", "2"), ("0", "100", "-1"),
    ],
)
def test_a_loss_that_shrinks_is_a_rise(now, before, change) -> None:
    assert relative_change(Decimal(now), Decimal(before)) == Decimal(change)


@pytest.mark.parametrize(("now", "before"), [(None, Decimal(1)), (Decimal(1), None), (Decimal(1), Decimal(0))])
def test_there_is_no_change_from_nothing(now, before) -> None:
    assert relative_change(now, before) is None


def test_a_share_needs_a_positive_total() -> None:
    assert share(Decimal(1), Decimal(4)) == Decimal("0.25")
    assert share(Decimal(1), Decimal(0)) is None
    assert share(Decimal(1), Decimal(-4)) is None
    assert share(None, Decimal(4)) is None


@pytest.mark.parametrize(
    ("margin", "level"),
    [("0.20", "good"), ("0.1999", "fair"), ("0.15", "fair"), ("0.1499", "poor"), ("0", "poor"), ("-0.0001", "loss")],
)
def test_a_margin_has_the_level_of_the_thresholds(margin, level) -> None:
    assert margin_level(Decimal(margin), green=20.0, orange=15.0) == level


def test_without_a_margin_there_is_no_level() -> None:
    assert margin_level(None, green=20.0, orange=15.0) is None

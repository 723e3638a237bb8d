"""What a year will come to, by a rule that a person can follow, and how far off it would have been."""

from __future__ import annotations

import datetime
from decimal import Decimal

from domain.estimates import missed_by, year_estimate

D = Decimal
OCTOBER = datetime.date(2025, 10, 1)


def months(year: int, revenue: list[int], cm3: list[int] | None = None) -> dict:
    """Sums of the months of a year."""
    return {
        datetime.date(year, place + 1, 1): {"Net revenue": D(value), **({"CM3": D(cm3[place])} if cm3 else {})}
        for place, value in enumerate(revenue)
    }


BEFORE = months(2024, [100] * 10 + [200, 300], [10] * 12)


def test_the_months_left_are_those_of_a_year_before_grown_as_the_months_so_far() -> None:
    found = year_estimate(BEFORE | months(2025, [150] * 10, [30] * 10), OCTOBER)

    # 1500 + 500 × 1.5, at a CM3 % of 20.
    assert found == {"Net revenue": D(2250), "CM3": D(450)}


def test_a_year_ago_the_same_rule_would_have_missed_what_came_by_so_much() -> None:
    sums = months(2023, [50] * 10 + [100, 100]) | BEFORE | months(2025, [150] * 10, [30] * 10)

    # 1000 + 200 × 2 = 1400 were 1500; at a CM3 % of 10 140 were 120.
    assert missed_by(sums, OCTOBER) == {"Net revenue": D(-100) / D(1500), "CM3": D(20) / D(120)}
    assert missed_by(BEFORE | months(2025, [150] * 10), OCTOBER) == {}


def test_where_nobody_can_tell_nothing_is_said() -> None:
    grown = months(2025, [150] * 12, [30] * 12)
    assert year_estimate(BEFORE | grown, datetime.date(2025, 2, 1)) == {}
    assert year_estimate(BEFORE | grown, datetime.date(2025, 12, 1)) == {}
    assert year_estimate({month: sums for month, sums in BEFORE.items() if month.month > 1} | grown, OCTOBER) == {}
    assert year_estimate(months(2024, [0] * 12) | grown, OCTOBER) == {}
    assert year_estimate(BEFORE | months(2025, [-1] * 10), OCTOBER) == {}
    assert set(year_estimate(BEFORE | months(2025, [150] * 10), OCTOBER)) == {"Net revenue"}

"""What the month in progress comes to: by a rule that a person can follow, tried on earlier months, against an oracle
that counts days one by one."""

from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from domain.month_estimates import DaySums, MonthEstimate, Reached, month_estimate
from domain.months import add_months, last_day

D = Decimal
NOVEMBER = datetime.date(2025, 11, 1)
Days = dict[datetime.date, Decimal]


def so_far(month: datetime.date, days: Days, through: datetime.date) -> Fraction:
    """What the days of `month` bring that are as far into it as `through` is into its own."""
    reached = Fraction(through.day * last_day(month).day, last_day(through.replace(day=1)).day)
    return sum((
        Fraction(value) * min(Fraction(1), max(Fraction(0), reached - (day.day - 1)))
        for day, value in days.items() if day.replace(day=1) == month
    ), Fraction(0))


def of_month(month: datetime.date, days: Days) -> Decimal:
    return sum((value for day, value in days.items() if day.replace(day=1) == month), D(0))


def reached(days: Days, through: datetime.date, months: list[datetime.date], cm3: dict | None = None) -> Reached:
    """A marketplace whose figures are what its days add up to."""
    found = {month: {"Net revenue": DaySums(of_month(month, days), dec(so_far(month, days, through)))}
             for month in months}
    figures = {month: {"Net revenue": sums["Net revenue"].whole} | ({"CM3": cm3[month]} if cm3 else {})
               for month, sums in found.items()}
    return Reached(through, found, figures)


def dec(value: Fraction) -> Decimal:
    return D(value.numerator) / D(value.denominator)


def estimate(parts: dict[str, Reached], month: datetime.date = NOVEMBER, **others) -> MonthEstimate:
    return month_estimate(month, parts, {name: each.figures for name, each in parts.items()} | others)


def every_day(month: datetime.date, value: str, first: int = 1, last: int = 31) -> Days:
    return {month.replace(day=day): D(value) for day in range(first, min(last, last_day(month).day) + 1)}


BACK = [add_months(NOVEMBER, -back) for back in range(12, 0, -1)]
EVEN = {day: value for month in BACK for day, value in every_day(month, "10.00").items()}


def test_days_that_are_alike_tell_the_month_exactly_whatever_its_length() -> None:
    days = EVEN | every_day(NOVEMBER, "20.00", last=12)
    found = estimate({"US": reached(days, datetime.date(2025, 11, 12), [*BACK, NOVEMBER])})

    revenue, = found.figures
    assert (revenue.value.quantize(D("0.01")), revenue.so_far, revenue.rests_on) == (D(600), D(240), 6)
    assert [(trial.month.month, trial.off.quantize(D("1e-9"))) for trial in revenue.trials] == [
        (month, 0) for month in (10, 9, 8, 7, 6, 5)
    ]
    assert revenue.typical.quantize(D("1e-9")) == 0
    assert (found.through, found.left_out) == ({"US": datetime.date(2025, 11, 12)}, {})


def test_a_month_that_earns_late_is_measured_by_months_that_earned_late() -> None:
    late = {day: value for month in BACK for day, value in every_day(month, "1.00", first=last_day(month).day).items()}
    days = EVEN | {day: EVEN[day] + value * 200 for day, value in late.items()} | every_day(NOVEMBER, "10.00", last=15)
    revenue, = estimate({"US": reached(days, datetime.date(2025, 11, 15), [*BACK, NOVEMBER])}).figures
    parts = [so_far(month, days, datetime.date(2025, 11, 15)) / Fraction(of_month(month, days)) for month in BACK[6:]]
    assert abs(revenue.value - dec(150 / median(parts))) < D("0.0001")


def test_without_two_earlier_months_each_day_counts_as_if_it_brought_the_same() -> None:
    october = datetime.date(2025, 10, 1)
    days = every_day(october, "1.00", first=31) | every_day(NOVEMBER, "10.00", last=3)
    revenue, = estimate({"US": reached(days, datetime.date(2025, 11, 3), [october, NOVEMBER])}).figures
    assert (revenue.value, revenue.rests_on, revenue.typical) == (D(300), 0, None)
    assert [(trial.estimate, trial.why) for trial in revenue.trials] == [
        (None, "nothing by that day"), *[(None, "no figures")] * 5
    ]


def test_cm3_is_told_by_the_usual_margin_and_by_this_months_where_there_is_none() -> None:
    days = EVEN | every_day(NOVEMBER, "20.00", last=12)
    cm3 = {month: of_month(month, days) / 10 for month in BACK} | {NOVEMBER: D(120)}
    margin, revenue = estimate(
        {"US": reached(days, datetime.date(2025, 11, 12), [*BACK, NOVEMBER], cm3)}
    ).figures
    assert [each.metric for each in (margin, revenue)] == ["CM3", "Net revenue"]
    assert (margin.value.quantize(D("0.01")), margin.rests_on, margin.so_far) == (D(60), 6, None)
    new = every_day(NOVEMBER, "20.00", last=12)
    margin, _ = estimate(
        {"US": reached(new, datetime.date(2025, 11, 12), [NOVEMBER], {NOVEMBER: D(120)})}
    ).figures
    assert (margin.value, margin.rests_on) == (D(300), 0)


def test_marketplaces_that_reach_another_day_are_measured_by_their_own() -> None:
    us = EVEN | every_day(NOVEMBER, "10.00", last=20)
    de = EVEN | every_day(NOVEMBER, "30.00", last=10)
    found = estimate({
        "DE": reached(de, datetime.date(2025, 11, 10), [*BACK, NOVEMBER]),
        "US": reached(us, datetime.date(2025, 11, 20), [*BACK, NOVEMBER]),
    })
    revenue, = found.figures
    # Half of two months that are alike had come by those days: a third of one, two thirds of the other.
    assert (revenue.so_far, revenue.value.quantize(D("0.01"))) == (D(500), D(1000))
    assert [str(day) for day in found.through.values()] == ["2025-11-10", "2025-11-20"]


def test_what_has_figures_without_days_is_named_and_not_in_it() -> None:
    days = EVEN | every_day(NOVEMBER, "10.00", last=20)
    whole = reached(days, datetime.date(2025, 11, 20), [*BACK, NOVEMBER])
    files = {month: dict(sums) for month, sums in whole.figures.items()}
    files[NOVEMBER]["Net revenue"] += 1
    october = {month: dict(sums) for month, sums in whole.figures.items()}
    october[BACK[-1]]["Net revenue"] += 1
    mixed = Reached(whole.through, whole.days, files)

    others = {"JP": {BACK[-1]: {"Net revenue": D(5)}}, "FR": {BACK[0]: {"Net revenue": D(5)}}}
    found = estimate({"US": whole, "UK": mixed}, **others)
    assert found.left_out == {"JP": "no day yet", "UK": "figures without days"}
    assert set(found.through) == {"US"}
    assert estimate({"UK": mixed}).figures == ()
    # A month before of which not all has days is no measure, and nothing is tried on it.
    revenue, = estimate({"US": Reached(whole.through, whole.days, october)}).figures
    assert (revenue.rests_on, revenue.trials[0].why, revenue.trials[0].off) == (5, "not all of it has days", None)


def test_where_nothing_had_come_nothing_is_said() -> None:
    through = datetime.date(2025, 11, 20)
    assert estimate({"US": reached(EVEN, through, [*BACK, NOVEMBER])}).figures == ()
    back = EVEN | every_day(NOVEMBER, "-5.00", last=20)
    assert estimate({"US": reached(back, through, [*BACK, NOVEMBER])}).figures == ()
    assert month_estimate(NOVEMBER, {}, {}) == MonthEstimate(NOVEMBER, (), {}, {})


@given(
    today=st.dates(datetime.date(2023, 1, 2), datetime.date(2026, 12, 31)).filter(lambda day: day.day > 1),
    seed=st.randoms(use_true_random=False), months=st.integers(0, 12),
)
def test_any_days_give_what_an_oracle_counts(today: datetime.date, seed, months: int) -> None:
    month = today.replace(day=1)
    through = today - datetime.timedelta(days=1)
    kept = [add_months(month, -back) for back in range(months, -1, -1)]
    days = {
        day: D(seed.randint(-300, 3000)) / 100
        for each in kept for number in range(1, last_day(each).day + 1)
        if (day := each.replace(day=number)) <= through and seed.random() < 0.8
    }
    found = estimate({"US": reached(days, through, kept)}, month)

    def told(at: datetime.date) -> Fraction | None:
        parts = [
            so_far(each, days, through) / Fraction(of_month(each, days))
            for back in range(1, 7) if (each := add_months(at, -back)) in kept and of_month(each, days) > 0
        ]
        come = so_far(at, days, through)
        if come <= 0:
            return None
        usual = median(parts) if len(parts) > 1 else Fraction(through.day, last_day(month).day)
        return come / usual if usual > 0 else None

    now = told(month)
    assert bool(found.figures) == (now is not None)
    for revenue in found.figures:
        assert abs(revenue.value - dec(now)) <= abs(revenue.value) * D("1e-18")
        for trial in revenue.trials:
            then = told(trial.month) if trial.month in kept else None
            assert (trial.estimate is None) == (then is None)
            assert then is None or abs(trial.estimate - dec(then)) <= abs(trial.estimate) * D("1e-18")

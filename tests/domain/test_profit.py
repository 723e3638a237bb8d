"""The P&L adds up, or says where it does not."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.metrics import CM1, CM2, CM3, PROFIT_TREE
from domain.profit import Gap, Step, gaps_of, way_down


def sums(**amounts: str) -> dict[str, Decimal]:
    names = {"revenue": "Net revenue", "cogs": "Net COGS", "referral": "Referral fees", "marketing": "Marketing"}
    return {names.get(word, word): Decimal(amount) for word, amount in amounts.items()}


def step(name: str, kind: str, start: str, end: str) -> Step:
    return Step(name, kind, Decimal(start), Decimal(end))


def test_each_bar_begins_where_the_one_before_ended_and_costs_fall() -> None:
    whole = sums(revenue="100", cogs="40", CM1="60", referral="15.50", CM2="44.50", marketing="50", CM3="-5.50")

    assert way_down(whole) == [
        step("Net revenue", "level", "0", "100"),
        step("Net COGS", "cost", "100", "60"),
        step("CM1", "level", "0", "60"),
        step("Referral fees", "cost", "60", "44.50"),
        step("CM2", "level", "0", "44.50"),
        step("Marketing", "cost", "44.50", "-5.50"),
        step("CM3", "level", "0", "-5.50"),
    ]


def test_what_is_not_sorted_is_taken_off_before_cm2_and_what_amazon_gave_back_is_added() -> None:
    whole = sums(revenue="100", CM1="100", referral="15", CM2="90.25")
    whole |= {"Unsorted Amazon amounts": Decimal("2.75"), "Reimbursements": Decimal(8)}

    assert gaps_of(whole, known=whole) == []
    assert way_down(whole)[2:] == [
        step("Referral fees", "cost", "100", "85"),
        step("Unsorted Amazon amounts", "cost", "85", "82.25"),
        step("Reimbursements", "gain", "82.25", "90.25"),
        step("CM2", "level", "0", "90.25"),
    ]


def test_a_cost_that_came_back_rises() -> None:
    assert way_down(sums(revenue="100", cogs="-3"))[1] == step("Net COGS", "cost", "100", "103")


def test_a_margin_that_does_not_follow_is_reached_over_its_difference_and_not_mended() -> None:
    assert way_down(sums(revenue="100", cogs="40", CM1="59.99", CM2="59.99")) == [
        step("Net revenue", "level", "0", "100"),
        step("Net COGS", "cost", "100", "60"),
        step("Not in the parts of CM1", "gap", "60", "59.99"),
        step("CM1", "level", "0", "59.99"),
        step("CM2", "level", "0", "59.99"),
    ]


def test_overheads_lead_from_cm3_to_an_operating_profit_that_nobody_gave() -> None:
    whole = sums(revenue="100", cogs="40", CM1="60", CM2="60", CM3="60", Overheads="75.25")

    assert gaps_of(whole, known=whole) == []
    assert way_down(whole)[-2:] == [
        step("Overheads", "cost", "60", "-15.25"), step("Operating profit", "level", "0", "-15.25"),
    ]
    assert way_down(sums(revenue="100", Overheads="75.25"))[-1] == step("Overheads", "cost", "100", "24.75")
    given = whole | {"Operating profit": Decimal("-15")}
    assert gaps_of(given, known=given) == [Gap("Operating profit", Decimal("-15"), Decimal("-15.25"))]


def test_what_has_no_figure_has_no_bar() -> None:
    assert way_down({}) == []
    assert way_down(sums(CM3="5")) == [
        step("Not in the parts of CM3", "gap", "0", "5"), step("CM3", "level", "0", "5"),
    ]


def test_a_gap_is_named_to_the_cent_with_both_sides() -> None:
    found = gaps_of(sums(revenue="100", cogs="40", CM1="60.01", CM2="60.01"), known={CM1, CM2})

    assert found == [Gap(CM1, Decimal("60.01"), Decimal("60"))]
    assert found[0].difference == Decimal("0.01")


def test_margins_that_are_nowhere_are_not_missed_and_the_next_starts_from_their_parts() -> None:
    assert gaps_of(sums(revenue="100", cogs="40", referral="10", CM2="50"), known={CM2}) == []


def test_a_margin_missing_only_here_is_missed() -> None:
    assert gaps_of(sums(revenue="100", cogs="40"), known={CM1}) == [Gap(CM1, None, Decimal("60"))]


def test_nothing_follows_from_nothing() -> None:
    assert gaps_of({}, known={CM1, CM2, CM3}) == []


AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
MONTHS = st.lists(st.dictionaries(st.sampled_from(PROFIT_TREE), AMOUNTS), max_size=4)


@given(MONTHS)
def test_the_differences_of_the_months_add_up_to_the_bars_of_the_whole(months: list[dict[str, Decimal]]) -> None:
    whole: dict[str, Decimal] = {}
    for month in months:
        for metric, amount in month.items():
            whole[metric] = whole.get(metric, Decimal(0)) + amount

    by_margin: dict[str, Decimal] = {}
    for gap in [gap for month in months for gap in gaps_of(month, whole)]:
        by_margin[gap.margin] = by_margin.get(gap.margin, Decimal(0)) + gap.difference

    bars = {s.name.removeprefix("Not in the parts of "): s.amount for s in way_down(whole) if s.kind == "gap"}
    assert {margin: amount for margin, amount in by_margin.items() if amount} == bars


@given(st.dictionaries(st.sampled_from(PROFIT_TREE), AMOUNTS))
def test_steps_lead_to_each_level(amounts: dict[str, Decimal]) -> None:
    place = Decimal(0)
    for found in way_down(amounts):
        if found.kind == "level":
            assert found.end == amounts.get(found.name, place)
            assert found.name in amounts or (found.name, "Overheads" in amounts) == ("Operating profit", True)
            assert found.name == "Net revenue" or found.end == place
        else:
            assert found.start == place
        place = found.end

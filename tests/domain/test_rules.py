"""When a rule is crossed, in which unit its line is, and how it is said."""

import datetime
from decimal import Decimal

import pytest

from domain.rules import COMPARISONS, Rule, judge, plain_words, rule_words, threshold_from

OCTOBER, SEPTEMBER, YEAR_AGO = (datetime.date(2025, 10, 1), datetime.date(2025, 9, 1), datetime.date(2024, 10, 1))


def sums(**by_month) -> dict:
    """Net revenue and CM3 of October, September and October a year before."""
    months = {"now": OCTOBER, "before": SEPTEMBER, "year": YEAR_AGO}
    return {
        months[name]: {metric: Decimal(value) for metric, value in zip(("Net revenue", "CM3"), values, strict=False)}
        for name, values in by_month.items()
    }


SHOP = sums(now=("1000", "120"), before=("1250", "200"), year=("800", "160"))


@pytest.mark.parametrize(("figure", "comparison", "threshold", "is_crossed"), [
    ("CM3 %", "below", "12", False), ("CM3 %", "below", "12.01", True), ("CM3 %", "above", "11.99", True),
    ("CM3 %", "above", "12", False), ("Net revenue", "below", "1000", False), ("Net revenue", "below", "1000.01", True),
    ("Net revenue", "falls", "20", False), ("Net revenue", "falls", "19.99", True),
    ("Net revenue", "rises", "0.01", False), ("Net revenue", "rises-year", "24.99", True),
    ("Net revenue", "rises-year", "25", False), ("Net revenue", "falls-year", "1", False),
    ("CM3 %", "falls", "3.99", True), ("CM3 %", "falls", "4", False), ("CM3 %", "falls-year", "8", False),
    ("CM3 %", "falls-year", "7.99", True), ("CM1 %", "below", "99", False), ("Net COGS", "below", "99", False),
])
def test_a_line_is_crossed_beyond_it_not_on_it(figure, comparison, threshold, is_crossed):
    assert judge(Rule(figure, comparison, Decimal(threshold)), OCTOBER, SHOP).is_crossed is is_crossed


def test_a_brand_that_stops_selling_falls_to_nothing():
    gone = sums(before=("1250", "200"))
    assert judge(Rule("Net revenue", "below", Decimal(1)), OCTOBER, gone).value == 0
    fallen = judge(Rule("Net revenue", "falls", Decimal(99)), OCTOBER, gone)
    assert (fallen.value, fallen.before, fallen.change, fallen.is_crossed) == (0, 1250, -1, True)
    assert judge(Rule("CM3 %", "below", Decimal(99)), OCTOBER, gone).value is None


def test_without_anything_to_compare_with_a_change_is_none():
    alone = judge(Rule("Net revenue", "rises", Decimal(1)), OCTOBER, sums(now=("5", "1")))
    assert (alone.before, alone.change, alone.is_crossed) == (0, None, False)
    assert judge(Rule("CM3 %", "rises", Decimal(1)), OCTOBER, sums(now=("5", "1"))).change is None


def test_a_loss_that_grows_is_a_fall():
    assert judge(Rule("CM3", "falls", Decimal(50)), OCTOBER, sums(now=("1", "-30"), before=("1", "-10"))).is_crossed


def words(rule: Rule) -> str:
    return rule_words(rule, "Alder", lambda value, kind: plain_words(value, kind, "USD"))


def test_rules_are_said_in_the_unit_of_their_line():
    assert [
        words(Rule("CM3 %", "below", Decimal(15))), words(Rule("Net revenue", "above", Decimal("-1234.5"))),
        words(Rule("Net units", "below", Decimal(20))), words(Rule("CM3 %", "falls", Decimal("2.5"))),
        words(Rule("Average price", "falls-year", Decimal(10))), words(Rule("TACoS", "above", Decimal(8))),
    ] == [
        "CM3 % of Alder is below 15.0 %", "Net revenue of Alder is above -1,234.50 USD",
        "Net units of Alder is below 20", "CM3 % of Alder falls, against the month before, by more than 2.5 points",
        "Average price of Alder falls, against a year ago, by more than 10.0 %", "TACoS of Alder is above 8.0 %",
    ]


@pytest.mark.parametrize(("typed", "comparison", "value"), [
    ("15", "below", "15"), (" 12.5 % ", "below", "12.5"), ("-2000.25", "above", "-2000.25"),
    ("\N{MINUS SIGN}3", "below", "-3"), ("20", "falls", "20"), ("0.01", "rises-year", "0.01"),
])
def test_a_line_is_typed_as_a_plain_number(typed, comparison, value):
    assert threshold_from(typed, comparison) == Decimal(value)


@pytest.mark.parametrize(("typed", "comparison"), [
    ("", "below"), ("1,000", "below"), ("1e3", "below"), ("NaN", "below"), ("1.234", "below"), ("١٢", "below"),
    ("0", "falls"), ("-5", "rises"), ("99999999999999", "below"), ("1" * 50, "above"), ("100001", "rises"),
])
def test_what_is_no_line_is_refused_with_a_sentence(typed, comparison):
    with pytest.raises(ValueError, match=r"^(The line is a number|A change is a positive number).*\.$"):
        threshold_from(typed, comparison)


@pytest.mark.parametrize(("of_month", "value", "is_crossed"), [
    ({"Net revenue": "90", "CM3": "30", "Overheads": "50"}, "-20", True),
    ({"CM3": "60", "Overheads": "50"}, "10", False),
    ({"Overheads": "50"}, "-50", True),
    ({"Net revenue": "90", "Overheads": "50"}, None, False),
    ({"Net revenue": "90"}, None, False),
    ({"CM3": "60", "Overheads": "50", "Operating profit": "-1"}, "-1", True),
])
def test_an_operating_profit_is_worked_out_unless_facts_give_it_and_never_guessed(of_month, value, is_crossed):
    rule = Rule("Operating profit", "below", Decimal(0))
    found = judge(rule, OCTOBER, {OCTOBER: {name: Decimal(text) for name, text in of_month.items()}})
    assert set(of_month) <= set(rule.metrics)
    assert (found.value, found.is_crossed) == (None if value is None else Decimal(value), is_crossed)


def test_the_fall_of_an_operating_profit_is_one_of_what_is_left():
    fallen = judge(Rule("Operating profit", "falls", Decimal(49)), OCTOBER, {
        OCTOBER: {"CM3": Decimal(60), "Overheads": Decimal(50)},
        SEPTEMBER: {"CM3": Decimal(70), "Overheads": Decimal(50)},
    })
    assert (fallen.value, fallen.before, fallen.change, fallen.is_crossed) == (10, 20, Decimal("-0.5"), True)


def test_every_comparison_has_its_words():
    assert all(judge(Rule("CM3", name, Decimal(1)), OCTOBER, SHOP) and words for name, words in COMPARISONS.items())

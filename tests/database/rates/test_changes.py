"""Changes of rates: all or nothing, who changed what from what, what is still missing, what a refresh rebuilds."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database.rates.changes import Asked, change_rates
from database.rates.plausibility import unusual
from database.rates.told import ToldRate, read_rates, read_told
from database.schema import exchange_rate
from database.summaries.refresh import plan_only, refresh
from domain.errors import Refused
from domain.months import format_month, parse_month
from tests.facts import add_brands, add_facts, add_products


def pair(text):
    code, month = text.split()
    return parse_month(month), code


def change(store, rates, *, removed=(), name="rates.csv", dry_run=False, force=False, by="ann"):
    told = {pair(text): Decimal(rate) for text, rate in rates.items()}
    asked = Asked(name, told, dict.fromkeys(told, name), tuple(map(pair, removed)))
    return change_rates(store, asked, dry_run=dry_run, force=force, by=by)


def texts(rates):
    return {f"{code} {format_month(month)}": str(rate) for (month, code), rate in rates.items()}


@pytest.fixture
def filled_by():
    def fill(store):
        add_brands(store, ("Alder", None, None))
        add_products(store, ("B1", 1, None))
        for month in ("2024-01", "2024-02"):
            add_facts(store, [("B1", "UK", "Net revenue", month, "10.00")], currency="GBP")
        add_facts(store, [("B1", "US", "Net revenue", "2024-02", "10.00")], currency="USD")
        refresh(store)
    return fill


def test_a_change_tells_what_is_new_changed_the_same_missing_and_rebuilt(store):
    first = change(store, {"GBP 2024-01": "1.29", "EUR 2024-01": "1.08"})
    assert first.lines() == [
        "rates.csv: rates in USD, 2 new, 0 changed, 0 the same",
        "  new: EUR 2024-01 1.08", "  new: GBP 2024-01 1.29", "  still without a rate: GBP 2024-02",
        "  the next refresh rebuilds 2024-01",
    ]
    refresh(store)
    tried = change(store, {"GBP 2024-01": "1.3", "GBP 2024-02": "1.28", "EUR 2024-01": "1.08"}, dry_run=True)
    assert tried.lines() == [
        "rates.csv: rates in USD, 1 new, 1 changed, 1 the same (dry run, nothing was changed)",
        "  new: GBP 2024-02 1.28", "  changed: GBP 2024-01 from 1.29 to 1.3",
        "  the next refresh rebuilds 2024-01 to 2024-02",
    ]
    assert texts(read_rates(store)) == {"GBP 2024-01": "1.29", "EUR 2024-01": "1.08"}
    change(store, {"GBP 2024-01": "1.3"}, name="newer.csv", by="ben")
    gone = change(store, {}, removed=["EUR 2024-01"], name="set by hand")
    assert gone.in_a_line() == "set by hand: EUR 2024-01 from 1.08 to none"
    with store.application_reading.connect() as connection:
        (kept,) = read_told(connection, "USD").values()
    assert (kept.currency, str(kept.rate), kept.source, kept.changed_by) == ("GBP", "1.3", "newer.csv", "ben")
    assert [(month, causes) for month, causes in plan_only(store).causes.items()] == [
        (kept.month, ("rate of GBP 2024-01 from 1.29 to 1.3",)),
    ]


def test_a_rate_that_looks_wrong_changes_nothing_unless_it_is_said_to_be_right(store):
    with pytest.raises(Refused, match="GBP 2024-01: 0.7733 looks upside down: rates are what one GBP.*--force"):
        change(store, {"GBP 2024-01": "0.7733", "EUR 2024-01": "1.08"})
    assert read_rates(store) == {}
    change(store, {"GBP 2024-01": "0.7733"}, force=True)
    with pytest.raises(Refused, match="GBP 2024-02: nobody told a rate of it"):
        change(store, {}, removed=["GBP 2024-02"])


@pytest.mark.parametrize("told, words", [
    ({"GBP 2024-01": "1.2931", "GBP 2024-02": "12.931"}, "GBP 2024-02: 12.931 is a jump of more than half: 2024-01 is"),
    ({"GBP 2024-02": "0.7733", "GBP 2024-03": "1.2931"}, "GBP 2024-02: 0.7733 looks upside down: 2024-03 is 1.2931"),
    ({"TRY 2024-01": "0.1", "TRY 2024-04": "0.04"}, "TRY 2024-04: 0.04 is a jump of more than half: 2024-01 is 0.1"),
    ({"JPY 2024-02": "150.2"}, "JPY 2024-02: 150.2 looks upside down"),
])
def test_jumps_and_reversed_rates_are_told(told, words):
    rates = {pair(text): Decimal(rate) for text, rate in told.items()}
    assert any(found.startswith(words) for found in unusual(rates, rates, "USD"))


@pytest.mark.parametrize("told, base", [
    ({"GBP 2024-01": "1.2931", "GBP 2024-02": "1.05"}, "USD"), ({"TRY 2024-01": "0.1", "TRY 2025-01": "0.02"}, "USD"),
    ({"EUR 2024-01": "0.96"}, "USD"), ({"USD 2024-01": "0.92", "GBP 2024-01": "1.18", "JPY 2024-01": "0.006"}, "EUR"),
])
def test_what_currencies_do_is_not_told(told, base):
    rates = {pair(text): Decimal(rate) for text, rate in told.items()}
    assert unusual(rates, rates, base) == []


def test_a_mean_so_far_is_told_until_the_whole_month_is(store):
    early = datetime.datetime(2024, 1, 20)
    with store.application.begin() as connection:
        connection.execute(sa.insert(exchange_rate).values(
            base="USD", currency="GBP", month=parse_month("2024-01"), rate="1.29", source="old.csv", changed_by="ann",
            changed_at=early,
        ))
    assert change(store, {"GBP 2024-01": "1.29"}).same == 1
    with store.application_reading.connect() as connection:
        (kept,) = read_told(connection, "USD").values()
    assert (kept.source, kept.is_so_far, kept.changed_at > early) == ("rates.csv", False, True)


@pytest.mark.parametrize("source, changed_at, expected", [
    ("bank.csv (to 2024-01-19)", "2024-03-01", True), ("bank.csv", "2024-02-01", False),
    ("bank.csv", "2024-01-31", True),
])
def test_a_rate_says_whether_its_month_was_over(source, changed_at, expected):
    when = datetime.datetime.fromisoformat(changed_at)
    assert ToldRate(parse_month("2024-01"), "GBP", Decimal(1), source, "ann", when).is_so_far is expected

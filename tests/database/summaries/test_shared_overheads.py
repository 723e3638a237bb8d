"""Overheads, shared out among products by `[costs] spread_overheads`."""

import datetime
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database.queries.profitability import read_profitability
from database.summaries import shares
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused
from domain.months import parse_month
from domain.periods import calendar_at
from domain.selection import Selection
from domain.shared_costs import shared_name
from tests.facts import add_brands, add_facts, add_products, all_summary_rows, shares_of, spread_by

JANUARY, FEBRUARY = parse_month("2024-01"), parse_month("2024-02")


def fill(store):
    add_brands(store, ("Alder", None, None), ("Birch", None, None), ("Surplus", None, "stock"))
    add_products(store, ("B1", 1, None), ("B2", 1, None), ("B3", 2, None), ("ACCOUNT", None, None),
                 ("ACCOUNT-1", 1, None), ("B6", 3, None))
    add_facts(store, [
        ("B1", "US", "Net revenue", "2024-01", "10.00"), ("B1", "DE", "Net revenue", "2024-01", "40.00"),
        ("B2", "US", "Net revenue", "2024-01", "20.00"), ("B3", "US", "Net revenue", "2024-01", "30.00"),
        ("B3", "DE", "Net revenue", "2024-01", "-9.00"), ("B6", "US", "Net revenue", "2024-01", "99.00"),
        ("B1", "US", "CM3", "2024-01", "5.00"), ("B1", "DE", "CM3", "2024-01", "1.00"),
        ("B3", "US", "CM3", "2024-01", "6.00"), ("ACCOUNT", "US", "SEM costs", "2024-01", "0.60"),
        ("ACCOUNT", "NONE", "Overheads", "2024-01", "1.00"), ("ACCOUNT", "US", "Overheads", "2024-01", "0.50"),
        ("ACCOUNT-1", "NONE", "Overheads", "2024-01", "0.70"), ("ACCOUNT-1", "DE", "Overheads", "2024-01", "0.20"),
        # Where nothing was sold they stay, and a product's own stay anyway.
        ("ACCOUNT", "UK", "Overheads", "2024-01", "9.00"), ("ACCOUNT-1", "UK", "Overheads", "2024-01", "2.00"),
        ("B3", "US", "Overheads", "2024-01", "0.05"),
        # A month whose facts give an operating profit.
        ("B1", "US", "Net revenue", "2024-02", "10.00"), ("B3", "US", "Net revenue", "2024-02", "30.00"),
        ("B3", "US", "Operating profit", "2024-02", "3.00"), ("ACCOUNT", "US", "SEM costs", "2024-02", "4.00"),
        ("ACCOUNT", "NONE", "Overheads", "2024-02", "0.40"),
    ])


@pytest.fixture
def filled_by():
    return fill


def test_overheads_are_shared_among_those_whom_they_concern_to_the_cent(store):
    store = spread_by(store, "revenue", "yes")
    refresh(store)
    assert shares_of(store) == {
        "SEM costs": {"B1 US": "0.10", "B2 US": "0.20", "B3 US": "0.30", "ACCOUNT US": "-0.60"},
        "CM3": {"B1 US": "-0.10", "B3 US": "-0.30", "ACCOUNT US": "0.40"},
        "Overheads": {
            # Of nobody: 1.00 among all, 0.50 in US (8.33, 16.67, 25 cents). Of Alder: 0.70 everywhere, 0.20 in DE.
            "B1 DE": "1.00", "B1 US": "0.28", "B2 US": "0.57", "B3 US": "0.55",
            "ACCOUNT NONE": "-1.00", "ACCOUNT US": "-0.50", "ACCOUNT-1 NONE": "-0.70", "ACCOUNT-1 DE": "-0.20",
        },
    }
    assert shares_of(store, "2024-02") == {
        "SEM costs": {"B1 US": "1.00", "B3 US": "3.00", "ACCOUNT US": "-4.00"},
        "Overheads": {"B1 US": "0.10", "B3 US": "0.30", "ACCOUNT NONE": "-0.40"},
        "Operating profit": {"B3 US": "-3.30", "ACCOUNT US": "3.00", "ACCOUNT NONE": "0.30"},
    }


def test_operating_profits_of_brands_bear_them_and_add_up_to_the_whole(store):
    store = spread_by(store, "revenue", "yes")
    refresh(store)
    calendar = calendar_at(JANUARY, FEBRUARY, datetime.date(2024, 5, 1))

    def profit(reading, **chosen):
        selection = Selection(calendar=calendar, period="", first=JANUARY, last=JANUARY, **chosen)
        found = read_profitability(reading.connection, selection)
        cm3, overheads, left = map(found.line, ("CM3", "Overheads", "Operating profit"))
        value = (cm3.figure.value if cm3 else 0) - overheads.figure.value
        assert left is None if cm3 is None else left.figure.value == value
        return value

    def question(reading):
        whole = [profit(reading, shared=shared) for shared in (False, True)]
        parts = [[profit(reading, shared=shared, brands=(brand,)) for brand in (0, 1, 2)] for shared in (False, True)]
        return [[whole, *each] for whole, each in zip(whole, parts, strict=True)]

    without, shared = store.read(question)
    assert without == [Decimal(text) for text in ("-1.45", "-10.50", "3.10", "5.95")]
    # CM3 6.00 less 0.10, and 0.28 + 0.57 + 1.00 + 2.00 that stay; of Birch 6.00 less 0.30, 0.55 and its own 0.05.
    assert shared == [Decimal(text) for text in ("-1.45", "-8.60", "2.05", "5.10")]
    assert sum(shared[1:]) == shared[0]


def test_they_are_shared_by_units_and_only_where_told(store):
    add_facts(store, [("B2", "DE", "Net units", "2024-01", "1"), ("B3", "US", "Net units", "2024-01", "2")])
    refresh(store)
    without = all_summary_rows(store)
    told = spread_by(store, "units", "yes")
    assert len(refresh(told).months) == 2
    assert shares_of(told)["Overheads"] == {
        "B2 DE": "1.23", "B3 US": "1.17",      # 0.33 + 0.70 + 0.20; 0.67 + 0.50
        "ACCOUNT NONE": "-1.00", "ACCOUNT US": "-0.50", "ACCOUNT-1 NONE": "-0.70", "ACCOUNT-1 DE": "-0.20",
    }
    assert refresh(told).status == "nothing to do"
    incremental = all_summary_rows(told)
    refresh(told, RefreshOptions(full=True))
    assert all_summary_rows(told) == incremental
    assert len(refresh(spread_by(store, "units")).months) == 2
    assert "Overheads" not in shares_of(store)
    refresh(store)
    assert all_summary_rows(store) == without


def moved(rows):
    """Five cents of B2's overheads in US are B1's: all together it is as much."""
    is_here = sa.and_(rows.c.metric == shared_name("Overheads"), rows.c.marketplace == "US")
    return rows.c.value + sa.case(
        (sa.and_(is_here, rows.c.asin_id == 1), Decimal("0.05")),
        (sa.and_(is_here, rows.c.asin_id == 2), Decimal("-0.05")), else_=0,
    )


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
@pytest.mark.parametrize(("where", "changed", "words"), [
    ("_of_products", moved, "(?s)share of product 1 in US.*share of product 2 in US"),
    ("_profit_of_accounts", lambda rows: rows.c.value + 1, "Operating profit.*all shares"),
])
def test_verification_refuses_shares_of_overheads_that_are_not_as_they_must_be(
    store, monkeypatch, where, changed, words
):
    store, made = spread_by(store, "revenue", "yes"), getattr(shares, where)

    def wrong(*arguments):
        rows = made(*arguments).subquery("rows")
        columns = (changed(rows).label("value") if column.name == "value" else column for column in rows.columns)
        return sa.select(*columns)

    monkeypatch.setattr(shares, where, wrong)
    with pytest.raises(Refused) as refused:
        refresh(store)
    assert re.search(words, "\n".join(refused.value.faults))

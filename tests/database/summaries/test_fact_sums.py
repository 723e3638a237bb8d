"""However products are looked up, facts are counted to the same reasons with the same sums."""

from collections import Counter
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.id_ranges import lies_within
from database.summaries import fact_sums
from database.summaries.fact_sums import BY_GROUP, Lookups, ask_facts
from database.summaries.rollups import by_month
from database.summaries.verification import _fingerprints
from domain.months import parse_month
from tests.facts import add_facts, run_on_facts

EXCLUDED = ("stock",)
JANUARY = by_month([parse_month("2024-01")], (), {})[0]


def folded(found):
    names = {each.metric: each.metric for each in found.sums}
    totals, left_out = _fingerprints(found.sums, names)
    return {each.metric: each for each in totals}, {(each.metric, each.reason): each for each in left_out}


def test_every_way_of_looking_products_up_gives_the_same(shop):
    add_facts(shop, [(product, marketplace, metric, "2024-01", value) for product, marketplace, metric, value in (
        ("B5", "US", "CM3", None), ("B1", "US", "CM3", None), ("B5", "DE", "CM3", "-7.01"),
        ("B9", "DE", "CM3", "0.00"), ("B5", "ALL", "CM3", "4"), ("B9", "ALL", "CM3", "2"),
        ("B5", "", "Net revenue", "3"), ("B1", "", "Net revenue", None), ("B9", "US", "", "1.11"),
        ("B5", "US", "", "2.22"), ("B2", "US", "", "3.33"), ("B5", "US", "Only excluded", "6"),
        ("B9", "US", "Only unknown", "8"),
    )])
    run_on_facts(shop, sa.update(schema.financials).where(schema.financials.c.id == 2).values(asin_id=None))
    with shop.facts() as connection:
        counting = fact_sums._counting_products(connection, EXCLUDED)
        assert counting == ((1, 4),)
        expected = folded(ask_facts(connection, JANUARY, EXCLUDED, lookups=BY_GROUP))
        assert expected[1]["CM3", "excluded group"].value == Decimal("-7.01")
        assert expected[1]["Net revenue", "unknown product"].facts == 2
        assert expected[0]["CM3"].left_out_facts == 6
        for lookups in (Lookups(flat=True), *(
            Lookups(flat=True, counting=ranges)
            # As they are; of another moment, when other products counted; none.
            for ranges in (counting, ((1, 1), (3, 3)), ((1, 5),), ((2, 4),), ())
        )):
            found = folded(ask_facts(connection, JANUARY, EXCLUDED, lookups=lookups))
            if lookups.counting != ((1, 5),):
                assert found == expected, lookups
            else:
                # A product that was excluded a moment ago counts as it did: the next refresh sees it moved.
                assert found != expected


@pytest.mark.parametrize("excluded", [(), ("stock",), ("none such",)])
def test_products_that_count_are_told_in_ranges(shop, excluded):
    run_on_facts(shop, sa.delete(schema.asin).where(schema.asin.c.id == 2))
    with shop.facts() as connection:
        assert fact_sums._counting_products(connection, excluded) == ((1, 1), (3, 4 if excluded == ("stock",) else 5))


def test_products_that_count_in_too_many_ranges_are_looked_up(shop, monkeypatch):
    run_on_facts(shop, sa.delete(schema.asin).where(schema.asin.c.id == 2))
    monkeypatch.setattr(fact_sums, "MOST_RANGES", 1)
    with shop.facts() as connection:
        assert fact_sums._counting_products(connection, ()) is None


@pytest.mark.parametrize("ranges", [(), ((5, 5),), ((-3, 2), (4, 4), (6, 2**31 - 1)), ((0, 0), (2, 3), (9, 12))])
def test_a_number_lies_within_a_range_or_not(shop, ranges):
    number = sa.column("number", sa.Integer)
    values = [None, -4, -3, 0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 2**31 - 1]
    rows = sa.union_all(*(sa.select(sa.literal(value, sa.Integer).label("number")) for value in values)).subquery()
    number = rows.c.number
    with shop.facts() as connection:
        within = Counter(connection.execute(sa.select(number).where(lies_within(number, ranges))).scalars())
        other = Counter(connection.execute(sa.select(number).where(sa.not_(lies_within(number, ranges)))).scalars())
    expected = {value for value in values if value is not None and any(a <= value <= b for a, b in ranges)}
    assert within == Counter(expected)
    assert other == Counter(value for value in values if value not in expected)

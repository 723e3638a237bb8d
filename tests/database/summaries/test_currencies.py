"""Facts in other currencies: converted at their months' rates, rounded half to even, and left out without a rate."""

import dataclasses
import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive
from database.imports.derived_facts import counting_rules
from database.summaries import conversion, fact_sums
from database.summaries.refresh import RefreshOptions, plan_only, refresh
from database.summaries.restatements import restatement_words, restatements
from domain.errors import Refused
from domain.moments import utc_now
from domain.months import parse_month
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows, run_on_facts

ASIN = schema.summary_asin


def fill(store):
    add_categories(store, "Garden")
    add_brands(store, ("Alder", 1, None))
    add_products(store, ("B1", 1, None), ("B2", 1, None))


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def rated(store):
    """GBP and EUR have rates in January 2024, GBP in February."""
    tell(store, "GBP", "2024-01", "1.2931")
    tell(store, "EUR", "2024-01", "1.5")
    tell(store, "GBP", "2024-02", "1.25")
    return store


def tell(store, currency, month, rate, base="USD"):
    table = schema.exchange_rate
    with store.application.begin() as connection:
        same = (table.c.base == base, table.c.currency == currency, table.c.month == parse_month(month))
        connection.execute(sa.delete(table).where(*same))
        connection.execute(sa.insert(table).values(
            base=base, currency=currency, month=parse_month(month), rate=rate, source="rates.csv", changed_by="ann",
            changed_at=utc_now(),
        ))


def figures(store, month="2024-01"):
    """(product, marketplace, metric) -> value, currency, local value of the live ASIN level."""
    query = sa.select(
        schema.asin.c.asin, ASIN.c.marketplace, ASIN.c.metric, ASIN.c.value, ASIN.c.currency, ASIN.c.local_value
    ).join_from(ASIN, schema.asin, schema.asin.c.id == ASIN.c.asin_id).where(ASIN.c.month == parse_month(month))
    rows = store.read(lambda reading: reading.connection.execute(query).all())
    return {
        tuple(row[:3]): (str(row.value), row.currency, None if row.local_value is None else str(row.local_value))
        for row in rows
    }


def left_out(result):
    return {(entry.metric, entry.reason): (entry.facts, str(entry.value)) for entry in result.left_out}


def test_each_product_marketplace_metric_and_currency_is_converted_then_added_up(rated):
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00"), ("B1", "UK", "Net revenue", "2024-01", "0.01"),
                      ("B2", "UK", "Net revenue", "2024-01", "-3.33"), ("B2", "UK", "Net units", "2024-01", "7")],
              currency="GBP")
    add_facts(rated, [("B1", "DE", "Net revenue", "2024-01", "2.00")], currency="EUR")
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "4.00"), ("B2", "UK", "Net revenue", "2024-01", "1.00")])
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "0.50")], currency="USD")
    refresh(rated)
    assert figures(rated) == {
        ("B1", "UK", "Net revenue"): ("12.94", "GBP", "10.01"),      # 10.01 * 1.2931 = 12.943931
        ("B2", "UK", "Net revenue"): ("-3.31", "*", None),           # -4.306023 -> -4.31, and 1.00
        ("B2", "UK", "Net units"): ("7.00", None, None),
        ("B1", "DE", "Net revenue"): ("3.00", "EUR", "2.00"),
        ("B1", "US", "Net revenue"): ("4.50", None, None),
    }
    totals = rated.read(lambda reading: dict(reading.connection.execute(
        sa.select(schema.summary_category.c.metric, schema.summary_category.c.total_value)
    ).all()))
    assert totals == {"Net revenue": Decimal("17.13"), "Net units": Decimal("7.00")}
    rates = rated.read(lambda reading: [
        (row.currency, row.base, str(row.rate)) for row in reading.connection.execute(
            sa.select(schema.summary_rate).order_by(schema.summary_rate.c.currency)
        )
    ])
    assert rates == [("EUR", "USD", "1.5000000000"), ("GBP", "USD", "1.2931000000")]


@pytest.mark.parametrize("amount, expected", [
    ("0.05", "0.02"), ("0.15", "0.08"), ("0.25", "0.12"), ("-0.05", "-0.02"), ("-0.15", "-0.08"), ("-0.25", "-0.12"),
    ("0.01", "0.00"), ("9999999999999.99", "5000000000000.00"), ("-0.03", "-0.02"),
])
def test_half_a_cent_goes_to_the_even_one(store, amount, expected):
    tell(store, "GBP", "2024-01", "0.5")
    add_facts(store, [("B1", "UK", "Net revenue", "2024-01", amount)], currency="GBP")
    refresh(store)
    assert figures(store)["B1", "UK", "Net revenue"][0] == expected


def test_an_amount_without_a_rate_is_left_out_and_named_by_its_currency(rated):
    add_facts(rated, [("B1", "DE", "Net revenue", "2024-02", "5.00"), ("B2", "DE", "Net revenue", "2024-02", "6.00"),
                      ("B9", "DE", "Net revenue", "2024-02", "1.00"), ("B1", "DE", "Net units", "2024-02", "3")],
              currency="EUR")
    add_facts(rated, [("B9", "UK", "Net revenue", "2024-02", "4.00"), ("B1", "UK", "Net revenue", "2024-02", "8.00")],
              currency="GBP")
    result = refresh(rated)
    assert figures(rated, "2024-02") == {
        ("B1", "DE", "Net units"): ("3.00", None, None), ("B1", "UK", "Net revenue"): ("10.00", "GBP", "8.00"),
    }
    assert left_out(result) == {
        ("Net revenue", "no rate of EUR"): (3, "12.00"), ("Net revenue", fact_sums.UNKNOWN_PRODUCT): (1, "5.00"),
    }


def test_a_new_rate_rebuilds_its_months_only_and_the_restatement_says_so(rated):
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00"), ("B1", "UK", "Net revenue", "2024-02", "10.00")],
              currency="GBP")
    refresh(rated)
    assert refresh(rated).status == "nothing to do"
    tell(rated, "GBP", "2024-01", "1.3")
    result = refresh(rated)
    assert result.months == (datetime.date(2024, 1, 1),)
    assert result.restated == ()
    assert figures(rated)["B1", "UK", "Net revenue"][0] == "13.00"
    words = [restatement_words(found) for found in rated.read(restatements)]
    assert len(words) == 1
    assert words[0].endswith("by rate of GBP 2024-01 from 1.2931 to 1.3")
    assert "Net revenue restated from 12.93 to 13.00" in words[0]
    incremental = all_summary_rows(rated)
    refresh(rated, RefreshOptions(full=True))
    assert all_summary_rows(rated) == incremental


def test_a_rate_that_comes_later_brings_in_what_was_left_out(rated):
    add_facts(rated, [("B1", "DE", "Net revenue", "2024-02", "5.00")], currency="EUR")
    refresh(rated)
    assert figures(rated, "2024-02") == {}
    tell(rated, "EUR", "2024-02", "1.1")
    assert refresh(rated).left_out == ()
    assert figures(rated, "2024-02") == {("B1", "DE", "Net revenue"): ("5.50", "EUR", "5.00")}


def test_what_another_program_inserts_in_a_currency_is_found_by_its_ids(rated):
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "1.00")])
    refresh(rated)
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00")], currency="GBP", announced=False)
    refresh(rated)
    assert figures(rated)["B1", "UK", "Net revenue"][0] == "12.93"
    with rated.facts() as connection:
        written = connection.execute(sa.select(schema.financials_currency)).all()
    assert [tuple(row) for row in written] == [(datetime.date(2024, 1, 1), "GBP")]


def test_a_currency_that_no_fact_names_any_more_is_forgotten(rated):
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "1.00")])
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00")], currency="GBP")
    refresh(rated)
    run_on_facts(rated, sa.delete(schema.financials).where(schema.financials.c.currency == "GBP"))
    refresh(rated, RefreshOptions(full=True, force=True))
    with rated.facts() as connection:
        assert connection.execute(sa.select(schema.financials_currency)).all() == []
    assert refresh(rated).status == "nothing to do"
    assert figures(rated) == {("B1", "US", "Net revenue"): ("1.00", None, None)}


def test_another_reporting_currency_converts_everything_anew(rated):
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00")], currency="GBP")
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "10.00")], currency="USD")
    refresh(rated)
    tell(rated, "USD", "2024-01", "0.8", base="GBP")
    dashboard = dataclasses.replace(rated.settings.dashboard, currency="GBP")
    rated = dataclasses.replace(rated, settings=dataclasses.replace(rated.settings, dashboard=dashboard))
    refresh(rated)
    assert figures(rated) == {
        ("B1", "UK", "Net revenue"): ("10.00", None, None), ("B1", "US", "Net revenue"): ("8.00", "USD", "10.00"),
    }


def test_derived_margins_follow_from_converted_parts_to_the_cent(rated):
    # Facts were derived by these settings: they are not derived anew.
    rules = dataclasses.asdict(counting_rules(rated))
    run_on_facts(rated, sa.insert(schema.amazon_setting).values(
        [{"name": name, "value": value} for name, value in rules.items()]
    ))
    run_on_facts(rated, sa.insert(schema.unit_cost).values(
        import_id=1, line=1, asin="B7", marketplace="", valid_from=datetime.date(2024, 1, 1), cost=Decimal(1),
    ))
    parts = [("Net revenue", "10.01"), ("Net COGS", "3.33"), ("Referral fees", "1.11"), ("SEM costs", "0.77")]
    add_facts(rated, [("B1", "UK", metric, "2024-01", value) for metric, value in parts], currency="GBP")
    margins = [("CM1", "6.68"), ("CM2", "5.57"), ("CM3", "4.80")]
    add_facts(rated, [("B1", "UK", metric, "2024-01", value) for metric, value in margins], currency="GBP", import_id=0)
    # Goods paid in euro: a part of the margin in each currency, one figure.
    add_facts(rated, [("B2", "UK", "Net revenue", "2024-01", "1.01")], currency="GBP")
    add_facts(rated, [("B2", "UK", "CM1", "2024-01", "1.01")], currency="GBP", import_id=0)
    add_facts(rated, [("B2", "UK", "Net COGS", "2024-01", "0.50")], currency="EUR")
    add_facts(rated, [("B2", "UK", "CM1", "2024-01", "-0.50")], currency="EUR", import_id=0)
    # A euro without a rate in February.
    add_facts(rated, [("B2", "UK", "Net revenue", "2024-02", "2.00")], currency="GBP")
    add_facts(rated, [("B2", "UK", "CM1", "2024-02", "2.00")], currency="GBP", import_id=0)
    add_facts(rated, [("B2", "UK", "Net COGS", "2024-02", "1.00")], currency="EUR")
    add_facts(rated, [("B2", "UK", "CM1", "2024-02", "-1.00")], currency="EUR", import_id=0)
    result = refresh(rated)
    found = figures(rated)
    assert found["B1", "UK", "Net revenue"][0] == "12.94"
    assert [found["B1", "UK", name] for name, _ in margins] == [
        ("8.63", "GBP", "6.68"), ("7.19", "GBP", "5.57"), ("6.19", "GBP", "4.80"),   # 12.94 - 4.31 - 1.44 - 1.00
    ]
    assert found["B2", "UK", "CM1"] == ("0.56", "*", None)                            # 1.31 - 0.75
    assert figures(rated, "2024-02") == {("B2", "UK", "Net revenue"): ("2.50", "GBP", "2.00")}
    assert left_out(result) == {
        ("Net COGS", "no rate of EUR"): (1, "1.00"), ("CM1", "no rate of EUR"): (1, "-1.00"),
        ("CM1", fact_sums.MARGIN_WITHOUT_RATE): (1, "2.50"),
    }


def test_an_archived_month_is_converted_from_what_stands_for_its_facts(rated):
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00"), ("B2", "UK", "Net revenue", "2024-01", "1.00")],
              currency="GBP")
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "2.00")])
    refresh(rated)
    before = figures(rated)
    archive(rated, before=datetime.date(2024, 2, 1))
    refresh(rated)
    assert figures(rated) == before
    tell(rated, "GBP", "2024-01", "2")
    refresh(rated)
    assert figures(rated) == {
        ("B1", "UK", "Net revenue"): ("22.00", "*", None), ("B2", "UK", "Net revenue"): ("2.00", "GBP", "1.00"),
    }


def test_verification_refuses_a_level_that_was_converted_wrongly(rated, monkeypatch):
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-01", "10.00")], currency="GBP")
    monkeypatch.setattr(conversion, "half_even", lambda amount, **how: sa.cast(amount + 1, schema.Sum))
    with pytest.raises(Refused, match="not what the facts give"):
        refresh(rated)


def test_a_month_in_one_currency_is_built_by_the_statements_of_always(rated):
    add_facts(rated, [("B1", "US", "Net revenue", "2024-01", "1.00"), ("B1", "US", "Net revenue", "2024-02", "1.00")])
    add_facts(rated, [("B1", "US", "Net revenue", "2024-03", "1.00")], currency="USD")
    add_facts(rated, [("B1", "UK", "Net revenue", "2024-02", "1.00")], currency="GBP")
    assert [month.conversion is not None for month in plan_only(rated).present] == [False, True, False]

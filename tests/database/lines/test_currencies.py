"""Lines in other currencies: facts follow in the lines' currency, margins in each of their parts', and all can be
followed back from the converted figure."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.derived_facts import counting_rules
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.lines.behind import Converted, Figure, Following
from database.lines.told_rows import rows_behind
from database.rates.told import read_rates
from database.summaries.refresh import refresh
from domain.derived import MARGINS
from domain.errors import Refused
from domain.metrics import is_money
from domain.moments import utc_now
from tests.database.lines.conftest import expected, figures, files, options_of

CENT = Decimal("0.01")
JANUARY = datetime.date(2025, 1, 1)
RATES = {"2025-01": "1.2345", "2025-02": "1.2555", "2025-03": "1.2931"}


def tell_rates(store, currency="GBP", base="USD", rates=RATES):
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.exchange_rate), [
            {"base": base, "currency": currency, "month": datetime.date.fromisoformat(f"{month}-01"), "rate": rate,
             "source": "rates.csv", "changed_by": "ann", "changed_at": utc_now()}
            for month, rate in rates.items()
        ])


def take(store, *patterns, **told):
    """Takes the seller's files in as they are, with nothing allowed but what is `told`."""
    with store.lock("test"):
        return [
            import_file(store, path, dataclasses.replace(options_of(path), **{"allow_currency": (), **told}))
            for path in files(*patterns)
        ]


def codes(store):
    """(marketplace, whether it is money) -> the currencies of its facts, '' for the dashboard's."""
    fact = schema.financials
    query = sa.select(fact.c.marketplace, fact.c.metric, fact.c.currency).distinct()
    found = {}
    with store.facts() as connection:
        for place, metric, code in connection.execute(query):
            found.setdefault((place, is_money(metric)), set()).add(code or "")
    return found


def live(store, asin, metric, month=JANUARY):
    """value, currency and local value of one row of the live ASIN level in the UK; None if there is none."""
    level, product = schema.summary_asin, schema.asin
    query = sa.select(level.c.value, level.c.currency, level.c.local_value).join_from(
        level, product, product.c.id == level.c.asin_id
    ).where(product.c.asin == asin, level.c.metric == metric, level.c.month == month, level.c.marketplace == "UK")
    row = store.read(lambda reading: reading.connection.execute(query).first())
    return None if row is None else tuple(row)


def test_facts_follow_in_the_currency_of_their_lines_and_figures_from_rates(seller):
    reports = take(seller, "settlement_uk_*.txt", "ads_uk.csv", "settlement_us_1.txt")
    wanted = {key: value for key, value in expected("payments+ads").items() if "|UK|" in key}
    local = {key: value for key, value in figures(seller).items() if "|UK|" in key}
    assert local == wanted
    assert codes(seller) == {
        ("UK", True): {"GBP"}, ("UK", False): {""}, ("US", True): {""}, ("US", False): {""},
    }
    assert [report.currencies for report in reports] == [()] * 8 + [("USD",)]
    assert "GBP" in [each.currency for each in reports[0].without_rates]
    tell_rates(seller)
    refresh(seller)
    level, product = schema.summary_asin, schema.asin
    query = sa.select(product.c.asin, level.c.month, level.c.metric, level.c.value).join_from(
        level, product, product.c.id == level.c.asin_id
    ).where(level.c.marketplace == "UK")
    shown = seller.read(lambda reading: {
        f"{asin}|UK|{month:%Y-%m}|{metric}": value
        for asin, month, metric, value in reading.connection.execute(query) if value
    })
    margins = {formula.metric for formula in MARGINS}
    converted = {}
    for key, value in wanted.items():
        _, _, month, metric = key.split("|")
        if metric not in margins:
            rate = Decimal(RATES[month]) if is_money(metric) else 1
            converted[key] = (value * rate).quantize(CENT, ROUND_HALF_EVEN)
    assert {key: value for key, value in shown.items() if key.split("|")[3] not in margins} == {
        key: value for key, value in converted.items() if value
    }
    with seller.facts() as connection:
        following = Following(connection, counting_rules(seller), read_rates(seller))
        for key in sorted(shown):
            asin, place, month, metric = key.split("|")
            behind = following.behind(Figure(asin, datetime.date.fromisoformat(f"{month}-01"), place, metric))
            assert behind.value == shown[key], key
            assert sum((row.value for row in rows_behind(behind)), Decimal(0)) == shown[key], key
            if is_money(metric):
                rate = Decimal(RATES[month])
                assert [(each.currency, each.local, each.rate) for each in behind.converted] == [
                    ("GBP", wanted[key], rate)
                ], key


def test_another_currency_of_the_dashboard_derives_what_follows_from_lines_anew(seller):
    take(seller, "settlement_uk_1.txt", "settlement_us_1.txt")
    dashboard = dataclasses.replace(seller.settings.dashboard, currency="GBP")
    british = dataclasses.replace(seller, settings=dataclasses.replace(seller.settings, dashboard=dashboard))
    before = figures(seller)
    assert refresh(seller).notes == ()
    assert refresh(british).notes[0].startswith("[dashboard] currency = GBP: figures of 2025-01")
    assert codes(british) == {
        ("UK", True): {""}, ("UK", False): {""}, ("US", True): {"USD"}, ("US", False): {""},
    }
    assert figures(british) == before
    assert refresh(british).status == "nothing to do"


def test_what_was_allowed_counts_one_to_one_for_good_and_only_the_lines_of_that_file(seller):
    allowed, _ = take(seller, "settlement_uk_1.txt", allow_currency=("GBP",)), take(seller, "settlement_us_1.txt")
    assert codes(seller)["UK", True] == {""}
    assert allowed[0].currencies == ("GBP",)
    later = take(seller, "settlement_uk_2.txt")
    assert codes(seller)["UK", True] == {"", "GBP"}
    with seller.lock("test"):
        undo_import(seller, allowed[0].import_id)
    assert codes(seller)["UK", True] == {"GBP"}
    with seller.facts() as connection:
        assert connection.execute(sa.select(schema.amazon_one_to_one)).all() == []
    assert later[0].value_currency == "*"


def test_goods_paid_in_another_currency_make_a_margin_of_converted_parts(store, tmp_path):
    costs = tmp_path / "costs.csv"
    costs.write_text("sku,valid from,unit cost,currency\nNW-04-JAR,2024-12,10.0075,EUR\n", encoding="utf-8")
    take(store, "listings.txt", "settlement_uk_*.txt")
    with store.lock("test"):
        import_file(store, costs, ImportOptions())
    tell_rates(store)
    sold = next(key for key in sorted(expected("payments")) if "|UK|2025-01|Net units" in key and "SELL004" in key)
    asin, units = sold.split("|")[0], expected("payments")[sold]
    refresh(store)
    # Without a rate of the euro neither the cost nor the margins can be told.
    assert live(store, asin, "Net COGS") is None
    assert live(store, asin, "CM1") is None
    tell_rates(store, "EUR", rates={"2025-01": "1.04"})
    refresh(store)
    cost = (units * Decimal("10.0075")).quantize(CENT, ROUND_HALF_EVEN)
    assert live(store, asin, "Net COGS") == ((cost * Decimal("1.04")).quantize(CENT, ROUND_HALF_EVEN), "EUR", cost)
    revenue = live(store, asin, "Net revenue")
    assert revenue[1] == "GBP"
    margin = live(store, asin, "CM1")
    assert margin == (revenue[0] - live(store, asin, "Net COGS")[0], "*", None)
    with store.facts() as connection:
        following = Following(connection, counting_rules(store), read_rates(store))
        behind = following.behind(Figure(asin, JANUARY, "UK", "CM1"))
        assert behind.value == margin[0]
        assert [(each.currency, each.local) for each in behind.converted] == [("EUR", -cost), ("GBP", revenue[2])]
        assert sum((row.value for row in rows_behind(behind)), Decimal(0)) == margin[0]
        goods = following.behind(Figure(asin, JANUARY, "UK", "Net COGS"))
        assert (goods.cost, goods.cost_currency) == (Decimal("10.0075"), "EUR")
        assert goods.converted == (Converted("EUR", cost, Decimal("1.04"), goods.value),)
        without = Following(connection, counting_rules(store), {}).behind(Figure(asin, JANUARY, "UK", "Net COGS"))
        assert (without.value, without.converted[0].rate) == (None, None)


def test_a_report_that_names_no_currency_is_asked_about_and_can_be_told(seller):
    told = {"marketplace": "DE", "month": JANUARY}
    report = take(seller, "business_*.csv", **told)[0]
    assert report.warnings == (
        "amounts of DE (EUR) name no currency, and were counted as USD; --currency local takes them in that of the "
        "marketplace",
    )
    assert codes(seller) == {("DE", True): {""}, ("DE", False): {""}}
    with seller.lock("test"):
        undo_import(seller, report.import_id)
    report = take(seller, "business_*.csv", **told, currency="local")[0]
    assert codes(seller) == {("DE", True): {"EUR"}, ("DE", False): {""}}
    assert (report.warnings, report.value_currency) == ((), "EUR")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_report_of_lines_that_is_told_to_be_in_another_currency_is_refused(seller):
    with pytest.raises(Refused, match="lines of UK say GBP, --currency EUR; one of them is wrong"):
        take(seller, "settlement_uk_1.txt", currency="EUR")
    assert figures(seller) == {}

"""Pages with converted money say from which currencies and at which rates; what has no rate is named; a product's page
tells what a figure was in its own currency."""

import csv
import io
from decimal import Decimal

import pytest

from database.queries.conversion import read_conversions
from database.rates.changes import Asked, change_rates
from database.summaries.refresh import refresh
from domain.months import parse_month
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import text_of

MONTHS = "from=2025-03&to=2025-04"
SAYS = "Amounts in GBP are converted to USD at monthly rates."
LACKS = "Amounts without an exchange rate are in no figure: EUR (Mar 2025) and GBP (Apr 2025)."


def tell(store, rates):
    told = {(parse_month(month), code): Decimal(rate) for (code, month), rate in rates.items()}
    change_rates(store, Asked("bank.csv", told, dict.fromkeys(told, "bank.csv")), dry_run=False, force=False, by="ann")


@pytest.fixture
def filled_by():
    """Alder sells in pounds, Birch in dollars and euros."""
    def fill(store):
        add_brands(store, ("Alder", None, None), ("Birch", None, None))
        add_products(store, ("B1", 1, None), ("B2", 2, None))
        add_facts(store, [
            ("B1", "UK", "Net revenue", "2025-03", "10.01"), ("B1", "UK", "Net revenue", "2025-04", "9.00"),
            ("B1", "UK", "CM3", "2025-03", "2.00"),
        ], currency="GBP")
        add_facts(store, [("B1", "UK", "CM3", "2025-03", "1.00"), ("B2", "US", "Net revenue", "2025-03", "5.00"),
                          ("B2", "US", "Net revenue", "2025-05", "5.00")])
        add_facts(store, [("B2", "DE", "Net revenue", "2025-03", "7.00")], currency="EUR")
        tell(store, {("GBP", "2025-03"): "1.2931"})
        refresh(store)
    return fill


def test_every_page_of_figures_says_what_was_converted_and_what_has_no_rate(store, signed_in):
    client = signed_in("viewer")
    for page in ("dashboard", "profitability", "categories", "brands/1", "products", "products/B1"):
        text = text_of(client, f"/{page}?{MONTHS}")
        assert SAYS in text and LACKS in text, page
    text = text_of(client, f"/dashboard?{MONTHS}")
    assert "EUR: €7.00 of Net revenue, Mar 2025." in text and "GBP: £9.00 of Net revenue, Apr 2025." in text
    assert "£9.00 of Net revenue, Apr 2025, of all brands and marketplaces." in text_of(client, f"/brands/1?{MONTHS}")
    assert "/operations/rates" in client.get(f"/dashboard?{MONTHS}").text
    alone = text_of(client, "/dashboard?from=2025-05&to=2025-05&compare=none")
    assert "exchange rate" not in alone and "monthly rates" not in alone
    assert "converted" not in text_of(client, "/settlements")


def test_files_and_the_api_say_it_too(store, signed_in):
    client = signed_in("viewer")
    answer = client.get(f"/api/v1/dashboard?{MONTHS}").json
    assert (answer["currency"], answer["converted_from"]) == ("USD", ["GBP"])
    assert answer["without_rate"] == [
        {"currency": "EUR", "month": "2025-03"}, {"currency": "GBP", "month": "2025-04"},
    ]
    first = client.get(f"/dashboard.csv?{MONTHS}").data.decode("utf-8-sig")
    assert "Converted: GBP at monthly rates" in first and "Left out without a rate: EUR 2025-03, GBP 2025-04" in first
    rows = list(csv.DictReader(io.StringIO(
        client.get(f"/products/B1.csv?{MONTHS}&table=converted").data.decode("utf-8-sig")
    )))
    columns = ("Metric", "Month", "Marketplace", "Currency", "Amount", "Rate", "Figure", "Figure in")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("Net revenue", "2025-03", "UK", "GBP", "10.01", "1.2931", "12.94", "USD"),
        ("CM3", "2025-03", "UK", "several", "", "", "3.59", "USD"),             # 2.00 * 1.2931 and 1.00
    ]


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_products_page_tells_amount_rate_and_figure(store, signed_in):
    text = text_of(signed_in("viewer"), f"/products/B1?{MONTHS}")
    assert "2 converted figures" in text
    assert "Net revenue Mar 2025 UK · United Kingdom £10.01 1.2931 $12.94 Lines" in text
    assert "CM3 Mar 2025 UK · United Kingdom several currencies – $3.59" in text
    assert "converted figures" not in text_of(signed_in("viewer"), f"/products/B2?{MONTHS}")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_whoever_is_limited_reads_of_the_currencies_of_their_brands_and_of_no_sum_of_others(store, signed_in):
    tell(store, {("EUR", "2025-03"): "1.08"})
    refresh(store)
    client = signed_in("limited")
    text, page = text_of(client, f"/dashboard?{MONTHS}"), client.get(f"/dashboard?{MONTHS}").text
    assert SAYS in text and "in no figure: GBP (Apr 2025)." in text and "£9.00" not in text
    assert "EUR" not in page and "/operations/rates" not in page
    for scope, codes in ((1,), {"GBP"}), ((2,), {"EUR", "GBP"}):
        rates = store.read(lambda reading, scope=scope: read_conversions(reading, scope=scope))
        assert {each.currency for each in rates} == codes


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_newer_rate_restates_its_month_in_words(store, signed_in):
    tell(store, {("GBP", "2025-03"): "1.294"})
    refresh(store)
    text = text_of(signed_in("viewer"), f"/dashboard?{MONTHS}")
    assert "1 month was corrected after it had been published." in text
    assert "by rate of GBP 2025-03 from 1.2931 to 1.294" in text

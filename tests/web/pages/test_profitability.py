"""/profitability shows the P&L as it was imported, and says where it does not add up."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.people import users
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in, text_of
from tests.web.weights import LARGEST_PAGE, weight_of

TODAY = datetime.date(2025, 11, 22)

ROWS = [
    (1, 1, 5, "US", "2024-10", "Net revenue", "10000.00"),
    (1, 1, 5, "US", "2024-10", "CM3", "1000.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "1000.00"),
    (1, 1, 5, "US", "2025-09", "Net COGS", "900.00"),
    (1, 1, 5, "US", "2025-09", "CM1", "100.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "20000.50"),
    (1, 1, 5, "US", "2025-10", "Net COGS", "8000.00"),
    (1, 1, 5, "US", "2025-10", "CM1", "12000.50"),
    (1, 1, 5, "US", "2025-10", "FBA fees", "3000.00"),
    (1, 1, 5, "US", "2025-10", "CM2", "8999.99"),
    (1, 1, 5, "US", "2025-10", "SEM costs", "10000.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "-1000.01"),
    (2, 2, 6, "DE", "2025-10", "Net units", "4.00"),
    (2, 2, 6, "DE", "2025-10", "Odd metric", "4.00"),
]
NAMES = {"brands": {1: "Alder", 2: "Bergwind"}, "categories": {5: "Toys", 6: "Games"}}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_store(small_app: Flask) -> Store:
    """The embedded store, for what no engine can change."""
    return small_app.extensions["lego_store"]


@pytest.fixture
def small_client(small_app: Flask, small_store: Store, password_hash: str) -> FlaskClient:
    """Somebody who may read it."""
    with small_store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


@pytest.fixture
def small_reader(small_store: Store, small_client: FlaskClient) -> FlaskClient:
    """The same, with figures."""
    publish(small_store, ROWS, **NAMES)
    return small_client


def cells(row: str) -> list[str]:
    found = re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)
    words = (re.sub(r'<svg[^>]*aria-label="([^"]*)".*?</svg>', r"[\1] ", cell, flags=re.DOTALL) for cell in found)
    return [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", word))).strip() for word in words]


def profit_rows(client: FlaskClient, address: str) -> list[list[str]]:
    """The cells of the P&L, headings first."""
    table = re.search(r'<table class="figures profit"[^>]*>(.*?)</table>', client.get(address).text, re.DOTALL)[1]
    return [cells(row) for row in re.findall(r"<tr.*?>(.*?)</tr>", table, re.DOTALL)]


def test_the_table_holds_costs_margins_shares_the_year_before_and_months(reader: FlaskClient) -> None:
    assert profit_rows(reader, "/profitability?from=2025-10&to=2025-10") == [
        ["Metric", "Total", "Per unit", "% of rev.", "Year before", "Change", "Oct 2025"],
        ["Net revenue", "$20,000", "$5,000.12", "100.0%", "$10,000", "up 100.0%", "$20,000"],
        ["\u2212Net COGS", "$8,000", "$2,000.00", "40.0%", "–", "–", "$8,000"],
        ["=CM1", "$12,000", "$3,000.12", "60.0%", "–", "–", "$12,000"],
        ["CM1 %", "[good margin] 60.0%", "", "", "–", "–", "[good margin] 60.0%"],
        ["\u2212FBA fees", "$3,000", "$750.00", "15.0%", "–", "–", "$3,000"],
        ["=CM2", "$9,000", "$2,250.00", "45.0%", "–", "–", "$9,000"],
        ["CM2 %", "[good margin] 45.0%", "", "", "–", "–", "[good margin] 45.0%"],
        ["\u2212SEM costs", "$10,000", "$2,500.00", "50.0%", "–", "–", "$10,000"],
        ["=CM3", "\u2212$1,000", "\u2212$250.00", "\u22125.0%", "$1,000", "down 200.0%", "\u2212$1,000"],
        ["CM3 %", "[loss] \u22125.0%", "", "", "10.0%", "down 15.0 pts", "[loss] \u22125.0%"],
        ["TACoS", "50.0%", "", "", "–", "–", "50.0%"],
        ["ROI", "\u221212.5%", "", "", "–", "–", "\u221212.5%"],
        ["Average price", "$5,000.12", "", "", "–", "–", "$5,000.12"],
    ]


def test_a_margin_that_does_not_follow_from_its_parts_has_a_note_to_the_cent(reader: FlaskClient) -> None:
    text = text_of(reader, "/profitability?from=2025-09&to=2025-10")

    assert "CM2 does not follow from its parts in 2 of 2 months: $100.51 less than they make." in text
    assert "Sep 2025 CM2 – $100.00 \u2212$100.00" in text
    assert "Oct 2025 CM2 $8,999.99 $9,000.50 \u2212$0.51" in text
    assert "CM1 does not follow" not in text
    assert "Not in the parts of CM2 \u2212$100.51" in text


def test_where_everything_follows_there_is_no_note(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [row for row in ROWS if row[5] in ("Net revenue", "Net COGS", "CM1") and row[4] > "2025"])

    assert "does not follow" not in text_of(small_client, "/profitability?from=2025-09&to=2025-10")


def test_reimbursements_are_added_and_unsorted_amounts_taken_off_above_cm2(
    small_store: Store, small_client: FlaskClient
) -> None:
    amounts = {"Net revenue": "100.00", "CM1": "100.00", "FBA fees": "20.00", "Unsorted Amazon amounts": "3.00",
               "Reimbursements": "7.50", "CM2": "84.50"}
    publish(small_store, [(1, 1, 5, "US", "2025-10", metric, amount) for metric, amount in amounts.items()])
    address = "/profitability?from=2025-10&to=2025-10"

    assert [row[:3] for row in profit_rows(small_client, address)][4:8] == [
        ["\u2212FBA fees", "$20.00", "20.0%"],
        ["\u2212Unsorted Amazon amounts", "$3.00", "3.0%"],
        ["+Reimbursements", "$7.50", "7.5%"],
        ["=CM2", "$84.50", "84.5%"],
    ]
    text = text_of(small_client, address)
    assert "what is left cost added" in text
    assert "Unsorted Amazon amounts \u2212$3.00 \u22123.0% Reimbursements $7.50 7.5% CM2 $84.50 84.5%" in text
    assert "does not follow" not in text


IN_TOTALS = (
    "Shared costs are not in: totals hold the costs that belong to no product, margins of single brands and products "
    "do not bear them."
)
NOT_BORNE = "Shared costs are not in: these margins are without costs that belong to no product."
SHARED_ROWS = [
    (1, 1, 5, "US", "2025-10", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-10", "CM1", "100.00"),
    (1, 1, 5, "US", "2025-10", "FBA fees", "20.00"), (1, 1, 5, "US", "2025-10", "CM2", "80.00"),
    (1, 1, 5, "US", "2025-10", "Shared costs: FBA fees", "1.50"),
    (1, 1, 5, "US", "2025-10", "Shared costs: SEM costs", "5.00"),
    (1, 1, 5, "US", "2025-10", "Shared costs: CM2", "-1.50"),
    (9, 0, 0, "US", "2025-10", "FBA fees", "1.50"), (9, 0, 0, "US", "2025-10", "SEM costs", "5.00"),
    (9, 0, 0, "US", "2025-10", "Shared costs: FBA fees", "-1.50"),
    (9, 0, 0, "US", "2025-10", "Shared costs: SEM costs", "-5.00"),
    (9, 0, 0, "US", "2025-10", "Shared costs: CM2", "1.50"),
]


def test_costs_of_no_product_are_shown_shared_out_or_not_and_every_page_and_file_says_which(
    small_store: Store, small_client: FlaskClient
) -> None:
    publish(small_store, SHARED_ROWS, **NAMES, spread="revenue")
    address = "/profitability?from=2025-10&to=2025-10&brand=1"

    without = [[row[0], row[1]] for row in profit_rows(small_client, address)[1:]]
    assert ["\u2212FBA fees", "$20.00"] in without and ["=CM2", "$80.00"] in without
    assert not any("SEM costs" in name for name, _ in without)
    text = text_of(small_client, address)
    assert f"{NOT_BORNE} With shared costs" in text

    shared = [[row[0], row[1]] for row in profit_rows(small_client, address + "&shared=in")[1:]]
    assert ["\u2212FBA fees", "$21.50"] in shared and ["=CM2", "$78.50"] in shared
    assert ["\u2212SEM costs", "$5.00"] in shared
    assert "Shared costs are in: costs of no product, shared out by net revenue" in text_of(
        small_client, address + "&shared=in"
    )
    assert 'name="shared" value="in"' in small_client.get(address + "&shared=in").text

    whole = "/profitability?from=2025-10&to=2025-10"
    assert [row[:2] for row in profit_rows(small_client, whole)[1:6]] == [
        row[:2] for row in profit_rows(small_client, whole + "&shared=in")[1:6]
    ]
    chosen = "?from=2025-10&to=2025-10&brand=1&shared=in"
    assert re.search(r"Shared costs: in\b(?! totals)", small_client.get(f"/profitability.csv{chosen}").text)
    answer = small_client.get(f"/api/v1/profitability{chosen}").get_json()
    assert (answer["selection"]["shared"], answer["shared_costs"]) == ("in", "in")


@pytest.mark.parametrize(("page", "words"), [
    ("profitability", IN_TOTALS), ("dashboard", IN_TOTALS), ("products", IN_TOTALS), ("categories", IN_TOTALS),
    ("dashboard?brand=0,1", IN_TOTALS), ("dashboard?category=5", NOT_BORNE), ("products?search=B1", NOT_BORNE),
    ("brands/0?metric=SEM+costs", IN_TOTALS), ("brands/1", NOT_BORNE), ("products/B1", NOT_BORNE),
    ("products/ACCOUNT", IN_TOTALS),
    ("dashboard?marketplace=US", IN_TOTALS),
])
def test_it_is_said_whether_a_total_holds_the_costs_of_no_product(
    small_store: Store, small_client: FlaskClient, page, words
) -> None:
    products = [{"id": 1, "asin": "B1", "brand_id": 1}, {"id": 9, "asin": "ACCOUNT"}]
    publish(small_store, SHARED_ROWS, **NAMES, products=products, spread="revenue")
    address, state = f"/{page}", {IN_TOTALS: "in totals only", NOT_BORNE: "not in"}[words]

    text = text_of(small_client, address)

    assert re.search(re.escape(words) + " (Profit and loss with|With) shared costs", text)
    assert "Shared costs:" not in text
    assert small_client.get(f"/api/v1{address}").get_json()["shared_costs"] == state
    path, _, query = address.partition("?")
    assert f"Shared costs: {state}" in small_client.get(f"{path}.csv?{query}".rstrip("?")).text


@pytest.mark.parametrize(("spread", "words", "state"), [
    ("units", "shared out by units sold among the products that were sold in the same marketplace and month. Overheads "
              "are not.", "in"),
    ("units, overheads", "costs of no product, overheads too, shared out by units sold", "in, with overheads"),
])
def test_a_brands_operating_profit_bears_overheads_where_these_are_shared_out_and_it_is_said(
    small_store: Store, small_client: FlaskClient, spread, words, state
) -> None:
    rows = [
        (1, 1, 5, "US", "2025-10", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-10", "CM3", "80.00"),
        (9, 0, 0, "NONE", "2025-10", "Overheads", "30.00"),
    ]
    rows += [
        (1, 1, 5, "US", "2025-10", "Shared costs: Overheads", "30.00"),
        (9, 0, 0, "NONE", "2025-10", "Shared costs: Overheads", "-30.00"),
    ] if "overheads" in spread else []
    publish(small_store, rows, **NAMES, spread=spread)
    address = "/profitability?from=2025-10&to=2025-10&brand=1&shared=in"

    assert [row[:2] for row in profit_rows(small_client, address)[4:7]] == ([
        ["\u2212Overheads", "$30.00"], ["=Operating profit", "$50.00"], ["Operating margin %", "50.0%"],
    ] if "overheads" in spread else [])
    assert words in text_of(small_client, address)
    assert f"Shared costs: {state}" in small_client.get(address.replace("?", ".csv?")).text
    assert small_client.get(f"/api/v1{address}").get_json()["shared_costs"] == state


def test_where_costs_of_no_product_are_a_brands_its_totals_hold_them(
    small_store: Store, small_client: FlaskClient
) -> None:
    rows = [(*row[:1], 2, *row[2:]) if row[0] == 9 else row for row in SHARED_ROWS]
    publish(small_store, rows, **NAMES, products=[{"id": 9, "asin": "ACCOUNT", "brand_id": 2}], spread="revenue")

    assert [words in text_of(small_client, f"/dashboard?brand={brand}") for brand in (1, 2) for words in (
        NOT_BORNE, IN_TOTALS,
    )] == [True, False, False, True]


def test_a_reader_of_some_brands_is_told_that_their_margins_do_not_bear_them(
    small_store: Store, small_client: FlaskClient
) -> None:
    publish(small_store, SHARED_ROWS, **NAMES, spread="revenue")
    with small_store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=1))

    assert NOT_BORNE in text_of(small_client, "/dashboard")


def test_months_without_a_cm3_whose_overheads_count_alone_are_named(
    small_store: Store, small_client: FlaskClient
) -> None:
    rows = [
        (1, 1, 5, "US", "2025-08", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-08", "CM3", "40.00"),
        (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-10", "Net revenue", "100.00"),
        (1, 1, 5, "US", "2025-07", "Net revenue", "100.00"),
        *((9, 0, 0, "NONE", f"2025-{month:02}", "Overheads", "30.00") for month in (8, 9, 10)),
        (8, 1, 5, "US", "2025-10", "Overheads", "5.00"),
    ]
    publish(small_store, rows, **NAMES)
    words = "No CM3 is known of {}: the operating profit counts nothing there but Overheads."

    span = "?from=2025-07&to=2025-10"
    assert words.format("Sep 2025 and Oct 2025") in text_of(small_client, f"/profitability{span}")
    # Of a brand only its own overheads count, unless they are shared out.
    assert words.format("Oct 2025") in text_of(small_client, f"/brands/1{span}")
    assert "No CM3 is known" not in text_of(small_client, "/dashboard?from=2025-07&to=2025-08")
    shares = [(asin, brand, category, place, "2025-09", "Shared costs: Overheads", value) for asin, brand, category,
              place, value in ((1, 1, 5, "US", "30.00"), (9, 0, 0, "NONE", "-30.00"))]
    publish(small_store, [*rows, *shares], **NAMES, generation=2, spread="revenue, overheads")
    assert words.format("Sep 2025 and Oct 2025") in text_of(
        small_client, f"/profitability{span}&brand=1&shared=in"
    )


def test_where_nothing_is_shared_out_nothing_is_said_of_it(reader: FlaskClient) -> None:
    assert "hared costs" not in reader.get("/profitability?shared=in").text


def test_the_thresholds_are_those_of_the_settings(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [
        (1, 1, 5, "US", f"2025-{month:02d}", metric, value)
        for month, cm3 in ((7, "20.00"), (8, "19.99"), (9, "15.00"), (10, "14.99"))
        for metric, value in (("Net revenue", "100.00"), ("CM3", cm3))
    ])
    margins = next(row for row in profit_rows(small_client, "/profitability?from=2025-07&to=2025-10") if "%" in row[0])

    assert margins == [
        "CM3 %", "[fair margin] 17.5%", "", "[good margin] 20.0%", "[fair margin] 20.0%", "[fair margin] 15.0%",
        "[poor margin] 15.0%",
    ]
    assert "20% or more 15% or more below 15% loss" in text_of(small_client, "/profitability")


def test_charts_draw_what_the_tables_behind_them_hold(small_reader: FlaskClient) -> None:
    page = small_reader.get("/profitability?from=2025-09&to=2025-10").text
    waterfall, margins = map(json.loads, re.findall(r'<script type="application/json">(.*?)</script>', page))

    assert waterfall["data"][0]["y"] == [
        "Net revenue", "Net COGS", "CM1", "FBA fees", "Not in the parts of CM2", "CM2", "SEM costs", "CM3",
    ]
    assert waterfall["data"][0]["hovertext"][1] == "Net COGS: \u2212$8,900.00 (\u221242.4%)"
    assert [trace["name"] for trace in margins["data"]] == ["CM1 %", "CM2 %", "CM3 %"]
    assert margins["data"][2]["y"][0] is None
    assert [shape["y0"] for shape in margins["layout"]["shapes"]] == [0.2, 0.15]


def test_rows_bars_and_months_lead_on(small_reader: FlaskClient) -> None:
    page = html.unescape(small_reader.get("/profitability?from=2025-09&to=2025-10&brand=1").text)

    assert 'href="/dashboard?from=2025-09&to=2025-10&metric=CM1&brand=1"' in page
    assert 'href="/profitability?from=2025-10&to=2025-10&brand=1"' in page
    assert '"/dashboard?from=2025-09&to=2025-10&metric=CM1&brand=1"' in page.partition("application/json")[2]


def test_what_was_chosen_for_other_pages_stays_chosen(small_reader: FlaskClient) -> None:
    page = small_reader.get("/profitability?metric=CM3&compare=year").text

    assert '<input type="hidden" name="metric" value="CM3">' in page
    assert '<input type="hidden" name="compare" value="year">' in page
    assert 'id="filter-metric"' not in page


def test_a_month_in_progress_is_marked(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [*ROWS, (1, 1, 5, "US", "2025-11", "Net revenue", "7.00")], **NAMES)

    headings = profit_rows(small_client, "/profitability?from=2025-10&to=2025-11")[0]

    assert headings[-2:] == ["Oct 2025", "Nov 2025 in progress"]
    assert "Nov 2025 is not over" in text_of(small_client, "/profitability?from=2025-10&to=2025-11")


@pytest.mark.parametrize("query", ["period=2020", "brand=2&period=3m"])
def test_a_selection_without_any_metric_of_the_tree_says_so(
    small_store: Store, small_client: FlaskClient, query
) -> None:
    publish(small_store, [row for row in ROWS if row[1] == 1 or row[5] == "Odd metric"], **NAMES)

    assert "No profit and loss for this selection" in text_of(small_client, f"/profitability?{query}")


def test_before_the_first_refresh_the_page_says_what_it_will_show(small_client: FlaskClient) -> None:
    assert "Here will be the profit and loss" in text_of(small_client, "/profitability", status=503)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("sort=name", "sort 'name' is not one of value"),
        ("page=2", "page 2 is past the last one"),
        ("metric=Profit", "metric 'Profit' is not one of"),
        ("metrics=CM3", "unknown parameter 'metrics'"),
    ],
)
def test_a_query_that_cannot_be_meant_gets_400_and_what_is_permitted(small_reader: FlaskClient, query, words) -> None:
    assert words in text_of(small_reader, f"/profitability?{query}", status=400)


def test_a_reader_of_some_brands_sees_their_figures_only(store: Store, reader: FlaskClient) -> None:
    with store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=2))

    text = text_of(reader, "/profitability")

    assert "No profit and loss for this selection" in text
    assert "Alder" not in text and "20,000" not in text


def test_a_long_page_stays_below_60_kb_compressed(small_store: Store, small_client: FlaskClient) -> None:
    metrics = ("Net revenue", "Net COGS", "CM1", "Referral fees", "FBA fees", "CM2", "Marketing", "CM3", "Net units")
    publish(small_store, [
        (1, 1, 5, "US", f"{2021 + n // 12}-{n % 12 + 1:02d}", metric, f"{(n * 7919 + place * 104729) % 10**7}.17")
        for n in range(58) for place, metric in enumerate(metrics)
    ])
    page = small_client.get("/profitability?from=2021-01&to=2025-10").text
    size = weight_of(small_client, page)

    assert size < LARGEST_PAGE
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style", page) == []

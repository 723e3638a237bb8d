"""The list of products on its own page, a brand's and a category's: the columns that are chosen, what it is narrowed
to, and the files of it."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.engines.ports import Store
from database.people import users
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in
from tests.web.pages.test_products import TODAY, headings_of, limit_to, table, text_of, words
from tests.web.weights import LARGEST_PAGE, weight_of

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2024-08", "Net revenue", "5000.00"),
    *((1, 1, 5, "US", "2025-10", metric, value) for metric, value in (
        ("Net revenue", "1000.00"), ("Net COGS", "400.00"), ("FBA fees", "150.00"), ("Marketing", "50.00"),
        ("CM3", "400.00"), ("Net units", "50.00"),
    )),
    (2, 1, 5, "US", "2025-09", "Net revenue", "300.00"),
    (2, 1, 5, "DE", "2025-10", "Net revenue", "900.00"),
    (2, 1, 5, "DE", "2025-10", "CM3", "-20.00"),
    (2, 1, 5, "DE", "2025-10", "Net units", "9.00"),
    (3, 2, 6, "US", "2025-10", "CM3", "-5.00"),
    (4, 2, 5, "US", "2024-08", "Net revenue", "2000.00"),
    (5, 2, 5, "US", "2025-10", "Net revenue", "100.00"),
    (5, 2, 5, "US", "2025-10", "Net COGS", "30.00"),
]
NAMES = {
    "brands": {1: "Alder", 2: "Bergwind"}, "categories": {5: "Toys", 6: "Games"},
    "products": [{"id": n, "asin": f"B{n:02d}", "name": f"Brick {n}"} for n in range(1, 6)],
}
OCTOBER = "from=2025-10&to=2025-10"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_reader(small_app: Flask, password_hash: str) -> FlaskClient:
    """The same of the embedded engine only, for what no engine can change."""
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


def names(client: FlaskClient, address: str) -> list[str]:
    return [row[0].split(" B0")[0] for row in table(client, address)[:-1]]


# --- columns


COLUMNS = "columns=share,fba_fees_per_unit,net_cogs_percent_of_revenue,roi,tacos,net_revenue"


def test_the_page_and_its_files_have_the_columns_that_are_asked_for(reader: FlaskClient) -> None:
    address = f"products?{OCTOBER}&{COLUMNS}&sort=roi&search=brick+1"
    assert headings_of(reader, f"/{address}") == [
        "Product", "Net revenue", "Share", "Net COGS % of revenue", "FBA fees per unit", "TACoS", "ROI",
    ]
    assert table(reader, f"/{address}") == [
        ["Brick 1 B01 Alder", "$1,000.00", "50.0%", "40.0%", "$3.00", "5.0%", "100.0%"],
        ["1 product found", "$1,000.00", "50.0%", ""],
    ]

    file = f"{OCTOBER}&{COLUMNS}&sort=roi&search=brick+1"
    rows = list(csv.reader(io.StringIO(reader.get(f"/products.csv?{file}").data.decode("utf-8-sig"))))
    assert [row[:-4] for row in rows] == [
        ["ASIN", "Product", "Brand", "Net revenue", "Share", "Net revenue", "Net COGS % of revenue",
         "FBA fees per unit", "TACoS", "ROI"],
        ["B01", "Brick 1", "Alder", "1000.00", "0.5", "1000.00", "0.4", "3.00", "0.05", "1"],
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(reader.get(f"/products.xlsx?{file}").data))["Products"]
    assert [[str(cell.value) for cell in row][:3] for row in sheet] == [rows[0][:3], rows[1][:3]]
    assert [cell.value for cell in sheet[1]] == rows[0][:-4]
    answer = reader.get(f"/api/v1/products?{file}").json
    assert answer["rows"] == [{
        "asin": "B01", "product": "Brick 1", "brand": "Alder", "value": "1000.00", "share": "0.5",
        "net_revenue": "1000.00", "net_cogs_percent_of_revenue": "0.4", "fba_fees_per_unit": "3.00", "tacos": "0.05",
        "roi": "1",
    }]
    assert answer["selection"]["columns"] == [
        "share", "net_revenue", "net_cogs_percent_of_revenue", "fba_fees_per_unit", "tacos", "roi",
    ]


def test_months_are_columns_of_files_that_ask_for_them(small_reader: FlaskClient) -> None:
    rows = small_reader.get(f"/api/v1/products?{OCTOBER}&columns=trend&search=brick+2").json["rows"]

    assert [list(row.items())[3:6] for row in rows] == [[("value", "900.00"), ("2024-10", None), ("2024-11", None)]]
    assert list(rows[0].items())[-2:] == [("2025-09", "300.00"), ("2025-10", "900.00")] and len(rows[0]) == 4 + 13


def test_columns_stay_through_orders_filters_and_pages_and_the_usual_ones_are_not_said(
    small_reader: FlaskClient,
) -> None:
    page = small_reader.get(f"/products?{OCTOBER}&columns=roi&columns=value&columns=cm3").text
    links = {html.unescape(link) for link in re.findall(r'href="(/products[?.][^"]*)"', page)}

    assert links and all("columns=cm3,roi" in link for link in links if "columns=" in link)
    assert f"/products?{OCTOBER}&columns=cm3,roi&sort=roi" in links
    assert f"/products?{OCTOBER}&columns=cm3,roi&only=new" in links
    assert f"/products.csv?{OCTOBER}&columns=cm3,roi" in links
    assert {link for link in links if "columns=" not in link} == {f"/products?{OCTOBER}"}  # back to the usual ones
    assert set(ticked(page)) == {"cm3", "roi"} and 'name="columns" value="value" form="filters"' in page
    assert '<input type="hidden" name="columns" value="cm3' not in page
    usual = small_reader.get("/products?columns=share,change,cm3,margin,units,price,trend").text
    assert 'data-swap="/products"' in usual
    bare = headings_of(small_reader, "/products?columns=value")
    assert bare == ["Product", "Net revenue"]


def ticked(page: str) -> list[str]:
    """The columns that are on where they are chosen."""
    return re.findall(r'<input type="checkbox" name="columns" value="([^"]+)"[^>]* checked>', page)


def test_a_column_that_there_is_not_is_refused_and_the_permitted_ones_are_named(small_reader: FlaskClient) -> None:
    for address in ("/products", "/api/v1/products", "/products.csv", "/brands/1", "/categories"):
        answer = small_reader.get(f"{address}?columns=cm3,profit")
        permitted = "value, share, before, change, net_revenue, net_cogs, net_cogs_percent_of_revenue"
        assert answer.status_code == 400, address
        assert f"columns 'profit' is not one of {permitted}" in html.unescape(answer.text).replace("\\u0027", "'")
    assert "only 'rich' is not one of loss-making, new, without-cost, falling" in text_of(
        small_reader, "/products?only=rich", 400
    )
    assert small_reader.get("/dashboard?columns=cm3").status_code == 400


# --- narrowed


def test_the_rule_stands_above_the_list_and_count_total_and_files_follow(reader: FlaskClient) -> None:
    found = text_of(reader, f"/products?{OCTOBER}&only=loss-making&sort=cm3&order=asc")

    assert names(reader, f"/products?{OCTOBER}&only=loss-making&sort=cm3&order=asc") == ["Brick 2", "Brick 3"]
    assert "Loss-making : CM3 of Oct 2025 is below zero. CM3 together: −$25.00" in found
    assert table(reader, f"/products?{OCTOBER}&only=loss-making")[-1][:2] == ["2 loss-making products", "$900.00"]
    answer = reader.get(f"/api/v1/products?{OCTOBER}&only=loss-making").json
    assert [row["asin"] for row in answer["rows"]] == ["B02", "B03"] and answer["paging"]["rows"] == 2
    assert answer["only"] == [
        {"word": "loss-making", "rule": "CM3 of Oct 2025 is below zero", "obstacle": None}
    ] and answer["selection"]["only"] == ["loss-making"]
    rows = reader.get(f"/products.csv?{OCTOBER}&only=loss-making&marketplace=US").data.decode("utf-8-sig")
    assert "B03" in rows and "B02" not in rows and "Only: Loss-making (CM3 of Oct 2025 is below zero)" in rows


def test_new_falling_and_without_cost_go_by_the_rules_that_the_page_names(reader: FlaskClient) -> None:
    months = "from=2025-09&to=2025-10"
    assert names(reader, f"/products?{months}&only=new") == ["Brick 2", "Brick 5"]
    assert "sold in Sep 2025 – Oct 2025, and in no month before, as far as figures go back: to Aug 2024" in text_of(
        reader, f"/products?{months}&only=new"
    )
    assert names(reader, f"/products?{months}&only=new&brand=2") == ["Brick 5"]
    # Of Brick 4 nothing is left.
    compared = "from=2025-08&to=2025-10&compare=year"
    assert names(reader, f"/products?{compared}&only=falling&sort=change&order=asc") == ["Brick 4", "Brick 1"]
    assert "is down by more than 20% against Aug 2024 – Oct 2024, where it was $100 a month or more" in text_of(
        reader, f"/products?{compared}&only=falling"
    )
    assert names(reader, f"/products?{OCTOBER}&only=without-cost") == ["Brick 2"]
    assert "1 new product without cost" in text_of(reader, f"/products?{months}&only=new,without-cost")


def test_where_a_rule_can_find_nobody_the_page_says_why_and_leads_on(small_reader: FlaskClient) -> None:
    for query, why in (
        ("from=2024-08&to=2025-10&only=new", "Nothing is known of before Aug 2024, where the figures begin."),
        (f"{OCTOBER}&compare=none&only=falling", "There is nothing to compare with"),
    ):
        text = text_of(small_reader, f"/products?{query}")
        assert why in text and "Show all products" in text and "0 " in text
        assert why in small_reader.get(f"/api/v1/products?{query}").json["only"][0]["obstacle"]
    text = text_of(small_reader, f"/products?{OCTOBER}&brand=2&only=without-cost")
    assert "No product here is so." in text
    page = small_reader.get(f"/products?{OCTOBER}&brand=2&only=without-cost").text
    assert f'href="/products?{html.escape(OCTOBER)}&amp;brand=2" data-swap-link>Show all products</a>' in page


def test_without_a_cm3_the_page_says_so(small_app: Flask, small_reader: FlaskClient) -> None:
    rows = [row for row in ROWS if row[5] == "Net revenue"]
    publish(small_app.extensions["lego_store"], rows, generation=2, **NAMES)

    assert "These figures have no CM3" in text_of(small_reader, f"/products?{OCTOBER}&only=loss-making")


def test_a_rule_begins_with_the_worst_and_leaves_an_order_of_ones_own(small_reader: FlaskClient) -> None:
    page = small_reader.get(f"/products?{OCTOBER}").text
    assert f'href="/products?{html.escape(OCTOBER)}&amp;only=loss-making&amp;sort=cm3&amp;order=asc"' in page
    page = small_reader.get(f"/products?{OCTOBER}&only=loss-making&sort=cm3&order=asc").text
    assert f'href="/products?{html.escape(OCTOBER)}" data-swap-link' in page
    assert '<a class="chip"' in page and 'aria-current="true">Loss-making</a>' in page
    page = small_reader.get(f"/products?{OCTOBER}&sort=name&order=asc").text
    assert f'href="/products?{html.escape(OCTOBER)}&amp;only=falling&amp;sort=name&amp;order=asc"' in page


def test_the_number_of_loss_makers_leads_to_all_of_them(small_reader: FlaskClient) -> None:
    page = small_reader.get(f"/dashboard?{OCTOBER}").text
    link = re.search(r'<a href="([^"]+)">2 products below zero</a>', page)[1]

    assert names(small_reader, html.unescape(link)) == ["Brick 2", "Brick 3"]


# --- one list


def test_a_brand_and_a_category_have_the_same_list(reader: FlaskClient) -> None:
    asked = f"{OCTOBER}&columns=cm3,roi&only=loss-making&sort=cm3&order=asc"
    of_brand = table(reader, f"/products?{asked}&brand=1")
    assert len(of_brand) == 2
    # The page of a brand has no need to name it.
    assert [row[1:] for row in table(reader, f"/brands/1?{asked}")] == [row[1:] for row in of_brand]
    assert table(reader, f"/categories?category=5&{asked}") == table(reader, f"/products?{asked}&category=5")
    assert headings_of(reader, f"/categories?category=5&{asked}") == headings_of(reader, f"/products?{asked}")
    for address, same in (("brands/1", "brand=1"), ("categories", "category=5")):
        query = f"{asked}&{same}" if address == "categories" else asked
        rows = reader.get(f"/api/v1/{address}?{query}&table=products").json["rows"]
        assert rows == reader.get(f"/api/v1/products?{asked}&{same}").json["rows"] and rows
    assert "products-title" not in reader.get(f"/categories?{OCTOBER}").text
    assert reader.get(f"/api/v1/categories?{OCTOBER}&table=products").json["rows"] == []


def test_a_category_of_many_products_leads_to_all_of_them_in_the_same_order(
    small_app: Flask, small_reader: FlaskClient
) -> None:
    rows = [(n, 1, 5, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 31)]
    publish(small_app.extensions["lego_store"], rows, generation=2, **NAMES)
    page = small_reader.get("/categories?category=5&columns=cm3&sort=price&order=asc").text

    assert 'href="/products?category=5&amp;columns=cm3&amp;sort=price&amp;order=asc">All 30 products</a>' in page
    assert page.count('class="product-asin"') + page.count("(product ") >= 20 and "Pages of products" not in page


def test_a_reader_of_some_brands_has_their_products_columns_and_sums_only(store: Store, reader: FlaskClient) -> None:
    limit_to(store, 2)

    assert names(reader, f"/products?{OCTOBER}&only=loss-making") == ["Brick 3"]
    assert "CM3 together: −$5.00" in text_of(reader, f"/products?{OCTOBER}&only=loss-making")
    page = reader.get(f"/products?{OCTOBER}").text
    assert "fba_fees" not in page and 'value="net_cogs_percent_of_revenue"' in page
    assert reader.get("/products?columns=fba_fees").status_code == 400
    words_of = {row["word"] for row in reader.get("/api/v1/choices").json["columns"]}
    assert "net_cogs" in words_of and "fba_fees" not in words_of
    assert names(reader, "/products?from=2025-08&to=2025-10&compare=year&only=falling") == ["Brick 4"]
    assert reader.get("/brands/1?only=falling").status_code == 404


# --- who hears it, and what it weighs


def test_boxes_rules_and_lines_have_names_for_who_hears_them(small_reader: FlaskClient) -> None:
    page = small_reader.get(f"/products?{OCTOBER}").text

    assert 'value="fba_fees_per_unit" form="filters" aria-label="FBA fees per unit">' in page
    assert 'role="img" aria-label="from $300.00 in Sep 2025 to $900.00 in Oct 2025"' in page
    assert '<ul class="chips" aria-label="Only products that are">' in page
    assert 'title="Falling: net revenue is down by more than 20%' in page


def test_a_view_keeps_columns_and_what_the_list_is_narrowed_to(small_app: Flask, small_reader: FlaskClient) -> None:
    page = small_reader.get("/views?address=/products%3Fcolumns%3Droi,cm3%26only%3Dfalling%26page%3D2").text

    assert 'name="page" value="/products?columns=roi,cm3&amp;only=falling"' in page
    assert "Products · falling" in words(page)


def test_a_full_list_with_every_drawing_stays_within_the_weight_of_a_page(
    small_app: Flask, small_reader: FlaskClient
) -> None:
    metrics = ("Net revenue", "Net COGS", "CM1", "Referral fees", "FBA fees", "CM2", "Marketing", "CM3", "Net units")
    rows = [
        (n, n, 5, "US", f"{2024 + month // 12}-{month % 12 + 1:02d}", metric, f"{(n * 7919 + month * 131) % 9000}.37")
        for n in range(1, 61) for month in range(8, 22) for metric in metrics
    ]
    publish(
        small_app.extensions["lego_store"], rows, generation=2,
        brands={n: f"The {n}th brand with a long name" for n in range(1, 61)},
        products=[
            {"id": n, "asin": f"B{n * 7919:09d}", "name": f"Brick {n} " + "of many colours " * 10}
            for n in range(1, 61)
        ],
    )
    page = small_reader.get("/products").text

    assert page.count('<path class="trend-line"') == 50
    assert weight_of(small_reader, page) < LARGEST_PAGE
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style", page) == []

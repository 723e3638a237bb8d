"""/brands/<id> shows one brand's whole story, and nothing of a brand that is not the reader's."""

from __future__ import annotations

import html
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
from tests.web.conftest import sign_in
from tests.web.pages.test_dashboard import NAMES, ROWS, TODAY, net_revenue, text_of

PRODUCTS = [
    {"id": 1, "asin": "B000000001", "name": "Train <set>"}, {"id": 11, "asin": "B000000011"},
    {"id": 12, "asin": "B000000012", "name": "Bridge"},
]
MORE = [
    (11, 1, 6, "DE", "2025-10", "Net revenue", "300000.00"),
    (12, 1, 5, "US", "2025-10", "Net revenue", "-20000.00"),
    (1, 1, 5, "US", "2025-10", "Net COGS", "500000.00"),
]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, [*ROWS, *MORE], products=PRODUCTS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_client(small_app: Flask, password_hash: str) -> FlaskClient:
    """The same of the embedded engine only, for what no engine can change."""
    store = small_app.extensions["lego_store"]
    publish(store, [*ROWS, *MORE], products=PRODUCTS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


def limit_to(store: Store, brand: int) -> None:
    """From now on the only user sees this brand only."""
    with store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=brand))


def cells_of(client: FlaskClient, address: str) -> list[list[str]]:
    """The cells of the table of products, total last."""
    page = client.get(address).text
    table = re.search(r'<table class="figures breakdown products"[^>]*>(.*?)</table>', page, re.DOTALL)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)[1:]
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def test_headlines_profit_months_marketplaces_and_products_are_the_brands_own(reader: FlaskClient) -> None:
    text = text_of(reader, "/brands/1")

    assert net_revenue(reader, "/brands/1") == "$1,514,567.89"
    assert "Alder <& Ash>" in text and "Bergwind" not in text
    assert "Profit and loss" in text and "Net COGS $500,000" in text
    assert "US · United States $1,214,568" in text and "DE $300,000" in text
    assert "Oct 2025 $1,514,567.89 Oct 2024 $1,000,000.00 up 51.5%" in text


def test_products_stand_in_the_table_of_products_and_sort_like_it(reader: FlaskClient) -> None:
    assert cells_of(reader, "/brands/1?compare=none") == [
        ["Train <set> B000000001", "$1,234,568", "81.5%", "$271,605", "22.0%", "4,321", "$285.71", ""],
        ["B000000011", "$300,000", "19.8%", "–", "–", "–", "–", ""],
        ["Bridge B000000012", "−$20,000", "−1.3%", "–", "–", "–", "–", ""],
        ["3 products", "$1,514,568", "100.0%", ""],
    ]
    assert cells_of(reader, "/brands/1?compare=none&sort=cm3&order=asc")[-1][0] == "3 products"
    assert "80% of Net revenue comes from 1 of 3 products; 1 of them below zero." in text_of(reader, "/brands/1")


def test_each_product_has_a_bar_that_leads_to_it_and_the_page_says_what_it_is_below(reader: FlaskClient) -> None:
    page = reader.get("/brands/1?period=3m").text
    bars = re.findall(r'<a class="bar-name" href="([^"]+)"', page)

    assert bars == [f"/products/B0000000{number}?period=3m" for number in ("01", "11", "12")]
    assert '<a href="/dashboard?period=3m#table-brands">Brands</a>' in page


def test_a_marketplace_narrows_the_page_and_a_category_leads_to_its_own(reader: FlaskClient) -> None:
    page = reader.get("/brands/1?period=3m").text

    assert 'href="/brands/1?period=3m&amp;marketplace=DE"' in page
    assert 'href="/categories?period=3m&amp;category=5"' in page
    assert net_revenue(reader, "/brands/1?period=3m&marketplace=DE") == "$300,000.00"
    assert net_revenue(reader, "/brands/1?category=5") == "$1,214,567.89"


def test_the_dashboard_leads_to_a_brands_page_with_the_same_selection(small_client: FlaskClient) -> None:
    assert 'href="/brands/1?period=3m"' in small_client.get("/dashboard?period=3m&sort=name").text


def test_what_has_no_brand_has_a_page_too(small_client: FlaskClient) -> None:
    assert "<h1" in small_client.get("/brands/0").text
    assert "(unassigned)" in text_of(small_client, "/brands/0")
    assert net_revenue(small_client, "/brands/0") == "$0.50"


def test_a_brand_without_figures_says_so(small_app: Flask, small_client: FlaskClient) -> None:
    publish(small_app.extensions["lego_store"], ROWS, generation=2, brands={**NAMES["brands"], 7: "Cedar"})

    text = text_of(small_client, "/brands/7")

    assert "Cedar" in text and "No figures for this selection" in text
    assert "No figures for this selection" in text_of(small_client, "/brands/1?period=2020")


def test_an_unknown_brand_and_one_of_others_get_the_same_404(store: Store, reader: FlaskClient) -> None:
    limit_to(store, 2)
    answers = {
        address: reader.get(address)
        for address in ("/brands/1", "/brands/99", "/brands/0", "/brands/1.csv", "/brands/99.csv", "/api/v1/brands/1")
    }

    assert {answer.status_code for answer in answers.values()} == {404}
    pages = [answers[address].text for address in ("/brands/1", "/brands/99", "/brands/0")]
    assert len({re.sub(r"[0-9a-f]{16}", "", page) for page in pages}) == 1
    assert reader.get("/brands/2").status_code == 200
    assert "Bergwind" in text_of(reader, "/brands/2") and "Alder" not in text_of(reader, "/brands/2")


@pytest.mark.parametrize("number", ["-1", "01", "1.0", "999999999999", "%D9%A3", "1%00", "x", "1'"])
def test_what_is_no_id_gets_404(small_client: FlaskClient, number: str) -> None:
    assert small_client.get(f"/brands/{number}").status_code == 404


def test_a_query_that_cannot_be_meant_gets_400(small_client: FlaskClient) -> None:
    for query, words in (
        ("brand=2", "unknown parameter 'brand'; permitted are period"), ("page=2", "page 2 is past the last one"),
        ("sort=rank", "sort 'rank' is not one of"), ("metric=Profit", "metric 'Profit' is not one of"),
    ):
        assert words in text_of(small_client, f"/brands/1?{query}", status=400)


def test_a_metric_nobody_has_leaves_a_sentence(small_client: FlaskClient) -> None:
    assert "No product has a figure of CM3 here." in text_of(small_client, "/brands/0?metric=CM3")


def test_300_characters_and_many_products_stand_in_pages(small_app: Flask, small_client: FlaskClient) -> None:
    rows = [(n, 1, 5, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 1001)]
    publish(small_app.extensions["lego_store"], rows, generation=2, brands={1: "B" * 300}, categories={5: "C" * 300})

    text = text_of(small_client, "/brands/1")

    assert "1–20 of 1,000" in text and "B" * 300 in text
    assert cells_of(small_client, "/brands/1?page=50")[-2][:3] == ["(product 1)", "$1", "0.0%"]
    assert "988 other products" in text

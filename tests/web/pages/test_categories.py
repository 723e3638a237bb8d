"""/categories shows all categories side by side, and the brands of one."""

from __future__ import annotations

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
from tests.web.conftest import sign_in
from tests.web.pages.test_dashboard import NAMES, ROWS, TODAY, text_of
from tests.web.weights import LARGEST_PAGE, weight_of


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in("viewer")


@pytest.fixture
def small_client(small_app: Flask, password_hash: str) -> FlaskClient:
    """Somebody who may read the embedded store, which has no generation yet."""
    with small_app.extensions["lego_store"].application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


@pytest.fixture
def small_store(small_app: Flask) -> Store:
    """That store."""
    return small_app.extensions["lego_store"]


def side_rows(client: FlaskClient, address: str) -> list[list[str]]:
    """The cells of the table side by side but for bar and trend, total last."""
    page = client.get(address).text
    table = re.search(r'<table class="figures breakdown sides"[^>]*>(.*?)</table>', page, re.DOTALL)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)[1:]
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [
        [re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", cell))).strip() for cell in (row[0], *row[2:-1])]
        for row in cells
    ]


def bars(client: FlaskClient, address: str) -> list[tuple[str, str]]:
    """The names of the bars with their exact figures, from the top."""
    listed = re.search(r'<ol class="bars.*?</ol>', client.get(address).text, re.DOTALL)[0]
    names = [html.unescape(name) for name in re.findall(r'class="bar-name"[^>]*>([^<]+)<', listed)]
    return list(zip(names, re.findall(r'class="bar-figure[^"]*" title="([^"]+)"', listed), strict=True))


def figures(client: FlaskClient, address: str) -> list[dict]:
    """What the charts of a page are drawn from."""
    found = re.findall(r'<script type="application/json">(.*?)</script>', client.get(address).text, re.DOTALL)
    return [json.loads(text) for text in found]


def test_categories_stand_side_by_side_with_share_growth_margin_and_brands(reader: FlaskClient) -> None:
    assert side_rows(reader, "/categories") == [
        ["Toys", "$1,234,568", "71.2%", "down 28.8 pts", "up 23.5%", "22.0%", "1"],
        ["Games", "$500,000", "28.8%", "up 28.8 pts", "–", "−4.0%", "1"],
        ["(uncategorised)", "$0", "0.0%", "unchanged 0.0 pts", "–", "–", "1"],
        ["Total", "$1,734,568", "100.0%", "–", "up 73.5%", "14.5%", "3"],
    ]


def test_one_category_leads_to_its_brands_and_they_to_their_pages(reader: FlaskClient) -> None:
    page = reader.get("/categories?period=3m").text
    assert 'href="/categories?period=3m&amp;category=5"' in page

    drilled = reader.get("/categories?period=3m&category=5").text
    assert 'href="/brands/1?period=3m&amp;category=5"' in drilled
    assert 'href="/categories?period=3m"' in drilled
    assert "Net revenue $1.23M , 71.2% of all categories" in text_of(reader, "/categories?period=3m&category=5")
    assert side_rows(reader, "/categories?category=5&compare=none") == [
        ["Alder <& Ash>", "$1,234,568", "100.0%", "22.0%"], ["Total", "$1,234,568", "100.0%", "22.0%"],
    ]


def test_the_charts_hold_the_figures_of_the_table_and_its_links(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, ROWS, **NAMES)

    stack, = figures(small_client, "/categories?from=2025-09&to=2025-10")

    assert [(layer["name"], layer["y"]) for layer in stack["data"]] == [
        ("Toys", [None, 1234567.89]), ("Games", [None, 500000.11]), ("(uncategorised)", [0.5, None]),
    ]
    assert bars(small_client, "/categories?from=2025-09&to=2025-10") == [
        ("Toys", "$1,234,567.89"), ("Games", "$500,000.11"), ("(uncategorised)", "$0.50"),
    ]
    page = small_client.get("/categories?from=2025-09&to=2025-10").text
    assert '<a class="bar-name" href="/categories?from=2025-09&amp;to=2025-10&amp;category=5"' in page


def test_each_has_a_bar_of_its_own_before_what_it_was_losses_too(
    small_store: Store, small_client: FlaskClient
) -> None:
    publish(small_store, ROWS, **NAMES)
    drawn = re.search(r'<ol class="bars.*?</ol>', small_client.get("/categories?metric=CM3").text, re.DOTALL)[0]

    assert [name for name, _ in bars(small_client, "/categories?metric=CM3")] == ["Toys", "Games"]
    assert re.findall(r'class="bar-(now|negative)"', drawn) == ["now", "negative"]
    assert 'class="bar-before"' in small_client.get("/categories").text
    assert 'class="bar-before"' not in small_client.get("/categories?compare=none").text


def test_the_table_behind_the_stacked_chart_adds_up_month_by_month(reader: FlaskClient) -> None:
    text = text_of(reader, "/categories?from=2025-09&to=2025-10")

    assert "Category Sep 2025 Oct 2025 Toys – $1,234,567.89 Games – $500,000.11 (uncategorised) $0.50 – " \
        "Total $0.50 $1,734,568.00" in text


def test_eight_layers_are_coloured_and_the_rest_stands_together(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [(n, n, n, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 21)])

    stack, = figures(small_client, "/categories?from=2025-10&to=2025-10")

    assert [layer["marker"]["color"] for layer in stack["data"]] == [
        *(f"--series-{n}" for n in range(1, 8)), "--series-rest",
    ]
    assert stack["data"][-1]["name"] == "13 other categories"
    assert sum(layer["y"][0] for layer in stack["data"]) == 210
    assert bars(small_client, "/categories?from=2025-10&to=2025-10")[-1] == ("8 other categories", "$36.00")


def test_500_brands_with_300_characters_stand_in_pages_below_60_kb(
    small_store: Store, small_client: FlaskClient
) -> None:
    rows = [(n, n, 5, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 501)]
    publish(small_store, rows, brands={n: f"{n} " + "name of a brand that is long " * 10 for n in range(1, 501)})
    page = small_client.get("/categories?category=5").text
    size = weight_of(small_client, page)

    assert "1–20 of 500" in text_of(small_client, "/categories?category=5")
    assert side_rows(small_client, "/categories?category=5&page=25")[-1][1] == "$125,250"
    assert size < LARGEST_PAGE


def test_a_name_is_drawn_as_it_is_written(small_store: Store, small_client: FlaskClient) -> None:
    rows = [(1, 1, 5, "US", "2025-10", "Net revenue", "1.00")]
    publish(small_store, rows, categories={5: "</script><b>--ink & co</b>"})

    stack, = figures(small_client, "/categories")

    assert stack["data"][0]["name"] == "&lt;/script&gt;&lt;b&gt;--ink &amp; co&lt;/b&gt;"
    assert "<b>" not in small_client.get("/categories").text


def test_a_query_that_cannot_be_meant_gets_400(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, ROWS, **NAMES)

    for query, words in (
        ("category=x", "category 'x' is not known"), ("sort=brands", "sort 'brands' is not one of value, name"),
        ("page=2", "page 2 is past the last one"), ("search=x", "unknown parameter 'search'"),
        ("category=5&page=2", "page 2 is past the last one"),
    ):
        assert words in text_of(small_client, f"/categories?{query}", status=400)


def test_without_figures_the_page_says_so(small_store: Store, small_client: FlaskClient) -> None:
    assert "Here will be categories side by side" in small_client.get("/categories").text

    publish(small_store, ROWS, **NAMES)
    assert "No figures for this selection" in text_of(small_client, "/categories?period=2020")
    assert "No figures for this selection" in text_of(small_client, "/categories?period=2020&category=5")


def test_a_reader_of_some_brands_sees_their_categories_only(store: Store, reader: FlaskClient) -> None:
    with store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=2))

    text = text_of(reader, "/categories")

    assert "Toys" not in text and "Alder" not in text
    assert [row[:2] for row in side_rows(reader, "/categories")] == [["Games", "$500,000"], ["Total", "$500,000"]]
    assert "This category is not here any more" in text_of(reader, "/categories?category=5", status=404)

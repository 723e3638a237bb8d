"""/products and /products/<asin>: what is found, in which order, by whom, and what is refused."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import quote

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
from tests.web.weights import LARGEST_PAGE, weight_of

TODAY = datetime.date(2025, 11, 22)
ODD = "A/B?c#d%20 é'\"<&>//\n.csv;"

PRODUCTS = [
    {"id": 1, "asin": "B01", "name": "Blue <Duck>", "brand_id": 1, "status": "Active"},
    {"id": 2, "asin": "B02", "name": "Red duck", "brand_id": 2, "category_id": 6},
    {"id": 3, "asin": ODD, "name": None},
    {"id": 4, "asin": "B04", "name": "Never sold", "brand_id": 1},
]
ROWS = [
    (1, 1, 5, "US", "2024-10", "Net revenue", "1000.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "200.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "1000.00"),
    (1, 1, 5, "DE", "2025-10", "Net revenue", "300.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "375.00"),
    (1, 1, 5, "US", "2025-10", "Net units", "30.00"),
    (1, 1, 5, "US", "2025-10", "Storage", "12.34"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "500.00"),
    (2, 2, 6, "DE", "2025-10", "CM3", "-20.00"),
    (3, 0, 0, "DE", "2025-10", "Net revenue", "0.50"),
    (1, 1, 5, "US", "2023-10", "Net revenue", "1.00"),
]
NAMES = {
    "brands": {1: "Alder & Ash", 2: "Bergwind"}, "categories": {5: "Toys", 6: "Games"},
    "marketplaces": {"US": "United States"}, "products": PRODUCTS,
}


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
    """The embedded store, with the same figures: for what no engine can change."""
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    return store


@pytest.fixture
def small_reader(small_app: Flask, small_store: Store, password_hash: str) -> FlaskClient:
    """Somebody who may read it."""
    with small_store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


def text_of(client: FlaskClient, address: str, status: int = 200) -> str:
    """What a person reads on the page, tags and spare spaces taken out."""
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return words(re.sub(r"<script.*?</script>", " ", answer.text, flags=re.DOTALL))


def words(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text))).strip()


def table(client: FlaskClient, address: str, name: str = "products") -> list[list[str]]:
    """The cells of the rows of a table, total last."""
    found = re.search(rf'<table class="figures [^"]*{name}"[^>]*>(.*?)</table>', client.get(address).text, re.DOTALL)[1]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", found, re.DOTALL)[1:]
    return [[words(cell) for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


def headings_of(client: FlaskClient, address: str) -> list[str]:
    """The headings of the list."""
    found = re.search(r'<table class="figures breakdown products".*?</thead>', client.get(address).text, re.DOTALL)[0]
    return [words(heading) for heading in re.findall(r'<th scope="col".*?</th>', found, re.DOTALL)]


def asins(client: FlaskClient, address: str) -> list[str]:
    return re.findall(r'class="product-asin"[^>]* title="[^"]*">([^<]*)<', client.get(address).text)


def limit_to(store: Store, brand: int) -> None:
    """The only user may see this brand only."""
    with store.application.begin() as connection:
        user = connection.execute(sa.select(schema.app_user.c.id)).scalar_one()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=brand))


def address_of(asin: str) -> str:
    return f"/products/{quote(asin, safe='')}"


# --- the list


def test_products_stand_with_all_their_figures(reader: FlaskClient) -> None:
    assert table(reader, "/products") == [
        ["Blue <Duck> B01 Alder & Ash", "$1,500.00", "75.0%", "up 50.0%", "$375.00", "25.0%", "30", "$50.00", ""],
        ["Red duck B02 Bergwind", "$500.00", "25.0%", "–", "−$20.00", "−4.0%", "–", "–", ""],
        [f"{words(ODD.replace('<&>', '&lt;&amp;&gt;'))} (unassigned)", "$0.50", "0.0%", "–", "–", "–", "–", "–", ""],
        ["3 products", "$2,000.50", "100.0%", ""],
    ]


def test_the_columns_that_are_the_chosen_metric_stand_once(small_reader: FlaskClient) -> None:
    assert headings_of(small_reader, "/products?metric=CM3") == [
        "Product", "CM3", "Share", "Change", "CM3 %", "Units", "Average price", "By month",
    ]
    assert table(small_reader, "/products?metric=CM3")[0][1:3] == ["$375.00", "105.6%"]


def test_a_search_narrows_by_asin_or_name_and_can_be_taken_back(reader: FlaskClient) -> None:
    assert asins(reader, "/products?search=DUCK") == ["B01", "B02"]
    assert asins(reader, "/products?search=b02") == ["B02"]
    text = text_of(reader, "/products?search=red+duck")
    assert "1 product found" in text and "Search red duck , remove" in text
    assert table(reader, "/products?search=red+duck")[-1] == ["1 product found", "$500.00", "25.0%", ""]


def test_a_search_stays_when_the_order_changes_and_the_other_way_round(small_reader: FlaskClient) -> None:
    page = small_reader.get("/products?search=duck&sort=name&order=asc").text

    assert 'href="/products?search=duck&amp;sort=margin' in page
    assert '<input type="hidden" name="sort" value="name">' in page
    assert re.search(r'<input [^>]*name="search" form="filters" value="duck"[^>]* data-search>', page)
    assert asins(small_reader, "/products?search=duck&sort=name&order=asc") == ["B01", "B02"]


def test_a_search_that_finds_nothing_says_so_and_leads_back(small_reader: FlaskClient) -> None:
    answer = small_reader.get("/products?search=<b>&period=3m")

    assert "No product with figures here has “<b>” in its ASIN or name." in words(answer.text)
    assert '<a class="button" href="/products?period=3m" data-swap-link>' in answer.text


def test_a_search_tells_of_products_without_figures_and_leads_to_them(reader: FlaskClient) -> None:
    text = text_of(reader, "/products?search=B04")
    assert "No product found" in text
    assert "1 product without Net revenue here in Nov 2024 – Oct 2025 Never sold B04" in text
    assert 'href="/products/B04"' in reader.get("/products?search=B04").text
    assert unsold(reader, "/products?search=b0") == ["Never sold B04"]
    assert unsold(reader, "/products?search=b0&period=2023") == ["Red duck B02", "Never sold B04"]
    assert unsold(reader, "/products?search=duck&marketplace=US&metric=Storage") == ["Red duck B02"]
    assert unsold(reader, "/products?search=b0&brand=2") == []
    assert unsold(reader, "/products") == unsold(reader, "/products?period=2020") == []


def unsold(client: FlaskClient, address: str) -> list[str]:
    """The products that are listed below the table."""
    found = re.search(r'<ul class="unsold">(.*?)</ul>', client.get(address).text, re.DOTALL)
    return [words(line) for line in re.findall(r"<li.*?</li>", found[1], re.DOTALL)] if found else []


def test_a_search_that_fills_pages_tells_of_its_products_with_figures_only(
    small_store: Store, small_reader: FlaskClient
) -> None:
    many = range(1, 52)
    publish(
        small_store, [(n, 1, 5, "US", "2025-10", "Net revenue", "1.00") for n in many], generation=2,
        brands={1: "Alder"}, products=[{"id": n, "asin": f"B{n:03d}"} for n in range(1, 70)],
    )

    assert unsold(small_reader, "/products?search=B0") == []
    assert unsold(small_reader, "/products?search=B05") == [f"B{n:03d}" for n in range(52, 60)]
    listed = unsold(small_reader, "/products?search=B&period=2024")
    assert listed == [*(f"B{n:03d}" for n in range(1, 11)), "and 59 more"]


def test_a_period_without_figures_says_so(small_reader: FlaskClient) -> None:
    assert "No figures for this selection" in text_of(small_reader, "/products?period=2020")


def test_pages_hold_fifty_rows_and_add_up_to_the_total(small_store: Store, small_reader: FlaskClient) -> None:
    many = range(1, 121)
    publish(
        small_store, [(n, 1, 5, "US", "2025-10", "Net revenue", f"{n % 7}.10") for n in many], generation=2,
        brands={1: "Alder"}, products=[{"id": n, "asin": f"B{n:03d}", "name": f"Brick {n}"} for n in many],
    )
    pages = [table(small_reader, f"/products?page={page}") for page in (1, 2, 3)]
    rows = [row for page in pages for row in page[:-1]]

    assert [len(page) - 1 for page in pages] == [50, 50, 20]
    assert len({row[0] for row in rows}) == 120
    total = Decimal(pages[0][-1][1].removeprefix("$"))
    assert {page[-1][1] for page in pages} == {f"${total}"}
    assert sum(Decimal(row[1].removeprefix("$")) for row in rows) == total == sum(n % 7 for n in many) + 12
    assert "51–100 of 120" in text_of(small_reader, "/products?page=2")


def test_what_cannot_be_meant_gets_400_and_what_is_permitted(small_reader: FlaskClient) -> None:
    for query, message in (
        ("page=2", "page 2 is past the last one; permitted are 1 to 1"),
        ("page=999999", "page 999999 is past the last one; permitted are 1 to 1"),
        ("search=nothing&page=2", "page 2 is past the last one; permitted are 1 to 1"),
        ("sort=asin", "sort 'asin' is not one of value, name, share, change, cm3, margin, units, price"),
        ("sort=value;DROP", "sort 'value;DROP' is not one of"),
        ("search=a&search=b", "search is given twice"),
        ("search=" + "x" * 101, "search has 101 characters; permitted are 100"),
        ("search=%00", "search '\\x00' holds a character that cannot be typed"),
    ):
        assert message in text_of(small_reader, f"/products?{query}", status=400)
    assert "unknown parameter 'search'" in text_of(small_reader, "/dashboard?search=duck", status=400)


def test_a_reader_of_some_brands_finds_theirs_only(store: Store, reader: FlaskClient) -> None:
    limit_to(store, 2)

    assert asins(reader, "/products") == asins(reader, "/products?search=duck") == ["B02"]
    assert table(reader, "/products")[-1] == ["1 product", "$500.00", "100.0%", ""]
    assert "No product found" in text_of(reader, "/products?search=blue")
    assert unsold(reader, "/products?search=B0&period=2024") == ["Red duck B02"]


def test_before_the_first_refresh_both_pages_say_what_they_will_show(store: Store, signed_in) -> None:
    client = signed_in("viewer")

    for address in ("/products", "/products/B01"):
        assert "No figures yet Here will be" in text_of(client, address, status=503)


def test_a_full_page_with_its_styles_and_scripts_stays_below_60_kb_compressed(
    small_store: Store, small_reader: FlaskClient
) -> None:
    many = range(1, 101)
    publish(
        small_store, [(n, n, 5, "US", "2025-10", metric, f"{n}.37") for n in many for metric in
                      ("Net revenue", "CM3", "Net units")], generation=2,
        brands={n: f"The {n}th brand with a long name" for n in many},
        products=[{"id": n, "asin": f"B{n * 7919:09d}", "name": f"Brick {n} " + "of many colours " * 10} for n in many],
    )
    page = small_reader.get("/products").text
    size = weight_of(small_reader, page)

    assert size < LARGEST_PAGE
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style", page) == []


# --- one product


def test_a_product_has_its_facts_figures_marketplaces_and_all_metrics(reader: FlaskClient) -> None:
    text = text_of(reader, "/products/B01")

    assert "Blue <Duck> ASIN B01 Brand Alder & Ash Category none Status Active" in text
    assert "Net revenue $1.50K $1,500.00 up 50.0% vs year before" in text
    assert "CM3 % 25.0% 25.0%" in text
    assert table(reader, "/products/B01", "breakdown")[-1][2:5] == ["$1,500.00", "100.0%", "up 50.0%"]
    grid = table(reader, "/products/B01?from=2025-09&to=2025-10", "grid")
    assert grid == [
        ["US · United States", "$1,200.00", "$200.00", "$1,000.00"], ["DE", "$300.00", "–", "$300.00"],
        ["Total", "$1,500.00", "$200.00", "$1,300.00"],
    ]
    metrics = {row[0]: row[1:4] for row in table(reader, "/products/B01", "profit")}
    assert metrics["= CM3"] == ["$375.00", "$12.50", "25.0%"]
    assert (metrics["Storage"], metrics["Net units"]) == (["$12.34", "$0.41", "0.8%"], ["30", "", ""])
    assert metrics["Average price"] == ["$50.00", "", ""]


def test_brand_and_category_lead_to_their_pages_with_the_same_months(small_reader: FlaskClient) -> None:
    page = small_reader.get("/products/B02?period=3m").text

    assert '<a href="/brands/2?period=3m">Bergwind</a>' in page
    assert '<a href="/categories?period=3m&amp;category=6">Games</a>' in page
    assert 'href="/products/B01?period=3m"' in small_reader.get("/products?period=3m&brand=1").text


def test_a_marketplace_narrows_the_page(reader: FlaskClient) -> None:
    assert "Net revenue $300.00 $300.00" in text_of(reader, "/products/B01?marketplace=DE")


def test_an_asin_may_hold_any_character(reader: FlaskClient) -> None:
    addresses = re.findall(r'<a class="row-link product-name" href="([^"]+)"', reader.get("/products").text)

    assert [html.unescape(address) for address in addresses][2] == address_of(ODD)
    assert "Net revenue $0.50 $0.50" in text_of(reader, address_of(ODD))
    assert reader.get(f"{address_of(ODD)}.csv").status_code == 200
    assert reader.get(f"/api/v1{address_of(ODD)}").json["rows"][0]["total"] == "0.50"


def test_a_product_without_figures_says_so_and_one_without_name_is_called_by_its_asin(
    small_reader: FlaskClient
) -> None:
    assert "Never sold ASIN B04 Brand Alder & Ash" in text_of(small_reader, "/products/B04")
    assert "No figures for this product" in text_of(small_reader, "/products/B04")


def test_a_product_without_figures_in_the_period_leads_to_its_last_ones(reader: FlaskClient) -> None:
    text = text_of(reader, "/products/B02?period=2024")

    assert "No figures in this period" in text and "The last figures are of Oct 2025. Show 2025" in text
    assert 'href="/products/B02?period=2025"' in reader.get("/products/B02?period=2024").text
    assert "No figures for this product" in text_of(reader, "/products/B02?period=2024&marketplace=US")


NOT_THERE = ("B99", "b01", "B01 ", " B01", "B0", "B01/", "x" * 5000, "%00", "B01%00", "%ff", ".csv")


@pytest.mark.parametrize("asin", NOT_THERE)
def test_an_asin_that_is_not_there_gets_404(reader: FlaskClient, asin: str) -> None:
    assert reader.get(f"/products/{asin}").status_code == 404


def test_a_product_of_others_is_answered_as_one_that_is_not_there(store: Store, reader: FlaskClient) -> None:
    limit_to(store, 2)

    answers = [reader.get(address_of(asin)) for asin in ("B01", "B04", ODD, "B99")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert len({re.sub(r"[0-9a-f]{16}", "", words(answer.text)) for answer in answers}) == 1
    for address in ("/products/B01.csv", "/products/B01.xlsx", "/api/v1/products/B01"):
        assert reader.get(address).status_code == 404
    assert "Red duck ASIN B02 Brand Bergwind Category Games" in text_of(reader, "/products/B02")


def test_figures_of_a_product_stay_visible_until_a_refresh_moves_them(store: Store, reader: FlaskClient) -> None:
    """Its brand in the catalogue is another by now; what is published was theirs."""
    publish(store, ROWS, generation=2, **NAMES | {"products": [{"id": 2, "asin": "B02", "brand_id": 1}]})
    limit_to(store, 2)

    assert "Net revenue $500.00 $500.00" in text_of(reader, "/products/B02")


def test_what_means_nothing_for_one_product_is_refused(small_reader: FlaskClient) -> None:
    for query in ("brand=1", "category=5", "page=1", "search=duck"):
        assert "unknown parameter" in text_of(small_reader, f"/products/B01?{query}", status=400)


def test_the_menu_marks_products_on_both_pages(small_reader: FlaskClient) -> None:
    for address in ("/products", "/products/B01"):
        marked = re.findall(r'aria-current="page">.*?<span>(\w+)<', small_reader.get(address).text, re.DOTALL)
        assert marked == ["Products"]


def test_a_product_is_copied_and_opened_where_it_has_figures(small_app: Flask, small_reader: FlaskClient) -> None:
    publish(small_app.extensions["lego_store"], [
        (1, 1, 5, "US", "2025-10", "Net revenue", "10.00"), (1, 1, 5, "DE", "2025-10", "Net revenue", "30.00"),
        (1, 1, 5, "OTHER", "2025-10", "Net revenue", "1.00"), (2, 1, 5, "US", "2025-10", "Net revenue", "10.00"),
    ], **NAMES | {"products": [
        {"id": 1, "asin": "B0D014D6EE", "name": "Blue duck", "brand_id": 1}, {"id": 2, "asin": "ACCOUNT-12"},
    ]}, generation=2)
    page = small_reader.get("/products/B0D014D6EE").text
    assert re.findall(r'class="site" href="([^"]*)" target="_blank" rel="noopener noreferrer">([^<]*)<', page) == [
        ("https://www.amazon.de/dp/B0D014D6EE", "amazon.de"), ("https://www.amazon.com/dp/B0D014D6EE", "amazon.com"),
    ]
    assert 'data-copy="B0D014D6EE"' in page
    assert 'data-copy="B0D014D6EE"' in small_reader.get("/products").text
    # What is no product of Amazon's leads nowhere.
    assert 'class="site"' not in small_reader.get("/products/ACCOUNT-12").text

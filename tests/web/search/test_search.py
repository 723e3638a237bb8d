"""/search: what a few typed letters lead to, for whom, and with which filters."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from database.engines.ports import Store
from tests.clock import set_today
from tests.summaries_fixture import publish
from web.search.found import MOST_ACTIONS

TODAY = datetime.date(2025, 11, 22)
PRODUCTS = [
    {"id": 1, "asin": "B0BLUEDUCK", "name": "Blue duck", "brand_id": 1},
    {"id": 2, "asin": "B0REDDUCK1", "name": "Red duck", "brand_id": 2},
    {"id": 3, "asin": "B0NAMELESS", "brand_id": 1},
    {"id": 4, "asin": "B0DUCKTWO2", "name": "Duck, 50% <off>", "brand_id": 1},
]
ROWS = [
    (1, 1, 5, "US", "2025-09", "Net revenue", "10.00"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "20.00"),
]
NAMES = {
    "brands": {1: "Ducky", 2: "Bergwind"}, "categories": {5: "Bath ducks", 6: "Games"},
    "marketplaces": {"US": "United States", "DE": "Germany"}, "products": PRODUCTS,
}


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> Callable[[str], FlaskClient]:
    """Somebody of a role, of a database with figures."""
    publish(store, ROWS, **NAMES)
    return signed_in


def found(client: FlaskClient, query: str, page: str = "/search/found") -> dict[str, list[tuple[str, str, str]]]:
    """Kind -> words, small words and address of each line."""
    answer = client.get(f"{page}?{query}")
    assert answer.status_code == 200, answer.text
    kinds = {}
    for section in re.findall(r"<section.*?</section>", answer.text, re.S):
        title = re.search(r"<h2[^>]*>(.*?)</h2>", section)[1]
        lines = re.findall(
            r'(?:href="([^"]*)"|data-press="([^"]*)")>.*?found-words"[^>]*>(.*?)</span>'
            r'(?:<span class="found-more"[^>]*>(.*?)</span>)?', section, re.S,
        )
        kinds[title] = [
            (html.unescape(words), html.unescape(more), html.unescape(href or press))
            for href, press, words, more in lines
        ]
    return kinds


def test_letters_name_brands_categories_and_products_the_nearest_first(reader):
    viewer = reader("viewer")
    assert found(viewer, "q=duck") == {
        "Brands": [("Ducky", "", "/brands/1")],
        "Categories": [("Bath ducks", "", "/categories?category=5")],
        "Products": [
            ("Duck, 50% <off>", "B0DUCKTWO2 · Ducky", "/products/B0DUCKTWO2"),
            ("Red duck", "B0REDDUCK1 · Bergwind", "/products/B0REDDUCK1"),
            ("Blue duck", "B0BLUEDUCK · Ducky", "/products/B0BLUEDUCK"),
        ],
    }
    assert [line[0] for line in found(viewer, "q=b0nameless")["Products"]] == ["B0NAMELESS"]
    assert [line[0] for line in found(viewer, "q=duck+b0blue")["Products"]] == ["Blue duck"]
    # A letter that LIKE takes for any: only what holds it is found.
    assert [line[0] for line in found(viewer, "q=50%25")["Products"]] == ["Duck, 50% <off>"]
    assert found(viewer, "q=_") == {}
    assert "Nothing is called “&lt;b&gt;”" in viewer.get("/search/found?q=<b>").text


def test_what_is_found_keeps_the_filters_of_the_page_at_hand(reader):
    viewer = reader("viewer")
    here = "here=/dashboard%3Fperiod%3D3m%26marketplace%3DDE%26brand%3D2%26page%3D2%26generation%3D1"
    assert found(viewer, f"q=duck&{here}") == {
        "Brands": [("Ducky", "", "/brands/1?period=3m&marketplace=DE")],
        "Categories": [("Bath ducks", "", "/categories?period=3m&brand=2&category=5&marketplace=DE")],
        "Products": [
            (words, more, f"{address}?period=3m&marketplace=DE")
            for words, more, address in found(viewer, "q=duck")["Products"]
        ],
    }
    assert found(viewer, f"q=profit&{here}")["Pages"] == [
        ("Profitability", "", "/profitability?period=3m&brand=2&marketplace=DE")
    ]
    assert found(viewer, f"q=sep+2025&{here}")["Periods"] == [
        ("Sep 2025", "", "/dashboard?from=2025-09&to=2025-09&brand=2&marketplace=DE")
    ]
    assert found(viewer, "q=2025&here=/products/B0REDDUCK1")["Periods"][0] == (
        "2025", "", "/products/B0REDDUCK1?period=2025"
    )
    assert found(viewer, f"q=lose+money&{here}")["Actions"] == [(
        "Loss-making products", "",
        "/products?period=3m&brand=2&marketplace=DE&only=loss-making&sort=cm3&order=asc",
    )]
    assert found(viewer, f"q=excel&{here}")["Actions"][1:] == [
        ("Export this page to Excel", "", "/dashboard.xlsx?period=3m&brand=2&marketplace=DE")
    ]


@pytest.mark.parametrize("here", [
    "/products?only=loss-making&columns=cm3&sort=cm3&order=asc", "/profitability?show=unit&period=2025",
    "/explain?metric=Net+revenue&asin=B0BLUEDUCK", "/explain?metric=Net+revenue&shared=in", "/figures?period=3m",
    "/brands/1?only=new&show=share", "/categories?category=5&columns=units", "/help",
])
@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_whatever_is_chosen_on_a_page_everything_found_there_can_be_gone_to(reader, here):
    viewer = reader("viewer")
    ways = {
        line[2] for text in ("duck", "sep 2025", "pro", "b", "cat", "fig", "changed", "excel", "")
        for lines in found(viewer, urlencode({"q": text, "here": here})).values() for line in lines
    }
    refused = [way for way in ways if way.startswith("/") and viewer.get(way).status_code not in (200, 302, 304)]
    assert len(ways) > 5 and refused == []


def test_a_page_that_is_none_of_ours_or_says_nothing_lends_no_filter(reader):
    viewer = reader("viewer")
    for here in ("//evil.com/dashboard", "https://evil.com/", "/dashboard?brand=99", "/account", "/nowhere",
                 "/\\evil.com", "/dashboard/..", "/products/%00", ""):
        lines = found(viewer, f"q=last+month&here={here}")["Periods"]
        assert lines[0] == ("Last month", "Oct 2025", "/dashboard?period=1m"), here


def test_without_letters_there_is_what_the_role_may_go_to_and_do(reader):
    pages, places, actions = {}, {}, {}
    for role in ("viewer", "admin", "limited"):
        lines = found(reader(role), "")
        pages[role] = [words for words, *_ in lines["Pages"]]
        places[role] = [words for words, *_ in lines["Periods"]]
        actions[role] = [words for words, *_ in lines["Actions"]]
    own = ["Look for products", "Export all figures", "Account", "Help", "Save this view", "Export this page to Excel",
           "Export this page as CSV", "Copy the link to this page", "Change the theme", "Sign out",
           "Loss-making products", "New products", "Products without a cost", "Falling products"]
    assert actions == {
        "viewer": own, "limited": own,
        "admin": ["Import files", "Refresh the figures", *own[:3], "Users", *own[3:]][:MOST_ACTIONS],
    }
    assert pages["limited"] == ["Dashboard", "Profitability", "Categories", "Products", "Catalogue"]
    assert places["viewer"] == ["Last month", "Year to date", "Last 12 months"]


def test_somebody_limited_to_a_brand_finds_what_is_of_it(reader):
    limited = reader("limited")
    lines = found(limited, "q=duck")
    assert {kind: [words for words, *_ in ways] for kind, ways in lines.items()} == {
        "Brands": ["Ducky"], "Categories": ["Bath ducks"], "Products": ["Duck, 50% <off>", "Blue duck"],
    }
    assert found(limited, "q=bergwind") == found(limited, "q=games") == found(limited, "q=b0redduck1") == {}


def test_without_scripts_the_same_stands_on_a_page(reader):
    viewer = reader("viewer")
    assert found(viewer, "q=duck", "/search") == found(viewer, "q=duck")
    page = viewer.get("/dashboard?period=3m").text
    assert 'href="/search?here=/dashboard%3Fperiod%3D3m"' in page
    assert 'name="here" value="/dashboard?period=3m"' in viewer.get("/search?here=/dashboard%3Fperiod%3D3m").text


def test_before_the_first_figures_pages_and_actions_are_found_and_what_is_no_search_is_refused(signed_in):
    viewer = signed_in("viewer")
    for query in ("q=" + "x" * 101, "q=1&q=2", "q=a%00b", "q=a+b+c+d+e+f+g+h+i"):
        assert viewer.get(f"/search/found?{query}").status_code == 400, query
    assert found(viewer, "q=dash") == {"Pages": [("Dashboard", "", "/dashboard")]}
    assert list(found(viewer, "")) == ["Pages", "Actions"]

"""/views: pages under names of one's own."""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.people.views import MOST_VIEWS
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import text_of
from tests.web.forms import post, stored

ROWS = [
    (1, 1, 5, "US", "2025-09", "Net revenue", "10.00"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "20.00"),
]
NAMES = {
    "brands": {1: "Alder", 2: "Birch"}, "categories": {5: "Toys", 6: "Games"},
    "products": [{"id": 1, "asin": "A/1 é", "name": "Duck", "brand_id": 1}],
}


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch):
    """Somebody of a role, of a database with figures."""
    set_today(monkeypatch, datetime.date(2025, 11, 22))
    publish(store, ROWS, **NAMES)
    return signed_in


def kept(store: Store) -> list[tuple[str, str, bool]]:
    return [(view.name, view.address, bool(view.is_start)) for view in stored(store, schema.saved_view)]


def listed(client: FlaskClient, address: str = "/views") -> list[tuple[str, str]]:
    """Address and name of each view of the list."""
    found = re.findall(r'thing-name"><a href="([^"]*)">([^<]*)</a>', client.get(address).text)
    return [(html.unescape(href), html.unescape(name)) for href, name in found]


def test_a_view_is_saved_found_renamed_and_removed_by_its_owner_alone(reader, store):
    anna, vera = reader("analyst"), reader("viewer")
    page = "/products?period=3m&metric=CM3&brand=1,2&search=du%20ck&page=2&generation=1&evil=1"
    shown = text_of(anna, f"/views?address={quote(page, safe='')}")
    assert "Products · CM3 · Last 3 months · 2 brands · “du ck”" in shown
    assert post(anna, "/views", name=" My   losers ", page=page).status_code == 303
    address = "/products?period=3m&metric=CM3&brand=1,2&search=du%20ck"
    assert kept(store) == [("My losers", address, False)]
    assert listed(anna) == listed(anna, "/account") == [(address, "My losers")]
    assert listed(vera) == []
    found = anna.get("/search/found?q=lose").text
    assert 'href="/products?period=3m&amp;metric=CM3&amp;brand=1,2&amp;search=du%20ck"' in found
    assert "My losers" not in vera.get("/search/found?q=lose").text

    [view] = stored(store, schema.saved_view)
    for action in ("rename", "remove", "start"):
        post(vera, f"/views/{view.id}/{action}", name="Mine", start="1")
        assert "That view is not there any more." in vera.get("/views").text
    assert kept(store) == [("My losers", address, False)]
    # Under a name that is there already, in whatever letters, it replaces what was there.
    post(anna, "/views", name="MY LOSERS", page="/products/A%2F1%20%C3%A9?period=2024")
    assert kept(store) == [("MY LOSERS", "/products/A%2F1%20%C3%A9?period=2024", False)]
    answer = post(anna, f"/views/{view.id}/rename", name="Duck", back="account")
    assert (answer.location, kept(store)[0][0]) == ("/account#views", "Duck")
    post(anna, "/views", name="Other", page="/settlements")
    post(anna, f"/views/{view.id}/rename", name="other")
    assert "Another view of yours has that name." in anna.get("/views").text
    post(anna, f"/views/{view.id}/remove")
    assert kept(store) == [("Other", "/settlements", False)]


def test_the_start_page_is_where_the_bare_address_leads(reader, store):
    vera = reader("viewer")
    assert vera.get("/").status_code == 200
    post(vera, "/views", name="Games", page="/dashboard?category=6", start="1")
    assert (vera.get("/").status_code, vera.get("/").location) == (302, "/dashboard?category=6")
    # What was asked for is what is shown.
    assert vera.get("/?period=3m").status_code == vera.get("/dashboard").status_code == 200
    assert reader("admin").get("/").status_code == 200
    post(vera, "/views", name="P&L", page="/profitability?period=ytd", start="1")
    assert kept(store) == [("Games", "/dashboard?category=6", False), ("P&L", "/profitability?period=ytd", True)]
    assert vera.get("/").location == "/profitability?period=ytd"
    first, second = stored(store, schema.saved_view)
    post(vera, f"/views/{first.id}/start", start="1")
    assert vera.get("/").location == "/dashboard?category=6"
    post(vera, "/views/999/start", start="1")
    assert vera.get("/").location == "/dashboard?category=6"
    post(vera, f"/views/{first.id}/start", start="0")
    assert vera.get("/").status_code == 200


def test_what_is_no_page_of_ours_is_not_kept_and_leads_nowhere(reader, store):
    vera = reader("viewer")
    for page in ("", "//evil.com", "https://evil.com/dashboard", "/\\evil.com", "/dashboard\t", "/nowhere", "/views",
                 "/dashboard.csv", "/api/v1/dashboard", "/logout", "/search?q=x", "/products?search=" + "x" * 2000,
                 "javascript:alert(1)", "dashboard", "/brands/x"):
        assert post(vera, "/views", name="x", page=page).status_code == 400, page
    for name in ("", "  ", "x" * 101, "a\0b"):
        post(vera, "/views", name=name, page="/dashboard")
        assert "A name has 1 to 100 visible characters." in vera.get("/views").text
    assert kept(store) == []
    # What an older program wrote, or somebody by hand, is taken apart like any other.
    [vera_id] = [user.id for user in stored(store, schema.app_user) if user.name == "viewer"]
    with store.application.begin() as connection:
        for number, address in enumerate(("//evil.com", "/gone?period=3m", "/products?evil=1&period=3m")):
            connection.execute(schema.saved_view.insert().values(
                user_id=vera_id, name=f"view {number}", address=address, is_start=number == 0,
                created_at=datetime.datetime(2025, 1, 1),
            ))
    assert listed(vera) == [("/products?period=3m", "view 2")]
    assert "It leads to no page any more." in text_of(vera, "/views")
    assert vera.get("/").status_code == 200
    assert vera.get("/views?address=/dashboard&address=/").status_code == vera.get("/views?user=1").status_code == 400


def test_a_view_of_a_brand_that_is_not_for_its_owner_any_more_says_that_it_is_gone(reader, store):
    limited = reader("limited")
    post(limited, "/views", name="Birch", page="/dashboard?brand=2", start="1")
    page = limited.get("/", follow_redirects=True)
    assert page.status_code == 404
    assert "This brand is not here any more" in page.text
    assert "Birch" not in page.text


def test_there_is_an_end_to_how_many(reader, store):
    vera = reader("viewer")
    [vera_id] = [user.id for user in stored(store, schema.app_user) if user.name == "viewer"]
    with store.application.begin() as connection:
        connection.execute(schema.saved_view.insert(), [
            {"user_id": vera_id, "name": f"v{number}", "address": "/dashboard",
             "created_at": datetime.datetime(2025, 1, 1)} for number in range(MOST_VIEWS)
        ])
    post(vera, "/views", name="one more", page="/dashboard")
    assert "You have 50 views. Remove one that you do not need." in text_of(vera, "/views")
    post(vera, "/views", name="v1", page="/products")
    assert ("v1", "/products", False) in kept(store)
    assert len(kept(store)) == MOST_VIEWS

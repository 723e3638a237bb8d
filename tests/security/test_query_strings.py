"""Whatever stands in an address gets an answer that was meant, on every page, file and part of the API."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient

from tests.security.conftest import MakeWorld
from tests.security.routes import paths_of, routes_of
from tests.security.worlds import World
from tests.web.conftest import csrf_token

OPEN = ("/login", "/healthz", "/readyz", "/metrics", "/static/", "/welcome/")

REFUSED = {
    "unknown metric": "metric=Profit",
    "a category that is no number": "category=Toys",
    "a marketplace that is none": "marketplace=XX;",
    "a brand that is no number": "brand=1;DROP%20TABLE%20brand",
    "a brand of another script": "brand=%D9%A1",
    "an order that is SQL": "sort=value;DROP",
    "an order that is an expression": "sort=(SELECT%20password_hash%20FROM%20app_user)",
    "an unknown direction": "order=sideways",
    "page 0": "page=0",
    "page -1": "page=-1",
    "page 1e9": "page=1e9",
    "page of another script": "page=%D9%A3",
    "a page beyond numbers": "page=" + "9" * 40,
    "month 13": "from=2024-13",
    "month 0": "to=2024-00",
    "from after to": "from=2025-06&to=2025-01",
    "year 1": "from=0001-01&to=0001-02",
    "year 9999": "from=9999-01&to=9999-12",
    "the year 0001": "period=0001",
    "the year 9999": "period=9999",
    "a period of another script": "period=%D9%A2%D9%A0%D9%A2%D9%A4",
    "period and range": "period=3m&from=2025-01",
    "a parameter twice": "period=3m&period=6m",
    "a word that is nearly known": "brands=1",
    "a NUL": "metric=Net%20revenue%00",
    "bytes that are no UTF-8": "metric=%ff%fe",
    "5,000 characters": "metric=" + "x" * 5000,
    "5,000 brands": "brand=" + ",".join(["1"] * 2500),
    "markup": "metric=%3Cscript%3Ealert(1)%3C/script%3E",
    "a line end": "metric=a%0d%0aSet-Cookie:%20x=1",
    "a generation that is no number": "generation=one",
    "generation 0": "generation=0",
    "two generations": "generation=1&generation=2",
    "a template": "metric=%7B%7B7*7%7D%7D",
}
GONE = "generation=99999"
NOT_THERE = {"a brand": "brand=99999", "a category": "category=99999", "a marketplace": "marketplace=XX"}
STRANGE = {"an unknown parameter": "debug=1", "a NUL in a name": "%00=1", "markup in a name": "<b>=1"}


def asked(world: World) -> list[str]:
    """The address of every route that needs somebody signed in."""
    return [path for rule in routes_of(world.app) for path in paths_of(rule) if not rule.rule.startswith(OPEN)]


def statuses(reader: FlaskClient, paths: list[str], query: str) -> dict[str, int]:
    return {path: reader.get(f"{path}?{query}").status_code for path in paths}


@pytest.fixture(scope="module")
def everybody(make_world: MakeWorld) -> FlaskClient:
    """The browser of somebody who may do anything."""
    return make_world("embedded").visitor("all")


@pytest.mark.parametrize("query", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_gets_400_on_every_route(small_world, everybody, query):
    found = {path: status for path, status in statuses(everybody, asked(small_world), query).items() if status != 400}
    assert found == {}


def is_page(path: str) -> bool:
    """Whether the address is neither a file nor a part of the API."""
    return not path.startswith("/api/") and not path.endswith((".csv", ".xlsx"))


@pytest.mark.parametrize("query", NOT_THERE.values(), ids=NOT_THERE)
def test_names_without_figures_are_gone_on_pages_and_refused_elsewhere(small_world, everybody, query):
    word = query.partition("=")[0]
    found = statuses(everybody, asked(small_world), query)
    gone = {path for path, status in found.items() if status == 404}
    assert set(found.values()) == {400, 404}
    assert all(is_page(path) for path in gone)
    assert {"/dashboard", "/profitability", "/categories", "/products"} <= gone
    for path in gone:
        page = everybody.get(f"{path}?{query}").text
        assert f"This {word} is not here any more" in page and f'href="{path}"' in page


@pytest.mark.parametrize("query", STRANGE.values(), ids=STRANGE)
def test_what_no_page_knows_is_left_out_of_pages_and_refused_elsewhere(small_world, everybody, query):
    for path in asked(small_world):
        answer = everybody.get(f"{path}?{query}")
        assert (answer.status_code, answer.location) == ((302, path) if is_page(path) else (400, None)), path


@pytest.mark.parametrize("query", ["metric=Profit", "sort=value;DROP", "page=0", GONE])
def test_the_other_engine_refuses_the_same(make_world, query):
    world = make_world("mysql")
    reader = world.visitor("all")
    paths = [path for path in asked(world) if has_figures(path)]
    assert set(statuses(reader, paths, query).values()) == {410 if query == GONE else 400}


def has_figures(path: str) -> bool:
    """Whether the address is a page, file or part of the API that shows one generation."""
    parts = path.removeprefix("/api/v1").removesuffix(".csv").removesuffix(".xlsx").split("/")
    if parts[1] in ("settlements", "explain"):
        return not {"kinds", "rows"}.intersection(parts)
    of_figures = (
        "dashboard", "profitability", "categories", "brands", "products", "paid", "explain", "overheads", "drivers",
        "figures",
    )
    return parts[1] in of_figures


def test_a_generation_that_is_gone_is_410_everywhere_with_a_way_to_the_live_one(small_world, everybody):
    paths = [path for path in asked(small_world) if has_figures(path)]
    assert len(paths) > 20
    for path in paths:
        answer = everybody.get(f"{path}?{GONE}&metric=CM3")
        assert answer.status_code == 410, path
        assert answer.headers["Link"] == f'<{path}?metric=CM3>; rel="latest-version"'
        if not path.startswith("/api/"):
            assert f'href="{path}?metric=CM3"' in answer.text


@pytest.mark.parametrize("query", ["metric=<script>alert(1)</script>", "sort=\"><img src=x onerror=alert(1)>"])
def test_what_is_quoted_from_an_address_is_escaped(everybody, query):
    answer = everybody.get("/dashboard", query_string=query)
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text and "<img" not in answer.text and "<b>" not in answer.text


def test_what_is_permitted_is_named(everybody):
    for query, words in (
        ("metric=Profit", "permitted are|is not one of Net revenue"), ("sort=x", "is not one of value"),
        ("brands=1", "permitted are period"), ("brand=x", "permitted are"),
        ("period=4m", "is not one of 1m, mtd, 1q, 3m"),
    ):
        page = html.unescape(everybody.get(f"/dashboard?{query}").text)
        assert re.search(words, page), query


@pytest.mark.parametrize("body", ["[]", "{}", "null", '"text"', "[" * 5000, "{\"name\": [1, {}]}", "\x00", ""])
def test_a_body_of_json_is_no_form(small_world, body):
    client = small_world.app.test_client()
    client.get("/login")
    headers = {"X-CSRFToken": csrf_token(client)}
    assert client.post("/login", data=body, content_type="application/json", headers=headers).status_code in (403, 429)
    reader = small_world.visitor("all")
    headers = {"X-CSRFToken": csrf_token(reader)}
    for rule in routes_of(small_world.app, "POST"):
        if rule.rule in ("/logout", "/account/sessions/end") or "<" in rule.rule:
            continue
        answer = reader.post(rule.rule, data=body, content_type="application/json", headers=headers)
        assert answer.status_code < 500, rule.rule


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
def test_no_route_takes_a_method_it_does_not_list(small_world, everybody, method):
    headers = {"X-CSRFToken": csrf_token(everybody)}
    found = {path: everybody.open(path, method=method, headers=headers).status_code for path in asked(small_world)}
    assert set(found.values()) == {405}, found

"""The list of pages is the only one: menu, warm-up, explain, slow statements, files and API hold each page of it, and
what is explained is what the page asks."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask, g
from flask.testing import FlaskClient

from database.doctor.statements import explain
from database.people import users
from database.queries.asked_by_pages import usual_pages
from database.queries.pages import BRAND, CATALOG, DRIVERS, PAGES, PRODUCT, RATES, PageSpec
from domain.findings import Limits
from domain.people import ADMIN, Person
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in
from tests.web.shop import NAMES, ROWS
from web.menu import entries
from web.serving.slow_statements import ENDPOINTS
from web.serving.warm_up import FIRST_PAGES

WITH_FIGURES = [page for page in PAGES if page.read]
EXAMPLES = {"brand_id": "1", "asin": "B000000001", "settlement_id": "28400001001"}
QUERIES = {
    "": "", "months": "period=2025&compare=year", "many months": "from=1995-01&to=2025-10", "search": "search=B00",
    "second list": "show=products", "one month": "from=2025-10&to=2025-10",
    "a list of its own": "period=2025&only=loss-making,new&columns=roi,trend&sort=tacos",
}


def path_of(page: PageSpec) -> str:
    return re.sub(r"<\w+:(\w+)>", lambda found: EXAMPLES[found[1]], page.path)


@pytest.fixture
def reader(small_app: Flask, password_hash: str) -> FlaskClient:
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


def test_each_page_has_its_address_menu_warm_up_files_and_api(small_app: Flask, reader: FlaskClient) -> None:
    rules = {rule.rule: rule.endpoint for rule in small_app.url_map.iter_rules()}
    assert {f"/{page.path}": rules.get(f"/{page.path}") for page in PAGES} == {
        f"/{page.path}": page.endpoint for page in PAGES
    }
    with small_app.test_request_context("/dashboard"):
        g.person = Person(0, "", ADMIN)
        titles = [page.title for page in PAGES if page.is_in_menu and not page.variable]
        assert [entry.words for entry in entries()] == titles
    assert set(FIRST_PAGES) == {
        page.endpoint for page in WITH_FIGURES
        if page.is_in_menu and not page.variable and page.choose is BRAND.choose
    }
    assert set(ENDPOINTS) == {page.endpoint for page in WITH_FIGURES}
    offered = {rule.removeprefix("/api/v1/") for rule in rules if rule.startswith("/api/v1/")}
    of_no_page = {"choices", "openapi.json", "generation", "generation/file"}
    assert offered - of_no_page == {page.path for page in (*WITH_FIGURES, RATES)}
    for page in WITH_FIGURES:
        assert {f"/{page.path}.csv", f"/{page.path}.xlsx"} <= set(rules), page
        answer = reader.get(f"/api/v1/{path_of(page)}")
        assert (answer.status_code, answer.json["tables"]) == (200, list(page.tables)), answer.text


def test_the_doctor_looks_at_each_page(small_app: Flask, reader: FlaskClient) -> None:
    usual = small_app.extensions["lego_store"].read(usual_pages)
    assert [address.partition("/")[0] for address in usual] == [*(page.word for page in WITH_FIGURES), "filters"]


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("page", WITH_FIGURES, ids=lambda page: page.endpoint)
def test_explain_explains_exactly_the_statements_that_the_page_asks(
    small_app: Flask, reader: FlaskClient, page: PageSpec, query: str
) -> None:
    is_known = {word.partition("=")[0] for word in query.split("&") if word} <= set(page.words)
    # Other pages show a P&L by that word.
    if not is_known or (query == QUERIES["second list"] and page is not CATALOG):
        assert reader.get(f"/{path_of(page)}?{query}").status_code == 400
        return
    # What belongs to every page is read once.
    reader.get("/api/v1/choices")
    asked: list[tuple[str, str]] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        if connection.dialect.name == "duckdb" and re.match("(SELECT|WITH)", statement):
            asked.append((statement, repr(parameters)))

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        answer = reader.get(f"/{path_of(page)}?{query}")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    explained = explain(small_app.extensions["lego_store"], path_of(page), query, limits=Limits())
    assert sorted(asked) == sorted(
        (found.text, repr(found.parameters)) for found in explained for _ in range(found.times)
    )
    # What is compared with nothing asks for nothing.
    assert asked or (page is DRIVERS and query != QUERIES["one month"])


def test_the_explained_catalogue_is_the_one_that_is_shown(small_app: Flask, reader: FlaskClient) -> None:
    (listed, *_) = explain(small_app.extensions["lego_store"], CATALOG.word, limits=Limits())
    assert "asin.brand_id IS NULL" in listed.text and 100 in listed.parameters, listed


def test_commands_that_explain_are_named_as_a_person_would_write_them() -> None:
    assert (BRAND.explained_by, PRODUCT.explained_by) == ("flask explain brands/ID", "flask explain products/ASIN")

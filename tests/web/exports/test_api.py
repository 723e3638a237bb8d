"""/api/v1: rows for programs, who may have them, and the document that describes them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from database import schema
from database.engines.ports import Store
from database.people import api_tokens, users
from domain.moments import utc_now
from domain.selection import WORDS
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import csrf_token
from tests.web.shop import NAMES, ROWS, TODAY
from web.exports.api import keys_of
from web.figures.formats import MONEY
from web.figures.sheets import Column
from web.pages import dashboard

Program = Callable[..., Any]
"""(address, token=…) -> the answer to a program that has the token."""


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def token(store: Store, add_person: Callable[..., None]) -> str:
    """A token of a viewer named anna, of a database with figures."""
    publish(store, ROWS, **NAMES)
    add_person("anna")
    return make_token(store, "anna", "Excel at work")


@pytest.fixture
def program(app: Flask, token: str) -> Program:
    """Asks as a program does: with a token, and without cookies."""

    def ask(address: str, *, token: str = token, scheme: str = "Bearer", **options: Any) -> Any:
        client = app.test_client(use_cookies=False)
        return client.get(address, headers={"Authorization": f"{scheme} {token}"}, **options)

    return ask


def make_token(store: Store, name: str, label: str) -> str:
    with store.application.begin() as connection:
        return api_tokens.create_token(connection, name, label)


def limit_to(store: Store, name: str, brand: int) -> None:
    with store.application.begin() as connection:
        user = users.find_user(connection, name).id
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=user, brand_id=brand))


def last_used(store: Store) -> list[datetime.datetime | None]:
    with store.application_reading.connect() as connection:
        return list(connection.execute(sa.select(schema.api_token.c.last_used_at)).scalars())


# --- rows


def test_an_answer_holds_the_rows_and_where_they_come_from(program: Program) -> None:
    answer = program("/api/v1/dashboard?from=2025-10&to=2025-10&compare=year&brand=1")
    assert answer.status_code == 200
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("application/json", "no-store")
    rows = {"value": "1234567.89", "share": "1", "before": "1000000.00", "change": "0.234568", "cm3_percent": "0.22"}
    assert answer.json == {
        "title": "Brands",
        "table": "brands",
        "tables": list(dashboard.offer.tables),
        "selection": {
            "period": None, "from": "2025-10", "to": "2025-10", "metric": "Net revenue", "brand": [1],
            "category": [], "marketplace": [], "compare": "year", "sort": "value", "order": "desc",
            "compare_from": "2024-10", "compare_to": "2024-10",
        },
        "generation": 1,
        "published_at": "2025-11-03T06:30:00Z",
        "data_through": "2025-10",
        "currency": "USD",
        "converted_from": [],
        "without_rate": [],
        "shared_costs": None,
        "only": [],
        "columns": [
            {"key": "brand", "name": "Brand", "kind": "text"},
            {"key": "value", "name": "Net revenue", "kind": "money"},
            {"key": "share", "name": "Share", "kind": "percent"},
            {"key": "before", "name": "Before", "kind": "money"},
            {"key": "change", "name": "Change", "kind": "percent"},
            {"key": "cm3_percent", "name": "CM3 %", "kind": "percent"},
        ],
        "rows": [{"brand": "Alder <& Ash>", **rows}, {"brand": "Total", **rows}],
        "paging": {"page": 1, "pages": 1, "per_page": 100, "rows": 2, "next": None},
    }


def test_pages_follow_each_other_without_gap_or_repetition(program: Program) -> None:
    whole = program("/api/v1/dashboard?table=months&period=2025").json["rows"]
    address, rows, asked = "/api/v1/dashboard?table=months&period=2025&per_page=3", [], 0
    while address:
        answer = program(address).json
        rows += answer["rows"]
        address, asked = answer["paging"]["next"], asked + 1
    assert (rows, asked) == (whole, -(-len(whole) // 3))


def test_pages_of_a_generation_that_is_not_kept_are_told(program: Program, store: Store) -> None:
    second = program("/api/v1/dashboard?per_page=1").json["paging"]["next"]
    assert program(second).status_code == 200
    for generation in (2, 3):
        publish(store, ROWS, **NAMES, generation=generation)
    store.published.clear_leftovers()
    assert program(second).status_code == 410


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("per_page=0", "per_page '0' is not a whole number from 1 to 1000"),
        ("per_page=1001", "per_page '1001' is not a whole number from 1 to 1000"),
        ("per_page=%D9%A1", "per_page '١' is not a whole number from 1 to 1000"),
        ("per_page=1&per_page=2", "per_page is given twice; give it once, several values with commas between"),
        ("page=9", "page 9 is past the last one; permitted are 1 to 1"),
        ("table=x", f"table 'x' is not one of {', '.join(dashboard.offer.tables)}"),
        ("metric=x", "metric 'x' is not one of Net revenue, Net COGS, CM1, CM2, Marketing, CM3, Net units, CM1 %, "
                     "CM2 %, CM3 %, TACoS, ROI"),
    ],
)
def test_what_is_not_permitted_is_refused_in_words(program: Program, query: str, words: str) -> None:
    answer = program(f"/api/v1/dashboard?{query}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert (answer.json["error"], answer.json["request_id"]) == (words, answer.headers["X-Request-Id"])


def test_what_a_selection_may_name_can_be_asked(program: Program) -> None:
    answer = program("/api/v1/choices")
    assert answer.json == {
        "generation": 1,
        "first_month": "2024-10",
        "last_month": "2025-10",
        "metrics": ["Net revenue", "Net COGS", "CM1", "CM2", "Marketing", "CM3", "Net units"],
        "ratios": ["CM1 %", "CM2 %", "CM3 %", "TACoS", "ROI"],
        "columns": answer.json["columns"],
        "brands": answer.json["brands"],
        "categories": answer.json["categories"],
        "marketplaces": [
            {"code": "DE", "name": "Germany"}, {"code": "UK", "name": "United Kingdom"},
            {"code": "US", "name": "United States"},
        ],
    }
    assert {row["id"]: row["name"] for row in answer.json["brands"]} == {0: "(unassigned)", **NAMES["brands"]}
    assert {row["id"]: row["name"] for row in answer.json["categories"]} == {
        0: "(uncategorised)", **NAMES["categories"],
    }
    assert {"word": "net_cogs_per_unit", "name": "Net COGS per unit"} in answer.json["columns"]
    assert program("/api/v1/choices?brand=1").status_code == 400


def test_columns_of_one_name_get_keys_of_their_own() -> None:
    names = ["Net %", "Net percent", "Net %", "Größe", "!", "?"]
    assert keys_of([Column(name, MONEY) for name in names]) == [
        "net_percent", "net_percent_2", "net_percent_3", "größe", "column", "column_2",
    ]


# --- tokens


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer lego_wrong", "Basic YTpi", "lego_x", "Bearer \x7f", "Bearer " + "x" * 5000],
)
def test_without_a_right_token_nothing_is_told(app: Flask, token: str, signed_in, header: str) -> None:
    client = signed_in("admin")  # a session does not help where a token is wrong
    answer = client.get("/api/v1/dashboard", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert set(answer.json) == {"title", "status", "detail", "error", "request_id"}


def test_somebody_signed_in_may_ask_too(store: Store, signed_in: Callable[[str], FlaskClient]) -> None:
    publish(store, ROWS, **NAMES)
    assert signed_in("viewer").get("/api/v1/dashboard").status_code == 200


def test_a_token_opens_the_api_only(program: Program) -> None:
    for address in ("/dashboard", "/dashboard.csv", "/dashboard.xlsx"):
        answer = program(address)
        assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/login")


def test_a_token_changes_nothing(app: Flask, token: str, signed_in) -> None:
    client = signed_in("viewer")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.post("/api/v1/dashboard", headers=headers).status_code in (403, 405)
    form = {"csrf_token": csrf_token(client)}
    assert client.post("/api/v1/dashboard", headers=headers, data=form).status_code == 405


def test_a_token_sees_the_brands_of_its_user(program: Program, store: Store) -> None:
    limit_to(store, "anna", 2)
    rows = program("/api/v1/dashboard").json["rows"]
    assert [row["value"] for row in rows] == ["500000.11", "500000.11"]
    assert [row["id"] for row in program("/api/v1/choices").json["brands"]] == [2]
    assert program("/api/v1/dashboard?brand=1").status_code == 400


def test_a_token_ends_when_it_is_revoked_or_its_user_disabled(program: Program, store: Store, token: str) -> None:
    other = make_token(store, "anna", "laptop")
    with store.application.begin() as connection:
        api_tokens.revoke_token(connection, "anna", "laptop")
    assert (program("/api/v1/choices").status_code, program("/api/v1/choices", token=other).status_code) == (200, 401)
    with store.application.begin() as connection:
        users.disable_user(connection, "anna")
    assert program("/api/v1/choices").status_code == 401


def test_the_last_use_of_a_token_is_noted_once_a_minute(program: Program, store: Store) -> None:
    assert last_used(store) == [None]
    program("/api/v1/choices")
    first = last_used(store)
    assert utc_now() - first[0] < datetime.timedelta(seconds=60)
    program("/api/v1/choices")
    assert last_used(store) == first
    earlier = utc_now() - datetime.timedelta(minutes=5)
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.api_token).values(last_used_at=earlier))
    program("/api/v1/choices")
    assert last_used(store)[0] > earlier + datetime.timedelta(minutes=4)


def test_no_token_is_in_the_log(program: Program, token: str, capfd: pytest.CaptureFixture[str]) -> None:
    program("/api/v1/choices")
    program("/api/v1/choices", token=token + "x")
    log = capfd.readouterr().err
    assert "anna GET /api/v1/choices 200" in log
    assert "a token that is not known, or not any more, from 127.0.0.1" in log
    assert token not in log


# --- OpenAPI


@pytest.fixture
def document(program: Program) -> dict[str, Any]:
    return program("/api/v1/openapi.json").json


def test_the_document_is_openapi_and_holds_every_route(app: Flask, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    routes = {
        re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")
    }
    assert set(document["paths"]) == routes
    names = [operation["get"]["operationId"] for operation in document["paths"].values()]
    assert len(set(names)) == len(names)


def test_the_parameters_of_the_document_are_those_that_are_taken(program: Program, document: dict[str, Any]) -> None:
    found = {p["name"]: p["schema"] for p in document["paths"]["/api/v1/dashboard"]["get"]["parameters"]}
    assert set(found) == {*WORDS, "per_page", "table"}
    assert found["table"]["enum"] == list(dashboard.offer.tables)
    for name in ("sort", "order", "compare", "table"):
        for text in found[name]["enum"]:
            assert program(f"/api/v1/dashboard?{name}={text}").status_code == 200, (name, text)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/dashboard", 200), ("/api/v1/dashboard?table=months&per_page=2", 200), ("/api/v1/choices", 200),
        ("/api/v1/dashboard?page=99", 400), ("/api/v1/dashboard?generation=9", 410),
    ],
)
def test_answers_are_what_the_document_says(
    program: Program, document: dict[str, Any], address: str, status: int
) -> None:
    answer = program(address)
    assert answer.status_code == status
    told = document["paths"][address.partition("?")[0]]["get"]["responses"][str(status)]
    if "$ref" in told:
        told = document["components"]["responses"]["Problem"]
    reference = told["content"][answer.content_type]["schema"]["$ref"]
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    validator = OAS31Validator({"$ref": f"urn:api{reference}"}, registry=registry)
    assert list(validator.iter_errors(answer.json)) == []

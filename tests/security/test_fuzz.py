"""Machines that make addresses nobody thinks of find no 500, no answer that is not listed, and no page without headers.

Every route is given every parameter; on top of that, chance puts them together. `LONG_FUZZ=20` makes twenty times as
many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import quote, unquote, urlencode

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from database.people import api_tokens
from domain.listing import LISTS
from domain.selection import WORDS_OF_PRODUCTS, WORDS_WITH_SEARCH
from tests.security.routes import HOSTILE, paths_of, routes_of
from tests.security.worlds import World
from web.http.headers import ALWAYS
from web.people import audit

TIMES = int(os.environ.get("LONG_FUZZ", "1"))
PERMITTED = {200, 304, 400, 404, 410}
"""What a signed-in reader may be answered on pages, files and the API, whatever stands in the address."""


def trying(examples: int) -> Callable:
    """So many examples, the same ones each time but in a long run."""
    return settings(
        max_examples=examples * TIMES, deadline=None, database=None, derandomize=TIMES == 1,
        suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate, Phase.shrink),
    )


# --- pages and files

ANY_TEXT = st.text(max_size=40) | st.text(alphabet="0123456789,-_.:;%'\"<>\\/\x00\n\u0661\u202e", max_size=12)
SENSIBLE = {
    "period": ["3m", "6m", "12m", "ytd", "2024", "2025", "2023", "1995"],
    "from": ["2024-01", "2025-10", "2023-12", "1995-01", "2025-12"],
    "to": ["2024-12", "2025-11", "1995-01", "2025-12"],
    "metric": ["Net revenue", "CM3", "Net units", "Zzforeign fees", "net revenue", "CM3 %"],
    "brand": ["1", "2", "1,2", "3,1", "0", "1,1", ","],
    "category": ["1", "2", "1,2", "0"],
    "marketplace": ["US", "DE", "US,DE", "ALL", "us"],
    "compare": ["previous", "year", "none"],
    "columns": ["cm3", "value", "roi,trend,cm3", "net_cogs_per_unit,zzforeign_fees", "share,before,change"],
    "only": ["loss-making", "new,falling", "without-cost", "falling"],
    "sort": ["value", "name", "change", "margin", "share", "cm3", "units", "price", "before", "roi"],
    "order": ["asc", "desc"],
    "page": ["1", "2", "3", "999999"],
    "generation": ["1", "2", "3"],
    "search": ["own", "product", "zz 1", "%", "_", "\\"],
    "table": ["brands", "products", "months", "headlines", "movers", "losses", "marketplaces", "categories",
              "periods"],
    "per_page": ["1", "2", "1000"],
    "show": LISTS,
    "next": ["/", "//evil.com", "/dashboard"],
    "user": ["anna", "all", "nobody"],
    "action": ["sign-in", "export"],
}
assert {*WORDS_WITH_SEARCH, *WORDS_OF_PRODUCTS, *audit.WORDS} <= set(SENSIBLE)


def parameters() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Parameters of a query string: mostly ones that mean something, in any number and order."""
    sensible = st.sampled_from(sorted(SENSIBLE)).flatmap(
        lambda word: st.tuples(st.just(word), st.sampled_from(SENSIBLE[word]))
    )
    odd = st.tuples(st.sampled_from(sorted(SENSIBLE)) | ANY_TEXT, ANY_TEXT)
    return st.lists(sensible, max_size=4, unique_by=lambda pair: pair[0]) | st.lists(sensible | odd, max_size=5)


VARIABLES = {
    "brand_id": st.integers(0, 5).map(str) | st.integers(0, 10**12).map(str) | ANY_TEXT,
    "asin": st.sampled_from(["OWN1", "OWN2", "ZZFOREIGN1", "own1", ".", "..", "a/b"]) | ANY_TEXT,
    "kind_id": st.integers(0, 5).map(str) | st.integers(0, 10**12).map(str) | ANY_TEXT,
    "settlement_id": st.sampled_from(["28400001001", "0", "-1", "9" * 30, ".."]) | ANY_TEXT,
    "token": st.text(alphabet="0123456789abcdef", min_size=32, max_size=32) | ANY_TEXT,
    "import_id": st.integers(0, 6).map(str) | ANY_TEXT,
    "template": st.sampled_from(["long", "products", "../long"]) | ANY_TEXT,
    "user_id": st.integers(0, 4).map(str) | ANY_TEXT,
    "rule_id": st.integers(0, 4).map(str) | ANY_TEXT,
    "secret": st.text(alphabet="abcXYZ019_-", min_size=43, max_size=43) | ANY_TEXT,
    "filename": st.sampled_from(["css/base.css", "../settings.py", "css", "plotly.min.js"]) | ANY_TEXT,
}


@st.composite
def addresses(draw: st.DrawFn, rules: list[str]) -> str:
    """An address of one of the routes."""
    path = draw(st.sampled_from(rules))
    while "<" in path:
        before, _, rest = path.partition("<")
        name, _, after = rest.partition(">")
        path = f"{before}{quote(draw(VARIABLES[name.rpartition(':')[2]]), safe='/')}{after}"
    pairs = draw(parameters())
    return f"{path}?{urlencode(pairs)}" if pairs else path


@pytest.mark.parametrize(("engine", "is_meant"), [("embedded", True), ("embedded", False), ("mysql", False)])
def test_every_parameter_of_every_route_gets_an_answer_that_was_meant(make_world, engine, is_meant):
    world = make_world(engine)
    reader, routes = world.visitor("all"), routes_of(world.app)
    for turn in range(TIMES):
        # Each value comes to other routes and other parameters.
        for number, rule in enumerate(routes, start=turn):
            [path] = paths_of(rule)
            for place, word in enumerate(sorted(SENSIBLE), start=number):
                values = SENSIBLE[word] if is_meant else HOSTILE
                check(reader, f"{path}?{urlencode({word: values[place % len(values)]})}")


@pytest.mark.parametrize(("engine", "examples"), [("embedded", 100), ("mysql", 30)])
def test_no_address_ends_in_anything_but_what_was_meant(make_world, engine, examples):
    world = make_world(engine)
    readers = [world.visitor(name) for name in ("all", "anna")]
    rules = [rule.rule for rule in routes_of(world.app)]

    @trying(examples)
    @example(address="/api/v1/generation", number=1)
    @given(address=addresses(rules), number=st.integers(0, 1))
    def ask(address: str, number: int) -> None:
        check(readers[number], address)

    ask()


def check(reader: FlaskClient, address: str) -> None:
    answer = reader.get(address)
    permitted = PERMITTED | ({303, 403, 429} if address.startswith(OTHERS) else set())
    # Two slashes lead to the address with one.
    permitted |= {308} if "//" in address.partition("?")[0] else set()
    if answer.status_code == 302:
        # Words that no page knows are taken off its address: it leads to itself, with less.
        path, _, query = answer.headers["Location"].partition("?")
        assert unquote(path) == unquote(address.partition("?")[0]) and len(query) < len(address.partition("?")[2])
    else:
        assert answer.status_code in permitted, (address, answer.status_code)
    assert answer.headers["Content-Security-Policy"] == ALWAYS["Content-Security-Policy"]
    assert b"Traceback" not in answer.data


OTHERS = (
    "/login", "/account/", "/users", "/imports", "/operations", "/welcome/", "/settlements", "/api/v1/settlements",
    "/lines", "/explain/rows", "/paid", "/api/v1/paid", "/overheads", "/api/v1/overheads", "/api/v1/operations",
    "/api/v1/generation",
)
"""Whoever is signed in goes on from there; some are for people with more rights; links are counted."""

# --- the API


@pytest.mark.parametrize(("engine", "examples"), [("embedded", 12), ("mysql", 4)])
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["meant", "not meant"])
def test_the_api_keeps_to_its_document_whatever_is_asked(make_world, engine, examples, mode):
    world = make_world(engine)
    headers = {"Authorization": f"Bearer {token_of(world)}", "Accept-Encoding": "identity"}
    document = world.app.test_client().get("/api/v1/openapi.json", headers=headers).json
    described = schemathesis.openapi.from_dict(document)
    described.app = world.app
    for found in described.get_all_operations():
        operation = found.ok()
        if mode is GenerationMode.NEGATIVE and not operation.query:
            continue

        @trying(examples)
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=headers, checks=[
                not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
            ])

        ask()


def token_of(world: World) -> str:
    with world.store.application.begin() as connection:
        label = f"fuzz {len(api_tokens.all_tokens(connection))}"
        return api_tokens.create_token(connection, "all", label)

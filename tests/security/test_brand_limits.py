"""Whoever is limited to some brands reads what they would read if no other brand had ever existed.

Two shops are compared, byte for byte: one with the brands of everybody and one with this person's alone. So
totals, shares, rankings, counts, permitted values and errors are those of their brands, without any list here
of what to look at. The routes come from the url map.
"""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.imports.products import take_products
from database.journal.catalog_changes import tell_change
from domain.people import ANALYST, Person
from tests.security.answers import told
from tests.security.routes import VALUES, is_file, paths_of, routes_of
from tests.security.worlds import FOREIGN, FOREIGN_ASIN, NO_ASIN, OWN_ASIN, World, limit
from tests.web.conftest import csrf_token
from web.http.access import may_see

SELECTIONS = (
    "", "period=2025&compare=year", "from=2024-03&to=2024-03", "generation=1", "show=brands",
    "metric=CM3&sort=name&order=asc", "sort=change&period=ytd", "search=o", "generation=9", "page=99", "marketplace=US",
    "show=products&search=o", "period=2025&only=falling&columns=roi,net_cogs_per_unit,trend&sort=roi&compare=year",
    "from=2024-03&to=2024-04&only=loss-making,new",
)
SHORT = SELECTIONS[:4]
"""Files and the API hold the rows of the pages, which tests/web/exports/test_exports.py proves."""
OF_OTHERS = ("marketplace=ZZFOREIGN", "metric=Zzforeign%20fees", "columns=zzforeign_fees", "search=zzforeign")
SEARCHES = ("q=o", "q=zzforeign", "q=toys&here=/dashboard%3Fmarketplace%3DZZFOREIGN", "q=last+month")
FOR_MACHINES = "/metrics"
"""It counts requests and seconds, of everybody together."""
OPEN = ("/login", "/healthz", "/readyz", "/static/")


@pytest.fixture
def ids(world: World) -> dict[str, int]:
    """What the shop calls by number."""
    return {
        name: world.id_of(table, text)
        for name, table, text in (
            ("own brand", schema.brand, "Alder"), ("other brand", schema.brand, "Zzforeign Birch"),
            ("category of both", schema.category, "Toys"), ("other category", schema.category, "Zzforeign things"),
        )
    }


def values_of(ids: dict[str, int]) -> dict[str, list[str]]:
    """What stands in the addresses of routes with a variable: one's own, another's, and what is not there."""
    return VALUES | {
        "brand_id": [str(ids["own brand"]), str(ids["other brand"]), "999"],
        "asin": [OWN_ASIN, FOREIGN_ASIN, NO_ASIN],
        "import_id": ["1", "2", "3", "4", "999"],
    }


def addresses(app: Flask, reader: FlaskClient, ids: dict[str, int]) -> Iterator[str]:
    """Every address that is compared."""
    of_others = (
        *OF_OTHERS, f"brand={ids['own brand']}", f"brand={ids['other brand']}",
        f"category={ids['category of both']}", f"category={ids['other category']}",
    )
    for rule in routes_of(app):
        for path in paths_of(rule, values_of(ids)):
            if path == FOR_MACHINES:
                continue
            answer = reader.get(path)
            yield path
            if path.startswith(OPEN) or answer.status_code in (403, 404):
                continue
            tables = answer.json.get("tables", ())[1:] if path.startswith("/api/") else ()
            is_page = not path.startswith("/api/") and not is_file(path)
            is_whole = is_page and "<" not in rule.rule
            for query in (*(SELECTIONS if is_whole else SHORT)[1:], *(f"table={table}" for table in tables)):
                yield f"{path}?{query}"
            for query in of_others if is_whole else of_others[-1:]:
                yield f"{path}?{query}"
            for query in SEARCHES if path.startswith("/search") else ():
                yield f"{path}?{query}"


def test_every_route_answers_as_if_the_brands_of_others_did_not_exist(world, alone, ids):
    for each in (world, alone):
        # Pages list where one is signed in, and other tests signed in here before.
        with each.store.application.begin() as connection:
            connection.execute(sa.delete(schema.app_session))
    reader, elsewhere = world.visitor("anna"), alone.visitor("anna")
    differing, leaking, compared = [], [], 0
    for address in addresses(world.app, reader, ids):
        answer = reader.get(address)
        found, expected = told(answer), told(elsewhere.get(address))
        compared += 1
        if found != expected:
            differing.append((address, found[0], expected[0]))
        if FOREIGN not in address.lower() and is_of_others(found[2]):
            leaking.append(address)
        assert answer.status_code < 500 or answer.status_code == 503, address
    assert (differing, leaking) == ([], [])
    assert compared > 150


def is_of_others(text: str) -> bool:
    """Whether a name or code of somebody else's brand stands in the text."""
    return FOREIGN in text.lower()


def test_whoever_is_not_limited_reads_about_every_brand(world, ids):
    """What the test above looks for is really there."""
    reader = world.visitor("all")
    silent = [
        path for rule in routes_of(world.app) for path in paths_of(rule, values_of(ids))
        if path.startswith(("/dashboard", "/products", "/categories", "/catalog", "/api/v1/catalog", "/api/v1/choices"))
        and not {NO_ASIN, OWN_ASIN, "drafts"}.intersection(re.split("[/.]", path))
        and not is_of_others(told(reader.get(path))[2])
    ]
    assert silent == []


def test_what_is_counted_for_machines_names_no_brand(world):
    answer = world.app.test_client().get(FOR_MACHINES)
    assert answer.status_code == 200
    assert not any(word in answer.text for word in ("oreign", "FOREIGN", "Alder", "OWN1"))


def test_totals_are_the_sums_of_the_persons_brands(world):
    reader = world.visitor("anna")
    # Each product has a cent more each month, from January 2024; March 2024 has a correction of 111.00.
    cents = {"Alder": (10_000, 5_000), "Ash": (2_000, -300)}
    expected = {name: sum(start + month for start in starts for month in range(12)) for name, starts in cents.items()}
    expected["Alder"] += 11_100
    expected["Total"] = sum(expected.values())
    rows = reader.get("/api/v1/dashboard?period=2024").json["rows"]
    assert {row["brand"]: row["value"] for row in rows} == {name: f"{c / 100:.2f}" for name, c in expected.items()}
    for table in ("categories", "marketplaces"):
        rows = reader.get(f"/api/v1/dashboard?period=2024&table={table}").json["rows"]
        assert rows[-1]["value"] == f"{expected['Total'] / 100:.2f}"


def test_of_two_limited_people_neither_reads_about_the_other(small_world):
    reader, leaking = small_world.visitor("solo"), []
    ids = {"own brand": 1, "other brand": small_world.id_of(schema.brand, "Ash"), "category of both": 1,
           "other category": small_world.id_of(schema.category, "Games")}
    for rule in routes_of(small_world.app):
        for path in paths_of(rule, {**values_of(ids), "asin": [OWN_ASIN, "OWN3"]}):
            answer = reader.get(f"{path}?period=2025") if "catalog" not in path else reader.get(path)
            text = told(answer)[2]
            if is_of_others(text) or "Ash" in text or ("OWN3" in text and "OWN3" not in path) or "Games" in text:
                leaking.append(path)
    assert leaking == []


# --- answers that are kept


def pages_of(world: World, ids: dict[str, int]) -> list[str]:
    of_figures = ("/dashboard", "/profitability", "/categories", "/brands", "/products", "/drivers")
    return [
        path for rule in routes_of(world.app) for path in paths_of(rule, values_of(ids))
        if path.startswith(of_figures) and not is_file(path)
    ]


def test_an_answer_kept_for_one_reader_is_given_to_nobody_who_sees_less_or_more(small_world, make_world, ids_small):
    everybody, limited, solo = (small_world.visitor(name) for name in ("all", "anna", "solo"))
    elsewhere = make_world("embedded", others=False).visitor("anna")
    pages = [f"{page}?compare=year&period=ytd" for page in pages_of(small_world, ids_small)]
    whole = [told(everybody.get(page)) for page in pages]
    assert [told(limited.get(page)) for page in pages] == [told(elsewhere.get(page)) for page in pages]
    shutil.rmtree(small_world.store.settings.database.path / "cache" / "answers")
    small = [told(solo.get(page)) for page in pages]
    assert [told(limited.get(page)) for page in pages] == [told(elsewhere.get(page)) for page in pages]
    assert [told(everybody.get(page)) for page in pages] == whole
    assert [told(solo.get(page)) for page in pages] == small


def test_a_mark_of_a_page_opens_it_to_nobody_else_and_ends_with_the_limits(small_world, ids_small):
    everybody, limited = small_world.visitor("all"), small_world.visitor("anna")
    try:
        for page in pages_of(small_world, ids_small):
            whole, own = everybody.get(page), limited.get(page)
            if own.status_code != 200:
                continue
            assert limited.get(page, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 200
            assert limited.get(page, headers={"If-None-Match": own.headers["ETag"]}).status_code == 304
            limit(small_world, "anna", "Ash")
            answer = limited.get(page, headers={"If-None-Match": own.headers["ETag"]})
            assert answer.status_code in (200, 404)
            assert "Alder" not in answer.text
            limit(small_world, "anna", "Alder", "Ash")
    finally:
        limit(small_world, "anna", "Alder", "Ash")


@pytest.fixture
def ids_small(small_world: World) -> dict[str, int]:
    brand = schema.brand
    return {"own brand": small_world.id_of(brand, "Alder"), "other brand": small_world.id_of(brand, "Ash")}


# --- products that move


def test_a_product_that_was_moved_to_another_brand_does_not_name_it(world, tmp_path):
    """Its figures are the person's until the next refresh; where it stands now is not theirs to know."""
    try:
        move(world, tmp_path, "Zzforeign Cedar", "Zzforeign things")
        reader = world.visitor("anna")
        for path in (f"/products/{OWN_ASIN}", "/products", "/catalog", "/catalog?show=products&search=own1",
                     "/catalog.csv", "/api/v1/catalog", f"/products/{OWN_ASIN}.csv", f"/api/v1/products/{OWN_ASIN}"):
            answer = reader.get(path)
            assert answer.status_code == 200, path
            assert not is_of_others(told(answer)[2]), path
    finally:
        move(world, tmp_path, "Alder", "Toys")


def move(world: World, folder, brand: str, category: str) -> None:
    file = folder / "move.csv"
    file.write_text(f"asin,brand,category\n{OWN_ASIN},{brand},{category}\n", encoding="utf-8")
    with world.store.lock("a test"):
        report = take_products(world.store, file, dry_run=False)
        tell_change(world.store, report, user_name="all", file_name="move.csv")


# --- what is sent

THEIR_OWN = "shows what is a person's own and of no brand"
LIMITED = "test_a_limited_person_is_told_the_same_of_what_is_anothers_and_of_what_is_not_there"
SENT = {
    "/login": THEIR_OWN,
    "/login/code": THEIR_OWN,
    "/logout": THEIR_OWN,
    "/welcome/<secret>": THEIR_OWN,
    "/account/password": THEIR_OWN,
    "/account/second-factor": THEIR_OWN,
    "/account/second-factor/codes": THEIR_OWN,
    "/account/second-factor/confirm": THEIR_OWN,
    "/account/second-factor/off": THEIR_OWN,
    "/account/sessions/end": THEIR_OWN,
    "/account/tokens": THEIR_OWN,
    "/account/tokens/revoke": THEIR_OWN,
    "/notes/close": THEIR_OWN,
    "/views": THEIR_OWN,
    "/views/<id:view_id>/rename": THEIR_OWN,
    "/views/<id:view_id>/remove": THEIR_OWN,
    "/views/<id:view_id>/start": THEIR_OWN,
    "/catalog/assign": LIMITED,
    "/catalog/upload": LIMITED,
    "/lines": LIMITED,
    "/explain/rows": LIMITED,
    "/catalog/drafts/<token>": THEIR_OWN,
    "/catalog/drafts/<token>/discard": THEIR_OWN,
}
"""Every route that takes a form of somebody limited, and why nothing of other brands comes back."""


def test_every_form_that_a_limited_person_may_send_was_thought_of(small_world):
    person = Person(1, "anna", ANALYST, frozenset({1}))
    views = small_world.app.view_functions
    routes = routes_of(small_world.app, "POST")
    assert {rule.rule for rule in routes if may_see(views[rule.endpoint], person)} == set(SENT)


def test_a_limited_person_is_told_the_same_of_what_is_anothers_and_of_what_is_not_there(small_world):
    client = small_world.visitor("anna")

    def send(path: str, **form) -> str:
        form |= {"csrf_token": csrf_token(client)}
        answer = client.post(path, data=form, content_type="multipart/form-data", follow_redirects=True)
        assert answer.status_code == 200
        return told(answer)[2].replace(NO_ASIN, FOREIGN_ASIN).replace("Zznowhere Oak", "Zzforeign Birch")

    def upload(asin: str, brand: str) -> str:
        file = io.BytesIO(f"asin,name,brand\n{asin},New name,{brand}\n".encode())
        return re.sub(r"/catalog/drafts/[0-9a-f]{32}", "", send("/catalog/upload", file=(file, "own.csv")))

    assert upload(FOREIGN_ASIN, "Zzforeign Birch") == upload(NO_ASIN, "Zznowhere Oak")
    other = small_world.id_of(schema.asin, FOREIGN_ASIN)
    assert send("/catalog/assign", show="products", item=str(other), brand="Alder") == send(
        "/catalog/assign", show="products", item="99999", brand="Alder"
    )
    asked = {}
    for asin in (FOREIGN_ASIN, NO_ASIN):
        form = {"asin": asin, "metric": "CM3", "month": "2025-01", "csrf_token": csrf_token(client)}
        answer = client.post("/lines", data=form)
        asked[asin] = answer.status_code, told(answer)[2].replace(NO_ASIN, FOREIGN_ASIN)
        rows = client.post("/explain/rows", data={"figure": f"asin={asin}", "csrf_token": csrf_token(client)})
        assert rows.status_code == 404 and not is_of_others(told(rows)[2].replace(FOREIGN_ASIN.lower(), ""))
    assert asked[FOREIGN_ASIN] == asked[NO_ASIN] and asked[NO_ASIN][0] == 404

"""Every answer carries every header, whatever its status, in the clear and under TLS; each status really happens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from database import schema
from database.people import attempts, users
from tests.security.worlds import World
from web.http.headers import ALWAYS

KINDS = {"plain": "http://localhost", "tls": "https://localhost"}
A_PAGE, NO_STORE = "private, no-cache", "no-store"

Ask = Callable[[FlaskClient, World, str], TestResponse]
"""(somebody signed in, the shop, the site's address) -> one answer."""


def stranger(world: World) -> FlaskClient:
    return world.app.test_client()


def held(client: FlaskClient, path: str, site: str) -> TestResponse:
    mark = client.get(path, base_url=site).headers["ETag"]
    return client.get(path, base_url=site, headers={"If-None-Match": mark})


def send(client: FlaskClient, path: str, site: str, **form) -> TestResponse:
    referer = {"Referer": f"{site}/"}
    return client.post(path, base_url=site, data={"csrf_token": csrf_token_of(client, site), **form}, headers=referer)


def csrf_token_of(client: FlaskClient, site: str) -> str:
    """The token of the browser's own page: under TLS it has another cookie."""
    page = client.get("/account", base_url=site)
    if page.status_code != 200:
        page = client.get("/login", base_url=site)
    return page.text.partition('name="csrf_token" value="')[2].partition('"')[0]


def guess_again(client: FlaskClient, world: World, site: str) -> TestResponse:
    """A sixth guess, after five that were counted."""
    for _ in range(5):
        attempts.admit_attempt(world.store, "victim", "127.0.0.1")
    return send(stranger(world), "/login", site, name="victim", password="not it at all")


ANSWERS: dict[str, tuple[int, str, Ask]] = {
    "a page": (200, A_PAGE, lambda client, world, site: client.get("/dashboard", base_url=site)),
    "a page that is held": (304, A_PAGE, lambda client, world, site: held(client, "/dashboard", site)),
    "a list": (200, NO_STORE, lambda client, world, site: client.get("/catalog", base_url=site)),
    "the sign-in page": (200, NO_STORE, lambda client, world, site: stranger(world).get("/login", base_url=site)),
    "csv": (200, NO_STORE, lambda client, world, site: client.get("/dashboard.csv", base_url=site)),
    "xlsx": (200, NO_STORE, lambda client, world, site: client.get("/products.xlsx", base_url=site)),
    "the API": (200, NO_STORE, lambda client, world, site: client.get("/api/v1/dashboard", base_url=site)),
    "a style": (200, "no-cache", lambda client, world, site: client.get("/static/css/base.css", base_url=site)),
    "a style that is held": (304, "no-cache", lambda client, world, site: held(client, "/static/css/base.css", site)),
    "health": (200, NO_STORE, lambda client, world, site: client.get("/readyz", base_url=site)),
    "on to the sign-in page": (
        302, NO_STORE, lambda client, world, site: stranger(world).get("/dashboard", base_url=site)
    ),
    "a parameter": (400, NO_STORE, lambda client, world, site: client.get("/dashboard?brands=1", base_url=site)),
    "a form without its token": (400, NO_STORE, lambda client, world, site: client.post("/logout", base_url=site)),
    "a foreign host": (
        400, NO_STORE, lambda client, world, site: client.get("/", base_url=site, headers={"Host": "evil.com"})
    ),
    "a program without a token": (
        401, NO_STORE, lambda client, world, site: stranger(world).get("/api/v1/dashboard", base_url=site)
    ),
    "a role that is too small": (403, NO_STORE, lambda client, world, site: client.get("/users", base_url=site)),
    "nothing there": (404, NO_STORE, lambda client, world, site: client.get("/nowhere", base_url=site)),
    "no such file": (404, NO_STORE, lambda client, world, site: client.get("/static/x.css", base_url=site)),
    "a wrong method": (405, NO_STORE, lambda client, world, site: client.get("/logout", base_url=site)),
    "a generation that is gone": (
        410, NO_STORE, lambda client, world, site: client.get("/dashboard?generation=99", base_url=site)
    ),
    "too much": (
        413, NO_STORE,
        lambda client, world, site: send(client, "/account/password", site, old="x" * 2_000_000),
    ),
    "too many guesses": (429, NO_STORE, guess_again),
}


@pytest.fixture(scope="module", params=KINDS)
def reader(request, make_world) -> tuple[FlaskClient, World, str]:
    """An analyst who signed in over this kind of connection."""
    site, world = KINDS[request.param], make_world("embedded")
    client = world.app.test_client()
    assert send(client, "/login", site, name="anna", password="correct horse battery").status_code == 303
    return client, world, site


@pytest.mark.parametrize("name", ANSWERS)
def test_every_answer_has_every_header_once(reader, name):
    client, world, site = reader
    status, cache_control, ask = ANSWERS[name]
    answer = ask(client, world, site)
    assert answer.status_code == status, answer.text
    assert_headers(answer, site, cache_control)


def assert_headers(answer: TestResponse, site: str, cache_control: str) -> None:
    for header, value in ALWAYS.items():
        assert answer.headers.getlist(header) == [value], header
    assert answer.headers.getlist("Cache-Control") == [cache_control]
    is_tls = site.startswith("https")
    assert answer.headers.getlist("Strict-Transport-Security") == (["max-age=31536000"] if is_tls else [])
    assert len(answer.headers["X-Request-Id"]) == 16
    for cookie in answer.headers.getlist("Set-Cookie"):
        name, _, rest = cookie.partition("=")
        flags = {part.strip() for part in rest.split(";")[1:]} - {"Max-Age=0"}
        flags = {flag for flag in flags if not flag.startswith("Expires=")}
        assert name == ("__Host-lego" if is_tls else "lego")
        assert flags == {"HttpOnly", "Path=/", "SameSite=Lax"} | ({"Secure"} if is_tls else set())


@pytest.mark.parametrize("site", KINDS.values(), ids=KINDS)
def test_an_app_whose_database_holds_nonsense_answers_500_with_every_header(small_app, add_small_person, site):
    """A role that no version of the program knows: what a hand at the database can do."""
    client = add_small_person("anna", site)
    with small_app.extensions["lego_store"].application.begin() as connection:
        connection.execute(sa.update(schema.app_user).values(role="emperor"))
    for path in ("/dashboard", "/account", "/dashboard.csv", "/api/v1/dashboard"):
        answer = client.get(path, base_url=site)
        assert answer.status_code == 500
        assert "emperor" not in answer.text and "Traceback" not in answer.text
        assert_headers(answer, site, NO_STORE)


@pytest.mark.parametrize("site", KINDS.values(), ids=KINDS)
def test_an_app_that_lost_its_database_answers_503_with_every_header(small_app, add_small_person, site):
    client = add_small_person("anna", site)
    answer = client.get("/dashboard", base_url=site)
    assert answer.status_code == 503
    assert "No figures yet" in answer.text
    assert_headers(answer, site, NO_STORE)
    store = small_app.extensions["lego_store"]
    store.close()
    for path in store.settings.database.path.glob("application.sqlite*"):
        path.unlink()
    for path in ("/dashboard", "/login", "/readyz", "/api/v1/dashboard"):
        answer = client.get(path, base_url=site)
        assert answer.status_code == 503, path
        assert int(answer.headers["Retry-After"]) > 0
        assert_headers(answer, site, NO_STORE)


@pytest.fixture
def add_small_person(small_app: Flask, password_hash: str) -> Callable[[str, str], FlaskClient]:
    """Adds a viewer to the empty app and signs them in."""

    def add(name: str, site: str) -> FlaskClient:
        with small_app.extensions["lego_store"].application.begin() as connection:
            users.add_user(connection, name=name, role="viewer", password_hash=password_hash)
        client = small_app.test_client()
        assert send(client, "/login", site, name=name, password="correct horse battery").status_code == 303
        return client

    return add

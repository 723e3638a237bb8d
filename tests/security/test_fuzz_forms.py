"""Every field of every form is given what nobody means, by an admin with the token of their own page: no answer is a
500 or a traceback. A form that is new fails until it is listed, and so does a field that a view asks for.

`LONG_FUZZ=20` gives each field twenty times as many values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from database.people import users
from database.people.attempts import EVERYWHERE, forget_attempts
from database.people.one_time_tokens import LINK, make_token
from database.people.passwords import hash_password
from domain.listing import WORDS
from flask_app import create_app
from tests.security.routes import HOSTILE, paths_of, routes_of
from tests.summaries_fixture import publish
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.shop import NAMES, ROWS
from web.http.headers import ALWAYS

TIMES = int(os.environ.get("LONG_FUZZ", "1"))
NEW = "quite another good one"
TRIED = 4
"""So many values for each field."""
OF_ADDRESSES = {"generation", "next"}
"""Parameters of addresses, which any page may look for."""
PERMITTED = {200, 303, 400, 403, 404, 413, 429}

LISTING = dict.fromkeys(WORDS, "") | {"show": "products"}
RULE = {"figure": "CM3", "whose": "everything", "comparison": "below", "threshold": "10"}
UPLOAD = {
    "format": "auto", "source": "", "brand": "", "mode": "replace", "decimal": ".", "encoding": "", "round": "1",
    "update_products": "1", "allow_currency": "EUR",
}
# Nothing here may begin a process: no row has the item, no file comes with an upload, no kind of refresh is known.
FIELDS: dict[str, dict[str, str]] = {
    "/account/password": {"password": PASSWORD, "new": NEW, "again": NEW},
    "/account/second-factor": {"password": PASSWORD},
    "/account/second-factor/codes": {"password": PASSWORD},
    "/account/second-factor/confirm": {"code": "000000"},
    "/account/second-factor/off": {"password": PASSWORD},
    "/account/sessions/end": {"session": "0" * 16},
    "/account/tokens": {"label": "a program", "password": PASSWORD},
    "/account/tokens/revoke": {"label": "a program"},
    "/catalog/assign": LISTING | {"brand": "Oak", "category": "Toys", "group": "", "item": "999999", "all": ""},
    "/catalog/drafts/<token>": {},
    "/catalog/drafts/<token>/discard": {},
    "/catalog/skus": {"sku": "MUG", "asin": "", "search": "", "page": ""},
    "/catalog/upload": {"file": ""},
    "/explain/rows": {"figure": "asin=B0NOTTHERE"},
    "/imports/<id:import_id>/undo": {"refresh": "1"},
    "/imports/refresh": {},
    "/imports/tasks/<token>": {"refresh": "1"},
    "/imports/tasks/<token>/again": UPLOAD,
    "/imports/tasks/<token>/discard": {},
    "/imports/tasks/<token>/stop": {},
    "/imports/upload": UPLOAD | {"file": ""},
    "/lines": {
        "asin": "B0NOTTHERE", "month": "2025-10", "metric": "CM3", "marketplace": "", "settlement": "", "kind": "",
    },
    "/login": {"name": "admin", "password": PASSWORD, "next": "/dashboard"},
    "/login/code": {"code": "000000", "next": "/dashboard"},
    "/logout": {},
    "/notes/close": {"note": "corrections:1", "address": "/dashboard"},
    "/operations/check": {},
    "/operations/left-out": {"reason": "no reason"},
    "/operations/rates/one": {"currency": "GBP", "month": "some day", "rate": "1.3", "do": "", "refresh": "1"},
    "/operations/rates/upload": {"decimal": ".", "date_order": "dmy", "sheet": "", "file": ""},
    "/operations/rates/work/<token>": {"refresh": "1", "right": "1"},
    "/operations/rates/work/<token>/discard": {},
    "/operations/refresh": {"kind": "sideways"},
    "/operations/refresh/<token>": {},
    "/operations/refresh/<token>/discard": {},
    "/operations/refresh/<token>/stop": {},
    "/unit-costs/<text:asin>": {"valid_from": "some day", "cost": "-1", "marketplace": ""},
    "/overheads/tell": {
        "name": "Rent", "amount": "much", "from": "2025-01", "to": "", "currency": "", "brand": "", "marketplace": "",
    },
    "/operations/rules": RULE,
    "/operations/rules/<id:rule_id>": RULE,
    "/operations/rules/<id:rule_id>/remove": {},
    "/operations/stop": {"run": "1"},
    "/settlements/kinds/<id:kind_id>": {"place": "elsewhere"},
    "/users": {"name": "somebody", "role": "viewer", "limit": "some", "brand": "1"},
    "/users/<id:user_id>/brands": {"limit": "some", "brand": "1"},
    "/users/<id:user_id>/disable": {},
    "/users/<id:user_id>/enable": {},
    "/users/<id:user_id>/link": {},
    "/users/<id:user_id>/role": {"role": "viewer"},
    "/users/<id:user_id>/second-factor/off": {},
    "/users/<id:user_id>/sessions/end": {},
    "/users/<id:user_id>/tokens/revoke": {"label": "a program"},
    "/views": {"name": "Profit", "page": "/profitability?months=3", "start": "1"},
    "/views/<id:view_id>/remove": {"back": "account", "page": "/dashboard"},
    "/views/<id:view_id>/rename": {"name": "Loss", "back": "account", "page": "/dashboard"},
    "/views/<id:view_id>/start": {"start": "1", "back": "account", "page": "/dashboard"},
    "/welcome/<secret>": {"new": NEW, "again": NEW},
}
"""Every field of every form, with a value that means something."""
BEGINS_WORK = {"/imports/refresh", "/operations/check"}
"""What takes no field and begins a refresh or the checks: tests/web/operations/test_operations.py."""


class Asked(ImmutableMultiDict):
    """A form that remembers which of its fields were asked for."""

    fields: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.fields.add(key)
        return super().__getitem__(key)

    def getlist(self, key: str, type: Callable | None = None) -> list:
        self.fields.add(key)
        return super().getlist(key, type)

    def __contains__(self, key: str) -> bool:
        self.fields.add(key)
        return super().__contains__(key)

    def get(self, key: str, default=None, type: Callable | None = None):
        self.fields.add(key)
        return super().get(key, default, type)


@pytest.fixture
def shop(store) -> Iterator[Flask]:
    """An app with figures, an admin, a viewer with the id 1, and a rule."""
    publish(store, ROWS, **NAMES)
    app = create_app(store.settings)
    hashed = hash_password(PASSWORD)
    with store.application.begin() as connection:
        for name, role in (("viewer", "viewer"), ("admin", "admin")):
            users.add_user(connection, name=name, role=role, password_hash=hashed)
    yield app
    app.extensions["lego_store"].close()


class Sender:
    """An admin's browser, which signs in again whenever it was signed out."""

    def __init__(self, app: Flask, store) -> None:
        self.app, self.store = app, store
        self.client: FlaskClient = app.test_client()

    def send(self, rule: str, **body) -> set[str]:
        """Sends a form to a route; the answer must be one that was meant. Returns the fields that were asked for."""
        with self.store.application.begin() as connection:
            # Otherwise the first few wrong passwords would be all that is looked at.
            for address in ("127.0.0.1", EVERYWHERE):
                forget_attempts(connection, "admin", address)
            viewer = users.find_user(connection, "viewer")
            secret = make_token(connection, viewer.id, LINK) if "<secret>" in rule and viewer.active else "s" * 43
        if self.client.get("/account").status_code != 200:
            self._sign_in()
        headers = {"X-CSRFToken": csrf_token(self.client)}
        path = next(_paths(self.app, rule)).replace("s" * 43, secret)
        Asked.fields = set()
        answer = self.client.post(path, headers=headers, **body)
        assert answer.status_code in PERMITTED, (rule, body, answer.status_code)
        assert answer.headers["Content-Security-Policy"] == ALWAYS["Content-Security-Policy"]
        assert b"Traceback" not in answer.data
        return set(Asked.fields)

    def _sign_in(self) -> None:
        self.client = self.app.test_client()
        for password in (PASSWORD, NEW):
            if sign_in(self.client, "admin", password).status_code == 303:
                return
        raise AssertionError("the admin cannot sign in any more")


def _paths(app: Flask, rule: str) -> Iterator[str]:
    for found in routes_of(app, "POST"):
        if found.rule == rule:
            yield from paths_of(found)


def test_every_form_is_listed(shop):
    assert {rule.rule for rule in routes_of(shop, "POST")} == set(FIELDS)


def test_every_field_of_every_form_gets_an_answer_that_was_meant(shop, store, monkeypatch):
    monkeypatch.setattr(shop.request_class, "parameter_storage_class", Asked)
    sender, unknown = Sender(shop, store), {}
    for number, (rule, fields) in enumerate(FIELDS.items()):
        if rule in BEGINS_WORK:
            continue
        asked = sender.send(rule, data=fields)
        for place, field in enumerate(fields, start=number):
            for turn in range(TRIED * TIMES):
                value = HOSTILE[(place * TRIED + turn) % len(HOSTILE)]
                asked |= sender.send(rule, data=fields | {field: value})
        unknown[rule] = asked - set(fields) - {"csrf_token", *OF_ADDRESSES}
    assert {rule: words for rule, words in unknown.items() if words} == {}


def test_what_is_no_form_gets_an_answer_that_was_meant(shop, store):
    sender = Sender(shop, store)
    for rule, fields in FIELDS.items():
        if rule in BEGINS_WORK:
            continue
        for body in (
            {"data": b"\xff\xfe%00=%zz&=&&a", "content_type": "application/x-www-form-urlencoded"},
            {"json": [dict(fields)]}, {"data": b"{", "content_type": "application/json"},
            {"data": b"--x\r\n", "content_type": "multipart/form-data; boundary=x"},
            {"data": b"x", "content_type": "multipart/form-data"},
        ):
            sender.send(rule, **body)


def test_forms_that_chance_puts_together_get_an_answer_that_was_meant(shop, store):
    sender, rules = Sender(shop, store), sorted(set(FIELDS) - BEGINS_WORK)
    text = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)

    @settings(
        max_examples=40 * TIMES, deadline=None, database=None, derandomize=TIMES == 1,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        rule = data.draw(st.sampled_from(rules))
        words = st.sampled_from(sorted(FIELDS[rule])) if FIELDS[rule] else text
        sender.send(rule, data=FIELDS[rule] | data.draw(st.dictionaries(words | text, text, max_size=4)))

    send()

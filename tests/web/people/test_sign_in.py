"""Signing in and out, and guessing passwords."""

import re
import threading
import unicodedata

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from database import schema
from database.people import users
from database.people.attempts import FAILURE_WINDOW
from database.people.passwords import NOBODY, is_outdated, is_password
from flask_app import create_app
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.forms import post


def audit(store):
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(schema.audit_log).order_by(schema.audit_log.c.id))
        return [(row.action, row.user_name, row.address) for row in rows]


def test_the_right_password_opens_a_session(client, add_person, store):
    add_person("anna")
    answer = sign_in(client, " Anna ")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/login").location == "/"
    assert audit(store) == [("sign-in", "anna", "127.0.0.1")]


def test_a_password_that_is_longer_as_it_is_typed_than_as_it_is_counted_opens_a_session(client, add_person, store):
    long = "e\u0301xqvzh" * 19
    add_person("anna")
    sign_in(client, "anna")
    assert post(client, "/account/password", password=PASSWORD, new=long, again=long).status_code == 303
    assert post(client, "/account/tokens", label="a program", password=long).status_code == 200
    for typed in (long, unicodedata.normalize("NFC", long)):
        assert sign_in(client.application.test_client(), "anna", typed).status_code == 303
    assert sign_in(client.application.test_client(), "anna", f"{long}x").status_code == 403


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(client, add_person, store):
    add_person("anna")
    wrong = sign_in(client, "anna", "not it at all")
    unknown = sign_in(client, "otto", PASSWORD)
    assert wrong.status_code == unknown.status_code == 403
    assert "The name or the password is not right." in wrong.text
    assert [line.replace("anna", "otto") for line in visible(wrong)] == visible(unknown)
    assert audit(store) == [("sign-in failed", "anna", "127.0.0.1"), ("sign-in failed", "otto", "127.0.0.1")]


def visible(answer):
    return [line for line in answer.text.splitlines() if "csrf_token" not in line]


def test_an_unknown_name_costs_the_hash_of_a_known_one(real_hashes):
    assert not is_outdated(NOBODY)


def test_a_disabled_user_cannot_sign_in(client, add_person, store):
    add_person("anna")
    with store.application.begin() as connection:
        users.disable_user(connection, "anna")
    assert sign_in(client, "anna").status_code == 403


def test_a_hash_of_an_older_cost_is_made_anew_at_sign_in(client, store, real_hashes):
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash=cheap)
    assert sign_in(client, "anna").status_code == 303
    with store.application_reading.connect() as connection:
        stored = users.find_user(connection, "anna").password_hash
    assert not is_outdated(stored)
    assert is_password(PASSWORD, stored)


def test_five_failures_in_any_worker_shut_the_sixth_attempt_out(app, add_person, store):
    add_person("anna")
    other = create_app(store.settings)
    for worker in (app, other, app, other, app):
        assert sign_in(worker.test_client(), "anna", "not it at all").status_code == 403
    answer = sign_in(other.test_client(), "anna", PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert "Too many failed attempts. Try again in 15 minutes." in answer.text
    assert audit(store)[-1] == ("sign-in refused", "anna", "127.0.0.1")
    other.extensions["lego_store"].close()


def test_of_many_refusals_the_audit_trail_has_one_line_for_each_name_and_network(app, add_person, store):
    add_person("anna")
    for name, address in (("anna", "192.0.2.7"), ("nobody", "192.0.2.7"), ("anna", "2001:db8::1")):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        for _ in range(5):
            _fail(client, name)
        for _ in range(4):
            assert _fail(client, name) == 429
    refused = [line for line in audit(store) if line[0] == "sign-in refused"]
    assert refused == [
        ("sign-in refused", "anna", "192.0.2.7"), ("sign-in refused", "nobody", "192.0.2.7"),
        ("sign-in refused", "anna", "2001:db8::1"),
    ]


def test_the_addresses_of_one_network_of_ipv6_count_as_one(app, add_person, store):
    add_person("anna")
    client = app.test_client()
    for number in range(7):
        client.environ_base["REMOTE_ADDR"] = f"2001:db8::{number}"
        assert _fail(client, "anna") == (403 if number < 5 else 429)
    client.environ_base["REMOTE_ADDR"] = "2001:db8:0:1::1"
    assert _fail(client, "anna") == 403
    assert [line[0] for line in audit(store)].count("sign-in refused") == 1


def _fail(client, name: str) -> int:
    """Loopback alone may sign in over plain HTTP."""
    page = client.get("/login", base_url="https://localhost")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    form = {"name": name, "password": "not it at all", "csrf_token": token}
    headers = {"Referer": "https://localhost/login"}
    return client.post("/login", data=form, base_url="https://localhost", headers=headers).status_code


def test_the_count_is_of_one_name_from_one_address(app, add_person):
    add_person("anna")
    add_person("otto")
    for _ in range(5):
        sign_in(app.test_client(), "anna", "not it at all")
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(elsewhere, "anna").status_code == 303
    assert sign_in(app.test_client(), "otto").status_code == 303
    assert sign_in(app.test_client(), "anna").status_code == 429


def test_failures_older_than_the_window_do_not_count(app, add_person, store):
    add_person("anna")
    for _ in range(5):
        sign_in(app.test_client(), "anna", "not it at all")
    table = schema.sign_in_failure
    with store.application.begin() as connection:
        for row in connection.execute(sa.select(table)).all():
            earlier = row.failed_at - FAILURE_WINDOW
            connection.execute(sa.update(table).where(table.c.id == row.id).values(failed_at=earlier))
    assert sign_in(app.test_client(), "anna").status_code == 303


def test_signing_in_clears_the_count(app, add_person):
    add_person("anna")
    for _ in range(2):
        for _ in range(4):
            assert sign_in(app.test_client(), "anna", "not it at all").status_code == 403
        assert sign_in(app.test_client(), "anna").status_code == 303


def test_of_many_guesses_at_once_five_are_tried(app, add_person, store):
    add_person("anna")
    workers = (app, create_app(store.settings))
    statuses = []

    def guess(worker):
        statuses.append(sign_in(worker.test_client(), "anna", "not it at all").status_code)

    threads = [threading.Thread(target=guess, args=(workers[number % 2],)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 12
    assert statuses.count(403) <= 5
    assert statuses.count(403) + statuses.count(429) == 12
    workers[1].extensions["lego_store"].close()


def test_signing_out_ends_the_session_for_a_stolen_cookie_too(signed_in, store):
    client = signed_in("viewer")
    stolen = client.get_cookie("lego").value
    answer = client.post("/logout", data={"csrf_token": csrf_token(client)})
    assert (answer.status_code, answer.location) == (303, "/login")
    client.set_cookie("lego", stolen)
    assert client.get("/login").status_code == 200
    assert audit(store)[-1] == ("sign-out", "viewer", "127.0.0.1")


@pytest.mark.parametrize("name", ["a\x00b", "x" * 5000, "anna\r\nsign-in", "\u202eanna", "' OR 1=1 --", ""])
def test_a_hostile_name_is_refused_and_escaped_in_the_audit_trail(client, store, name):
    assert sign_in(client, name).status_code == 403
    [(action, recorded, _)] = audit(store)
    assert action == "sign-in failed"
    assert recorded.isprintable()
    assert len(recorded) <= 150


def test_sign_in_leads_on_to_the_page_that_was_asked_for(client, add_person):
    add_person("anna")
    assert sign_in(client, "anna", next="/dashboard?period=3m").location == "/dashboard?period=3m"


def test_sign_in_never_leads_to_another_site(client, add_person):
    add_person("anna")
    assert sign_in(client, "anna", next="/\t/evil.com").location == "/"
    assert client.get("/login?next=https://evil.com").location == "/"


@pytest.mark.parametrize("query", ["debug=1", "next=/&next=/dashboard", "next=/&x="])
def test_a_parameter_it_does_not_know_or_has_twice_is_refused(small_app, query):
    answer = small_app.test_client().get(f"/login?{query}")
    assert answer.status_code == 400
    assert "This page takes next=, once, and nothing else." in answer.text


def test_the_page_says_how_to_make_the_first_user(client, add_person):
    assert "flask create-user NAME --role admin" in client.get("/login").text
    add_person("anna")
    assert "flask create-user" not in client.get("/login").text


def test_over_plain_http_from_elsewhere_no_password_is_asked_for(small_app):
    client = small_app.test_client()
    page = client.get("/login", base_url="http://192.0.2.10:8000")
    assert page.status_code == 403
    assert "password\" type" not in page.text
    assert client.get("/login", base_url="https://192.0.2.10:8000").status_code == 200

"""Links that work once: a new person, or one who forgot the password, chooses one."""

import logging

import pytest
import sqlalchemy as sa

from database import schema
from database.people import users
from database.people.one_time_tokens import LINK, make_token
from database.people.passwords import is_password
from flask_app import create_app
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.forms import enrol, is_signed_in, link_in, post, stored, token_of, trail, user_id

NEW = "quite another good one"


@pytest.fixture
def link(store, add_person):
    """The path of a link for anna, who has a password already."""
    add_person("anna")
    with store.application.begin() as connection:
        return f"/welcome/{make_token(connection, user_id(store, 'anna'), LINK)}"


def choose(client, link, new=NEW, again=None):
    return post(client, link, new=new, again=new if again is None else again)


def test_a_new_person_chooses_a_password_and_signs_in_with_it(signed_in, app, store):
    link = link_in(post(signed_in("admin"), "/users", name="bert", role="analyst"))
    visitor = app.test_client()
    page = visitor.get(link)
    assert (page.status_code, "You sign in as <strong>bert</strong>" in page.text) == (200, True)
    answer = choose(visitor, link)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert "Your password is set. Sign in with it." in visitor.get("/login").text
    assert not is_signed_in(visitor)
    assert sign_in(visitor, "bert", NEW).location == "/"
    assert ("password chosen", "bert", "by a link; ended every session") in trail(store)
    assert stored(store, schema.one_time_token) == []


def test_a_link_works_once_and_only_its_hash_is_stored(link, app, store):
    [row] = stored(store, schema.one_time_token)
    token = link.rpartition("/")[2]
    assert token not in repr(row)
    assert 6.99 < (row.expires_at - row.created_at).total_seconds() / 86400 <= 7
    visitor = app.test_client()
    for _ in range(3):
        assert visitor.get(link).status_code == 200
    assert choose(visitor, link).status_code == 303
    assert visitor.get(link).status_code == 404
    assert choose(app.test_client(), link, "yet another good one").status_code == 404
    [user] = stored(store, schema.app_user)
    assert is_password(NEW, user.password_hash)


def test_what_is_no_good_password_leaves_the_link_as_it_was(link, app, store):
    visitor, before = app.test_client(), stored(store, schema.app_user)
    for new, again in (("short", None), (NEW, NEW + "x"), ("", None), ("anna2024!", None), ("password", None)):
        assert choose(visitor, link, new, again).status_code == 400
    assert stored(store, schema.app_user) == before
    assert choose(visitor, link).status_code == 303


def test_choosing_ends_every_session_and_asks_for_the_second_factor_still(link, app, half_minute, store):
    client = app.test_client()
    sign_in(client, "anna")
    enrol(client)
    visitor = app.test_client()
    assert choose(visitor, link).status_code == 303
    assert not is_signed_in(client)
    assert sign_in(visitor, "anna", NEW).location == "/login/code"
    assert not is_signed_in(visitor)


def test_choosing_ends_every_token_of_the_api(link, app, store):
    client = app.test_client()
    sign_in(client, "anna")
    headers = {"Authorization": f"Bearer {token_of(client)}"}
    program = app.test_client()
    assert program.get("/api/v1/openapi.json", headers=headers).status_code == 200
    assert choose(app.test_client(), link).status_code == 303
    assert program.get("/api/v1/openapi.json", headers=headers).status_code == 401
    assert trail(store)[-1] == ("password chosen", "anna", "by a link; ended every session, API tokens: a program")


@pytest.mark.parametrize("end", ["too old", "replaced", "disabled", "sessions ended"])
def test_a_link_ends(link, app, store, end):
    table = schema.one_time_token
    with store.application.begin() as connection:
        if end == "too old":
            connection.execute(sa.update(table).values(expires_at=table.c.created_at))
        elif end == "replaced":
            make_token(connection, user_id(store, "anna"), LINK)
        elif end == "disabled":
            users.disable_user(connection, "anna")
        else:
            users.end_sessions(connection, user_id(store, "anna"))
    visitor = app.test_client()
    page = visitor.get(link)
    assert (page.status_code, "Ask an admin for another." in page.text) == (404, True)
    assert choose(visitor, link).status_code == 404


def test_guessing_links_is_limited_across_processes_and_hurts_no_name(link, app, add_person, store):
    other = create_app(store.settings)
    for worker in (app, other, app, other, app):
        assert worker.test_client().get(f"/welcome/{'A' * 43}").status_code == 404
    answer = other.test_client().get(link)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert elsewhere.get(link).status_code == 200
    assert sign_in(app.test_client(), "anna", PASSWORD).location == "/"
    other.extensions["lego_store"].close()


def test_the_link_is_told_to_nobody(link, app, caplog):
    caplog.set_level(logging.DEBUG)
    visitor = app.test_client()
    page, answer = visitor.get(link), choose(visitor, link)
    for response in (page, answer):
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cache-Control"] == "no-store"
    assert "//" not in page.text.replace("<!--", "")
    assert visitor.get(link + "/").status_code == 404
    assert link.rpartition("/")[2] not in caplog.text
    assert "GET /welcome/… 200" in caplog.text
    assert NEW not in caplog.text


def test_under_tls_the_form_comes_with_its_own_address_and_is_taken(link, app):
    visitor = app.test_client()
    visitor.get(link, base_url="https://localhost")
    with visitor.session_transaction(base_url="https://localhost") as session:
        secret = session["csrf_token"]
    assert secret
    page = visitor.get(link, base_url="https://localhost").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "new": NEW, "again": NEW}
    answer = visitor.post(
        link, base_url="https://localhost", data=form, headers={"Referer": f"https://localhost{link}"}
    )
    assert answer.status_code == 303


def test_over_plain_http_from_elsewhere_no_password_is_asked_for(link, app):
    visitor = app.test_client()
    page = visitor.get(link, base_url="http://192.0.2.10:8000")
    assert (page.status_code, "Sign in needs HTTPS" in page.text) == (403, True)
    assert csrf_token(visitor)

"""Cookies and the sessions behind them."""

import dataclasses
import datetime
import hashlib

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.people import users
from database.people.passwords import hash_password
from flask_app import create_app
from tests.conftest import mysql_settings
from tests.web.conftest import sign_in, with_web

TABLE = schema.app_session


def rows(store):
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(TABLE)).all()


def shift(store, column, **back):
    """Makes the only session older, as time would."""
    with store.application.begin() as connection:
        moment = connection.execute(sa.select(TABLE.c[column])).scalar_one()
        connection.execute(sa.update(TABLE).values({column: moment - datetime.timedelta(**back)}))


def is_signed_in(client):
    return client.get("/login").status_code == 303


def token_of(client):
    with client.session_transaction() as session:
        return session.get("token")


def test_the_table_knows_the_hash_of_the_token_only(signed_in, store):
    client = signed_in("viewer")
    token = token_of(client)
    [row] = rows(store)
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert row.address == "127.0.0.1"


def test_the_cookie_holds_the_token_and_the_csrf_secret_only(signed_in):
    with signed_in("viewer").session_transaction() as session:
        assert set(session) <= {"token", "csrf_token"}


def test_signing_in_gives_a_new_token_and_ends_the_one_before(signed_in, store):
    client = signed_in("viewer")
    first = token_of(client)
    sign_in(client, "viewer")
    assert token_of(client) != first
    assert len(rows(store)) == 1


def test_a_token_set_before_sign_in_is_not_taken_over(client, add_person, store):
    add_person("anna")
    client.get("/login")
    with client.session_transaction() as session:
        session["token"] = "chosen by an attacker"
    sign_in(client, "anna")
    assert token_of(client) != "chosen by an attacker"


@pytest.mark.parametrize(("column", "back"), [("last_seen_at", {"minutes": 481}), ("created_at", {"days": 15})])
def test_a_session_ends_when_left_alone_and_when_too_old(signed_in, store, column, back):
    client = signed_in("viewer")
    assert is_signed_in(client)
    shift(store, column, **back)
    assert not is_signed_in(client)


def test_the_last_visit_is_noted_at_most_once_a_minute(signed_in, store):
    client = signed_in("viewer")
    [before] = rows(store)
    assert is_signed_in(client)
    assert rows(store) == [before]
    shift(store, "last_seen_at", minutes=2)
    assert is_signed_in(client)
    assert rows(store)[0].last_seen_at >= before.last_seen_at


def test_a_new_password_and_disabling_end_sessions_at_once(signed_in, store):
    client = signed_in("viewer")
    with store.application.begin() as connection:
        users.change_password(connection, "viewer", hash_password("another good one"))
    assert not is_signed_in(client)
    assert sign_in(client, "viewer", "another good one").status_code == 303
    assert is_signed_in(client)
    with store.application.begin() as connection:
        users.disable_user(connection, "viewer")
    assert not is_signed_in(client)


def test_a_forged_or_changed_cookie_is_nobody(signed_in):
    client = signed_in("viewer")
    value = client.get_cookie("lego").value
    for forged in (value[:-2], value + "x", "", "e30.aaaa.bbbb", "\u00e9"):
        client.set_cookie("lego", forged)
        assert not is_signed_in(client)


def test_over_plain_http_on_loopback_the_cookie_is_httponly_and_lax(small_app):
    cookie = small_app.test_client().get("/login").headers["Set-Cookie"]
    assert cookie.startswith("lego=")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=Lax")


def test_under_tls_the_cookie_is_secure_and_bound_to_the_host(small_app):
    cookie = small_app.test_client().get("/login", base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-lego=")
    assert cookie.endswith("; Secure; HttpOnly; Path=/; SameSite=Lax")


def test_forwarded_headers_count_only_from_trusted_proxies(small_app, caplog):
    forwarded = {
        "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Host": "evil.com"
    }
    plain = small_app.test_client().get("/login", headers=forwarded)
    assert plain.headers["Set-Cookie"].startswith("lego=")
    behind = create_app(with_web(small_app.extensions["lego_store"].settings, trusted_proxies=1))
    answer = behind.test_client().get("/login", headers=forwarded)
    assert answer.headers["Set-Cookie"].startswith("__Host-lego=")
    assert [line.partition(" ")[0] for line in caplog.messages] == ["127.0.0.1", "192.0.2.2"]
    behind.extensions["lego_store"].close()


def test_a_server_that_only_reads_still_shows_pages(mariadb, tmp_path, password_hash):
    mariadb.run("CREATE OR REPLACE DATABASE lego_reading CHARACTER SET utf8mb4")
    mariadb.run("CREATE OR REPLACE USER reader IDENTIFIED BY 'reads only'")
    mariadb.run("GRANT SELECT ON lego_reading.* TO reader")
    settings = mysql_settings(tmp_path, mariadb, "lego_reading")
    writing = create_app(settings)
    store = writing.extensions["lego_store"]
    migrations.upgrade(store)
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash=password_hash)
    client = writing.test_client()
    sign_in(client, "anna")
    shift(store, "last_seen_at", minutes=2)
    database = dataclasses.replace(settings.database, user="reader", password="reads only")
    reading = create_app(dataclasses.replace(settings, database=database))
    reader = reading.test_client()
    reader.set_cookie("lego", client.get_cookie("lego").value)
    assert is_signed_in(reader)
    for app in (writing, reading):
        app.extensions["lego_store"].close()
    mariadb.run("DROP DATABASE lego_reading")

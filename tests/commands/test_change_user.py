"""change-user, links and the audit trail from the command line."""

import dataclasses
import re

import pytest
import sqlalchemy as sa

from database import schema
from database.journal import audit
from database.people import users
from flask_app import create_app
from tests.summaries_fixture import publish

ROWS = [(1, 1, 0, "US", "2024-01", "Net revenue", "1.00")]


@pytest.fixture
def run(store):
    app = create_app(store.settings)
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash="-")
        users.add_user(connection, name="boss", role="admin", password_hash="-")
    yield lambda *arguments: app.test_cli_runner().invoke(args=list(arguments))
    app.extensions["lego_store"].close()


def rows(store, table):
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(table)).all()


def test_role_and_brands_are_changed_and_told_to_the_audit_trail(run, store):
    publish(store, ROWS, brands={1: "Alder", 2: "Birch, white"})
    result = run("change-user", " Anna ", "--role", "analyst", "--brand", "Alder", "--brand", "Birch, white")
    assert (result.exit_code, result.stdout) == (
        0, "anna: brands limited: Alder, Birch, white\nanna: role changed: viewer -> analyst\n",
    )
    assert {(row.user_id, row.brand_id) for row in rows(store, schema.app_user_brand)} == {(1, 1), (1, 2)}
    assert "2 brands" in run("users").stdout
    assert run("change-user", "anna", "--no-brand").stdout == "anna: brands limited: no brand\n"
    assert "0 brands" in run("users").stdout
    assert run("change-user", "anna", "--role", "admin").stderr.startswith("change-user: anna: an admin sees every")
    assert run("change-user", "anna", "--every-brand", "--role", "admin").exit_code == 0
    assert run("users").stdout.count("every brand") == 2
    lines = run("audit", "--user", "anna").stdout.splitlines()
    assert [re.sub(r"^.{19}  -  .* \(command line\)  ", "", line) for line in lines] == [
        "brands limited  anna: Alder, Birch, white", "role changed  anna: viewer -> analyst",
        "brands limited  anna: no brand", "brands limited  anna: every brand", "role changed  anna: analyst -> admin",
    ]


def test_sessions_and_tokens_end_and_a_lost_second_factor_is_switched_off(run, store):
    with store.application.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO app_session (token_hash, user_id, created_at, last_seen_at) "
            "VALUES ('x', 1, '2024-01-01 00:00:00', '2024-01-01 00:00:00')"
        ))
        connection.execute(sa.text(
            "INSERT INTO totp (user_id, secret, created_at, last_step) VALUES (1, 'A', '2024-01-01 00:00:00', 0)"
        ))
    for label in ("nightly", "Excel"):
        assert run("create-token", "anna", "--label", label).exit_code == 0
    result = run("change-user", "anna", "--end-sessions", "--reset-totp")
    assert (result.exit_code, result.stdout) == (
        0, "anna: sessions ended: every session, API tokens: Excel, nightly\nanna: second factor reset: off\n",
    )
    assert [rows(store, table) for table in (schema.app_session, schema.totp, schema.api_token)] == [[], [], []]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("otto", "--end-sessions"), "there is no user otto; flask users lists them"),
        (("boss", "--role", "viewer"), "boss is the last active admin; make somebody else one first"),
        (("anna", "--brand", "Adler"), "there is no brand 'Adler'; the nearest is 'Alder'"),
        (("anna", "--brand", "x\ny"), "there is no brand 'x\\\\x0ay'; the page /catalog lists them"),
        (("anna", "--brand", "Alder", "--no-brand"), "--brand, --every-brand and --no-brand exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(run, store, arguments, words):
    publish(store, ROWS, brands={1: "Alder"})
    before = rows(store, schema.app_user)
    result = run("change-user", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"change-user: {words}")
    assert result.stderr.count("\n") == 1
    assert (rows(store, schema.app_user), rows(store, schema.audit_log)) == (before, [])


def test_the_last_admin_is_not_shut_out(run, store):
    assert run("disable-user", "boss").stderr.startswith("disable-user: boss is the last active admin")
    assert [row.active for row in rows(store, schema.app_user)] == [True, True]


def test_a_link_is_printed_once_for_somebody_new_and_for_a_forgotten_password(run, store):
    publish(store, ROWS, brands={1: "Alder"})
    new = run("create-user", "bert", "--role", "viewer", "--brand", "Alder", "--link")
    assert (new.exit_code, new.stdout.splitlines()[0]) == (0, "Created viewer bert.")
    again = run("set-password", "anna", "--link")
    assert again.stderr.startswith("The link works on this machine only. For others, set [web] public_url in ")
    words = r"^Link, shown only now, for 7 days: http://localhost:8000/welcome/([\w-]{43})$"
    tokens = [re.search(words, text, re.MULTILINE)[1] for text in (new.stdout, again.stdout)]
    client = create_app(store.settings).test_client()
    pages = [client.get(f"/welcome/{token}").text for token in tokens]
    assert ["as <strong>bert<" in pages[0], "as <strong>anna<" in pages[1]] == [True, True]
    assert "1 brand\n" in run("users").stdout
    both = run("set-password", "anna", "--link", "--password-stdin")
    assert (both.exit_code, both.stderr) == (
        2, "set-password: --password-stdin and --link exclude each other; give one of them\n",
    )
    client.application.extensions["lego_store"].close()


def test_a_link_is_made_from_the_address_that_people_open(store):
    web = dataclasses.replace(store.settings.web, public_url="https://lego.example.com", allowed_hosts=("other.lan",))
    app = create_app(dataclasses.replace(store.settings, web=web))
    result = app.test_cli_runner().invoke(args=["create-user", "bert", "--role", "viewer", "--link"])
    assert re.search(r"days: https://lego\.example\.com/welcome/[\w-]{43}\n$", result.stdout)
    assert result.stderr == ""
    app.extensions["lego_store"].close()


def test_the_audit_trail_is_cut_by_day_action_and_lines(run, store):
    with store.application.begin() as connection:
        for number in range(3):
            audit.record(connection, "export", user_name="anna\x1b[2J", address="192.0.2.1", detail=f"file {number}")
        audit.record(connection, "sign-in", user_name="boss")
    assert len(run("audit").stdout.splitlines()) == 4
    [line] = run("audit", "--action", "export", "--lines", "1").stdout.splitlines()
    assert line[19:] == "  192.0.2.1  anna\\x1b[2J  export  file 2"
    assert run("audit", "--since", "2999-01-01").stdout == ""
    assert run("audit", "--since", "yesterday").exit_code == 2

"""create-token, revoke-token and tokens, as processes see them."""

import hashlib

import pytest
import sqlalchemy as sa

from database import schema
from database.people import users
from flask_app import create_app


@pytest.fixture
def run(store):
    app = create_app(store.settings)

    def run(*arguments):
        return app.test_cli_runner().invoke(args=list(arguments))

    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash="-")
    yield run
    app.extensions["lego_store"].close()


def stored(store):
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(schema.api_token.c.label, schema.api_token.c.token_hash))
        return [tuple(row) for row in rows]


def audit(store):
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(schema.audit_log).order_by(schema.audit_log.c.id))
        return [(row.action, row.detail) for row in rows]


def test_a_token_is_printed_once_and_stored_as_its_hash(run, store):
    result = run("create-token", " Anna ", "--label", " Excel at work ")
    assert result.exit_code == 0
    token = result.stdout.rstrip("\n")
    assert token.startswith("lego_")
    assert len(token) == 48
    assert stored(store) == [("Excel at work", hashlib.sha256(token.encode()).hexdigest())]
    assert audit(store) == [("token created", "anna: Excel at work")]
    assert token not in run("tokens").output


def test_tokens_are_listed_with_their_last_use(run):
    assert run("tokens").stdout == "There are no tokens; run: flask create-token NAME --label LABEL\n"
    run("create-token", "anna", "--label", "laptop")
    run("create-token", "anna", "--label", "Excel")
    run("disable-user", "anna")
    lines = run("tokens").stdout.splitlines()
    assert [line.split("last used ")[1] for line in lines] == [
        "never             Excel  (user disabled)", "never             laptop  (user disabled)",
    ]


def test_a_revoked_token_is_gone(run, store):
    run("create-token", "anna", "--label", "laptop")
    result = run("revoke-token", "anna", "--label", "laptop")
    assert (result.exit_code, result.stdout) == (0, "laptop of anna is refused from now on.\n")
    assert stored(store) == []
    assert audit(store)[-1] == ("token revoked", "anna: laptop")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create-token", "bert", "--label", "x"), "create-token: there is no user bert; flask users lists them"),
        (
            ("create-token", "anna", "--label", "taken"),
            "create-token: anna has a token 'taken' already; choose another label, or revoke it first",
        ),
        (
            ("create-token", "anna", "--label", " "),
            "create-token: a label has 1 to 100 visible characters, such as: --label 'Excel at work'",
        ),
        (
            ("create-token", "anna", "--label", "a\nb"),
            "create-token: a label has 1 to 100 visible characters, such as: --label 'Excel at work'",
        ),
        (("revoke-token", "anna", "--label", "x"), "revoke-token: anna has no token 'x'; try: flask tokens"),
        (("revoke-token", "bert", "--label", "x"), "revoke-token: there is no user bert; flask users lists them"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_with_exit_code_2(run, store, arguments, words):
    run("create-token", "anna", "--label", "taken")
    before = stored(store)
    result = run(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{words}\n")
    assert stored(store) == before

"""create-user, set-password, disable-user and users, as processes see them."""

import pytest
import sqlalchemy as sa

from database import schema
from database.people import users
from database.people.passwords import is_password
from database.people.sessions import begin_session
from domain.moments import utc_now
from flask_app import create_app

PASSWORD = "correct horse battery"


@pytest.fixture
def run(store):
    app = create_app(store.settings)

    def run(*arguments, stdin=None):
        return app.test_cli_runner().invoke(args=list(arguments), input=stdin)

    yield run
    app.extensions["lego_store"].close()


def stored(store, name):
    with store.application_reading.connect() as connection:
        return users.find_user(connection, name)


def audit(store):
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(schema.audit_log).order_by(schema.audit_log.c.id))
        return [(row.action, row.detail) for row in rows]


def open_session(store, name):
    with store.application.begin() as connection:
        user = users.find_user(connection, name)
        begin_session(connection, token_hash="0" * 64, user_id=user.id, address="127.0.0.1")


def sessions(store):
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(schema.app_session)).scalar()


def test_a_user_is_made_with_the_password_from_standard_input(run, store):
    result = run("create-user", " Anna@Example.COM ", "--role", "analyst", "--password-stdin", stdin=f"{PASSWORD}\n")
    assert (result.exit_code, result.stdout) == (0, "Created analyst anna@example.com.\n")
    user = stored(store, "anna@example.com")
    assert (user.role, user.active) == ("analyst", True)
    assert is_password(PASSWORD, user.password_hash)
    assert audit(store) == [("user created", "anna@example.com as analyst")]


def test_without_a_terminal_a_random_password_is_made_and_printed_once(run, store):
    result = run("create-user", "admin", "--role", "admin")
    first, second = result.stdout.splitlines()
    assert first == "Created admin admin."
    words, _, password = second.rpartition(" ")
    assert words == "Password, shown only now:"
    assert is_password(password, stored(store, "admin").password_hash)


def test_a_name_that_is_taken_is_refused(run):
    run("create-user", "anna", "--role", "viewer")
    result = run("create-user", "ANNA", "--role", "admin")
    assert (result.exit_code, result.stderr) == (
        2, "create-user: there is a user anna already; try: flask set-password anna\n",
    )


@pytest.mark.parametrize("name", ["", "anna maria", "anna\nmaria", "-anna", "ann\u0430", "a" * 151, "a\x00b"])
def test_a_name_that_cannot_be_one_is_refused(run, store, name):
    result = run("create-user", "--role", "viewer", "--", name)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    with store.application_reading.connect() as connection:
        assert users.all_users(connection) == []


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "it must have 8 to 128"),
        ("x" * 129, "it must have 8 to 128"),
        ("Password2024!", "one of the first that are tried"),
        ("qwertyuiop", "one of the first that are tried"),
        ("aaaaaaaaaa", "one of the first that are tried"),
        ("anna.smith1", "the password is the user name"),
    ],
)
def test_a_weak_password_is_refused(run, store, password, words):
    result = run("create-user", "anna.smith", "--role", "viewer", "--password-stdin", stdin=f"{password}\n")
    assert result.exit_code == 4
    assert words in result.stderr
    assert stored(store, "anna.smith") is None


def test_a_long_password_from_standard_input_is_taken_in_whole(run, store):
    password = "\u1111\u1171\u11b6" * 120 + " quite"
    assert run("create-user", "anna", "--role", "viewer", "--password-stdin", stdin=password).exit_code == 0
    assert is_password(password, stored(store, "anna").password_hash)
    assert not is_password(password[:-1], stored(store, "anna").password_hash)


def test_a_new_password_ends_every_session_and_token_of_the_api(run, store):
    run("create-user", "anna", "--role", "viewer")
    open_session(store, "anna")
    run("create-token", "anna", "--label", "Excel")
    result = run("set-password", "anna", "--password-stdin", stdin=PASSWORD)
    assert (result.exit_code, sessions(store)) == (0, 0)
    assert result.stdout == "anna has a new password. Ended: every session, API tokens: Excel.\n"
    assert run("tokens").stdout.startswith("There are no tokens")
    assert audit(store)[-1] == ("password set", "anna: ended every session, API tokens: Excel")
    assert is_password(PASSWORD, stored(store, "anna").password_hash)


def test_a_disabled_user_has_no_session_left_and_can_be_let_in_again(run, store):
    run("create-user", "anna", "--role", "viewer")
    open_session(store, "anna")
    assert run("disable-user", "anna").exit_code == 0
    assert (stored(store, "anna").active, sessions(store)) == (False, 0)
    assert run("disable-user", "anna", "--undo").exit_code == 0
    assert stored(store, "anna").active
    assert [action for action, _ in audit(store)] == ["user created", "user disabled", "user enabled"]


@pytest.mark.parametrize("command", ["set-password", "disable-user"])
def test_an_unknown_user_is_named(run, command):
    result = run(command, "nobody")
    assert (result.exit_code, result.stderr) == (
        2, f"{command}: there is no user nobody; flask users lists them\n",
    )


def test_users_are_listed_by_name(run, store):
    assert run("users").stdout == "There are no users yet; run: flask create-user NAME --role admin\n"
    run("create-user", "zoe", "--role", "viewer")
    run("create-user", "anna", "--role", "admin")
    run("disable-user", "zoe")
    open_session(store, "anna")
    today = utc_now().strftime("%Y-%m-%d")
    first, second = run("users").stdout.splitlines()
    assert first.startswith(f"anna  admin    active    last sign-in {today}")
    assert first.endswith("  sessions 1   password only  every brand")
    words = "zoe   viewer   disabled  last sign-in never             sessions 0   password only  every brand"
    assert second == words


def test_a_database_without_tables_names_the_command(settings):
    app = create_app(settings)
    result = app.test_cli_runner().invoke(args=["users"])
    assert result.exit_code in (2, 7)
    assert "flask init-db" in result.stderr
    app.extensions["lego_store"].close()

"""What nobody may read anywhere: the log, the audit trail and the tables hold no password, code or token."""

import logging
import re

import pytest
import sqlalchemy as sa

from database import schema
from database.people import users
from database.people.passwords import is_outdated
from tests.web.conftest import PASSWORD, sign_in
from tests.web.forms import code_of, enrol, link_in, post, sign_in_as, stored, token_of

NEW = "quite another good one"
WRONG = "a wrong guess of mine"


@pytest.fixture
def store(small_app):
    return small_app.extensions["lego_store"]


def test_no_secret_gets_into_the_log_the_audit_trail_or_a_table(small_app, store, password_hash, half_minute, caplog):
    caplog.set_level(logging.DEBUG)
    admin = sign_in_as(small_app, "admin", password_hash)
    link = link_in(post(admin, "/users", name="anna", role="viewer"))
    visitor = small_app.test_client()
    post(visitor, link, new=WRONG, again=NEW)
    post(visitor, link, new=NEW, again=NEW)
    sign_in(visitor, "anna", WRONG)
    sign_in(visitor, "anna", NEW)
    token = token_of(visitor, password=NEW)
    small_app.test_client().get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {token}x"})
    secret, codes = enrol(visitor, password=NEW)
    again = small_app.test_client()
    sign_in(again, "anna", NEW)
    step = again.get_cookie("lego").value
    post(again, "/login/code", code=code_of(secret))
    post(again, "/account/password", password=WRONG, new=NEW, again=NEW)
    tables = [row for table in schema.tables_of(schema.APPLICATION) for row in stored(store, table)]
    written = caplog.text + "".join(map(repr, tables))
    session = visitor.get_cookie("lego").value
    assert "POST /login/code 303" in caplog.text
    for kept in (PASSWORD, NEW, WRONG, link.rpartition("/")[2], token, step, session, *codes):
        assert kept not in written
    # Codes are computed from it: the one table that has to hold a secret.
    assert written.count(secret) == repr(stored(store, schema.totp)).count(secret) == 1
    assert code_of(secret) not in caplog.text


def test_unknown_invited_disabled_and_known_names_get_the_same_words_for_the_same_work(
    small_app, store, password_hash
):
    admin = sign_in_as(small_app, "admin", password_hash)
    post(admin, "/users", name="invited", role="viewer")
    with store.application.begin() as connection:
        users.add_user(connection, name="disabled", role="viewer", password_hash=password_hash)
        users.disable_user(connection, "disabled")
        connection.execute(sa.delete(schema.sign_in_failure))
    assert not any(is_outdated(user.password_hash) for user in stored(store, schema.app_user))
    answers = set()
    for name, guess in (("nobody", PASSWORD), ("invited", ""), ("disabled", PASSWORD), ("admin", WRONG)):
        answer = sign_in(small_app.test_client(), name, guess)
        page = re.sub(r'value="[^"]*"', "", answer.text)
        answers.add((answer.status_code, page.replace(name, "NAME"), tuple(sorted(answer.headers.keys()))))
    [(status, page, _)] = answers
    assert (status, "The name or the password is not right." in page) == (403, True)

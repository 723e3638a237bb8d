"""What was looked at may not be true any more when it is written on: between a check and what rests on it, somebody
resets the password, shuts a person out, or takes a role away. Nothing is opened then."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

import web.http.sessions
from database import schema
from database.people import attempts, one_time_tokens, passwords, users
from database.people.passwords import hash_password, is_outdated, is_password
from tests.web.conftest import PASSWORD, csrf_token, sign_in
from tests.web.forms import code_of, enrol, is_signed_in, post, stored, trail, user_id

NEW = "a wholly different one"
MINE = "mine!mine!mine"
"""What whoever knows the old password would have."""
OPENED = (schema.app_session, schema.api_token, schema.one_time_token)


class Stopped(PasswordHasher):
    """Hashes as the tests do. Right after a hash was checked or made, `then` happens, once."""

    def __init__(self, **cost: int) -> None:
        super().__init__(**({"time_cost": 1, "memory_cost": 8, "parallelism": 1} | cost))
        self.then: Callable[[], None] | None = None

    def verify(self, hash: str, password: bytes) -> bool:
        try:
            return super().verify(hash, password)
        finally:
            self._happen()

    def hash(self, password: bytes) -> str:
        made = super().hash(password)
        self._happen()
        return made

    def _happen(self) -> None:
        act, self.then = self.then, None
        if act:
            act()


@pytest.fixture
def hasher(monkeypatch):
    hasher = Stopped()
    monkeypatch.setattr(passwords, "_hasher", hasher)
    return hasher


@pytest.fixture
def meanwhile(store):
    """Makes an act of a change to accounts: it is what another process commits."""

    def act(change: Callable, *arguments) -> Callable[[], None]:
        def commit() -> None:
            with store.application.begin() as connection:
                change(connection, *arguments)

        return commit

    return act


@pytest.fixture
def reset(meanwhile):
    """An act: `flask set-password anna`."""
    return meanwhile(users.reset_password, "anna", hash_password(NEW))


def hash_of(store, name):
    with store.application_reading.connect() as connection:
        return users.find_user(connection, name).password_hash


def nothing_is_open(store):
    return [stored(store, table) for table in OPENED] == [[], [], []]


def test_a_password_that_is_reset_while_it_is_checked_opens_nothing(client, add_person, store, hasher, reset):
    add_person("anna")
    hasher.then = reset
    assert sign_in(client, "anna").status_code == 403
    assert nothing_is_open(store)
    assert trail(store) == [("sign-in failed", "anna", "")]
    assert sign_in(client, "anna", NEW).status_code == 303


def test_an_older_hash_does_not_bring_the_old_password_back(client, add_person, store, monkeypatch, meanwhile, reset):
    add_person("anna")
    hasher = Stopped(time_cost=2)
    monkeypatch.setattr(passwords, "_hasher", hasher)
    assert is_outdated(hash_of(store, "anna"))
    # Once right after the check, once after the new hash of the old password was made.
    hasher.then = lambda: setattr(hasher, "then", reset)
    assert sign_in(client, "anna").status_code == 403
    assert is_password(NEW, hash_of(store, "anna"))
    assert nothing_is_open(store)


def test_a_hash_that_somebody_else_made_anew_meanwhile_is_looked_at_again(
    client, add_person, store, hasher, meanwhile
):
    add_person("anna")
    other = hash_password(PASSWORD)
    hasher.then = meanwhile(users.upgrade_hash, 1, other)
    assert sign_in(client, "anna").status_code == 303
    assert is_signed_in(client)
    assert hash_of(store, "anna") == other


def test_somebody_who_is_shut_out_while_their_password_is_checked_stays_out(
    client, add_person, store, hasher, meanwhile
):
    add_person("anna")
    hasher.then = meanwhile(users.disable_user, "anna")
    assert sign_in(client, "anna").status_code == 403
    assert nothing_is_open(store)


@pytest.mark.parametrize("address", ["tokens", "password", "second-factor/off", "second-factor/codes"])
def test_what_was_proven_with_the_old_password_does_nothing_after_a_reset(
    signed_in, store, hasher, half_minute, meanwhile, address
):
    browser = signed_in("viewer")
    enrol(browser)
    new_hash = hash_password(NEW)
    before = [stored(store, table) for table in (schema.totp, schema.recovery_code)]
    hasher.then = meanwhile(users.reset_password, "viewer", new_hash)
    form = {"password": PASSWORD, "label": "a program", "new": MINE, "again": MINE}
    answer = post(browser, f"/account/{address}", **form)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert hash_of(store, "viewer") == new_hash
    assert [stored(store, table) for table in (schema.totp, schema.recovery_code)] == before
    assert nothing_is_open(store)


def test_no_second_factor_is_begun_with_the_old_password(signed_in, store, hasher, meanwhile):
    browser = signed_in("viewer")
    hasher.then = meanwhile(users.reset_password, "viewer", hash_password(NEW))
    assert post(browser, "/account/second-factor", password=PASSWORD).location == "/login"
    assert stored(store, schema.totp) == []


def test_no_code_is_asked_for_nor_taken_after_a_reset(
    app, signed_in, store, hasher, half_minute, meanwhile, monkeypatch
):
    secret, _ = enrol(signed_in("viewer"))
    visitor, reset = app.test_client(), meanwhile(users.reset_password, "viewer", hash_password(NEW))
    hasher.then = reset
    assert sign_in(visitor, "viewer").status_code == 403
    assert nothing_is_open(store)
    assert sign_in(visitor, "viewer", NEW).location == "/login/code"
    # The attempt is counted after the step was found and before the code is looked at.
    happens_once(monkeypatch, attempts, reset)
    assert post(visitor, "/login/code", code=code_of(secret)).status_code == 403
    assert nothing_is_open(store)


@pytest.mark.parametrize("change", ["reset", "disable"])
def test_a_link_that_ends_while_its_password_is_hashed_sets_none(client, add_person, store, hasher, meanwhile, change):
    add_person("anna")
    with store.application.begin() as connection:
        link = "/welcome/" + one_time_tokens.make_token(connection, 1, one_time_tokens.LINK)
    new_hash = hash_password(NEW)
    hasher.then = {
        "reset": meanwhile(users.reset_password, "anna", new_hash), "disable": meanwhile(users.disable_user, "anna"),
    }[change]
    before = hash_of(store, "anna")
    assert post(client, link, new=MINE, again=MINE).status_code == 404
    assert hash_of(store, "anna") == (new_hash if change == "reset" else before)


ADMINS_FORMS = {
    "": {"name": "carl", "role": "admin"},
    "/{}/role": {"role": "admin"},
    "/{}/brands": {"limit": "some"},
    "/{}/disable": {},
    "/{}/enable": {},
    "/{}/sessions/end": {},
    "/{}/tokens/revoke": {"label": "a program"},
    "/{}/second-factor/off": {},
    "/{}/link": {},
}


@pytest.mark.parametrize("loss", ["role", "session"])
def test_an_admin_who_is_none_any_more_changes_nobody(signed_in, add_person, store, meanwhile, monkeypatch, loss):
    add_person("anna")
    add_person("other", "admin")
    admin = signed_in("admin")
    anna, own = user_id(store, "anna"), user_id(store, "admin")
    lose, regain = {
        "role": (meanwhile(users.change_role, "admin", "viewer"), meanwhile(users.change_role, "admin", "admin")),
        "session": (meanwhile(users.end_access, own), lambda: sign_in(admin, "admin")),
    }[loss]
    for form, fields in ADMINS_FORMS.items():
        lose(), regain()
        before = accounts_of_others(store, own)
        token = csrf_token(admin)
        happens_once(monkeypatch, web.http.sessions, lose)
        answer = admin.post("/users" + form.format(anna), data={"csrf_token": token, **fields})
        assert (answer.status_code, answer.location) == {"role": (403, None), "session": (303, "/login")}[loss], form
        assert accounts_of_others(store, own) == before, form
        regain()
    assert post(admin, f"/users/{anna}/role", role="analyst").status_code == 303


class Arriving(io.BytesIO):
    """A body at whose end something happens."""

    def __init__(self, body: bytes, act: Callable[[], None]) -> None:
        super().__init__(body)
        self.act = act

    def _end(self, part: bytes) -> bytes:
        act, self.act = (self.act, None) if self.tell() == len(self.getvalue()) else (None, self.act)
        if act:
            act()
        return part

    def read(self, size: int = -1) -> bytes:
        return self._end(super().read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._end(super().readline(size))

    def readinto(self, place) -> int:
        count = super().readinto(place)
        self._end(b"")
        return count


@pytest.mark.parametrize("address", ["/imports/upload", "/catalog/upload"])
def test_a_file_of_somebody_who_was_shut_out_while_it_arrived_is_not_taken(signed_in, store, meanwhile, address):
    browser = signed_in("analyst")
    head = f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{csrf_token(browser)}\r\n'
    file = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nasin,name\r\n'
    body = f"{head}{file}\r\n--edge--\r\n".encode()
    arriving = Arriving(body, meanwhile(users.disable_user, "analyst"))
    answer = browser.post(
        address, input_stream=arriving, content_length=len(body), content_type="multipart/form-data; boundary=edge"
    )
    assert arriving.act is None
    assert (answer.status_code, answer.location) == (303, "/login")


def happens_once(monkeypatch, module, act):
    """When `module` next looks at the clock, `act` happens."""
    now, turns = module.utc_now, itertools.count()

    def late():
        if next(turns) == 0:
            monkeypatch.setattr(module, "utc_now", now)
            act()
        return now()

    monkeypatch.setattr(module, "utc_now", late)


def accounts_of_others(store, own):
    tables = (schema.app_user_brand, schema.app_session, schema.one_time_token, schema.totp)
    users = [schema.app_user.c.id, *(table.c.user_id for table in tables)]
    with store.application_reading.connect() as connection:
        return [connection.execute(sa.select(user.table).where(user != own)).all() for user in users]

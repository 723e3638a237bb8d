"""Accounts that are held: whoever opens or ends something of theirs waits, and then finds what is true."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from database.people import accounts, api_tokens, one_time_tokens, second_factor, users
from domain.errors import DatabaseUnreachable, SetupError

ANNA, BOSS = 1, 2
HELD = (sa.exc.OperationalError, DatabaseUnreachable)
"""What whoever waits for nobody gets, of either engine."""

CHANGES = {
    "password": lambda connection: users.reset_password(connection, "anna", "new"),
    "own password": lambda connection: users.change_password(connection, "anna", "new"),
    "role": lambda connection: users.change_role(connection, "anna", "analyst"),
    "limit": lambda connection: users.limit_user(connection, "anna", {1}),
    "disabling": lambda connection: users.disable_user(connection, "anna"),
    "enabling": lambda connection: users.enable_user(connection, "anna"),
    "end of access": lambda connection: users.end_access(connection, ANNA),
    "token": lambda connection: api_tokens.create_token(connection, "anna", "a program"),
    "link": lambda connection: one_time_tokens.make_token(connection, ANNA, one_time_tokens.LINK),
    "second factor": lambda connection: second_factor.begin(connection, ANNA),
    "its first code": lambda connection: second_factor.confirm(connection, ANNA, "000000"),
    "its end": lambda connection: second_factor.switch_off(connection, ANNA),
}


@pytest.fixture
def anna(store):
    """Her row."""
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash="old")
        users.add_user(connection, name="boss", role="admin", password_hash="-")
        return users.find_user(connection, "anna")


@pytest.fixture
def impatient(store):
    """A connection that waits for nobody: what is held is an error at once."""
    with store.application.connect() as connection:
        is_file = connection.dialect.name == "sqlite"
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA busy_timeout = 0" if is_file else "SET SESSION innodb_lock_wait_timeout = 0")
        cursor.close()
        yield connection
        connection.invalidate()


def test_whoever_is_held_is_changed_by_nobody_else_and_whatever_opens_waits(store, anna, impatient):
    went_through = []
    with store.application.begin() as holder:
        assert accounts.hold_verified(holder, anna)
        for name, change in CHANGES.items():
            try:
                with impatient.begin():
                    change(impatient)
            except HELD:
                continue
            went_through.append(name)
    assert went_through == []
    for change in CHANGES.values():
        with impatient.begin():
            change(impatient)


def test_of_two_who_would_make_a_limited_admin_one_waits_for_the_other_and_is_refused(store, anna, impatient):
    with store.application.begin() as first:
        users.limit_user(first, "anna", {1})
        with pytest.raises(HELD), impatient.begin():
            users.change_role(impatient, "anna", "admin")
    with pytest.raises(SetupError, match="an admin sees every brand"), impatient.begin():
        users.change_role(impatient, "anna", "admin")


def test_a_change_of_rights_holds_every_admin_so_that_two_come_one_after_the_other(store, anna, impatient):
    with store.application.begin() as first:
        users.change_role(first, "anna", "admin")
        with pytest.raises(HELD), impatient.begin():
            accounts.hold(impatient, BOSS)


def test_what_was_verified_holds_while_hash_and_right_are_the_same(store, anna):
    def holds() -> bool:
        with store.application.begin() as connection:
            return accounts.hold_verified(connection, anna)

    def do(change, *arguments) -> None:
        with store.application.begin() as connection:
            change(connection, *arguments)

    assert holds()
    do(users.change_role, "anna", "analyst")
    assert holds()
    do(users.disable_user, "anna")
    assert not holds()
    do(users.enable_user, "anna")
    assert holds()
    do(users.change_password, "anna", "OLD")
    assert not holds()

"""Personal tokens of the API: made, found, revoked. Only their SHA-256 is stored."""

from __future__ import annotations

import datetime
import functools
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.journal.audit import escaped
from database.people.accounts import hold
from database.people.users import WHO, find_user, person_of, who_is
from database.schema import api_token, app_user
from domain.errors import SetupError
from domain.moments import utc_now
from domain.people import Person

PREFIX = "lego_"
"""Scanners for secrets that were published by mistake find it by this."""
LONGEST_LABEL = 100


@dataclass(frozen=True)
class Token:
    """Whose token it is, and when it was used last (None: never)."""

    person: Person
    last_used_at: datetime.datetime | None


@dataclass(frozen=True)
class KeptToken:
    """What is known of a token beside its hash."""

    label: str
    created_at: datetime.datetime
    last_used_at: datetime.datetime | None


def hash_of(token: str) -> str:
    """What is stored of a token. It is random and long: nothing slower is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def create_token(connection: sa.Connection, name: str, label: str) -> str:
    """Stores a new token of a user and returns it, the only time. Raises SetupError if there is no such
    user, or the label is none or taken."""
    user_id = _user_id(connection, name)
    label = _label(label)
    hold(connection, user_id)
    if any(row.label == label for row in tokens_of(connection, user_id)):
        raise SetupError(f"{name} has a token {label!r} already; choose another label, or revoke it first")
    token = PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        sa.insert(api_token).values(token_hash=hash_of(token), user_id=user_id, label=label, created_at=utc_now())
    )
    return token


def revoke_token(connection: sa.Connection, name: str, label: str) -> None:
    """Ends a token, at once. Raises SetupError if the user has none of that label."""
    user_id = _user_id(connection, name)
    found = connection.execute(
        sa.delete(api_token).where(api_token.c.user_id == user_id, api_token.c.label == label.strip())
    )
    if not found.rowcount:
        raise SetupError(f"{name} has no token {escaped(label)!r}; try: flask tokens")


def all_tokens(connection: sa.Connection) -> Sequence[sa.Row]:
    """Every token by user and label: name, label, created_at, last_used_at, and whether the user is active."""
    return connection.execute(
        sa.select(
            app_user.c.name, app_user.c.active, api_token.c.label, api_token.c.created_at, api_token.c.last_used_at,
        )
        .select_from(api_token.join(app_user, app_user.c.id == api_token.c.user_id))
        .order_by(app_user.c.name, api_token.c.label)
    ).all()


def tokens_of(connection: sa.Connection, user_id: int) -> list[KeptToken]:
    """A user's tokens by label."""
    found = connection.execute(
        sa.select(api_token.c.label, api_token.c.created_at, api_token.c.last_used_at)
        .where(api_token.c.user_id == user_id)
        .order_by(api_token.c.label)
    )
    return [KeptToken(*row) for row in found]


def find_token(connection: sa.Connection, token_hash: str) -> Token | None:
    """The token of that hash, if its user may still sign in. One statement: every answer asks it."""
    rows = connection.execute(_token_of_hash(), {"token_hash": token_hash}).all()
    return Token(person_of(rows), rows[0].last_used_at) if rows else None


def touch_token(connection: sa.Connection, token_hash: str) -> None:
    """Notes that the token is in use."""
    connection.execute(sa.update(api_token).where(api_token.c.token_hash == token_hash).values(last_used_at=utc_now()))


def _user_id(connection: sa.Connection, name: str) -> int:
    user = find_user(connection, name)
    if user is None:
        raise SetupError(f"there is no user {escaped(name)}; flask users lists them")
    return user.id


def _label(text: str) -> str:
    label = text.strip()
    if not label or len(label) > LONGEST_LABEL or not label.isprintable():
        raise SetupError(f"a label has 1 to {LONGEST_LABEL} visible characters, such as: --label 'Excel at work'")
    return label


@functools.cache
def _token_of_hash() -> sa.Select:
    """Put together once: that takes as long as to run it."""
    return (
        sa.select(*WHO, api_token.c.last_used_at)
        .select_from(who_is(api_token.c.user_id))
        .where(api_token.c.token_hash == sa.bindparam("token_hash"), app_user.c.active == sa.true())
    )

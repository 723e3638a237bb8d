"""Open sessions: begun at sign-in, found at every request, ended at once."""

from __future__ import annotations

import datetime
import functools
from dataclasses import dataclass

import sqlalchemy as sa

from database.people.attempts import sweep_attempts
from database.people.one_time_tokens import sweep_tokens
from database.people.users import WHO, person_of, who_is
from database.schema import app_session, app_user
from domain.moments import utc_now
from domain.people import Person

ABSOLUTE_LIMIT = datetime.timedelta(days=14)
"""No session gets older, however busy it is."""
HANDLE = 16
"""So many characters of a token's hash name a session to its owner; they open nothing."""


@dataclass(frozen=True)
class Session:
    """An open session and whose it is."""

    person: Person
    created_at: datetime.datetime
    last_seen_at: datetime.datetime


@dataclass(frozen=True)
class OpenSession:
    """An open session as its owner sees it; `handle` names it, and opens nothing."""

    handle: str
    created_at: datetime.datetime
    last_seen_at: datetime.datetime
    address: str | None
    browser: str | None


def find_session(connection: sa.Connection, token_hash: str) -> Session | None:
    """The session of that token, if its user may still sign in. One statement: every page asks it."""
    rows = connection.execute(_session_of_token(), {"token_hash": token_hash}).all()
    return Session(person_of(rows), rows[0].created_at, rows[0].last_seen_at) if rows else None


def begin_session(
    connection: sa.Connection, *, token_hash: str, user_id: int, address: str | None, browser: str | None = None
) -> None:
    """Opens a session, notes the sign-in, and clears away what is too old to mean anything."""
    now = utc_now()
    connection.execute(
        sa.insert(app_session).values(
            token_hash=token_hash, user_id=user_id, created_at=now, last_seen_at=now, address=address,
            browser=browser and browser[:50],
        )
    )
    connection.execute(sa.update(app_user).where(app_user.c.id == user_id).values(last_sign_in_at=now))
    connection.execute(sa.delete(app_session).where(app_session.c.created_at < now - ABSOLUTE_LIMIT))
    sweep_attempts(connection)
    sweep_tokens(connection)


def touch_session(connection: sa.Connection, token_hash: str) -> None:
    """Notes that the session is in use."""
    connection.execute(
        sa.update(app_session).where(app_session.c.token_hash == token_hash).values(last_seen_at=utc_now())
    )


def end_session(connection: sa.Connection, token_hash: str) -> None:
    """Ends one session, at once."""
    connection.execute(sa.delete(app_session).where(app_session.c.token_hash == token_hash))


def end_own_session(connection: sa.Connection, user_id: int, handle: str) -> bool:
    """Ends the session of that handle, if it is this user's; says whether there was one."""
    if len(handle) != HANDLE:
        return False
    found = connection.execute(
        sa.delete(app_session).where(
            app_session.c.user_id == user_id, sa.func.substr(app_session.c.token_hash, 1, HANDLE) == handle
        )
    )
    return bool(found.rowcount)


def end_other_sessions(connection: sa.Connection, user_id: int, token_hash: str) -> int:
    """Ends every session of a user but that one; returns how many there were."""
    return connection.execute(
        sa.delete(app_session).where(app_session.c.user_id == user_id, app_session.c.token_hash != token_hash)
    ).rowcount


def sessions_of(connection: sa.Connection, user_id: int, *, idle: datetime.timedelta) -> list[OpenSession]:
    """A user's open sessions, the last used first."""
    now = utc_now()
    found = connection.execute(
        sa.select(
            sa.func.substr(app_session.c.token_hash, 1, HANDLE).label("handle"),
            app_session.c.created_at, app_session.c.last_seen_at, app_session.c.address, app_session.c.browser,
        )
        .where(
            app_session.c.user_id == user_id,
            app_session.c.created_at > now - ABSOLUTE_LIMIT,
            app_session.c.last_seen_at > now - idle,
        )
        .order_by(app_session.c.last_seen_at.desc(), app_session.c.token_hash)
    )
    return [OpenSession(*row) for row in found]


@functools.cache
def _session_of_token() -> sa.Select:
    """Put together once: that takes as long as to run it."""
    return (
        sa.select(*WHO, app_session.c.created_at, app_session.c.last_seen_at)
        .select_from(who_is(app_session.c.user_id))
        .where(app_session.c.token_hash == sa.bindparam("token_hash"), app_user.c.active == sa.true())
    )

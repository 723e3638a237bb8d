"""Users, their sessions, failed sign-ins, and the audit trail."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.base import Store, utc_now
from database.schema import app_session, app_user, app_user_brand, audit_log, sign_in_failure
from domain.errors import SetupError
from domain.people import Person

FAILURES = 5
FAILURE_WINDOW = datetime.timedelta(minutes=15)
"""So many failed sign-ins per name and address are allowed in this time."""

# --- users


def find_user(connection: sa.Connection, name: str) -> sa.Row | None:
    """The row of a user, also of a disabled one; None if there is none of that name."""
    return connection.execute(sa.select(app_user).where(app_user.c.name == name)).first()


def is_anybody_there(connection: sa.Connection) -> bool:
    """Whether any user exists yet."""
    return connection.execute(sa.select(app_user.c.id).limit(1)).first() is not None


def all_users(connection: sa.Connection) -> Sequence[sa.Row]:
    """Every user by name: name, role, active, created_at, last_sign_in_at, and how many sessions are open."""
    sessions = (
        sa.select(sa.func.count())
        .where(app_session.c.user_id == app_user.c.id)
        .scalar_subquery()
    )
    return connection.execute(
        sa.select(
            app_user.c.name, app_user.c.role, app_user.c.active, app_user.c.created_at, app_user.c.last_sign_in_at,
            sessions.label("sessions"),
        ).order_by(app_user.c.name)
    ).all()


def add_user(connection: sa.Connection, *, name: str, role: str, password_hash: str) -> None:
    """Adds a user. Raises SetupError if the name is taken."""
    now = utc_now()
    try:
        connection.execute(
            sa.insert(app_user).values(
                name=name, role=role, password_hash=password_hash, active=True, created_at=now, password_changed_at=now
            )
        )
    except sa.exc.IntegrityError:
        raise SetupError(f"there is a user {name} already; try: flask set-password {name}") from None


def change_password(connection: sa.Connection, name: str, password_hash: str) -> None:
    """Stores a new password and ends every session of that user. Raises SetupError if there is none."""
    user = _existing(connection, name)
    connection.execute(
        sa.update(app_user)
        .where(app_user.c.id == user.id)
        .values(password_hash=password_hash, password_changed_at=utc_now())
    )
    end_sessions(connection, user.id)


def upgrade_hash(connection: sa.Connection, user_id: int, password_hash: str) -> None:
    """Stores the same password hashed at today's cost."""
    connection.execute(sa.update(app_user).where(app_user.c.id == user_id).values(password_hash=password_hash))


def disable_user(connection: sa.Connection, name: str) -> None:
    """Shuts a user out and ends their sessions. Raises SetupError if there is none of that name."""
    user = _existing(connection, name)
    connection.execute(sa.update(app_user).where(app_user.c.id == user.id).values(active=False))
    end_sessions(connection, user.id)


def enable_user(connection: sa.Connection, name: str) -> None:
    """Lets a disabled user in again. Raises SetupError if there is none of that name."""
    user = _existing(connection, name)
    connection.execute(sa.update(app_user).where(app_user.c.id == user.id).values(active=True))


def _existing(connection: sa.Connection, name: str) -> sa.Row:
    user = find_user(connection, name)
    if user is None:
        raise SetupError(f"there is no user {escaped(name)}; flask users lists them")
    return user


# --- sessions


@dataclass(frozen=True)
class Session:
    """An open session and whose it is."""

    person: Person
    created_at: datetime.datetime
    last_seen_at: datetime.datetime


def find_session(connection: sa.Connection, token_hash: str) -> Session | None:
    """The session of that token, if its user may still sign in. One statement: every page asks it."""
    rows = connection.execute(
        sa.select(
            app_user.c.id, app_user.c.name, app_user.c.role, app_session.c.created_at, app_session.c.last_seen_at,
            app_user_brand.c.brand_id,
        )
        .select_from(
            app_session.join(app_user, app_user.c.id == app_session.c.user_id).outerjoin(
                app_user_brand, app_user_brand.c.user_id == app_user.c.id
            )
        )
        .where(app_session.c.token_hash == token_hash, app_user.c.active == sa.true())
    ).all()
    if not rows:
        return None
    first = rows[0]
    brands = frozenset(row.brand_id for row in rows if row.brand_id is not None)
    person = Person(first.id, first.name, first.role, brands or None)
    return Session(person, first.created_at, first.last_seen_at)


def begin_session(connection: sa.Connection, *, token_hash: str, user_id: int, address: str | None) -> None:
    """Opens a session, and notes the sign-in."""
    now = utc_now()
    connection.execute(
        sa.insert(app_session).values(
            token_hash=token_hash, user_id=user_id, created_at=now, last_seen_at=now, address=address
        )
    )
    connection.execute(sa.update(app_user).where(app_user.c.id == user_id).values(last_sign_in_at=now))


def touch_session(connection: sa.Connection, token_hash: str) -> None:
    """Notes that the session is in use."""
    connection.execute(
        sa.update(app_session).where(app_session.c.token_hash == token_hash).values(last_seen_at=utc_now())
    )


def end_session(connection: sa.Connection, token_hash: str) -> None:
    """Ends one session, at once."""
    connection.execute(sa.delete(app_session).where(app_session.c.token_hash == token_hash))


def end_sessions(connection: sa.Connection, user_id: int) -> None:
    """Ends every session of a user, at once."""
    connection.execute(sa.delete(app_session).where(app_session.c.user_id == user_id))


def sweep_sessions(connection: sa.Connection, begun_before: datetime.datetime) -> None:
    """Removes sessions and failures that are too old to mean anything."""
    connection.execute(sa.delete(app_session).where(app_session.c.created_at < begun_before))
    connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.failed_at < utc_now() - 2 * FAILURE_WINDOW))


# --- failed sign-ins


def admit_attempt(store: Store, name: str, address: str) -> int | None:
    """Counts an attempt as failed before it is tried; returns None if it may be tried, else the seconds
    to wait. `forget_attempts` takes it back when the password was right.

    Counting first is what makes the limit exact: of several attempts at once, in any number of
    processes, the last to commit sees all the others. A refused attempt does not prolong the wait.
    """
    name, address = escaped(name)[:150], address[:64]
    now = utc_now()
    with store.application.begin() as connection:
        attempt = connection.execute(
            sa.insert(sign_in_failure).values(name=name, address=address, failed_at=now)
        ).inserted_primary_key[0]
    with store.application_reading.connect() as connection:
        earlier = connection.execute(
            sa.select(sign_in_failure.c.failed_at)
            .where(
                _attempts_of(name, address),
                sign_in_failure.c.failed_at > now - FAILURE_WINDOW,
                sign_in_failure.c.id != attempt,
            )
            .order_by(sign_in_failure.c.failed_at.desc())
            .limit(FAILURES)
        ).scalars().all()
    if len(earlier) < FAILURES:
        return None
    with store.application.begin() as connection:
        connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.id == attempt))
    return max(1, round((earlier[-1] + FAILURE_WINDOW - now).total_seconds()))


def forget_attempts(connection: sa.Connection, name: str, address: str) -> None:
    """Clears the count: the password was right."""
    connection.execute(sa.delete(sign_in_failure).where(_attempts_of(escaped(name)[:150], address[:64])))


def _attempts_of(name: str, address: str) -> sa.ColumnElement[bool]:
    return sa.and_(sign_in_failure.c.name == name, sign_in_failure.c.address == address)


# --- the audit trail


def record(
    connection: sa.Connection, action: str, *, user_name: str | None, address: str | None = None, detail: str = ""
) -> None:
    """Writes one line of the audit trail: who did what, from where. Texts may come from anybody: their
    control characters are escaped, so that no line can pass for two."""
    connection.execute(
        sa.insert(audit_log).values(
            happened_at=utc_now(),
            user_name=escaped(user_name)[:150] if user_name is not None else None,
            address=address[:64] if address else None,
            action=action,
            detail=escaped(detail)[:2000],
        )
    )


def escaped(text: str) -> str:
    """`text` with control characters, line ends and directions of writing as \\x0a or \\u202e."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"
        else (f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")
        for character in text
    )

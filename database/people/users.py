"""Users: who may sign in, as what, and which brands they see."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

import sqlalchemy as sa

from database.journal.audit import escaped
from database.people.accounts import hold, hold_with_admins
from database.people.one_time_tokens import drop_tokens
from database.schema import api_token, app_session, app_user, app_user_brand, totp
from domain.errors import SetupError
from domain.moments import utc_now
from domain.people import ADMIN, Person

WHO = (app_user.c.id, app_user.c.name, app_user.c.role, app_user.c.is_limited, app_user.c.closed_notes,
       app_user_brand.c.brand_id)
"""Columns of the rows that `person_of` takes: one row per brand, at least one."""


@dataclass(frozen=True)
class Account:
    """What is known of a user's account, but nothing that they sign in with."""

    id: int
    name: str
    role: str
    active: bool
    created_at: datetime.datetime
    password_changed_at: datetime.datetime
    last_sign_in_at: datetime.datetime | None


_ACCOUNT = tuple(field.name for field in fields(Account))


def who_is(user_id: sa.Column) -> sa.FromClause:
    """The table of `user_id`, joined with that user and their brands."""
    return (
        user_id.table
        .join(app_user, app_user.c.id == user_id)
        .outerjoin(app_user_brand, app_user_brand.c.user_id == app_user.c.id)
    )


def person_of(rows: Sequence[sa.Row]) -> Person:
    """Who they are. Being limited to no brand at all means to see none, not all."""
    first = rows[0]
    brands = frozenset(row.brand_id for row in rows if row.brand_id is not None)
    closed = json.loads(first.closed_notes or "{}")
    return Person(
        first.id, first.name, first.role, brands if first.is_limited or brands else None, frozenset(closed.items())
    )


def close_note(connection: sa.Connection, user_id: int, note: str, mark: str) -> None:
    """Writes down that a user has closed a note, which told what `mark` stands for. The user's row is held."""
    kept = json.loads(connection.execute(
        sa.select(app_user.c.closed_notes).where(app_user.c.id == user_id)
    ).scalar() or "{}")
    connection.execute(
        sa.update(app_user).where(app_user.c.id == user_id).values(closed_notes=json.dumps(kept | {note: mark}))
    )


def find_user(connection: sa.Connection, name: str) -> sa.Row | None:
    """The row of a user, also of a disabled one; None if there is none of that name."""
    return connection.execute(sa.select(app_user).where(app_user.c.name == name)).first()


def user_of_id(connection: sa.Connection, user_id: int) -> sa.Row | None:
    """The same by the user's id."""
    return connection.execute(sa.select(app_user).where(app_user.c.id == user_id)).first()


def account_of_id(connection: sa.Connection, user_id: int) -> Account | None:
    """The account of a user, also of a disabled one; None if there is none of that id."""
    columns = (app_user.c[name] for name in _ACCOUNT)
    row = connection.execute(sa.select(*columns).where(app_user.c.id == user_id)).first()
    return Account(*row) if row else None


def is_anybody_there(connection: sa.Connection) -> bool:
    """Whether any user exists yet."""
    return connection.execute(sa.select(app_user.c.id).limit(1)).first() is not None


def all_users(connection: sa.Connection, *, idle: datetime.timedelta = datetime.timedelta.max) -> Sequence[sa.Row]:
    """Every user by name: id, name, role, active, is_limited, created_at, last_sign_in_at, how many sessions
    were used within `idle`, and whether there is a second factor."""
    used_after = utc_now() - idle if idle < datetime.timedelta.max else datetime.datetime.min
    sessions = (
        sa.select(sa.func.count())
        .where(app_session.c.user_id == app_user.c.id, app_session.c.last_seen_at > used_after)
        .scalar_subquery()
    )
    second_factor = sa.exists().where(totp.c.user_id == app_user.c.id, totp.c.confirmed_at.is_not(None))
    return connection.execute(
        sa.select(
            app_user.c.id, app_user.c.name, app_user.c.role, app_user.c.active, app_user.c.is_limited,
            app_user.c.created_at, app_user.c.last_sign_in_at,
            sessions.label("sessions"), second_factor.label("has_second_factor"),
        ).order_by(app_user.c.name)
    ).all()


def brand_limits(connection: sa.Connection) -> dict[int, frozenset[int]]:
    """Which brands each limited user sees; who is not in it sees every brand."""
    rows = connection.execute(
        sa.select(app_user.c.id, app_user_brand.c.brand_id)
        .select_from(app_user.outerjoin(app_user_brand, app_user_brand.c.user_id == app_user.c.id))
        .where(sa.or_(app_user.c.is_limited == sa.true(), app_user_brand.c.brand_id.is_not(None)))
    ).all()
    return {
        user_id: frozenset(row.brand_id for row in rows if row.id == user_id and row.brand_id is not None)
        for user_id in {row.id for row in rows}
    }


def add_user(
    connection: sa.Connection, *, name: str, role: str, password_hash: str, brands: Collection[int] | None = None
) -> int:
    """Adds a user, limited to `brands` unless these are None, and returns their id. Raises SetupError if the
    name is taken, or an admin is to be limited."""
    now = utc_now()
    try:
        user_id = connection.execute(
            sa.insert(app_user).values(
                name=name, role=role, password_hash=password_hash, active=True, is_limited=False, created_at=now,
                password_changed_at=now,
            )
        ).inserted_primary_key[0]
    except sa.exc.IntegrityError:
        raise SetupError(f"there is a user {name} already; try: flask set-password {name}") from None
    if brands is not None:
        _refuse_limited_admin(name, is_limited=role == ADMIN)
        _store_limits(connection, user_id, brands)
    return user_id


def change_password(connection: sa.Connection, name: str, password_hash: str) -> None:
    """Stores a new password of somebody who knew the old one, and ends every session and link of theirs. Programs
    go on with their tokens. Raises SetupError if there is no such user."""
    user = _existing(connection, name)
    connection.execute(
        sa.update(app_user)
        .where(app_user.c.id == user.id)
        .values(password_hash=password_hash, password_changed_at=utc_now())
    )
    end_sessions(connection, user.id)


def reset_password(connection: sa.Connection, name: str, password_hash: str) -> str:
    """Stores a new password where the old one is lost, or known to somebody else. All that was opened with it ends;
    returns what, in the words of `end_access`. Raises SetupError if there is no such user."""
    change_password(connection, name, password_hash)
    return end_access(connection, _existing(connection, name).id)


def upgrade_hash(connection: sa.Connection, user_id: int, password_hash: str) -> None:
    """Stores the same password hashed at today's cost. The user is held, and the password known to be the one that is
    stored (`accounts.hold_verified`): otherwise this would bring an old one back."""
    connection.execute(sa.update(app_user).where(app_user.c.id == user_id).values(password_hash=password_hash))


def disable_user(connection: sa.Connection, name: str) -> None:
    """Shuts a user out and ends their sessions. Raises SetupError if there is none of that name, or if
    nobody else is an active admin."""
    user = _held(connection, name)
    _refuse_last_admin(connection, user)
    connection.execute(sa.update(app_user).where(app_user.c.id == user.id).values(active=False))
    end_sessions(connection, user.id)


def enable_user(connection: sa.Connection, name: str) -> None:
    """Lets a disabled user in again. Raises SetupError if there is none of that name."""
    user = _held(connection, name)
    if not user.active:
        # A link may have been made for somebody who was shut out, on the command line.
        end_sessions(connection, user.id)
    connection.execute(sa.update(app_user).where(app_user.c.id == user.id).values(active=True))


def change_role(connection: sa.Connection, name: str, role: str) -> None:
    """Gives a user another role; it holds for their next request. Raises SetupError if there is none of that
    name, if nobody else is an active admin, or if somebody limited would become one."""
    user = _held(connection, name)
    if role == ADMIN:
        _refuse_limited_admin(name, is_limited=user.id in brand_limits(connection))
    else:
        _refuse_last_admin(connection, user)
    connection.execute(sa.update(app_user).where(app_user.c.id == user.id).values(role=role))


def limit_user(connection: sa.Connection, name: str, brands: Collection[int] | None) -> None:
    """Limits a user to `brands`: to nothing, if there are none; None lifts the limit. Raises SetupError if
    there is no such user, or it is an admin."""
    user = _held(connection, name)
    _refuse_limited_admin(name, is_limited=user.role == ADMIN and brands is not None)
    _store_limits(connection, user.id, brands)


def end_sessions(connection: sa.Connection, user_id: int) -> None:
    """Ends every session of a user, and every link, at once. What others are about to open has to wait for the
    account, and then finds that its ground is gone."""
    hold(connection, user_id)
    connection.execute(sa.delete(app_session).where(app_session.c.user_id == user_id))
    drop_tokens(connection, user_id)


def end_access(connection: sa.Connection, user_id: int) -> str:
    """Ends every session, link and API token of a user, at once. Returns what ended, in words: `every session`, or
    `every session, API tokens: Excel at work, nightly`."""
    end_sessions(connection, user_id)
    of_user = api_token.c.user_id == user_id
    labels = connection.execute(sa.select(api_token.c.label).where(of_user).order_by(api_token.c.label)).scalars().all()
    connection.execute(sa.delete(api_token).where(of_user))
    return "every session" + (f", API tokens: {', '.join(labels)}" if labels else "")


def _held(connection: sa.Connection, name: str) -> sa.Row:
    """The row as it is once the user and every admin are held."""
    hold_with_admins(connection, _existing(connection, name).id)
    return _existing(connection, name)


def _store_limits(connection: sa.Connection, user_id: int, brands: Collection[int] | None) -> None:
    connection.execute(sa.update(app_user).where(app_user.c.id == user_id).values(is_limited=brands is not None))
    connection.execute(sa.delete(app_user_brand).where(app_user_brand.c.user_id == user_id))
    if brands:
        rows = [{"user_id": user_id, "brand_id": brand} for brand in sorted(set(brands))]
        connection.execute(sa.insert(app_user_brand), rows)


def _existing(connection: sa.Connection, name: str) -> sa.Row:
    user = find_user(connection, name)
    if user is None:
        raise SetupError(f"there is no user {escaped(name)}; flask users lists them")
    return user


def _refuse_last_admin(connection: sa.Connection, user: sa.Row) -> None:
    """The admins are held: of two who shut each other out at once the second is refused."""
    admins = connection.execute(
        sa.select(app_user.c.id).where(app_user.c.role == ADMIN, app_user.c.active == sa.true())
    ).scalars().all()
    if list(admins) == [user.id]:
        raise SetupError(f"{user.name} is the last active admin; make somebody else one first")


def _refuse_limited_admin(name: str, *, is_limited: bool) -> None:
    if is_limited:
        raise SetupError(f"{name}: an admin sees every brand, and may lift any limit; choose another role, or no limit")

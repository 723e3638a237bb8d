"""Tokens that open one door once: links to choose a password, and the time between a password and its code.

Only their SHA-256 is stored, so reading the table opens nothing.
"""

from __future__ import annotations

import datetime
import hashlib
import secrets

import sqlalchemy as sa

from database.people.accounts import hold
from database.schema import app_user, one_time_token
from domain.moments import utc_now

LINK = "link"
STEP = "step"
LIFETIME = {LINK: datetime.timedelta(days=7), STEP: datetime.timedelta(minutes=10)}


def make_token(connection: sa.Connection, user_id: int, purpose: str) -> str:
    """A new token for `purpose` (LINK or STEP), returned the only time. A new link takes the place of the
    user's earlier one."""
    hold(connection, user_id)
    if purpose == LINK:
        drop_tokens(connection, user_id)
    token, now = secrets.token_urlsafe(32), utc_now()
    connection.execute(
        sa.insert(one_time_token).values(
            token_hash=_hash(token), user_id=user_id, purpose=purpose, created_at=now,
            expires_at=now + LIFETIME[purpose],
        )
    )
    return token


def find_token(connection: sa.Connection, token: str, purpose: str) -> sa.Row | None:
    """The row of the active user whom the token is for; None if it was used, is too old, or never was."""
    return connection.execute(
        sa.select(app_user)
        .select_from(one_time_token.join(app_user, app_user.c.id == one_time_token.c.user_id))
        .where(_is_valid(token, purpose), app_user.c.active == sa.true())
    ).first()


def use_token(connection: sa.Connection, token: str, purpose: str) -> bool:
    """Ends the token; says whether it was still there. Of two that use it at once, one gets True."""
    return bool(connection.execute(sa.delete(one_time_token).where(_is_valid(token, purpose))).rowcount)


def drop_tokens(connection: sa.Connection, user_id: int) -> None:
    """Ends every token of a user."""
    connection.execute(sa.delete(one_time_token).where(one_time_token.c.user_id == user_id))


def open_links(connection: sa.Connection) -> dict[int, datetime.datetime]:
    """Until when the link of each user works, for those who have one."""
    rows = connection.execute(
        sa.select(one_time_token.c.user_id, one_time_token.c.expires_at)
        .where(one_time_token.c.purpose == LINK, one_time_token.c.expires_at > utc_now())
    )
    return {row.user_id: row.expires_at for row in rows}


def sweep_tokens(connection: sa.Connection) -> None:
    """Removes tokens whose time is over."""
    connection.execute(sa.delete(one_time_token).where(one_time_token.c.expires_at <= utc_now()))


def _is_valid(token: str, purpose: str) -> sa.ColumnElement[bool]:
    now = utc_now()
    return sa.and_(
        one_time_token.c.token_hash == _hash(token), one_time_token.c.purpose == purpose,
        # One that would work for longer than it was made for comes of a clock that was ahead.
        one_time_token.c.expires_at.between(now, now + 2 * LIFETIME[purpose]),
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()

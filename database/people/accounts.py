"""Accounts held while something is written on the strength of what was looked at before.

A hash takes a tenth of a second to check and a form longer to arrive: meanwhile a password may have been reset, a role
changed, everything ended. So whoever opens something for an account, or ends what is open, takes its row first, with
`hold`, and looks again at what the writing rests on. Rows are taken in the order of their ids and before rows of any
other table: of two who need the same ones, one waits, and neither waits for the other. (SQLite has one writer at a
time: there the transaction itself is the lock.)
"""

from __future__ import annotations

import sqlalchemy as sa

from database.schema import app_user
from domain.people import ADMIN


def hold(connection: sa.Connection, user_id: int) -> sa.Row | None:
    """The user's row as it is now; nobody else changes it before this transaction ends. None if there is none."""
    return connection.execute(sa.select(app_user).where(app_user.c.id == user_id).with_for_update()).first()


def hold_with_admins(connection: sa.Connection, *user_ids: int) -> None:
    """Holds these users and every admin: for changes of what somebody may do, which depend on who else may."""
    connection.execute(
        sa.select(app_user.c.id)
        .where(sa.or_(app_user.c.role == ADMIN, app_user.c.id.in_(user_ids)))
        .order_by(app_user.c.id)
        .with_for_update()
    ).all()


def hold_verified(connection: sa.Connection, user: sa.Row) -> bool:
    """Holds the user; says whether they may still sign in with the very hash of `user`, their row as it was when
    a password was checked."""
    found = hold(connection, user.id)
    return found is not None and found.active and found.password_hash == user.password_hash

"""Lines of the audit trail about the request at hand: who asks for something, and from where."""

from __future__ import annotations

import sqlalchemy as sa

from database.journal import audit
from web.http import current, identity


def record(action: str, detail: str = "") -> None:
    """Writes what the person at hand does."""
    with current.store().application.begin() as connection:
        record_within(connection, action, detail)


def record_within(connection: sa.Connection, action: str, detail: str = "") -> None:
    """The same in the transaction of what is done: both are kept, or neither."""
    person = identity.person()
    record_of(connection, person.name if person else None, action, detail)


def record_of(connection: sa.Connection, user_name: str | None, action: str, detail: str = "") -> None:
    """What is done in the name of somebody who is not signed in yet (None: of nobody known)."""
    audit.record(connection, action, user_name=user_name, address=current.address(), detail=detail)

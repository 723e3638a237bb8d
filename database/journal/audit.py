"""The audit trail: who did what, when and from where. Lines are added and read, never changed."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.ports import Store
from database.schema import audit_log
from domain.errors import LegoError
from domain.moments import utc_now
from domain.networks import network_of

BATCH = 2000
"""So many lines are held at once while the whole trail is read."""


@dataclass(frozen=True)
class TrailLine:
    """What somebody did, and when (UTC). Without a name nobody was signed in, without an address it was done on the
    server."""

    happened_at: datetime.datetime
    user_name: str | None
    address: str | None
    action: str
    detail: str | None


@dataclass(frozen=True)
class TrailFilter:
    """Which lines are asked for. `user` finds what that user did and what was done to them; `since` is UTC."""

    user: str = ""
    action: str = ""
    since: datetime.datetime | None = None


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


def record_done(store: Store, action: str, *, user_name: str, detail: str) -> str | None:
    """Writes a line about what is done already. It is not undone if its line cannot be written: that is returned in
    words, and not raised."""
    try:
        with store.application.begin() as connection:
            record(connection, action, user_name=user_name, detail=detail)
    except (sa.exc.SQLAlchemyError, LegoError, OSError) as error:
        words = str(error).splitlines()[0] if str(error) else type(error).__name__
        return f"{action}, but the audit trail has no line of it ({words})"
    return None


def record_once(
    connection: sa.Connection, action: str, *, user_name: str, address: str, detail: str = "",
    since: datetime.datetime,
) -> None:
    """Writes the line if there is none `since` then (UTC) of this action, name and network: for what anybody can repeat
    as fast as they can send."""
    log = audit_log.c
    told = connection.execute(
        sa.select(log.address)
        .where(log.happened_at > since, log.action == action, log.user_name == escaped(user_name)[:150])
        .distinct()
    ).scalars()
    if network_of(address) not in {network_of(other or "") for other in told}:
        record(connection, action, user_name=user_name, address=address, detail=detail)


def read_trail(connection: sa.Connection, wanted: TrailFilter, *, start: int, limit: int) -> list[TrailLine]:
    """The lines from the `start`-th on, at most `limit`, the newest first."""
    return [_line(row) for row in connection.execute(_statement(wanted).limit(limit).offset(start))]


def read_whole_trail(connection: sa.Connection, wanted: TrailFilter) -> Iterator[TrailLine]:
    """Every line, the newest first, however many there are."""
    last = None
    while True:
        statement = _statement(wanted).limit(BATCH)
        found = connection.execute(statement if last is None else statement.where(audit_log.c.id < last)).all()
        yield from map(_line, found)
        if len(found) < BATCH:
            return
        last = found[-1].id


def count_trail(connection: sa.Connection, wanted: TrailFilter) -> int:
    """How many lines there are."""
    query = sa.select(sa.func.count()).select_from(audit_log).where(*_conditions(wanted))
    return connection.execute(query).scalar_one()


def recorded_actions(connection: sa.Connection) -> list[str]:
    """Every kind of action that was ever recorded, by name."""
    column = audit_log.c.action
    return list(connection.execute(sa.select(column).distinct().order_by(column)).scalars())


def escaped(text: str) -> str:
    """`text` with control characters, line ends and directions of writing as \\x0a or \\u202e."""
    return "".join(
        character if unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"
        else (f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}")
        for character in text
    )


def _line(row: sa.Row) -> TrailLine:
    return TrailLine(row.happened_at, row.user_name, row.address, row.action, row.detail)


def _statement(wanted: TrailFilter) -> sa.Select:
    return sa.select(audit_log).where(*_conditions(wanted)).order_by(audit_log.c.id.desc())


def _conditions(wanted: TrailFilter) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if wanted.user:
        # What is done to somebody begins with their name: "anna", "anna: viewer -> analyst", "anna as viewer".
        detail = audit_log.c.detail
        conditions.append(sa.or_(
            audit_log.c.user_name == wanted.user, detail == wanted.user,
            *(detail.startswith(wanted.user + end, autoescape=True) for end in (":", " as ")),
        ))
    if wanted.action:
        conditions.append(audit_log.c.action == wanted.action)
    if wanted.since:
        conditions.append(audit_log.c.happened_at >= wanted.since)
    return conditions

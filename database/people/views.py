"""What a person has named: a page with what is chosen on it, by its address. Each is one person's own."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from database.people.accounts import hold
from database.schema import saved_view
from domain.errors import SetupError
from domain.moments import utc_now

MOST_VIEWS = 50
LONGEST_NAME = 100


@dataclass(frozen=True)
class View:
    """A named page: `address` is its path and query string. `is_start`: its owner begins there."""

    id: int
    name: str
    address: str
    is_start: bool


def views_of(connection: sa.Connection, user_id: int) -> tuple[View, ...]:
    """A user's views by name, the one that they begin with first."""
    rows = connection.execute(sa.select(saved_view).where(saved_view.c.user_id == user_id)).all()
    found = [View(row.id, row.name, row.address, bool(row.is_start)) for row in rows]
    return tuple(sorted(found, key=lambda view: (not view.is_start, view.name.casefold(), view.id)))


def start_of(connection: sa.Connection, user_id: int) -> str:
    """The address that a user begins with; '' for none."""
    found = connection.execute(
        sa.select(saved_view.c.address).where(saved_view.c.user_id == user_id, saved_view.c.is_start == sa.true())
    ).scalar()
    return found or ""


def save_view(connection: sa.Connection, user_id: int, name: str, address: str, *, is_start: bool = False) -> None:
    """Keeps an address under a name; one of that name leads there from now on. Raises SetupError if it is no name, or
    there are too many."""
    name = _name(name)
    hold(connection, user_id)
    known = {view.name.casefold(): view for view in views_of(connection, user_id)}
    found = known.get(name.casefold())
    if found is None and len(known) >= MOST_VIEWS:
        raise SetupError(f"You have {MOST_VIEWS} views. Remove one that you do not need.")
    if is_start:
        _leave_start(connection, user_id)
    if found is None:
        connection.execute(sa.insert(saved_view).values(
            user_id=user_id, name=name, address=address, created_at=utc_now(), is_start=is_start
        ))
        return
    values = {"name": name, "address": address} | ({"is_start": True} if is_start else {})
    connection.execute(sa.update(saved_view).where(_is(user_id, found.id)).values(values))


def rename_view(connection: sa.Connection, user_id: int, view_id: int, name: str) -> bool:
    """Calls a view something else; False if the user has none of that id. Raises SetupError if it is no name, or
    that of another view."""
    name = _name(name)
    hold(connection, user_id)
    if any(view.id != view_id and view.name.casefold() == name.casefold() for view in views_of(connection, user_id)):
        raise SetupError("Another view of yours has that name.")
    found = connection.execute(sa.update(saved_view).where(_is(user_id, view_id)).values(name=name))
    return found.rowcount > 0


def remove_view(connection: sa.Connection, user_id: int, view_id: int) -> bool:
    """Forgets a view; False if the user has none of that id."""
    return connection.execute(sa.delete(saved_view).where(_is(user_id, view_id))).rowcount > 0


def begin_with(connection: sa.Connection, user_id: int, view_id: int | None) -> bool:
    """Makes a view the one that its owner begins with, None for the dashboard; False if they have none of that id."""
    hold(connection, user_id)
    _leave_start(connection, user_id)
    if view_id is None:
        return True
    return connection.execute(sa.update(saved_view).where(_is(user_id, view_id)).values(is_start=True)).rowcount > 0


def _leave_start(connection: sa.Connection, user_id: int) -> None:
    connection.execute(sa.update(saved_view).where(saved_view.c.user_id == user_id).values(is_start=False))


def _is(user_id: int, view_id: int) -> sa.ColumnElement[bool]:
    """One view, if it is that user's."""
    return sa.and_(saved_view.c.user_id == user_id, saved_view.c.id == view_id)


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise SetupError(f"A name has 1 to {LONGEST_NAME} visible characters.")
    return name

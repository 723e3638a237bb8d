"""Who may see what. A route that says nothing needs a signed-in viewer: forgetting is safe."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from flask import Flask, abort, current_app, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from database.people.accounts import hold, hold_with_admins
from domain.people import VIEWER, Person
from web.http import current, identity, sessions
from web.http.addresses import this_address

EVERYBODY = "everybody"


def open_to_everybody(view: Callable) -> Callable:
    """Marks a view that needs nobody signed in."""
    return needs(EVERYBODY)(view)


def needs(role: str) -> Callable[[Callable], Callable]:
    """Marks a view that needs the rights of `role` (one of domain.people.ROLES)."""

    def mark(view: Callable) -> Callable:
        view.needs = role
        return view

    return mark


def is_open(view: Callable) -> bool:
    """Whether a view needs nobody signed in."""
    return getattr(view, "needs", VIEWER) == EVERYBODY


def needs_every_brand(view: Callable) -> Callable:
    """Marks a view of what belongs to all brands at once: it is not for somebody who is limited to some."""
    view.needs_every_brand = True
    return view


def needs_same_as(page: Callable) -> Callable[[Callable], Callable]:
    """Marks a view of what `page`, another view, shows: it needs the same rights."""

    def mark(view: Callable) -> Callable:
        view.needs = getattr(page, "needs", VIEWER)
        view.needs_every_brand = getattr(page, "needs_every_brand", False)
        return view

    return mark


def may_see(view: Callable, person: Person) -> bool:
    """Whether somebody who is signed in has the rights that a view asks for."""
    role = getattr(view, "needs", VIEWER)
    is_scoped = not getattr(view, "needs_every_brand", False)
    return (role == EVERYBODY or person.may(role)) and (is_scoped or person.brands is None)


@contextlib.contextmanager
def still_allowed() -> Iterator[sa.Connection]:
    """A transaction of who is signed in, about their own account, which is held. A form takes time to arrive and a
    password to be checked: if their session ended meanwhile, or the view is not theirs any more, nothing is written and
    the answer is that of somebody who asks now. Every new password ends the sessions, so what was proven with the
    old one does not hold either."""
    with current.store().application.begin() as connection:
        hold(connection, identity.person().id)
        check_again(connection)
        yield connection


@contextlib.contextmanager
def still_allowed_over(*user_ids: int) -> Iterator[sa.Connection]:
    """The same of an admin, about others: they and all admins are held."""
    with current.store().application.begin() as connection:
        hold_with_admins(connection, identity.person().id, *user_ids)
        check_again(connection)
        yield connection


def register(app: Flask) -> None:
    """Asks for a person before every view that is not marked as open."""

    @app.before_request
    def _check() -> Response | None:
        view = app.view_functions.get(request.endpoint or "")
        if view is None:
            return None
        if is_open(view):
            return None
        person = identity.person()
        if person is None:
            return _ask_to_sign_in()
        if not may_see(view, person):
            abort(403)
        return None


def check_again(connection: sa.Connection) -> None:
    """Answers as to a stranger if the session ended since the request came, and 403 if its view is not theirs now."""
    person = sessions.person_now(connection)
    if person is None:
        abort(_ask_to_sign_in())
    if not may_see(current_app.view_functions[request.endpoint], person):
        abort(403)


def _ask_to_sign_in() -> Response:
    if request.path.startswith("/api/"):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("sign_in.show", next=this_address()), 302)
    return redirect(url_for("sign_in.show"), 303)

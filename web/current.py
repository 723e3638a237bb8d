"""What belongs to the request at hand: the store, the settings, the person, the request's id."""

from __future__ import annotations

from flask import current_app, g, request

from database.engines.base import Store
from domain.people import Person
from settings import Settings


def store() -> Store:
    """The store of the running app."""
    return current_app.extensions["lego_store"]


def settings() -> Settings:
    """The settings of the running app."""
    return store().settings


def person() -> Person | None:
    """Who is signed in, or whose token it is; None for a stranger. Asks the database once per request, when
    first needed."""
    if "person" not in g:
        from web import sessions, tokens

        g.person = tokens.find_person() if tokens.is_given() else sessions.find_person()
    return g.person


def request_id() -> str:
    """The id under which the log has this request."""
    return g.get("request_id", "")


def address() -> str:
    """The reader's address: the peer's, or what the trusted proxies say."""
    return request.remote_addr or ""

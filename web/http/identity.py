"""Who asks: the person of the session or of the token, once per request."""

from __future__ import annotations

from flask import g

from domain.people import Person
from web.http import sessions, tokens


def person() -> Person | None:
    """Who is signed in, or whose token it is; None for a stranger. Asks the database once per request, when
    first needed."""
    if "person" not in g:
        g.person = tokens.find_person() if tokens.is_given() else sessions.find_person()
    return g.person

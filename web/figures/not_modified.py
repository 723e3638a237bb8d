"""A browser that holds the very page it asks for gets 304 and no body, and nothing is computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, make_response, request

from domain.months import today_utc
from web.http import identity, sessions
from web.serving.version import build_mark

CACHE_CONTROL = "private, no-cache"


def page_with_figures(generation: int, render: Callable[[], str], *more: object) -> Response:
    """`render()`'s page with its ETag, or 304 if the reader's browser holds it already.

    `more` is whatever else the page shows that neither address, reader, generation nor date imply,
    such as the state of the last refresh.
    """
    mark = _mark(generation, more)
    is_held = request.if_none_match.contains_weak(mark)
    response = Response(status=304) if is_held else make_response(render())
    # Weak: the same page compressed and plain are not the same bytes.
    response.set_etag(mark, weak=True)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


def _mark(generation: int, more: tuple[object, ...]) -> str:
    """The session is part of it because forms on the page carry its CSRF token, the date because
    "the last 12 months" moves with it."""
    person = identity.person()
    brands = sorted(person.brands) if person and person.brands is not None else None
    reader = (person.id, person.name, person.role, brands, sorted(person.closed_notes)) if person else ()
    parts = (
        build_mark(), sessions.session_mark(), reader, generation, today_utc().isoformat(), request.full_path, *more
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

"""One line per request: id, address, user, what, status, milliseconds, generation. Never a form, a cookie or a token.

A request's id is made here, whatever the request itself claims: the log's ids are then the program's own.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import Any, TextIO
from urllib.parse import unquote_plus

from flask import Flask, Response, g, has_request_context, request

from database.journal.audit import escaped
from domain.listing import WORDS as LISTING_WORDS
from domain.log_lines import formatter
from domain.selection import WORDS_WITH_SEARCH
from settings import LogSettings
from web.http import current

LONGEST = 500
SHOWN = frozenset((*WORDS_WITH_SEARCH, *LISTING_WORDS, "shared", "table", "per_page", "v", "user", "action"))
"""Parameters whose values are written down. Of any other, which no page asked for, only the name is."""
_SECRET = re.compile(r"(/welcome/).+")
_FAILED = 500

log = logging.getLogger("lego.web")


def register(app: Flask, settings: LogSettings) -> None:
    """Numbers every request and writes its line when the answer is ready."""
    _prepare(settings, log, app.logger)

    @app.before_request
    def _begin() -> None:
        g.started = time.perf_counter()
        g.request_id = secrets.token_hex(8)

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-Id"] = current.request_id()
        person = g.get("person")
        milliseconds = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
        if person is not None:
            # Shown by a browser's developer tools. Nobody else is told how long an answer took.
            response.headers["Server-Timing"] = _timing(milliseconds)
        fields = _fields(response.status_code, milliseconds, person.name if person else None)
        level = logging.WARNING if response.status_code >= _FAILED else logging.INFO
        log.log(level, "%s", _words(fields), extra={"fields": fields})
        return response


def note_generation(number: int) -> None:
    """For the line: the generation that the answer is made of."""
    g.generation = number


def shown_address() -> str:
    """What was asked for, as it may be written down: whoever reads it must not be able to open a link that was not
    used yet, nor to learn a secret that somebody put into an address."""
    path = _SECRET.sub(r"\1…", escaped(request.path))
    parts = [_shown(part) for part in request.query_string.decode("latin-1").split("&") if part]
    return (path + (f"?{'&'.join(parts)}" if parts else ""))[:LONGEST]


def _fields(status: int, milliseconds: float, user: str | None) -> dict[str, Any]:
    return {
        "event": "request", "address": request.remote_addr, "user": user, "method": request.method,
        "path": shown_address(), "status": status, "milliseconds": round(milliseconds, 1),
        "generation": g.get("generation"),
    }


def _words(fields: dict[str, Any]) -> str:
    generation = f" generation {fields['generation']}" if fields["generation"] else ""
    return (
        f"{fields['address']} {fields['user'] or '-'} {fields['method']} {fields['path']} {fields['status']} "
        f"{fields['milliseconds']:.1f} ms{generation}"
    )


def _shown(part: str) -> str:
    """One `name=value` of a query string."""
    name, equals, value = part.partition("=")
    if not equals:
        # A word by itself may be the secret.
        return "…"
    return f"{escaped(name)}={escaped(value) if unquote_plus(name) in SHOWN else '…'}"


def _timing(milliseconds: float) -> str:
    """`app;dur=12.3, cache;desc="made"`: the answer was made now, or held from before."""
    answered_from = g.get("answered_from")
    return f"app;dur={milliseconds:.1f}" + (f', cache;desc="{answered_from}"' if answered_from else "")


def _prepare(settings: LogSettings, *loggers: logging.Logger) -> None:
    handler = _ToStderr()
    handler.setFormatter(formatter(settings.format))
    handler.addFilter(_add_request_id)
    for logger in loggers:
        logger.handlers = [handler]
        logger.setLevel(settings.level.upper())
    _hear_libraries(settings, own={logger.name for logger in loggers})


def _hear_libraries(settings: LogSettings, own: set[str]) -> None:
    """Without a handler at the root, cachelib's first word of a full disk would make one, which then repeats every line
    of ours. What it says there, with a traceback each time, `cache.py` says in a line."""
    if logging.root.handlers:
        return
    handler = _ToStderr()
    handler.setFormatter(formatter(settings.format))
    handler.setLevel(logging.WARNING)
    handler.addFilter(lambda record: record.name not in own and record.name != logging.root.name)
    logging.root.addHandler(handler)


class _ToStderr(logging.StreamHandler):
    """Writes to what stderr is at the moment, not to what it was when the app was made."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = current.request_id() if has_request_context() else ""
    return True

"""One line per request: id, address, user, what, status, milliseconds. Never a form, a cookie or a token."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from typing import TextIO

from flask import Flask, Response, g, has_request_context, request

from database.people import escaped
from web import current

LONGEST = 500
_SECRET = re.compile(r"(/welcome/).+")
_FORMAT = "%(asctime)sZ %(levelname)s [%(request_id)s] %(message)s"

log = logging.getLogger("lego.web")


def register(app: Flask) -> None:
    """Numbers every request and writes its line when the answer is ready."""
    _prepare(log, app.logger)

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
        log.info(
            "%s %s %s %s %d %.1f ms", request.remote_addr, person.name if person else "-", request.method,
            _address(), response.status_code, milliseconds,
        )
        return response


def _address() -> str:
    """Whoever reads the log must not be able to open a link that was not used yet."""
    return _SECRET.sub(r"\1…", escaped(request.full_path.rstrip("?")))[:LONGEST]


def _timing(milliseconds: float) -> str:
    """`app;dur=12.3, cache;desc="made"`: the answer was made now, or held from before."""
    answered_from = g.get("answered_from")
    return f"app;dur={milliseconds:.1f}" + (f', cache;desc="{answered_from}"' if answered_from else "")


def _prepare(*loggers: logging.Logger) -> None:
    handler = _ToStderr()
    formatter = logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_add_request_id)
    for logger in loggers:
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)


class _ToStderr(logging.StreamHandler):
    """Writes to what stderr is at the moment, not to what it was when the app was made."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = current.request_id() if has_request_context() else "-"
    return True

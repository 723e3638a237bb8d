"""Notes the slow statements of pages with figures while they are served, and writes them down after the answer is out.

What is written costs no reader time: it is done when the answer has been sent, for a statement once a minute and
process at most, and a database that does not take it makes no page fail.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask import Flask, Response, g, request

from database.engines.health import Parameters
from database.engines.ports import Store
from database.journal.slow_statements import SLOW, Slow, record
from database.queries.pages import PAGES
from domain.errors import LegoError
from web.http.request_log import shown_address

ENDPOINTS = frozenset(page.endpoint for page in PAGES if page.read)
"""Pages that `flask explain` knows. No other page's statements are kept: those of signing in carry tokens."""
PAUSE = 60
"""Seconds between two records of one statement."""
_WORDS = ("SELECT", "WITH")

log = logging.getLogger("lego.web")


@dataclass
class _Waiting:
    """A statement that was slow since it was written down last."""

    slow: Slow
    times: int
    recorded: float


class _Recorder:
    """What one process has to write down."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], _Waiting] = {}
        self._lock = threading.Lock()

    def take(self, found: list[Slow]) -> list[Slow]:
        """Adds what was found; returns what is to be written down now."""
        due, now = [], time.monotonic()
        with self._lock:
            for slow in found:
                key = (slow.page, slow.fingerprint)
                waiting = self._known.setdefault(key, _Waiting(slow, 0, -PAUSE))
                waiting.times += 1
                if slow.seconds > waiting.slow.seconds:
                    waiting.slow = slow
                if now - waiting.recorded >= PAUSE:
                    due.append(replace(waiting.slow, times=waiting.times))
                    waiting.times, waiting.recorded = 0, now
                    waiting.slow = replace(slow, seconds=0.0)
        return due

    def write(self, due: list[Slow]) -> None:
        for slow in due:
            try:
                record(self._store, slow)
            except (LegoError, sa.exc.SQLAlchemyError) as error:
                log.warning("a slow statement of %s was not written down: %s", slow.page, type(error).__name__)


def register(app: Flask) -> None:
    """Writes down what `note` found."""
    recorder = _Recorder(app.extensions["lego_store"])

    @app.after_request
    def _write(response: Response) -> Response:
        found = g.pop("slow_statements", None)
        if found:
            due = recorder.take(found)
            response.call_on_close(lambda: recorder.write(due))
        return response


def note(statement: str, parameters: Parameters, seconds: float) -> None:
    """A statement of the request at hand, and how long it took."""
    if seconds < SLOW or request.endpoint not in ENDPOINTS or not statement.lstrip().startswith(_WORDS):
        return
    g.setdefault("slow_statements", []).append(
        Slow(request.endpoint, shown_address(), statement, parameters, seconds)
    )

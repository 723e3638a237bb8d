"""What gunicorn answers itself, where a request was too broken to reach the app.

Its own pages quote the request and carry none of our headers; these say the status and nothing else. Its log quotes the
request as well, with the password or the token in it; here it says from where what kind of fault came.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar

from gunicorn.http.errors import NoMoreData, ParseException

from web.http.headers import ALWAYS

_is_told = ContextVar("_is_told", default=False)
# Its lines go to gunicorn's handlers, past the filter of gunicorn's own.
_log = logging.getLogger("gunicorn.error.broken")


def write_bare_answer(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Takes the place of `gunicorn.util.write_error`. What was wrong (`message`) is said to nobody."""
    body = f"{status} {reason}\n"
    headers = {
        "Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close",
        "Cache-Control": "no-store", **ALWAYS,
    }
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", body]
    # So little always fits into the socket's buffer: nobody who does not read can keep a thread waiting.
    client.sendall("\r\n".join(lines).encode("latin-1"))


def quote_nothing() -> None:
    """Called once in each worker: what gunicorn says of a request that it cannot read is left out of the log."""
    logging.getLogger("gunicorn.error").addFilter(_quotes_nothing)


@contextlib.contextmanager
def told_without_quotes(address: str, error: BaseException) -> Iterator[None]:
    """Says that a request from `address` failed, and in which way, in place of what gunicorn says inside."""
    kind = type(error).__name__
    if isinstance(error, ParseException):
        _log.warning("a broken request from %s: %s", address, kind)
    else:
        # The fault is ours: the place in the program, without the texts that it was about.
        at = traceback.extract_tb(error.__traceback__)[-1:]
        _log.error("a request from %s: %s%s", address, kind, "".join(f" in {f.filename}:{f.lineno}" for f in at))
    token = _is_told.set(True)
    try:
        yield
    finally:
        _is_told.reset(token)


def _quotes_nothing(record: logging.LogRecord) -> bool:
    return not _is_told.get() and not isinstance(sys.exc_info()[1], ParseException | NoMoreData)

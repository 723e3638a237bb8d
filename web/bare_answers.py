"""What gunicorn answers itself, where a request was too broken to reach the app.

Its own pages quote the request and carry none of our headers; these say the status and nothing else.
"""

from __future__ import annotations

import socket

from web.headers import ALWAYS


def write_bare_answer(client: socket.socket, status: int, reason: str, message: str) -> None:
    """Takes the place of `gunicorn.util.write_error`. What was wrong (`message`) is in the log."""
    body = f"{status} {reason}\n"
    headers = {
        "Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close",
        "Cache-Control": "no-store", **ALWAYS,
    }
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", body]
    # So little always fits into the socket's buffer: nobody who does not read can keep a thread waiting.
    client.sendall("\r\n".join(lines).encode("latin-1"))

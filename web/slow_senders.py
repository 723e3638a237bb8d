"""Nobody who stops in the middle of a request keeps a thread of gunicorn waiting for long.

gunicorn waits without end for the rest of a request that has begun. Eight visitors who send half a line
each would shut everybody out. A proxy that takes requests in whole, as nginx does, keeps them away as well.
"""

from __future__ import annotations

import errno
import logging
import socket
import struct

from gunicorn.workers.gthread import TConn

PATIENCE = 10
"""Seconds without a single byte, after which a sender is let go."""


def limit_patience() -> None:
    """Called once in each worker, before its first request."""
    begin = TConn.init

    def begin_with_limit(connection: TConn) -> None:
        begin(connection)
        # For receiving only: files go out to slow readers, too.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE, 0))

    TConn.init = begin_with_limit
    logging.getLogger("gunicorn.error").addFilter(_is_no_slow_sender)


def _is_no_slow_sender(record: logging.LogRecord) -> bool:
    """Leaves out of the log what anybody could fill it with."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, BlockingIOError) and error.errno == errno.EAGAIN)

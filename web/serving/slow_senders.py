"""Nobody who sends slowly, or not at all, keeps a thread of gunicorn waiting.

gunicorn gives each request a thread when its first byte is there, and that thread waits for the others: sixteen
visitors who send a byte now and then would shut everybody out. So here a request waits beside the other connections,
without a thread, until its head and a form's worth of its body are there. Only what is larger is read by the
thread that serves it, at no less than a certain pace; the app lets nobody send that much who is not signed in
(`web/http/body_size.py`).
"""

from __future__ import annotations

import errno
import functools
import io
import logging
import re
import selectors
import socket
import struct
import time
import weakref
from concurrent.futures import Future

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker

from domain.networks import network_of
from web.http.body_size import LARGEST_OPEN_FORM
from web.serving.bare_answers import told_without_quotes

PATIENCE = 10
"""Seconds without a single byte, after which a sender is let go."""
DEADLINE = 30
"""Seconds in which a request must be there. What is read by a thread has a second more for each `PACE` bytes."""
PACE = 8 << 10
LARGEST_HEAD = 64 << 10
LARGEST_BODY = LARGEST_OPEN_FORM
"""Bytes of a body that are waited for without a thread."""
AT_ONCE = 100
"""Connections of one address, or of one network of IPv6, to one worker, which has room for a thousand. From a proxy
come those of all visitors, so there is no such limit for it."""
LINGER = 2
"""Seconds in which a peer may read our last words although it still sends."""

_READ = 16 << 10
_LENGTH = re.compile(rb"(?m)^content-length:[ \t]*(\d{1,18})[ \t]*\r$")
_EXPECTATION = re.compile(rb"(?m)^expect:[ \t]*100-continue[ \t]*\r$")
_CHUNK_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def protect(worker: ThreadWorker, *, has_proxies: bool) -> None:
    """Called once in each worker, before it accepts anything."""
    # gunicorn's master must not know the class: workers would inherit it, and after an upgrade run yesterday's.
    worker.__class__ = PatientWorker
    worker.most_of_one_network = None if has_proxies else AT_ONCE
    worker.connections = weakref.WeakSet()
    logging.getLogger("gunicorn.error").addFilter(_is_no_slow_sender)


class PatientWorker(ThreadWorker):
    """Gives a request its thread when it is there."""

    most_of_one_network: int | None
    connections: weakref.WeakSet[TConn]

    def enqueue_req(self, connection: TConn) -> None:
        """Called when there is something to read, and once for each new connection."""
        if connection.parser is None and self._has_enough_of(connection):
            self.nr_conns -= 1
            connection.close()
            return
        super().enqueue_req(connection)

    def handle(self, connection: TConn) -> object:
        """Serves a request that is there; otherwise the connection goes back to those that wait."""
        try:
            arrival = _arrival_of(connection)
            if not arrival.is_enough() and self.alive:
                return _DEFER
        except OSError:
            return False
        try:
            return super().handle(connection)
        finally:
            arrival.begin()

    def finish_request(self, connection: TConn, future: Future) -> None:
        """Goes on with the connection as gunicorn does, but ends it without waiting for the peer: this is the thread
        that accepts connections."""
        if future.cancelled() or not (future.exception() or future.result()):
            self._say_farewell(connection)
            return
        super().finish_request(connection, future)
        if self.alive and self.pending_conns and self.pending_conns[-1] is connection:
            connection.timeout = time.monotonic() + PATIENCE

    def handle_error(self, request: object, sock: socket.socket, address: tuple, error: BaseException) -> None:
        """Answers what could not be read."""
        with told_without_quotes(address[0] if address else "", error):
            super().handle_error(request, sock, address, error)

    def _keepalive_after(self, connection: TConn, keepalive: bool) -> bool:
        # What the app did not want to read is read only if it is there already.
        connection.parser.unreader.expect_nothing()
        try:
            return super()._keepalive_after(connection, keepalive)
        except BlockingIOError:
            return False

    def _has_enough_of(self, connection: TConn) -> bool:
        """Whether there are too many connections from there; otherwise this one counts from now on."""
        if self.most_of_one_network is None or not isinstance(connection.client, tuple):
            return False
        connection.network = network_of(connection.client[0])
        others = sum(
            other.network == connection.network and other.sock.fileno() != -1 for other in tuple(self.connections)
        )
        if others >= self.most_of_one_network:
            return True
        self.connections.add(connection)
        return False

    def _say_farewell(self, connection: TConn) -> None:
        """A peer that still sends would lose our answer if its bytes met a closed socket."""
        try:
            connection.sock.shutdown(socket.SHUT_WR)
            connection.sock.setblocking(False)
            heard = functools.partial(self._hear_last_words, connection)
            self.poller.register(connection.sock, selectors.EVENT_READ, heard)
        except (OSError, ValueError):
            self.nr_conns -= 1
            connection.close()
            return
        connection.timeout = time.monotonic() + LINGER
        self.pending_conns.append(connection)

    def _hear_last_words(self, connection: TConn, sock: socket.socket) -> None:
        try:
            if sock.recv(_READ):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.poller.unregister(sock)
        self.pending_conns.remove(connection)
        self.nr_conns -= 1
        connection.close()


class Arrival(SocketUnreader):
    """What has arrived of a request, and until when the rest is waited for."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.begin()

    def begin(self) -> None:
        """The next request of the connection."""
        self._deadline: float | None = None
        self._searched = 0
        self._body_at: int | None = None
        self._length = 0
        self._chunk_at: int | None = None

    def is_enough(self) -> bool:
        """Takes what has arrived, without waiting. Whether a thread can do something with it: serve or refuse it."""
        if self._deadline is None:
            self._deadline = time.monotonic() + DEADLINE
        while not self._is_whole():
            if time.monotonic() > self._deadline:
                return True
            try:
                part = self.sock.recv(_READ, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            if not part:
                return True
            self.buf.seek(0, io.SEEK_END)
            self.buf.write(part)
        return True

    def expect_nothing(self) -> None:
        """From now on nothing is waited for."""
        self._deadline = 0.0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """The next bytes, which a thread waits for. Raises BlockingIOError if the sender has used up its time."""
        if time.monotonic() > self._deadline:
            raise BlockingIOError(errno.EAGAIN, "the sender is too slow")
        part = super().chunk(size_hint)
        self._deadline += len(part) / PACE
        return part

    def _is_whole(self) -> bool:
        held = self.buf.getvalue()
        if self._body_at is None and not self._find_body(held):
            if len(held) <= LARGEST_HEAD:
                return False
            # gunicorn says what is too long in it, or lets it go.
            self.expect_nothing()
            return True
        if self._chunk_at is not None:
            return self._are_chunks_over(held) or len(held) - self._body_at > LARGEST_BODY
        return self._length > LARGEST_BODY or len(held) >= self._body_at + self._length

    def _find_body(self, held: bytes) -> bool:
        """Reads in the head how the body ends. Whether a head can be believed is gunicorn's to say."""
        end = held.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(held)
        if end < 0:
            return False
        head, self._body_at = held[: end + 2].lower(), end + 4
        lengths = _LENGTH.findall(head)
        self._length = int(lengths[0]) if lengths else 0
        self._chunk_at = self._body_at if b"\ntransfer-encoding:" in head else None
        if _EXPECTATION.search(head) and self._length <= LARGEST_BODY:
            # Otherwise both would wait. gunicorn says it once more, which is permitted.
            self.sock.send(_CONTINUE, socket.MSG_DONTWAIT)
        return True

    def _are_chunks_over(self, held: bytes) -> bool:
        """Whether the chunk of size 0 and its trailers are there (RFC 9112, 7.1), or something that is no chunk."""
        while (end := held.find(b"\r\n", self._chunk_at)) >= 0:
            size = held[self._chunk_at : end].partition(b";")[0].strip(b" \t")
            if not _CHUNK_SIZE.fullmatch(size):
                return True
            if int(size, 16) == 0:
                return held.find(b"\r\n\r\n", end) >= 0
            self._chunk_at = end + 2 + int(size, 16) + 2
        return False


def _arrival_of(connection: TConn) -> Arrival:
    if connection.parser is None:
        connection.init()
        connection.parser.unreader = Arrival(connection.sock)
        # For receiving only: files go out to slow readers, too.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", PATIENCE, 0))
    return connection.parser.unreader


def _is_no_slow_sender(record: logging.LogRecord) -> bool:
    """Leaves out of the log what anybody could fill it with."""
    error = record.exc_info[1] if record.exc_info else None
    return not (isinstance(error, BlockingIOError) and error.errno == errno.EAGAIN)

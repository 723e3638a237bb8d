"""What is waited for, without a server: the bytes of one connection, and the clock."""

from __future__ import annotations

import inspect
import socket
from collections.abc import Iterator

import pytest
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from web.serving import slow_senders
from web.serving.slow_senders import DEADLINE, LARGEST_BODY, LARGEST_HEAD, PACE, Arrival


class Clock:
    """Stands still until it is told otherwise."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(slow_senders, "time", clock)
    return clock


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Arrival]]:
    """The sender's end, and what has arrived at the other."""
    sender, receiver = socket.socketpair()
    with sender, receiver:
        yield sender, Arrival(receiver)


HEAD = b"POST /login HTTP/1.1\r\nHost: x\r\n"
WHOLE = {
    "no body": HEAD + b"\r\n",
    "a form": HEAD + b"Content-Length: 3\r\n\r\na=b",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n2;x=y\r\n\r\n\r\n0\r\n\r\n",
    "chunks and a trailer": HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\nX: y\r\n\r\n",
}


@pytest.mark.parametrize("request_bytes", WHOLE.values(), ids=WHOLE)
def test_a_request_is_there_with_its_last_byte_and_not_before(ends, request_bytes):
    sender, arrival = ends
    for at in range(len(request_bytes) - 1):
        sender.send(request_bytes[at : at + 1])
        assert not arrival.is_enough(), request_bytes[: at + 1]
    sender.send(request_bytes[-1:])
    assert arrival.is_enough()
    assert arrival.take_buffered() == request_bytes


@pytest.mark.parametrize(
    "begun",
    [
        HEAD + f"Content-Length: {LARGEST_BODY + 1}\r\n\r\n".encode(),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nnone\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
    ],
)
def test_what_is_refused_or_read_by_the_app_itself_waits_no_longer(ends, begun):
    sender, arrival = ends
    sender.sendall(begun)
    assert arrival.is_enough()


def test_a_head_without_end_is_judged_as_far_as_it_goes(ends):
    sender, arrival = ends
    sender.setblocking(False)
    sent = 0
    while sent <= LARGEST_HEAD:
        sent += sender.send(b"X: " + b"a" * 4000 + b"\r\n")
        is_enough = arrival.is_enough()
    assert is_enough
    with pytest.raises(BlockingIOError):
        arrival.chunk()


def test_a_byte_now_and_then_prolongs_nothing(ends, clock):
    sender, arrival = ends
    sender.sendall(HEAD)
    assert not arrival.is_enough()
    clock.now += DEADLINE - 1
    sender.send(b"X")
    assert not arrival.is_enough()
    clock.now += 2
    sender.send(b"X")
    assert arrival.is_enough()
    with pytest.raises(BlockingIOError):
        arrival.chunk()


def test_an_upload_may_take_as_long_as_its_pace_allows(ends, clock):
    sender, arrival = ends
    sender.sendall(HEAD + b"Content-Length: 900000\r\n\r\n")
    assert arrival.is_enough()
    for _ in range(100):
        sender.sendall(b"a" * PACE)
        assert len(arrival.chunk(PACE)) == PACE
        clock.now += 1
    clock.now += DEADLINE + 1
    with pytest.raises(BlockingIOError):
        arrival.chunk(PACE)


def test_the_next_request_of_a_connection_has_its_own_time(ends, clock):
    sender, arrival = ends
    sender.sendall(WHOLE["a form"])
    assert arrival.is_enough()
    arrival.take_buffered()
    arrival.begin()
    clock.now += 5 * DEADLINE
    sender.sendall(HEAD)
    assert not arrival.is_enough()
    sender.sendall(b"\r\n")
    assert arrival.is_enough()


def test_whoever_waits_to_be_asked_for_a_form_is_asked(ends):
    sender, arrival = ends
    sender.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert not arrival.is_enough()
    assert sender.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sender.sendall(b"a=b")
    assert arrival.is_enough()


PRIVATE_PARTS = {
    ThreadWorker.enqueue_req: "(self, conn)",
    ThreadWorker.handle: "(self, conn)",
    ThreadWorker.finish_request: "(self, conn, fs)",
    ThreadWorker.handle_error: "(self, req, client, addr, exc)",
    ThreadWorker._keepalive_after: "(self, conn, keepalive)",
    SocketUnreader.__init__: "(self, sock, max_chunk=8192)",
    SocketUnreader.chunk: "(self, size_hint=None)",
    TConn.__init__: "(self, cfg, sock, client, server)",
}
ATTRIBUTES = {
    ThreadWorker: {"alive", "nr_conns", "pending_conns", "poller"}, TConn: {"sock", "client", "timeout", "parser"},
}


def test_gunicorn_still_has_the_parts_that_are_replaced_here_and_calls_them_so() -> None:
    """Whoever upgrades gunicorn and meets this reads `ThreadWorker` anew: what we override may not be called any more,
    and slow senders would take all threads."""
    assert {part: str(inspect.signature(part)) for part in PRIVATE_PARTS} == PRIVATE_PARTS
    overridden = {name for name, part in vars(slow_senders.PatientWorker).items() if inspect.isfunction(part)}
    ours = {"_has_enough_of", "_say_farewell", "_hear_last_words"}
    assert overridden - ours == {
        part.__name__ for part in PRIVATE_PARTS if getattr(ThreadWorker, part.__name__, None) is part
    }
    assert not ours & set(dir(ThreadWorker)), "gunicorn has methods of these names now"
    for owner, names in ATTRIBUTES.items():
        known = {
            name
            for base in owner.__mro__
            for part in vars(base).values() if inspect.isfunction(part)
            for name in part.__code__.co_names
        }
        assert names <= known, owner

"""The app under gunicorn as the configuration says, with somebody signed in."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.measure import ROOT, run
from benchmarks.stands import Stand
from database.people import users
from database.people.passwords import hash_password
from database.store import open_store
from machine.processes import children_of, processor_seconds
from settings import Settings, WebSettings
from tests.conftest import environment_of
from tests.ports import free_port

PASSWORD = "a benchmark of figures"
READY = 60
"""Seconds that a server may take to begin."""
CALM, CALM_SHARE = 0.5, 0.1
"""A server is calm that has used less than this share of so many seconds."""
_SERVER_TIME = re.compile(r"app;dur=([\d.]+)(?:, cache;desc=\"(\w+)\")?")


@dataclass(frozen=True)
class Reader:
    """Somebody signed in to a stand that is served: their cookie, and the processes that answer them."""

    stand: Stand
    port: int
    cookie: str
    process: int

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, connection: http.client.HTTPConnection, address: str) -> tuple[float, str, bytes]:
        """Milliseconds of the server, whether the answer was `made` or `held`, and the body. Raises RuntimeError
        on anything but 200."""
        connection.request("GET", address, headers={"Cookie": self.cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status}")
        found = _SERVER_TIME.search(answer.headers.get("Server-Timing", ""))
        return float(found[1]), found[2] or "", body

    def processor_seconds(self) -> float:
        """What gunicorn, its workers and the database server have used so far."""
        served = sum(processor_seconds(pid) for pid in (self.process, *children_of(self.process)))
        return served + self.stand.server_seconds()

    def rate(self, address: str, requests: int) -> float:
        """Answers per second, by ApacheBench."""
        return rate_of(self.port, address, requests, "-H", f"Cookie: {self.cookie}")


@contextlib.contextmanager
def served(*stands: Stand) -> Iterator[list[Reader]]:
    """All of them at once, warm and at rest; they end with the block."""
    with contextlib.ExitStack() as stack:
        begun = []
        for stand in stands:
            _add_reader(stand.settings)
            port = free_port()
            settings = replace(stand.settings, web=replace(stand.settings.web, port=port))
            begun.append((stand, port, stack.enter_context(
                _gunicorn([], ROOT, environment_of(settings) | {"PYTHONUNBUFFERED": "1"})
            )))
        readers = []
        for stand, port, process in begun:
            _wait_until(port, "/readyz")
            readers.append(Reader(stand, port, _sign_in(port), process))
        _wait_until_calm(readers)
        yield readers


@contextlib.contextmanager
def constant_view(size: int, web: WebSettings) -> Iterator[int]:
    """A Flask app that answers with so many bytes, under the same gunicorn; its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "constant.py").write_text(
            "from flask import Flask\napp = Flask(__name__)\n"
            f"body = b'x' * {size}\n@app.get('/')\ndef show():\n    return body\n"
        )
        words = ["-c", "/dev/null", "-b", f"127.0.0.1:{port}", "-w", str(web.workers), "--threads", str(web.threads),
                 "constant:app"]
        with _gunicorn(words, Path(folder), {**os.environ, "PYTHONPATH": folder}):
            _wait_until(port, "/")
            yield port


def rate_of(port: int, address: str, requests: int, *options: str) -> float:
    """Answers per second of eight connections that stay open. Raises RuntimeError unless all are 200."""
    answer = run(
        ["ab", "-q", "-k", "-c", "8", "-n", str(requests), "-H", "Accept-Encoding: gzip", *options,
         f"http://127.0.0.1:{port}{address}"], dict(os.environ),
    ).output
    failed = re.search(r"Non-2xx responses: +(\d+)", answer)
    if failed:
        raise RuntimeError(f"{address}: {failed[1]} answers were not 200")
    return float(re.search(r"Requests per second: +([\d.]+)", answer)[1])


@contextlib.contextmanager
def _gunicorn(words: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator[int]:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log,
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(READY)


def _add_reader(settings: Settings) -> None:
    store = open_store(settings)
    try:
        with store.application.begin() as connection:
            if users.find_user(connection, "reader") is None:
                users.add_user(connection, name="reader", role="viewer", password_hash=hash_password(PASSWORD))
    finally:
        store.close()


def _sign_in(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    page, cookie = answer.read().decode(), answer.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = urllib.parse.urlencode({"name": "reader", "password": PASSWORD, "csrf_token": token})
    connection.request("POST", "/login", form, {
        "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie,
    })
    answer = connection.getresponse()
    answer.read()
    if answer.status != 303:
        raise RuntimeError(f"signing in: {answer.status}")
    return answer.headers["Set-Cookie"].partition(";")[0]


def _wait_until(port: int, address: str) -> None:
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", address)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"no server answers after {READY} s")


def _wait_until_calm(readers: Sequence[Reader]) -> None:
    """Until first pages are made ahead: each worker has its templates."""
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline:
        before = sum(reader.processor_seconds() for reader in readers)
        time.sleep(CALM)
        if sum(reader.processor_seconds() for reader in readers) - before < CALM_SHARE * CALM:
            return
    raise RuntimeError(f"the servers are still at work after {READY} s")

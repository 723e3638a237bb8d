"""Uploads to a real gunicorn: what is too large costs it nothing, and work outlives a reload of the web."""

from __future__ import annotations

import dataclasses
import http.client
import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from database.people import users
from database.store import open_store
from jobs.tasks import uploads_folder
from tests.web.conftest import PASSWORD
from tests.web.serving.test_gunicorn import Server, prepared

FILE = "asin,brand,category,marketplace,metric,month,value\nA1,Acme,Toys,US,Net revenue,2024-01,10.50\n"


class Visitor:
    """Somebody signed in, without a browser."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.cookie = ""
        self.token = self._token("/login")
        form = urlencode({"name": "analyst", "password": PASSWORD, "csrf_token": self.token})
        assert self.ask("POST", "/login", form)[0] == 303
        self.token = self._token("/imports")

    def ask(self, method: str, path: str, body: str = "", kind: str = "application/x-www-form-urlencoded"):
        """Status, headers and text."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.settings.web.port, timeout=30)
        connection.request(method, path, body, {"Cookie": self.cookie, "Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").partition(";")[0]
        connection.close()
        return answer.status, answer.headers, text

    def send(self, text: str) -> str:
        """Uploads a file, and returns where that leads to."""
        parts = (f'name="csrf_token"\r\n\r\n{self.token}', f'name="file"; filename="a.csv"\r\n\r\n{text}')
        body = "".join(f"--x\r\nContent-Disposition: form-data; {part}\r\n" for part in parts) + "--x--\r\n"
        status, headers, _ = self.ask("POST", "/imports/upload", body, "multipart/form-data; boundary=x")
        assert status == 303
        return headers["Location"]

    def progress(self, address: str) -> dict:
        return json.loads(self.ask("GET", f"{address}/progress")[2])

    def _token(self, path: str) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', self.ask("GET", path)[2])[1]


@pytest.fixture
def server(tmp_path: Path, empty_instance: Path, password_hash: str) -> Iterator[Server]:
    settings = prepared(tmp_path, empty_instance)
    settings = dataclasses.replace(settings, web=dataclasses.replace(settings.web, workers=1, upload_mib=1))
    store = open_store(settings)
    with store.application.begin() as connection:
        users.add_user(connection, name="analyst", role="analyst", password_hash=password_hash)
    store.close()
    server = Server(settings, tmp_path / "log")
    server.wait_until(server.is_ready)
    yield server
    server.process.send_signal(signal.SIGTERM)
    server.process.wait()


def test_what_is_too_large_is_answered_at_once_and_work_outlives_a_reload(server: Server) -> None:
    visitor = Visitor(server)
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.settings.web.port), timeout=30) as connection:
        connection.sendall(
            f"POST /imports/upload HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {visitor.cookie}\r\nContent-Length: "
            "10000000000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n".encode()
        )
        answer = b""
        # Until the server closes: a sender of ten gigabytes keeps no thread.
        while part := connection.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - began < 20
    assert list(uploads_folder(server.settings).glob("*")) == []

    store = open_store(server.settings)
    with store.lock("a long import"):
        address = visitor.send(FILE)
        server.wait_until(lambda: "a long import" in visitor.progress(address)["words"])
        server.process.send_signal(signal.SIGHUP)
        server.wait_until(lambda: "Worker exiting" in server.log.read_text())
        assert visitor.progress(address)["state"] == "checking"
    store.close()
    server.wait_until(lambda: visitor.progress(address)["state"] == "checked")
    assert "Review before importing" in visitor.ask("GET", address)[2]

"""A mail server and a receiver of webhooks, both real, on this machine: what they take is kept, and they can refuse."""

from __future__ import annotations

import contextlib
import email
import email.policy
import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from settings import MailSettings
from tests.ports import free_port

HERE = "127.0.0.1"
USER, PASSWORD = "lego", "hunter2 of the mail"


class Mailbox:
    """What a mail server took. `answer` is what it says to the next letters; '' takes them. `refused` are addresses
    that it does not know. `hidden` passwords it was shown."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.envelopes: list[Any] = []
        self.answer = ""
        self.refused: set[str] = set()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:
        if address in self.refused:
            return f"550 5.1.1 {address} is not known here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.answer:
            return self.answer
        self.envelopes.append(envelope)
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


def check_password(server, session, envelope, mechanism, given) -> AuthResult:
    """Whether USER and PASSWORD were given; who says something else is told what they said."""
    is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    said = "" if is_right else f"535 5.7.8 {given.password.decode()} is not the password"
    return AuthResult(success=is_right, handled=False, message=said or None)


@contextlib.contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """Serves the mailbox; yields the port."""
    server = Controller(mailbox, hostname=HERE, port=free_port(), **options)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def mail_settings(port: int, **changes: Any) -> MailSettings:
    """Settings for a server on this machine."""
    return MailSettings(**{
        "host": HERE, "port": port, "security": "none", "from_": "lego@example.com",
        "to": ("ann@example.com", "bob@example.com"), **changes,
    })


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of this machine that nobody else vouches for, and the context of a server that shows it."""
    key, paper = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=lego test", "-addext", f"subjectAltName=IP:{HERE}", "-keyout", key, "-out", paper],
        check=True, capture_output=True,
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(paper, key)
    return paper, context


class Receiver:
    """A receiver of webhooks. `status` is what it answers; `holding` keeps an answer back until it is let go."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.said = "ok"
        self.arrived = threading.Event()
        self.let_go = threading.Event()
        self.let_go.set()

    def address(self, port: int, path: str = "/services/T000/secret-of-the-hook") -> str:
        return f"http://{HERE}:{port}{path}"


@contextlib.contextmanager
def webhook_receiver(receiver: Receiver) -> Iterator[int]:
    """Serves the receiver; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.arrived.set()
            receiver.let_go.wait(30)
            receiver.paths.append(self.path)
            if receiver.status == 200:
                receiver.posts.append(json.loads(content))
            self.send_response(receiver.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(receiver.said.encode())

        do_GET = do_POST

        def log_message(self, *ignored: object) -> None:
            """Nothing on the screen."""

    server = http.server.ThreadingHTTPServer((HERE, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

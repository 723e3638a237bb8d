"""A real gunicorn with two workers, and visitors that speak to it over sockets, as an attacker would."""

from __future__ import annotations

import dataclasses
import http.client
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from settings import ROOT, Settings, WebSettings
from tests.ports import free_port

SECRET_KEY = "0123456789-the-key-that-signs-cookies-abcdef"


class Served:
    """The server. `log` is everything it and its workers wrote; settings are in a private file, not in variables."""

    def __init__(self, settings: Settings, folder: Path, *, trusted_proxies: int = 0) -> None:
        web = WebSettings(
            port=free_port(), workers=2, threads=4, secret_key=SECRET_KEY, trusted_proxies=trusted_proxies
        )
        self.settings, self.log_path = dataclasses.replace(settings, web=web), folder / "log"
        config = folder / "config.ini"
        config.touch(0o600)
        config.write_text(_ini(self.settings), encoding="utf-8")
        variables = {name: text for name, text in os.environ.items() if not name.startswith("LEGO_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")], cwd=ROOT,
            env=variables | {"LEGO_CONFIG": str(config)}, stdin=subprocess.DEVNULL, stdout=self.log_path.open("wb"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 90
        while not self._is_ready():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log
            time.sleep(0.05)

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def port(self) -> int:
        return self.settings.web.port

    def visitor(self) -> Visitor:
        return Visitor(self.port)

    def raw(self, request: bytes) -> bytes:
        """The whole answer to bytes that need not be HTTP."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            return b"".join(parts)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _is_ready(self) -> bool:
        try:
            return self.visitor().get("/readyz").status == 200
        except OSError:
            return False


@dataclass(frozen=True)
class Heard:
    """One answer."""

    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class Visitor:
    """A browser, as far as cookies go."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Heard:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: dict[str, str], **headers: str) -> Heard:
        """Sends a form as the page of this site does, with its token."""
        form = {"csrf_token": self.csrf_token(), **form}
        body = urllib.parse.urlencode(form).encode()
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def upload(self, path: str, name: str, content: bytes, **form: str) -> Heard:
        """Sends a file as the page of this site does."""
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'.encode()
            for key, text in {"csrf_token": self.csrf_token(), **form}.items()
        ]
        head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        body = b"".join([*parts, head, content, b"\r\n--edge--\r\n"])
        return self.ask("POST", path, body, {"Content-Type": "multipart/form-data; boundary=edge"})

    def sign_in(self, name: str, password: str, **form: str) -> Heard:
        return self.post("/login", {"name": name, "password": password, **form})

    def csrf_token(self) -> str:
        """As it stands in the forms of this browser's own pages."""
        page = self.get("/account")
        page = page if page.status == 200 else self.get("/login")
        return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Heard:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookie = {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items())} if self.cookies else {}
        try:
            connection.request(method, path, body, cookie | (headers or {}))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return Heard(answer.status, answer.headers, text)


def _ini(settings: Settings) -> str:
    lines = []
    for section, values in (("database", settings.database), ("web", settings.web)):
        lines.append(f"[{section}]")
        for key in dataclasses.fields(values):
            value = getattr(values, key.name)
            if value != key.default and not isinstance(value, tuple):
                lines.append(f"{key.name} = {value}")
    return "\n".join(lines) + "\n"

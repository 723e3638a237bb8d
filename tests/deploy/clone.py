"""A copy of the repository as a fresh clone would be, in a folder with a space in its path."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Clone:
    """The folder, and the variables that its commands run with."""

    folder: Path
    port: int = field(default_factory=free_port)
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def create(cls, folder: Path) -> Clone:
        """Copies what git knows or would take in, nothing that was built."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        return cls(folder)

    def beside(self, folder: Path, **variables: str) -> Clone:
        """The same code and packages with another instance folder and port."""
        return Clone(self.folder, variables={"LEGO_DATABASE_PATH": str(folder), **variables})

    @property
    def environment(self) -> dict[str, str]:
        outside = {name: text for name, text in os.environ.items() if not name.startswith("LEGO_")}
        return {**outside, "LC_ALL": "C.UTF-8", "LEGO_WEB_PORT": str(self.port), **self.variables}

    def start(self, *arguments: str, program: str = "deploy_lego.sh", **options) -> subprocess.Popen:
        """Starts a script of the clone from the root folder of the machine."""
        return subprocess.Popen(
            [str(self.folder / program), *arguments], cwd="/", env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )

    def run(self, *arguments: str, program: str = "deploy_lego.sh") -> subprocess.CompletedProcess:
        """Runs a script of the clone to its end."""
        process = self.start(*arguments, program=program)
        output, errors = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def flask(self, *arguments: str) -> subprocess.CompletedProcess:
        """Runs a flask command in the clone."""
        return subprocess.run(
            [str(self.folder / ".venv/bin/flask"), *arguments], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300,
        )

    def summaries(self) -> dict:
        """What `flask summaries --json` says."""
        return json.loads(self.flask("summaries", "--json").stdout)

    def is_ready(self) -> bool:
        """Whether the dashboard serves and is well; `status` would take half a second to say so."""
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, str]:
        """Status, headers and text of one answer, over a connection of its own."""
        return self._ask("GET", path, headers or {})

    def post(self, path: str, body: str, headers: dict[str, str]) -> tuple[int, http.client.HTTPMessage, str]:
        """The same for a form."""
        return self._ask("POST", path, {"Content-Type": "application/x-www-form-urlencoded", **headers}, body)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")
        finally:
            connection.close()

    @contextmanager
    def visited(self) -> Iterator[list[str]]:
        """Has two readers ask for the sign-in page without end; yields what they got."""
        answers: list[str] = []
        over = threading.Event()

        def keep_reading() -> None:
            while not over.wait(0.02):
                try:
                    answers.append(str(self.get("/login")[0]))
                except (OSError, http.client.HTTPException) as error:
                    answers.append(repr(error))

        readers = [threading.Thread(target=keep_reading) for _ in range(2)]
        for reader in readers:
            reader.start()
        try:
            yield answers
        finally:
            over.set()
            for reader in readers:
                reader.join()


def steps_of(output: str) -> list[str]:
    """The names of the steps that a deployment ticked off, each with its seconds."""
    return re.findall(r"^  ✓ (\w+(?: \w+)?) +\d+\.\d s  ", output, re.MULTILINE)


def sign_in(clone: Clone, password: str) -> str:
    """Signs admin in as a browser would, and returns the cookie."""
    _, headers, page = clone.get("/login")
    cookie = headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
    form = urllib.parse.urlencode({"csrf_token": token, "name": "admin", "password": password})
    status, headers, _ = clone.post("/login", form, {"Cookie": cookie, "Origin": f"http://127.0.0.1:{clone.port}"})
    assert status in (302, 303), status
    return headers["Set-Cookie"].partition(";")[0]

"""gunicorn with our gunicorn.conf.py: a real server, reloaded and stopped while it is being asked."""

import dataclasses
import http.client
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from domain.errors import SetupError
from settings import ROOT, DashboardSettings, WebSettings
from tests.conftest import embedded_settings, environment_of
from tests.ports import free_port


class Server:
    """A running gunicorn and its log."""

    def __init__(self, settings, log: Path) -> None:
        self.settings, self.log = settings, log
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py")], cwd=log.parent,
            env=environment_of(settings), stdout=subprocess.DEVNULL, stderr=log.open("wb"),
        )

    def get(self, path, **headers):
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.web.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def wait_until(self, is_so, seconds=60):
        deadline = time.monotonic() + seconds
        while not is_so():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def is_ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False


@pytest.fixture
def settings(tmp_path, empty_instance):
    return prepared(tmp_path, empty_instance)


@pytest.fixture(scope="module")
def server(tmp_path_factory, empty_instance):
    """One server for all tests that leave it running."""
    folder = tmp_path_factory.mktemp("served")
    server = Server(prepared(folder, empty_instance), folder / "log")
    server.wait_until(server.is_ready)
    yield server
    server.process.kill()
    server.process.wait()


def prepared(folder, empty_instance):
    settings = dataclasses.replace(embedded_settings(folder), web=WebSettings(port=free_port(), workers=2, threads=2))
    shutil.copytree(empty_instance, settings.database.path)
    return settings


def test_it_serves_with_our_headers_and_does_not_name_itself(server):
    status, headers, body = server.get("/login")
    assert status == 200
    assert "Server" not in headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Set-Cookie"].startswith("lego=")
    assert b"Sign in" in body


def test_headers_of_a_proxy_nobody_trusts_change_nothing(server):
    _, headers, _ = server.get("/login", **{"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"})
    assert headers["Set-Cookie"].startswith("lego=")
    assert "Strict-Transport-Security" not in headers
    assert "192.0.2.1" not in server.log.read_text()


def test_a_query_string_of_5000_characters_reaches_the_app(server):
    status, headers, _ = server.get("/login?next=/" + "a" * 5000)
    assert (status, "X-Request-Id" in headers) == (200, True)


def test_plotly_is_compressed_before_the_first_reader_comes(server):
    folder = server.settings.database.path / "cache" / "static"
    assert [path.name.partition(".")[0] for path in folder.glob("*.gz")] == ["plotly"]


def test_a_reload_drops_no_request_and_takes_new_workers(server):
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                statuses.append(server.get("/healthz")[0])
            except (OSError, http.client.HTTPException) as error:
                statuses.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    server.process.send_signal(signal.SIGHUP)
    server.wait_until(lambda: server.log.read_text().count("Worker exiting") >= 2)
    asked = len(statuses)
    server.wait_until(lambda: len(statuses) > asked + 20)
    stop.set()
    for thread in threads:
        thread.join()
    assert set(statuses) == {200}
    assert server.log.read_text().count("Booting worker") == 4


def test_the_master_holds_no_module_that_a_reload_would_have_to_replace(settings):
    program = (
        "import runpy, sys; runpy.run_path('gunicorn.conf.py'); "
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in "
        "('settings', 'domain', 'web', 'database', 'flask', 'flask_app', 'plotly', 'sqlalchemy', 'gunicorn')))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment_of(settings), capture_output=True, text=True,
        check=True,
    )
    assert found.stdout == "[]\n"


def test_a_setting_that_cannot_be_meant_ends_it_in_one_line(settings):
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment_of(settings) | {"LEGO_WEB_PORT": "99999"},
        capture_output=True, text=True,
    )
    assert result.returncode == 2
    assert result.stderr == "gunicorn: LEGO_WEB_PORT: '99999' is not a whole number from 1 to 65535\n"


def test_a_short_key_ends_it_with_a_line_that_says_so(settings):
    (settings.database.path / "secret_key").write_text("short")
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn"], cwd=ROOT, env=environment_of(settings), capture_output=True, text=True,
        timeout=60,
    )
    assert result.returncode == SetupError.exit_code
    assert result.stderr.count("\n") == 1 and "secret_key: shorter than 32 bytes; remove it" in result.stderr


def test_its_process_id_is_in_the_instance_folder_and_sigterm_ends_it(settings, tmp_path):
    server = Server(dataclasses.replace(settings, dashboard=DashboardSettings(title="Bricks & Co")), tmp_path / "log")
    server.wait_until(server.is_ready)
    pid_file = settings.database.path / "gunicorn.pid"
    assert int(pid_file.read_text()) == server.process.pid
    assert b"Bricks &amp; Co" in server.get("/login")[2]
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert not pid_file.exists()

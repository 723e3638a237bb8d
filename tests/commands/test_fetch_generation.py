"""flask fetch-generation: a real gunicorn that has generations, a folder that takes them, and much that goes wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import json
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

import commands
from database import schema
from database.engines.ports import Store
from database.engines.schema_versions import revisions
from database.people import api_tokens, users
from database.store import open_store
from flask_app import create_app
from machine.locks import try_lock
from settings import COLUMNAR
from tests.databases import embedded_settings, mysql_settings
from tests.facts import add_facts
from tests.security.served import Served
from tests.summaries_fixture import publish

ROWS = [(1, 0, 0, "US", f"2025-{month:02d}", "CM3", f"{month}.50") for month in range(1, 11)]
Fetch = Callable[..., Result]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Iterator[Served]:
    """The dashboard that refreshes."""
    folder = tmp_path_factory.mktemp("refreshes")
    settings = embedded_settings(folder)
    shutil.copytree(empty_instance, settings.database.path)
    served = Served(settings, folder)
    yield served
    served.stop()


@pytest.fixture(scope="module")
def there(served: Served) -> Iterator[Store]:
    """Its store."""
    store = open_store(served.settings)
    with store.application.begin() as connection:
        for name, role, brands in (("web2", "analyst", None), ("viewer", "viewer", None), ("limited", "analyst", {1})):
            users.add_user(connection, name=name, role=role, password_hash="x", brands=brands)
    publish(store, ROWS, generation=1)
    yield store
    store.close()


@pytest.fixture(scope="module")
def token(there: Store) -> str:
    return token_of(there, "web2")


def token_of(store: Store, name: str) -> str:
    with store.application.begin() as connection:
        return api_tokens.create_token(connection, name, "second machine")


@pytest.fixture
def here(tmp_path: Path, empty_instance: Path) -> Iterator[Flask]:
    """A machine that fetches."""
    settings = embedded_settings(tmp_path, keep_generations=2)
    shutil.copytree(empty_instance, settings.database.path)
    app = create_app(settings)
    yield app
    app.extensions[commands.EXTENSION].close()


@pytest.fixture
def fetch(here: Flask, served: Served, token: str) -> Fetch:
    def run(url: str = f"http://127.0.0.1:{served.port}", *words: str, token: str = token) -> Result:
        runner = here.test_cli_runner()
        return runner.invoke(args=["fetch-generation", url, *words], env={"LEGO_FETCH_TOKEN": token})

    return run


def store_of(app: Flask) -> Store:
    return app.extensions[commands.EXTENSION]


def live(app: Flask) -> int | None:
    found = store_of(app).live_generation()
    return found and found.generation


def files(app: Flask) -> list[str]:
    return sorted(path.name for path in (store_of(app).settings.database.path / "generations").iterdir())


def total(store: Store) -> tuple[int, str]:
    """The generation, and the sum of what it says: its number for as many cents as it has rows."""
    return store.read(lambda reading: (
        reading.generation.generation,
        str(reading.connection.scalar(sa.select(sa.func.sum(schema.summary_asin.c.value)))),
    ))


def rows_of(generation: int) -> list[tuple]:
    return [(1, 0, 0, "US", f"2025-{month:02d}", "CM3", f"{generation}.00") for month in range(1, 11)]


def test_what_is_live_there_is_live_here_and_followed_back(
    here: Flask, there: Store, fetch: Fetch, served: Served, token: str, tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        publish(there, rows_of(number), generation=number)
        outcome = fetch()
        assert (outcome.exit_code, outcome.stderr) == (0, "")
        assert f"Generation {number} of 2025-11-03T06:30:00Z is live: " in outcome.stdout
        assert total(store_of(here)) == total(there) == (number, f"{number * 10}.00")
    assert files(here) == ["000002.duckdb", "000003.duckdb", "current"]
    path = store_of(here).published.files.path
    assert path(3).read_bytes() == there.published.files.path(3).read_bytes()
    assert path(3).stat().st_mode & 0o077 == 0
    secret = tmp_path / "token"
    secret.touch(0o600)
    secret.write_text(token + "\n")
    again = fetch(f"http://127.0.0.1:{served.port}/", "--token-file", str(secret), token="")
    assert (again.exit_code, again.output) == (
        0, "Generation 3 of 2025-11-03T06:30:00Z is live already; nothing to do.\n"
    )
    secret.chmod(0o644)
    assert fetch("http://127.0.0.1:1", "--token-file", str(secret)).exit_code == 2
    there.published.files.point_to("000002.duckdb")
    assert "Generation 2 of 2025-11-03T06:30:00Z is live again, as there." in fetch().stdout
    assert total(store_of(here)) == (2, "20.00")
    # A file that was cut is fetched again.
    path(2).write_bytes(path(2).read_bytes()[:5000])
    store_of(here).published.files.close()
    assert "is live: " in fetch().stdout
    assert total(store_of(here)) == (2, "20.00")


def test_readers_never_meet_a_mixture_while_generations_come(here: Flask, there: Store, fetch: Fetch) -> None:
    publish(there, rows_of(20), generation=20)
    assert fetch().exit_code == 0
    seen, done = set(), threading.Event()

    def read() -> None:
        store = open_store(store_of(here).settings)
        while not done.is_set():
            seen.add(total(store))
        store.close()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(21, 25):
            publish(there, rows_of(number), generation=number)
            assert fetch().exit_code == 0
    finally:
        done.set()
        reader.join()
    assert seen <= {(number, f"{number * 10}.00") for number in range(20, 25)}
    assert len(seen) > 1


@pytest.mark.parametrize(("who", "status", "words"), [
    ("viewer", 403, "analyst or admin who is limited to no brands"), ("limited", 403, "limited to no brands"),
    ("", 401, "does not know the token"),
])
def test_whoever_may_not_read_everything_gets_no_file(
    there: Store, served: Served, fetch: Fetch, here: Flask, who: str, status: int, words: str
) -> None:
    token = token_of(there, who) if who else "lego_nobody"
    for path in ("generation", "generation/file", "generation/file?generation=1"):
        request = urllib.request.Request(
            f"http://127.0.0.1:{served.port}/api/v1/{path}", headers={"Authorization": f"Bearer {token}"}
        )
        with pytest.raises(urllib.error.HTTPError) as found:
            urllib.request.urlopen(request)
        found.value.close()
        assert found.value.code == status
    outcome = fetch(token=token)
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert token not in outcome.stderr
    assert live(here) is None


def test_a_download_that_a_refresh_overtakes_stays_what_it_was(served: Served, there: Store, token: str) -> None:
    publish(there, rows_of(30), generation=30)
    files, request = there.published.files, urllib.request.Request(
        f"http://127.0.0.1:{served.port}/api/v1/generation/file?generation=30",
        headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"},
    )
    whole = files.path(30).read_bytes()
    with urllib.request.urlopen(request) as answer:
        first = answer.read(1000)
        publish(there, rows_of(31), generation=31)
        files.path(30).unlink()
        assert first + answer.read() == whole
        assert answer.headers["Content-Length"] == str(len(whole))
        assert (answer.headers["Content-Encoding"], answer.headers["Cache-Control"]) == (None, "no-store")
    with pytest.raises(urllib.error.HTTPError) as found:
        urllib.request.urlopen(request)
    found.value.close()
    assert found.value.code == 410


@pytest.fixture
def liar() -> Iterator[Liar]:
    """A server that says what it is told to."""
    server = Liar()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Liar(http.server.ThreadingHTTPServer):
    """`told` is the answer about the generation, `body` its bytes, of which `length` are promised."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.told, self.body, self.length, self.status, self.asked = {}, b"", None, 200, []

    def offer(self, body: bytes, *, length: int | None = None, **told: object) -> None:
        self.body, self.length = body, length
        self.told = {
            "generation": 7, "run_id": "r", "published_at": "2025-11-03T06:30:00Z", "version": revisions()[-1],
            "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **told,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        is_file = "/file" in self.path
        body = self.server.body if is_file else json.dumps(self.server.told).encode()
        self.send_response(self.server.status)
        if 300 <= self.server.status < 400:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str((self.server.length if is_file else None) or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def test_whatever_comes_wrong_is_one_line_and_nothing_goes_live(
    here: Flask, there: Store, fetch: Fetch, liar: Liar
) -> None:
    publish(there, rows_of(40), generation=40)
    assert fetch().exit_code == 0
    kept = files(here)
    whole = there.published.files.path(40).read_bytes()

    def fails(code: int, words: str) -> None:
        outcome = fetch(liar.url)
        assert (outcome.exit_code, outcome.stdout, outcome.stderr.count("\n")) == (code, "", 1), outcome.output
        assert words in outcome.stderr
        assert (live(here), files(here)) == (40, kept)

    liar.offer(whole[:9000], length=len(whole), bytes=len(whole), generation=41)
    fails(4, "9,000 of ")
    liar.offer(whole, sha256="0" * 64, generation=41)
    fails(4, "SHA-256 differs")
    liar.offer(whole, bytes=9000, generation=41)
    fails(4, "more than 9,000 bytes came")
    liar.offer(whole, generation=41)
    fails(4, "holds generation 40")
    liar.offer(b"no generation at all" * 1000, generation=41)
    fails(4, "is no generation")
    liar.offer(whole, generation=41, version="9999")
    fails(2, "newer version of the program")
    liar.offer(whole, generation=41, bytes=10**17)
    fails(5, "MiB are free")
    liar.offer(whole, generation=40, run_id="of another past")
    fails(4, "another generation 40")
    liar.offer(whole, generation="41")
    fails(4, "look at the address")
    liar.status = 302
    fails(2, "http://127.0.0.1:1/elsewhere")
    liar.status = 500
    fails(7, "answered 500")
    liar.status = 410
    liar.asked.clear()
    fails(4, "was gone before it was fetched")
    assert liar.asked == ["/api/v1/generation"] * 3


def test_an_address_that_is_none_or_not_safe_is_asked_nothing(fetch: Fetch, here: Flask) -> None:
    for url, code, words in (
        ("http://lego.example.com", 2, "https only"), ("file:///etc/passwd", 2, "https://lego.example.com"),
        ("https://me:secret@lego.example.com", 2, "no user"), ("http://127.0.0.1:1", 7, "cannot be reached"),
        ("https://127.0.0.1:1", 7, "cannot be reached"),
    ):
        outcome = fetch(url)
        assert (outcome.exit_code, outcome.stderr.count("\n")) == (code, 1)
        assert words in outcome.stderr
    assert fetch(token="").exit_code == 2


def test_two_at_once_do_not_meet_and_a_folder_that_refreshes_takes_nothing(
    fetch: Fetch, here: Flask, there: Store
) -> None:
    handle = try_lock(store_of(here).settings.database.path / "lock")
    try:
        assert fetch().exit_code == 3
    finally:
        os.close(handle)
    add_facts(store_of(here), [("B1", "US", "CM3", "2024-01", "1.50")])
    outcome = fetch()
    assert outcome.exit_code == 2
    assert "refreshes are run in this folder" in outcome.stderr


def test_a_file_of_an_earlier_version_is_completed(here: Flask, there: Store, fetch: Fetch, liar: Liar) -> None:
    path = store_of(here).settings.database.path / "older"
    publish(there, rows_of(50), generation=50)
    shutil.copyfile(there.published.files.path(50), path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE {schema.summary_marketplace.name}")
    run_id = there.live_generation().run_id
    liar.offer(path.read_bytes(), generation=50, run_id=run_id, version=revisions()[-2])
    assert fetch(liar.url).exit_code == 0
    count = sa.select(sa.func.count()).select_from(schema.summary_marketplace)
    assert store_of(here).read(lambda reading: reading.connection.scalar(count)) == 10
    assert "nothing to do" in fetch(liar.url).stdout


def test_tables_of_a_server_are_not_fetched_and_columns_before_it_are(
    tmp_path: Path, mariadb, templates, liar: Liar, there: Store, served: Served, token: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEGO_FETCH_TOKEN", token)
    publish(there, rows_of(60), generation=60)
    name = "lego_fetches"
    mariadb.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    settings = mysql_settings(tmp_path, mariadb, name)
    templates.copy_to(settings, mariadb)
    for summaries, code in (("tables", 2), (COLUMNAR, 0)):
        database = dataclasses.replace(settings.database, summaries=summaries)
        app = create_app(dataclasses.replace(settings, database=database))
        outcome = app.test_cli_runner().invoke(args=["fetch-generation", f"http://127.0.0.1:{served.port}"])
        assert outcome.exit_code == code, outcome.output
        if code:
            assert "summaries are tables of the database here" in outcome.stderr
        else:
            assert total(store_of(app)) == (60, "600.00")
            (tmp_path / "instance" / "copy.duckdb").touch()
            assert "refreshes are run in this folder" in app.test_cli_runner().invoke(
                args=["fetch-generation", f"http://127.0.0.1:{served.port}"]
            ).stderr
        store_of(app).close()
    mariadb.run(f"DROP DATABASE {name}")

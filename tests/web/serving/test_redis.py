"""Answers kept in a real Redis: shared by workers, no pickle, and no page the less when it is away or stands still."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_app import create_app
from settings import CacheSettings
from tests.ports import free_port
from tests.web.serving.test_cache import ask
from web.serving import cache


class Redis:
    """A private server that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        # Debian has the program under another name, and gives it this one together with a service.
        self.program = folder / "redis-server"
        self.program.symlink_to(shutil.which("redis-server") or shutil.which("redis-check-rdb"))
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/3"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            cwd=self.program.parent, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while self.say("PING") != b"+PONG":
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.02)

    def say(self, *words: str) -> bytes:
        """The first line of the answer to one command in database 3; nothing if there is none."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            stream = line.makefile("rwb")
            for command in (("SELECT", "3"), words):
                parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in command)
                stream.write(f"*{len(command)}\r\n{parts}".encode())
                stream.flush()
                first = stream.readline().strip()
            return stream.read(int(first[1:])) if first.startswith(b"$") and first != b"$-1" else first
        return b""

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(30)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    (folder := tmp_path / "redis").mkdir()
    server = Redis(folder)
    yield server
    server.stop()


@pytest.fixture
def workers(small_app: Flask, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Flask]]:
    """Two apps that keep their answers there."""
    monkeypatch.setattr(cache, "REST", 0.2)
    settings = small_app.extensions["lego_store"].settings
    settings = dataclasses.replace(settings, cache=CacheSettings(backend="redis", url=redis.url))
    apps = [create_app(settings) for _ in range(2)]
    yield apps
    for app in apps:
        app.extensions["lego_store"].close()


def test_workers_share_what_one_of_them_kept_as_json_for_as_long_as_it_may_be_shown(workers, redis):
    value = {"brand": "Ä", "rows": [["1204311.20", None]]}
    assert ask(workers[0], ("a",), value) == (value, True)
    assert ask(workers[1], ("a",), "another") == (value, False)
    key = redis.say("RANDOMKEY").decode()
    assert json.loads(redis.say("GET", key)) == value
    hours = CacheSettings().stale_hours
    assert hours - 1 < int(redis.say("TTL", key)[1:]) / 3600 <= hours


def test_a_damaged_entry_was_never_there(workers, redis):
    ask(workers[0], ("a",), "kept")
    redis.say("SET", redis.say("RANDOMKEY").decode(), "cos\nsystem\n(S'true'\ntR.")
    assert ask(workers[0], ("a",), "new") == ("new", True)


def test_a_server_that_dies_takes_no_page_away_and_is_used_again_when_it_is_back(workers, redis):
    assert ask(workers[0], ("a",), "kept") == ("kept", True)
    redis.stop()
    assert ask(workers[0], ("a",), "made") == ("made", True)
    redis.start()
    deadline = time.monotonic() + 30
    while ask(workers[0], ("a",), "kept again")[1]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ask(workers[1], ("a",), "another") == ("kept again", False)


def test_a_server_that_stands_still_holds_up_one_page_for_a_moment(workers, redis, monkeypatch):
    monkeypatch.setattr(cache, "REST", 60)
    ask(workers[0], ("a",), "kept")
    redis.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert ask(workers[0], ("a",), "made") == ("made", True)
        assert time.monotonic() - began < 20 * cache.REDIS_PATIENCE
        began = time.monotonic()
        for number in range(50):
            assert ask(workers[0], (number,), number) == (number, True)
        # Each would have waited as long as the first, were it asked.
        assert time.monotonic() - began < 25 * cache.REDIS_PATIENCE
    finally:
        redis.process.send_signal(signal.SIGCONT)

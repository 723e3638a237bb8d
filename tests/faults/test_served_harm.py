"""The served app while its application file is cut off and put back, and behind a proxy whose visitors lie."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3

import pytest

from database import migrations
from database.people import users
from database.people.passwords import hash_password
from database.store import open_store
from database.summaries.refresh import refresh
from tests.conftest import embedded_settings
from tests.faults.test_trouble import fill
from tests.security.served import Served
from tests.web.conftest import PASSWORD

WELL = [200, 200, 200, 200, 303]
PAGES = ("/dashboard?period=2024", "/operations", "/account", "/products.csv", "/login")


@pytest.fixture
def settings(tmp_path):
    """A shop with an admin."""
    store = open_store(embedded_settings(tmp_path))
    migrations.upgrade(store)
    fill(store)
    refresh(store)
    with store.application.begin() as connection:
        users.add_user(connection, name="admin", role="admin", password_hash=hash_password(PASSWORD))
    store.close()
    return store.settings


@pytest.mark.parametrize("left", [100, 0.5])
def test_an_application_file_that_is_cut_off_under_the_workers_takes_pages_away_until_it_is_put_back(
    settings, tmp_path, left
):
    file = settings.database.path / "application.sqlite"
    served = Served(settings, tmp_path)
    try:
        reader = served.visitor()
        assert reader.sign_in("admin", PASSWORD).status == 303
        assert answers(reader) == WELL
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(file, aside := tmp_path / "aside")
        os.truncate(file, left if isinstance(left, int) else int(file.stat().st_size * left))
        assert {number for _ in range(4) for number in answers(reader)} == {503}
        shutil.copyfile(aside, file)
        # Whichever worker answers, without a restart.
        assert [answers(reader) for _ in range(4)] == [WELL] * 4
        assert served.visitor().sign_in("admin", PASSWORD).status == 303
        with contextlib.closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert (served.log.count("Booting worker"), "Traceback" in served.log) == (2, False)
    finally:
        served.stop()


def answers(reader) -> list[int]:
    return [reader.get(page).status for page in PAGES]


def test_behind_one_proxy_only_what_the_proxy_says_counts_whatever_a_visitor_has_forged(settings, tmp_path):
    served = Served(settings, tmp_path, trusted_proxies=1)
    try:
        guesser, tried = served.visitor(), []
        for number in range(7):
            # The proxy adds the address that it sees to what the visitor sent.
            forged = {
                "X-Forwarded-For": f"10.0.0.{number}, 203.0.113.{number}, 198.51.100.7", "X-Real-IP": "192.0.2.9",
                "Forwarded": f"for=10.1.0.{number}", "X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil",
            }
            tried.append(guesser.post("/login", {"name": "admin", "password": "wrong words"}, **forged))
        assert [heard.status for heard in tried] == [403] * 5 + [429] * 2
        assert "evil" not in "".join(heard.text + str(heard.headers) for heard in tried)
        other = served.visitor().post(
            "/login", {"name": "admin", "password": PASSWORD}, **{"X-Forwarded-For": "198.51.100.7, 198.51.100.8"}
        )
        assert other.status == 303
        posts = [line for line in served.log.splitlines() if "POST /login" in line]
        assert [("198.51.100.7" in line, "198.51.100.8" in line) for line in posts] == [(True, False)] * 7 + [
            (False, True)
        ]
    finally:
        served.stop()

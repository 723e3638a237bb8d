"""Commands that pages start: with the app's own settings, within their time, and with words for a reader."""

from __future__ import annotations

import os
import resource

import pytest
import sqlalchemy as sa

from database import schema
from domain.errors import LockBusy
from jobs import commands, running
from jobs.commands import Outcome, run_command
from jobs.running import NICENESS
from machine.locks import try_lock
from settings import as_environment, load_settings
from web.http import current


def test_settings_that_went_through_an_environment_are_the_same(tmp_path):
    file, other = tmp_path / "config.ini", tmp_path / "other.ini"
    file.write_text(
        "[database]\nhost = db\npassword = a %;' b\n[refresh]\nexclude_groups = stock, own\n"
        "[web]\nallowed_hosts = a.example, b.example\n[dashboard]\nmargin_green = 12.5\n", encoding="utf-8",
    )
    other.write_text("[database]\nuser = somebody\n[refresh]\nworkers = 3\n", encoding="utf-8")
    settings = load_settings(file, {})
    found = load_settings(other, as_environment(settings))
    parts = ("database", "refresh", "web", "cache", "dashboard")
    assert [getattr(found, part) for part in parts] == [getattr(settings, part) for part in parts]


def test_a_command_runs_on_the_apps_own_database(app, store, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("asin,name\nB1,Red brick\n", encoding="utf-8")
    with app.test_request_context():
        outcome = run_command(current.caller(), "products", str(file), seconds=60)
    assert (outcome.exit_code, outcome.report["created"], outcome.words) == (0, 1, "")


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_commands_may_have_settings_of_their_own(small_app, store, tmp_path, monkeypatch):
    file, config = tmp_path / "products.csv", tmp_path / "commands.ini"
    file.write_text("asin,name\nB1,Red brick\n", encoding="utf-8")
    given = store.settings.database
    config.write_text("[database]\n" + "".join(
        f"{key} = {getattr(given, key)}\n" for key in ("engine", "path", "host", "port", "user", "password", "database")
    ), encoding="utf-8")
    config.chmod(0o600)
    monkeypatch.setenv("LEGO_COMMANDS_CONFIG", str(config))
    with small_app.test_request_context():
        assert run_command(current.caller(), "products", str(file), seconds=60).report["created"] == 1
    with store.facts() as connection:
        assert connection.execute(sa.select(schema.asin.c.asin)).scalars().all() == ["B1"]


def test_a_command_over_its_time_is_stopped_and_changes_nothing(app, store, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("asin,name\nB1,Red brick\n", encoding="utf-8")
    with app.test_request_context(), store.lock("a test"):
        outcome = run_command(current.caller(), "products", str(file), "--wait", "60", seconds=0.2)
    assert outcome == Outcome(None, words="It took longer than 0 seconds and was stopped; nothing was changed.")


def test_a_third_command_is_asked_to_come_again(small_app, tmp_path):
    folder = small_app.extensions["lego_store"].settings.database.path
    held = [try_lock(folder / f"command-{number}") for number in range(commands.AT_ONCE)]
    with small_app.test_request_context():
        outcome = run_command(current.caller(), "no-such-command", seconds=60)
        words = "Others are changing the catalogue; nothing was changed. Try again in a minute."
        assert outcome == Outcome(LockBusy.exit_code, words=words)
        os.close(held[0])
        assert run_command(current.caller(), "no-such-command", seconds=60).exit_code == 2
    os.close(held[1])


def test_a_command_is_polite_and_cannot_take_the_memory_of_pages(small_app, monkeypatch):
    seen = []

    def look(pid: int) -> int:
        limits = [resource.prlimit(pid, what) for what in (resource.RLIMIT_AS, resource.RLIMIT_CPU)]
        seen.append((os.getpriority(os.PRIO_PROCESS, pid), *(low != resource.RLIM_INFINITY for low, _ in limits)))
        return 1 << 50

    monkeypatch.setattr(running, "memory_of", look)
    with small_app.test_request_context():
        outcome = run_command(current.caller(), "no-such-command", seconds=60)
    assert outcome.exit_code is None and seen == [(NICENESS, True, True)]
    assert outcome.words.startswith("It needed more than ") and outcome.words.endswith("nothing was changed.")


@pytest.mark.parametrize("arguments", [("no-such-command",), ("products", "x.csv", "--only-brands", "1;2")])
def test_what_is_no_readers_business_stays_in_the_log(app, store, caplog, arguments):
    with app.test_request_context():
        outcome = run_command(current.caller(), *arguments, seconds=60)
    assert outcome.exit_code == 2
    assert outcome.words.startswith("This could not be done; nothing was changed. The log has the reason")
    assert f"flask {arguments[0]} ended with 2" in caplog.text

"""Commands that pages start: with the app's own settings, within their time, and with words for a reader."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from database import schema
from settings import as_environment, load_settings
from web.jobs import Outcome, run_command


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
        outcome = run_command("products", str(file), seconds=60)
    assert (outcome.exit_code, outcome.report["created"], outcome.words) == (0, 1, "")


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_commands_may_have_settings_of_their_own(small_app, store, tmp_path, monkeypatch):
    file, commands = tmp_path / "products.csv", tmp_path / "commands.ini"
    file.write_text("asin,name\nB1,Red brick\n", encoding="utf-8")
    given = store.settings.database
    commands.write_text("[database]\n" + "".join(
        f"{key} = {getattr(given, key)}\n" for key in ("engine", "path", "host", "port", "user", "password", "database")
    ), encoding="utf-8")
    commands.chmod(0o600)
    monkeypatch.setenv("LEGO_COMMANDS_CONFIG", str(commands))
    with small_app.test_request_context():
        assert run_command("products", str(file), seconds=60).report["created"] == 1
    with store.facts() as connection:
        assert connection.execute(sa.select(schema.asin.c.asin)).scalars().all() == ["B1"]


def test_a_command_over_its_time_is_stopped_and_changes_nothing(app, store, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("asin,name\nB1,Red brick\n", encoding="utf-8")
    with app.test_request_context(), store.lock("a test"):
        outcome = run_command("products", str(file), "--wait", "60", seconds=0.2)
    assert outcome == Outcome(None, words="It took longer than 0 seconds and was stopped; nothing was changed.")


@pytest.mark.parametrize("arguments", [("no-such-command",), ("products", "x.csv", "--only-brands", "1;2")])
def test_what_is_no_readers_business_stays_in_the_log(app, store, caplog, arguments):
    with app.test_request_context():
        outcome = run_command(*arguments, seconds=60)
    assert outcome.exit_code == 2
    assert outcome.words.startswith("This could not be done; nothing was changed. The log has the reason")
    assert f"flask {arguments[0]} ended with 2" in caplog.text

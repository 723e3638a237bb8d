"""A command leaves one line in commands.log: who, what, how it ended; of what was typed, options' names only."""

from __future__ import annotations

import dataclasses
import json
import os
import pwd
import re

import pytest

import commands
from database.journal import command_log
from flask_app import create_app
from settings import LogSettings
from tests.facts import add_facts, add_products

pytestmark = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
ME = pwd.getpwuid(os.getuid()).pw_name
TEXT = LogSettings()


@pytest.fixture
def run(store):
    """Runs a command with `[log]` as given; gives its outcome and the lines that it left."""
    path = store.settings.database.path / command_log.FILE

    def invoke(*words, log=TEXT, **variables):
        app = create_app(dataclasses.replace(store.settings, log=log))
        path.unlink(missing_ok=True)
        outcome = app.test_cli_runner().invoke(args=words, env=variables)
        app.extensions[commands.EXTENSION].close()
        return outcome, path.read_text().splitlines() if path.exists() else []

    return invoke


def test_good_and_bad_ends_are_a_line_each_without_values(store, run):
    add_products(store, ("A1", None, None))
    outcome, [line] = run("refresh-summaries", "--wait=3", "--month=2024-01")
    assert outcome.exit_code == 4
    assert re.fullmatch(
        rf"[0-9-]{{10}}T[0-9:]{{8}}Z WARNING \[-\] {ME} refresh-summaries --wait --month 4 \d+ ms --month 2024-01: "
        "there are no facts.*", line,
    )
    add_facts(store, [("A1", "US", "CM3", "2024-01", "1.50")])
    _, [line] = run("refresh-summaries", LEGO_REQUEST_ID="0123456789abcdef")
    assert re.fullmatch(rf"\S+Z INFO \[0123456789abcdef\] {ME} refresh-summaries 0 \d+ ms generation 1", line)
    _, [line] = run("create-user", "anna-the-secret", "--role", "viewer", LEGO_REQUEST_ID="two\nlines")
    assert re.fullmatch(rf"\S+Z INFO \[-\] {ME} create-user --role 0 \d+ ms", line)
    assert oct((store.settings.database.path / command_log.FILE).stat().st_mode)[-3:] == "600"


def test_a_line_may_be_json_or_stay_away_while_all_is_well(store, run):
    outcome, [line] = run("undo-import", "7", log=LogSettings("json", "warning"))
    assert outcome.exit_code != 0
    found = json.loads(line)
    assert set(found) == {
        "time", "level", "request_id", "event", "command", "options", "user", "exit_code", "milliseconds", "generation",
        "message",
    }
    assert (found["event"], found["command"], found["exit_code"]) == ("command", "undo-import", outcome.exit_code)
    assert found["message"] in outcome.stderr
    assert run("summaries", log=LogSettings("json", "warning"))[1] == []


def test_a_log_that_cannot_be_written_stops_nothing(store, run):
    (store.settings.database.path / command_log.FILE).mkdir()
    outcome = create_app(store.settings).test_cli_runner().invoke(args=["users"])
    assert (outcome.exit_code, outcome.stderr) == (0, "")


def test_quiet_commands_print_nothing_unless_there_is_trouble(store, run):
    add_products(store, ("A1", None, None))
    outcome, _ = run("refresh-summaries", "--quiet", "--month", "2024-01")
    assert outcome.exit_code == 4
    assert outcome.stderr.startswith("refresh-summaries: --month 2024-01: there are no facts")
    add_facts(store, [("A1", "US", "CM3", "2024-01", "1.50")])
    outcome, _ = run("doctor", "--quiet")
    assert outcome.exit_code == 1 and "never-refreshed" in outcome.stdout
    for _ in range(2):
        outcome, _ = run("refresh-summaries", "--quiet")
        assert (outcome.exit_code, outcome.output) == (0, "")

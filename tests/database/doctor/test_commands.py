"""flask doctor and flask explain: what they print, record and end with."""

from __future__ import annotations

import json
import socket

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskCliRunner

import commands
from database import schema
from database.doctor.examination import last_examination
from database.engines.ports import Store
from domain.moments import utc_now
from tests.facts import add_facts, add_products


@pytest.fixture
def runner(healthy: Store) -> FlaskCliRunner:
    """Runs commands on the healthy store."""
    return runner_of(healthy)


def runner_of(store: Store) -> FlaskCliRunner:
    app = Flask("flask_app")
    app.extensions[commands.EXTENSION] = store
    commands.register(app)
    return app.test_cli_runner()


@pytest.fixture
def unfinished(healthy: Store) -> Store:
    """The store with the mark of an import whose process is gone."""
    with healthy.application.begin() as connection:
        connection.execute(sa.insert(schema.work_lock).values(
            name="lego", purpose="import", host=socket.gethostname(), pid=2**22, process_start="1",
            started_at=utc_now(), connections="",
        ))
    return healthy


def test_a_healthy_store_ends_with_0_and_one_line(runner: FlaskCliRunner) -> None:
    outcome = runner.invoke(args=["doctor"])

    assert (outcome.exit_code, outcome.output) == (0, "All is well.\n")


def test_warnings_end_with_0_and_fix_says_what_it_did(unfinished: Store) -> None:
    runner = runner_of(unfinished)

    before, fixed = (runner.invoke(args=arguments) for arguments in (["doctor"], ["doctor", "--fix"]))

    assert before.exit_code == fixed.exit_code == 0
    assert before.output == (
        "Warnings\n  run-cut-off: A run was cut off and left its mark\n"
        f"      0 runs are marked running; the lock: import, process {2**22} on {socket.gethostname()}, is gone\n"
        "      → flask doctor --fix settles it; so does the next refresh\n"
    )
    assert fixed.output == "fixed  run-cut-off: cleared the lock of a process that is gone\nAll is well.\n"


def test_something_serious_ends_with_1_and_is_written_down(store: Store) -> None:
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.50")])

    outcome = runner_of(store).invoke(args=["doctor", "--json"])

    told = json.loads(outcome.stdout)
    assert outcome.exit_code == 1
    assert (told["serious"], told["fixed"], told["not_recorded"]) == (True, [], None)
    assert told["findings"] == [{
        "id": "never-refreshed", "subject": "", "severity": "serious",
        "finding": "The summaries were never built, so pages have nothing to show", "evidence": "no generation is live",
        "advice": "flask refresh-summaries", "fixable": False,
    }]
    with store.application_reading.connect() as connection:
        looked, (row,) = last_examination(connection)
    assert told["examined_at"] == f"{looked.isoformat(timespec='seconds')}Z"
    assert (row.check_id, row.is_fixable) == ("never-refreshed", False)


def test_explain_tells_time_rows_plan_and_verdict_of_each_statement(runner: FlaskCliRunner) -> None:
    outcome = runner.invoke(args=["explain", "dashboard", "brand=1&period=3m"])

    lines = outcome.output.splitlines()
    assert outcome.exit_code == 0
    assert lines[0].startswith("1. ") and " ms, " in lines[0]
    assert lines[1].strip().startswith("SELECT month, metric AS metric, sum(total_value) AS value FROM ")
    assert sum(line.startswith("   → well: ") for line in lines) >= 5
    assert lines[-1].endswith(": all well")


def test_explain_in_json_names_rows_returned_and_examined(runner: FlaskCliRunner) -> None:
    statements = json.loads(runner.invoke(args=["explain", "products/B1", "--json"]).stdout)

    assert [statement["is_well"] for statement in statements] == [True, True]
    # One product: eight metrics in three months.
    assert statements[1]["rows_returned"] == 24
    assert statements[1]["rows_examined"] >= 24


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "explain: there is no page 'nonsense' to explain; known are dashboard, "),
        (["brands/77"], "explain: there is no brand '77'"),
        (["products/none"], "explain: there is no product 'none'"),
        (["dashboard", "brand=x"], "explain: brand "),
        (["dashboard", "colour=red"], "explain: unknown parameter "),
        (["dashboard", "generation=7"], "explain: generation 7 "),
    ],
)
def test_what_cannot_be_explained_ends_with_2_and_one_line(runner: FlaskCliRunner, arguments: list, words: str) -> None:
    outcome = runner.invoke(args=["explain", *arguments])

    assert (outcome.exit_code, outcome.stdout, len(outcome.stderr.splitlines())) == (2, "", 1)
    assert outcome.stderr.startswith(words)

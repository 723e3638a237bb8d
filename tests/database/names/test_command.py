"""flask join-names and its undo: what they print, record and end with, and what the pages of imports say."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from database import schema
from flask_app import create_app
from tests.commands.test_audit_trail import ME
from tests.database.imports.conftest import HEADINGS
from tests.web.forms import trail

FACTS = HEADINGS + (
    "A1,Acme,Toys,US,Storage fee,2024-01,10.50\nA1,Acme,Toys,US,Kept fee,2024-01,1.00\n"
)


@pytest.fixture
def run(store):
    """Runs a command; gives its exit code and what it said."""
    app = create_app(store.settings)

    def run(*arguments) -> tuple[int, str]:
        result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])
        return result.exit_code, result.output

    yield run
    app.extensions["lego_store"].close()


def test_a_join_is_shown_made_listed_recorded_and_taken_back(run, store, tmp_path):
    (tmp_path / "facts.csv").write_text(FACTS, encoding="utf-8")
    assert run("import", tmp_path / "facts.csv")[0] == 0
    code, told = run("join-names", "metric", "Kept fee", "Storage fee", "--dry-run")
    assert (code, told.splitlines()[:3]) == (0, [
        "metric: Kept fee -> Storage fee: dry run, nothing was changed",
        "  renamed   1 facts, sum 1.00, 2024-01",
        "    Storage fee: 1 facts, sum 1.00; with 1 facts, sum 10.50, that are there: 11.50",
    ])
    assert len(trail(store)) == 1
    code, told = run("join-names", "metric", "Kept fee", "Storage fee", "--by", "anna", "--json")
    assert code == 0
    report = json.loads(told.partition("The pages show it after")[0])
    assert (report["import_id"], report["facts"], report["value"], report["same_name"]) == (2, 1, "1.00", False)
    assert report["metrics"] == [{
        "metric": "Storage fee", "facts": 1, "value": "1.00", "facts_there": 1, "value_there": "10.50",
        "value_together": "11.50",
    }]
    assert "1.00  metric: Kept fee -> Storage fee (join)" in run("imports")[1]
    code, told = run("undo-import", "2")
    assert (code, told.splitlines()[0]) == (
        0, "Import 2 (metric: Kept fee -> Storage fee) is undone: 1 facts named as before; months 2024-01."
    )
    assert trail(store)[1:] == [
        ("names joined", ME, "import 2: metric: Kept fee -> Storage fee, 1 facts, for anna"),
        ("import undone", ME, "import 2: metric: Kept fee -> Storage fee, 1 facts named as before"),
    ]
    log = schema.import_log
    with store.application_reading.connect() as connection:
        row = connection.execute(sa.select(log).where(log.c.import_id == 2)).one()
    assert (row.file_name, row.status, row.user_name, row.mode, row.months) == (
        "metric: Kept fee -> Storage fee", "undone", "anna", "join", "2024-01"
    )
    assert run("import", tmp_path / "facts.csv", "--dry-run")[0] == 4


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_refusals_end_in_one_line_and_the_exit_code(run, tmp_path):
    (tmp_path / "facts.csv").write_text(FACTS, encoding="utf-8")
    run("import", tmp_path / "facts.csv", "--refresh")
    for arguments, code, words in (
        (("metric", "Kept fees", "Storage fee"), 4, "there is no metric 'Kept fees'; the nearest are 'Kept fee'"),
        (("metric", "Kept fee", "Kept fee"), 2, "metric: both names are 'Kept fee'"),
        (("shop", "a", "b"), 2, "'shop' is not one of"),
    ):
        ended, told = run("join-names", *arguments)
        assert ended == code
        assert words in told
    run("archive", "--before", "2024-02", "--to", tmp_path / "old")
    ended, told = run("join-names", "metric", "Kept fee", "Storage fee", "--dry-run")
    assert ended == 4
    assert "  archived  2024-01: 1 facts, sum 1.00, and 0 that undo keeps" in told
    assert "join-names: metric: Kept fee -> Storage fee: cannot be joined: 1 facts, sum 1.00" in told
    run("unarchive", "2024-01")
    assert run("join-names", "metric", "Kept fee", "Storage fee")[0] == 0

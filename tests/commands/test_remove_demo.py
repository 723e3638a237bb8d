"""flask remove-demo and undo-import --names, as they are typed."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask.testing import FlaskCliRunner

from database import schema
from flask_app import create_app


@pytest.fixture
def runner(store) -> FlaskCliRunner:
    return create_app(store.settings).test_cli_runner()


def trail(store) -> list[tuple[str, str]]:
    log = schema.audit_log
    with store.application_reading.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(log.c.action, log.c.detail).order_by(log.c.id))]


def statuses(store) -> list[str]:
    with store.application_reading.connect() as connection:
        return list(connection.execute(sa.select(schema.import_log.c.status)).scalars())


def test_a_dry_run_says_what_goes_and_the_command_removes_it(store, runner):
    assert runner.invoke(args=["demo-data", "--rows", "1000"]).exit_code == 0
    tried = runner.invoke(args=["remove-demo", "--dry-run"])
    assert tried.exit_code == 0 and tried.stdout.startswith("Would remove ")
    assert statuses(store) == ["done"] and len(trail(store)) == 1
    done = runner.invoke(args=["remove-demo", "--by", "ann"])
    words = done.stdout.removeprefix("Removed ")
    assert (done.exit_code, words) == (0, tried.stdout.removeprefix("Would remove "))
    assert "import 1 (demo data, seed 1)" in words and " products, " in words
    assert statuses(store) == ["removed"]
    assert trail(store)[1] == ("demo data removed", f"{words.removesuffix('.' + chr(10))}, for ann")
    again = runner.invoke(args=["remove-demo"])
    assert (again.exit_code, again.stderr) == (4, "remove-demo: there is no demo data; nothing was changed\n")


def test_an_import_is_undone_with_its_names_or_its_names_are_removed_later(store, runner, tmp_path):
    for number in (1, 2):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"asin,brand,marketplace,metric,month,value\nA{number},B{number},US,CM3,2024-01,1\n")
        assert runner.invoke(args=["import", str(path), "--source", str(number)]).exit_code == 0
    at_once = runner.invoke(args=["undo-import", "2", "--names"])
    assert "With the next refreshes go 1 product and 1 brand; 0 that it made stay" in at_once.stdout
    assert runner.invoke(args=["undo-import", "1"]).exit_code == 0
    later = runner.invoke(args=["undo-import", "1", "--names", "--json"])
    assert json.loads(later.stdout)["names"] == {"products": 1, "brands": 1, "categories": 0, "stay": 0}
    assert statuses(store) == ["removed", "removed"]
    assert runner.invoke(args=["undo-import", "1", "--names"]).exit_code == 4
    assert [action for action, _ in trail(store)][2:] == ["import undone", "import undone", "names removed"]

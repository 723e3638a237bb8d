"""flask demo-data, as a process of its own, on both engines."""

from __future__ import annotations

import datetime
import subprocess
import sys

import pytest
import sqlalchemy as sa

from database import schema
from database.journal.import_log import holds_demo
from domain.months import add_months, format_month, month_of, today_utc
from settings import ROOT
from tests.conftest import environment_of


@pytest.fixture
def flask(settings):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments], cwd=ROOT, env=environment_of(settings),
            capture_output=True, text=True, timeout=300,
        )

    return run


def test_demo_data_says_what_it_made_and_what_comes_next(store, flask):
    store.close()
    ended = flask("demo-data", "--rows", "20000", "--seed", "5")
    assert (ended.returncode, ended.stderr) == (0, "")
    with store.facts() as connection:
        facts = connection.execute(sa.select(sa.func.count()).select_from(schema.financials)).scalar()
        first, last = connection.execute(
            sa.select(sa.func.min(schema.financials.c.month), sa.func.max(schema.financials.c.month))
        ).one()
    yesterday = today_utc() - datetime.timedelta(days=1)
    complete = add_months(month_of(today_utc()), -1)
    assert (first, last) == (add_months(complete, -35), month_of(yesterday))
    assert ended.stdout == (
        f"import 1: {facts:,} facts of demo data, seed 5, 40 brands, 40 products, "
        f"{format_month(first)} to {format_month(last)}\nNext: flask refresh-summaries\n"
    )
    assert holds_demo(store)  # and every page says so


def test_a_second_demo_ends_with_4_and_one_line(store, flask):
    store.close()
    assert flask("demo-data", "--rows", "1000").returncode == 0
    ended = flask("demo-data", "--rows", "1000")
    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == "demo-data: demo data is in already; to make it anew, first run: flask remove-demo\n"


def test_rows_and_seed_must_be_numbers_that_make_sense(settings, flask):
    for arguments in (("--rows", "0"), ("--rows", "many"), ("--seed", "-1")):
        ended = flask("demo-data", *arguments)
        assert ended.returncode == 2
        assert "Invalid value" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_without_a_schema_the_command_names_init_db(settings, flask):
    ended = flask("demo-data", "--rows", "1000")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("run: flask init-db\n")
    assert ended.stderr.count("\n") == 1

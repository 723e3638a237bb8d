"""The reports of `flask demo-reports` go in as they stand, and give the figures that were counted beside them."""

import csv
import datetime
from collections import defaultdict
from decimal import Decimal

import pytest

from database.demo.amazon_reports import write_reports
from database.demo.made_up_seller import PRODUCTS, UNSORTED
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.queries.choices import read_selectable
from database.queries.month_estimates import read_month_estimate
from database.summaries.refresh import refresh
from domain.amazon import ACCOUNT, ACCOUNT_NAME
from domain.periods import calendar_at
from domain.selection import Selection
from flask_app import create_app
from tests.clock import set_today
from tests.databases import ONE_SERVER
from tests.facts import all_summary_rows

TODAY, JANUARY = datetime.date(2026, 3, 9), datetime.date(2026, 1, 1)


@pytest.fixture(params=ONE_SERVER)
def engine(request):
    """A cluster takes no reports of lines."""
    return request.param


def figures(rows):
    """(asin, marketplace, metric, month) -> value, where it is not zero."""
    return {key: value for key, value in rows.items() if value}


def published(store):
    """The same of the summary table."""
    names = dict(store.read(lambda reading: reading.connection.exec_driver_sql("SELECT id, asin FROM asin").all()))
    found = defaultdict(Decimal)
    for row in all_summary_rows(store)["financials_summary_monthly_asin_marketplace"]:
        asin_id, _, _, marketplace, month, metric, value = row[:7]
        found[names[asin_id], marketplace, metric, month[:7]] += Decimal(value)
    return figures(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_reports_give_their_sums(store, tmp_path, monkeypatch, seed):
    set_today(monkeypatch, TODAY)
    written = write_reports(tmp_path / "demo", seed=seed, today=TODAY)
    with written.sums.open(encoding="utf-8") as file:
        expected = {
            (row["asin"], row["marketplace"], row["metric"], row["month"]): Decimal(row["value"])
            for row in csv.DictReader(file)
        }
    for path in written.reports:
        with store.lock("an import"):
            import_file(store, path, ImportOptions())
    refresh(store)
    assert published(store) == figures(expected)
    names = store.read(lambda reading: reading.connection.exec_driver_sql("SELECT asin, name FROM asin").all())
    assert dict(map(tuple, names)) == {each.asin: each.name for each in PRODUCTS} | {ACCOUNT: ACCOUNT_NAME}
    assert {month for *_, month in expected} == {"2025-12", "2026-01", "2026-02", "2026-03"}
    assert {metric for _, _, metric, _ in expected} > {"CM3", "Returns", "Reimbursements", "Unsorted Amazon amounts"}
    found = store.read(lambda reading: read_month_estimate(
        reading.connection, Selection(calendar_at(JANUARY, TODAY.replace(day=1), TODAY)),
        read_selectable(reading, today=TODAY),
    ))
    assert [each.metric for each in found.figures] == ["CM3", "Net revenue", "Net units"]
    assert found.through == {"US": TODAY - datetime.timedelta(days=1)}
    assert found.figures[1].typical is not None
    assert any(UNSORTED in path.read_text() for path in written.reports)


def test_the_command_says_what_to_do_next_and_leaves_what_is_there(store, tmp_path):
    app = create_app(store.settings)
    runner, folder = app.test_cli_runner(), tmp_path / "demo"
    try:
        outcome = runner.invoke(args=["demo-reports", str(folder)])
        assert outcome.exit_code == 0, outcome.output
        assert outcome.output.endswith(f"Next: flask import {folder}/reports/* --refresh\n")
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert len(before) == 13
        again = runner.invoke(args=["demo-reports", str(folder)])
        assert (again.exit_code, "is there already" in again.output) == (2, True)
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        runner.invoke(args=["demo-reports", str(tmp_path / "same")])
        assert all((tmp_path / "same" / path.relative_to(folder)).read_bytes() == text for path, text in before.items())
    finally:
        app.extensions["lego_store"].close()

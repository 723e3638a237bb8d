"""A P&L per unit and as parts of net revenue: on its page, in its files and in the API."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from database.people import users
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in
from tests.web.pages.test_profitability import NAMES, ROWS, TODAY, profit_rows


@pytest.fixture
def reader(small_app: Flask, password_hash: str, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    set_today(monkeypatch, TODAY)
    store = small_app.extensions["lego_store"]
    publish(store, ROWS, **NAMES)
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


def test_amounts_can_be_read_per_unit_and_as_parts_of_net_revenue_in_every_column(reader: FlaskClient) -> None:
    address = "/profitability?from=2025-09&to=2025-10"

    assert profit_rows(reader, f"{address}&show=unit")[:5] == [
        ["Metric", "Whole period", "Sep 2025", "Oct 2025"],
        ["Net revenue", "$5,250.12", "–", "$5,000.12"],
        ["\u2212Net COGS", "$2,225.00", "–", "$2,000.00"],
        ["=CM1", "$3,025.12", "–", "$3,000.12"],
        ["CM1 %", "[good margin] 57.6%", "[poor margin] 10.0%", "[good margin] 60.0%"],
    ]
    assert profit_rows(reader, f"{address}&show=share") == [
        ["Metric", "Whole period", "Sep 2025", "Oct 2025"],
        ["Net revenue", "100.0%", "100.0%", "100.0%"],
        ["\u2212Net COGS", "42.4%", "90.0%", "40.0%"],
        ["=CM1", "[good margin] 57.6%", "[poor margin] 10.0%", "[good margin] 60.0%"],
        ["\u2212FBA fees", "14.3%", "–", "15.0%"],
        ["=CM2", "[good margin] 42.9%", "–", "[good margin] 45.0%"],
        ["\u2212SEM costs", "47.6%", "–", "50.0%"],
        ["=CM3", "[loss] \u22124.8%", "–", "[loss] \u22125.0%"],
        ["TACoS", "47.6%", "–", "50.0%"],
        ["ROI", "\u221211.2%", "–", "\u221212.5%"],
    ]
    assert profit_rows(reader, "/profitability?from=2025-10&to=2025-10&show=share")[7] == [
        "=CM3", "[loss] \u22125.0%", "10.0%", "down 15.0 pts", "[loss] \u22125.0%",
    ]
    page = reader.get(f"{address}&show=unit&brand=1").text
    assert "net units of the same months, – in all" in page and 'show=share' in page
    # Filters keep the view, and files hold all of them.
    assert '<input type="hidden" name="show" value="unit">' in page and "profitability.xlsx?from=2025-09&amp;to" in page
    assert re.search(r'href="(/dashboard[^"]*metric=Net%20COGS[^"]*)"', page)[1].count("show") == 0
    assert reader.get("/profitability?show=units").status_code == 400
    assert reader.get("/profitability.csv?show=unit").status_code == 400


def test_without_units_there_is_no_view_per_unit(small_app: Flask, reader: FlaskClient) -> None:
    publish(
        small_app.extensions["lego_store"], [row for row in ROWS if row[5] != "Net units"], generation=2, **NAMES
    )

    page = reader.get("/profitability?from=2025-10&to=2025-10").text
    assert "Per unit" not in page and "show=share" in page


def test_files_and_the_api_have_both_views_as_tables_of_their_own(reader: FlaskClient) -> None:
    def rows(table: str) -> list[dict]:
        return reader.get(f"/api/v1/profitability?from=2025-10&to=2025-10&table={table}").json["rows"]

    assert rows("per_unit")[-1] == {
        "metric": "CM3", "total": "-250.00", "year_before": None, "change": None, "2025-10": "-250.00",
    }
    assert rows("of_revenue")[-1] == {
        "metric": "CM3", "total": "-0.049999", "year_before": "0.1", "change": "-0.149999", "2025-10": "-0.049999",
    }
    assert rows("profit")[0]["per_unit"] == "5000.12" and rows("profit")[3]["per_unit"] is None

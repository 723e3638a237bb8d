"""One figure of a month that nobody can mean: pages stay pages, and files hold it."""

from __future__ import annotations

import csv
import datetime
import io

import pytest
from flask.testing import FlaskClient

from database.doctor.plausibility import judge_figures
from database.people import users
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import sign_in

TODAY = datetime.date(2025, 11, 22)
ROWS = [
    (1, 1, 5, "US", month, metric, value)
    for month, value in (("0999-05", "1.00"), ("2014-03", "2.00"), ("2025-10", "4.00"), ("9999-12", "8.00"))
    for metric in ("Net revenue", "CM3")
]
ALL = "from=1995-01&to=9999-12"
PAGES = ("/dashboard", "/profitability", "/categories", "/brands/1", "/products", "/products/B1")
LARGEST = 250_000
"""Characters of a page with 120 months: a table of them, and what its chart draws."""


@pytest.fixture
def client(small_app, password_hash, monkeypatch) -> FlaskClient:
    set_today(monkeypatch, TODAY)
    store = small_app.extensions["lego_store"]
    publish(
        store, ROWS, brands={1: "Alder"}, categories={5: "Toys"}, marketplaces={"US": "United States"},
        products=[{"id": 1, "asin": "B1", "brand_id": 1}],
    )
    with store.application.begin() as connection:
        users.add_user(connection, name="viewer", role="viewer", password_hash=password_hash)
    client = small_app.test_client()
    sign_in(client, "viewer")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_no_page_draws_more_than_120_months_or_offers_what_nobody_means(client, page):
    usual, everything = client.get(page).text, client.get(f"{page}?{ALL}").text
    assert max(len(usual), len(everything)) < LARGEST
    assert '<option value="1995"' in usual and '<option value="2027"' in usual and '<option value="2028"' not in usual
    words = (
        "A page shows 120 months at most: Jan 9990 – Dec 9999, of the 96,060 that were chosen (Jan 1995 – Dec 9999). "
        "Its files hold them all."
    )
    assert (words in usual, words in everything) == (False, True)


def test_files_hold_all_months_and_programs_are_told(client):
    text = client.get("/dashboard.csv?from=1995-01&to=2025-12&table=months").text
    assert len(list(csv.DictReader(io.StringIO(text)))) == 372
    answer = client.get(f"/api/v1/dashboard?{ALL}")
    assert (answer.status_code, answer.json["detail"]) == (
        400, "Jan 1995 – Dec 9999 are 96,060 months; permitted are 120, and .csv holds any number",
    )
    assert client.get("/api/v1/dashboard?from=1995-01&to=2004-12").status_code == 200


def test_the_doctor_names_them_and_counts_no_gap_up_to_them(client, small_app):
    found = {each.check: each for each in small_app.extensions["lego_store"].read(judge_figures)}
    assert found["months-impossible"].evidence == (
        "0999-05, 9999-12; a file may reach from 1995-01 to 24 months after today's"
    )
    assert found["months-missing"].evidence.endswith("figures reach from 2014-03 to 2025-10")

"""/paid leads from what was ordered to what was paid, in steps that add up."""

from __future__ import annotations

import pytest

from database.summaries.refresh import refresh
from tests.database.lines.conftest import files, take_all
from tests.web.conftest import text_of


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_each_step_from_ordered_to_paid_stands_there_and_in_the_files(store, signed_in):
    client = signed_in("viewer")
    take_all(store, files("orders_us_*.txt", "settlement_us_*.txt"))
    refresh(store)
    text = text_of(client, "/paid?from=2025-01&to=2025-03")
    assert "explained to the cent" in text
    assert 'href="/paid?from=2025-01' in client.get("/profitability?from=2025-01&to=2025-03").text
    assert "Ordered $6,269.64 $2,344.55 $2,141.49 $1,783.60" in text
    assert "Cancelled later \u2212$146.04 \u2212$31.18 \u2212$60.61 \u2212$54.25" in text
    assert "Unexplained $0.00 $0.00 $0.00 $0.00" in text
    assert "Paid $5,668.72 $1,961.46 $2,256.87 $1,450.39" in text
    rows = client.get("/paid.csv?from=2025-01&to=2025-01").text
    assert "2344.55" in rows and "1961.46" in rows
    assert client.get("/api/v1/paid?from=2025-01&to=2025-01").json["rows"][0]["not_yet_paid"] == "-288.10"


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_without_both_reports_the_page_says_what_would_stand_there(store, signed_in):
    client = signed_in("viewer")
    take_all(store, files("orders_us_1.txt"))
    refresh(store)
    assert "Nothing to compare" in text_of(client, "/paid?from=2025-01&to=2025-01")

"""/drivers says what changed CM3, in steps that add up, on the page, in files and in the API."""

from __future__ import annotations

import datetime
import html
import json
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database.engines.ports import Store
from tests.clock import set_today
from tests.database.queries.test_drivers import publish_euros
from tests.summaries_fixture import publish
from tests.web.conftest import text_of

ROWS = [
    (1, 1, 5, "US", "2024-10", "Net revenue", "1000.00"), (1, 1, 5, "US", "2024-10", "Net units", "100.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "880.00"), (1, 1, 5, "US", "2025-10", "Net units", "80.00"),
    (3, 1, 5, "US", "2025-10", "Net revenue", "70.00"), (3, 1, 5, "US", "2025-10", "Net units", "7.00"),
    (1, 1, 5, "US", "2024-10", "FBA fees", "300.00"), (1, 1, 5, "US", "2025-10", "FBA fees", "330.00"),
    (1, 1, 5, "US", "2024-10", "CM3", "700.00"), (1, 1, 5, "US", "2025-10", "CM3", "620.50"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "9.00"), (2, 2, 6, "DE", "2025-10", "CM3", "9.00"),
    (1, 1, 5, "US", "2025-11", "CM3", "5.00"),
]
OCTOBER = "/drivers?from=2025-10&to=2025-10&brand=1"


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Somebody who may read, of a small shop."""
    set_today(monkeypatch, datetime.date(2025, 11, 22))
    publish(store, ROWS, brands={1: "Alder", 2: "Bergwind"}, categories={5: "Toys", 6: "Games"})
    return signed_in("viewer")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_the_steps_stand_on_the_page_in_files_and_in_the_api_and_add_up(reader: FlaskClient) -> None:
    text, page = text_of(reader, OCTOBER), reader.get(OCTOBER).text

    assert "CM3 went from $700.00 to $620.50 , down 11.4% ." in text and "add up to the cent" not in text
    assert "Volume units \u2212$200.00 100 80" in text
    assert "Mix average price at prices before $0.00 $10.00 $10.00" in text
    assert "Price average price of the units now $80.00 $10.00 $11.00" in text
    assert "New products $70.00 – $70.00" in text
    assert "FBA fees \u2212$30.00 $300.00 $330.00" in text
    assert "Not in the parts of CM3 $0.50 – –" in text and "CM3 \u2212$79.50 $700.00 $620.50" in text
    for rule in ("(units now \u2212 units before) × their average price before", "a cost that rises lowers CM3"):
        assert rule in text
    figure = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert figure["data"][0]["y"] == [
        "CM3 before", "Volume", "Mix", "Price", "New products", "FBA fees", "Not in the parts of CM3", "CM3 now",
    ]
    assert figure["data"][0]["customdata"][5] == "/dashboard?from=2025-10&to=2025-10&metric=FBA%20fees&brand=1"

    rows = reader.get(f"/api/v1{OCTOBER}").json["rows"]
    assert [(row["step"], row["amount"], row["before"], row["now"]) for row in rows] == [
        ("Volume", "-200.00", "100", "80"), ("Mix", "0.00", "10.00", "10.00"), ("Price", "80.00", "10.00", "11.00"),
        ("New products", "70.00", None, "70.00"), ("FBA fees", "-30.00", "300.00", "330.00"),
        ("Not in the parts of CM3", "0.50", None, None), ("CM3", "-79.50", "700.00", "620.50"),
    ]
    assert "a cost that rises lowers CM3" in reader.get(OCTOBER.replace("/drivers", "/drivers.csv")).text


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_pages_lead_to_it_with_their_months_and_what_cannot_be_compared_is_said(reader: FlaskClient) -> None:
    for page, way in (
        ("/profitability?from=2025-10&to=2025-10", "/drivers?from=2025-10&to=2025-10"),
        ("/brands/1?from=2025-10&to=2025-10", OCTOBER),
    ):
        assert f'href="{html.escape(way)}"' in reader.get(page).text
    assert "/drivers?" not in reader.get("/profitability?from=2025-11&to=2025-11").text

    assert "Nov 2025 is not over" in text_of(reader, "/drivers?period=mtd")
    assert "Nothing to compare with is chosen" in text_of(reader, "/drivers?period=1m&compare=none")
    assert "No earlier figures" in text_of(reader, "/drivers?from=2024-10&to=2024-10")
    assert "No CM3 to compare" in text_of(reader, "/drivers?from=2025-10&to=2025-10&brand=1&category=6")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_exchange_rates_are_a_step_with_its_rule_and_say_where_they_were_set_aside(
    store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, datetime.date(2025, 11, 22))
    publish_euros(store)
    reader = signed_in("viewer")

    text = text_of(reader, "/drivers?from=2025-10&to=2025-10")
    assert "Price average price of the units now, at the rates of before $88.00 $11.00 $12.10" in text
    assert "FBA fees at the rates of before \u2212$33.00 $330.00 $363.00" in text
    assert "Exchange rates $55.00 – –" in text and "converted ÷ as stated" in text
    rows = reader.get("/api/v1/drivers?from=2025-10&to=2025-10").json["rows"]
    assert [(row["step"], row["amount"], row["told_from"]) for row in rows[-2:]] == [
        ("Exchange rates", "55.00", ""), ("CM3", "-110.00", "amount"),
    ]

"""The dashboard says what the year will come to, that it is an estimate, by which rule, and how good it was."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database.engines.ports import Store
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import text_of


def months(year: int, last: int, revenue: str, cm3: str, brand: int = 1) -> list[tuple]:
    """Rows of a brand's months of a year."""
    return [
        (brand, brand, 5, "US", f"{year}-{month:02d}", metric, value)
        for month in range(1, last + 1) for metric, value in (("Net revenue", revenue), ("CM3", cm3))
    ]


ROWS = [
    *months(2023, 12, "1000.00", "100.00"), *months(2024, 12, "1250.00", "100.00"),
    *months(2025, 10, "1500.00", "300.00"), (1, 1, 5, "US", "2025-11", "Net revenue", "9.00"),
    *months(2025, 10, "7.00", "7.00", brand=2),
]


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_year_is_estimated_by_a_rule_that_is_told_and_tried(
    store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_today(monkeypatch, datetime.date(2025, 11, 22))
    publish(store, ROWS)
    client = signed_in("viewer")

    text = text_of(client, "/dashboard?brand=1&period=1m")
    # 15,000 + 2 × 1,250 × 1.2; a year before 15,000 was told exactly, and CM3 8 % of it, too.
    assert "2025 may come to CM3 $3.60K of Net revenue $18.0K : an estimate" in text
    assert "the months left as a year before, grown as those that are over have" in text
    assert "After Oct 2024 the same rule was off by 0.0% for CM3 and 0.0% for Net revenue." in text
    last = client.get("/api/v1/dashboard?brand=1&table=periods").json["rows"][-1]
    assert (last["period"], last["net_revenue"], last["cm3"]) == ("2025", "18000.00", "3600.00")
    assert last["state"].startswith("estimate. Net revenue: the months that are over")
    # A brand that is new this year: nobody can tell.
    assert "may come to" not in text_of(client, "/dashboard?brand=2")

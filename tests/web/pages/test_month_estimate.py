"""What the month in progress may come to: called an estimate, by a rule that is told, with how good it would have been;
on the tile, the pages and in files, of the brands that somebody may see."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import text_of

TODAY = datetime.date(2025, 11, 13)


def months(count: int) -> list[datetime.date]:
    """So many months, November 2025 the last."""
    found = [datetime.date(2025, 11, 1)]
    for _ in range(count - 1):
        found.append((found[-1] - datetime.timedelta(days=1)).replace(day=1))
    return found[::-1]


def shop(brand: int, daily: str, *, count: int = 13, last: int = 12, marketplace: str = "US", cm3: str = "0.2") -> dict:
    """A brand that earns the same every day, through a day of November: its days, and the rows of its months."""
    days, rows = [], []
    for month in months(count):
        length = last if month.month == 11 and month.year == 2025 else calendar.monthrange(month.year, month.month)[1]
        days += [
            {"month": month, "day": month.replace(day=number), "marketplace": marketplace, "brand_id": brand,
             "category_id": 5, "net_revenue": Decimal(daily), "net_units": Decimal(1)}
            for number in range(1, length + 1)
        ]
        revenue = Decimal(daily) * length
        margin = (revenue * Decimal(cm3)).quantize(Decimal("0.01"))
        rows += [
            (brand, brand, 5, marketplace, f"{month:%Y-%m}", metric, str(value)) for metric, value in
            (("Net revenue", revenue), ("Net units", length), ("CM3", margin))
        ]
    return {"days": days, "rows": rows}


def publish_shops(store: Store, *shops: dict, more: list[tuple] = ()) -> None:
    publish(
        store, [*(row for each in shops for row in each["rows"]), *more], brands={1: "Alder", 2: "Birch"},
        lines={schema.summary_day: [day for each in shops for day in each["days"]]},
    )


@pytest.fixture(autouse=True)
def _november(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


def test_the_dashboard_says_what_the_month_may_come_to(
    store: Store, signed_in: Callable[[str], FlaskClient]
) -> None:
    publish_shops(store, shop(1, "100.00"), shop(2, "10.00"))
    client = signed_in("viewer")

    text = text_of(client, "/dashboard?period=1m")
    assert (
        "Nov 2025 may come to CM3 $660, typically within 0.0%; Net revenue $3.30K, typically within 0.0%: an estimate "
        "through 12 Nov 2025"
    ) in text
    assert "the whole month: CM3 $660, typically within 0.0%; Net revenue $3.30K, typically within 0.0%" in text
    text = text_of(client, "/dashboard?period=mtd&brand=2")
    assert "What Nov 2025 may come to an estimate, from days through 12 Nov 2025" in text
    assert "Net revenue about $300 typically within 0.0%, at most 0.0%" in text
    assert "divided by the part that had come by the same day of the six months before" in text
    assert "Oct 2025 $62 $62 0.0% $310 $310 0.0%" in text
    assert "What Nov 2025 may come to" in text_of(client, "/brands/2?period=mtd")

    found = client.get("/api/v1/dashboard?table=estimate&brand=2").json["rows"]
    assert [(row["month"], row["figure"], row["estimate"], row["came_to"]) for row in found[7:9]] == [
        ("2025-11", "Net revenue", "300.00", None), ("2025-10", "Net revenue", "310.00", "310.00"),
    ]
    assert (found[7]["through"], found[7]["by_then"]) == ("US 2025-11-12", "120.00")
    assert client.get("/api/v1/brands/2?table=estimate").json["rows"] == found

    # Whoever sees one brand is told of that one.
    limited = signed_in("limited")
    assert "Net revenue about $3.00K" in text_of(limited, "/dashboard?period=mtd")
    assert "$3.30K" not in limited.get("/dashboard?period=mtd").text
    own = client.get("/api/v1/dashboard?table=estimate&brand=1").json["rows"]
    assert limited.get("/api/v1/dashboard?table=estimate").json["rows"] == own != found


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_what_has_no_days_is_named_and_nothing_is_made_up(
    store: Store, signed_in: Callable[[str], FlaskClient]
) -> None:
    uk = [(1, 1, 5, "UK", f"{month:%Y-%m}", "Net revenue", "40.00") for month in months(13)]
    de = shop(1, "50.00", marketplace="DE", last=6)
    publish_shops(store, shop(1, "100.00"), de, more=[*uk, (1, 1, 5, "DE", "2025-11", "CM3", "1.00")])
    client = signed_in("viewer")
    text = text_of(client, "/dashboard?period=mtd")
    assert "US through 12 Nov 2025, DE through 6 Nov 2025" in text
    assert "Not in it: UK (no day yet)." in text
    assert "Net revenue about $4.50K" in text

    text = text_of(client, "/dashboard?period=mtd&marketplace=UK")
    assert "What Nov 2025 will come to cannot be told: no report that knows days reaches it. Import Amazon’s" in text
    assert "may come to" not in text_of(client, "/dashboard?period=1m&marketplace=UK")
    assert client.get("/api/v1/dashboard?table=estimate&marketplace=UK").json["rows"] == []


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_the_day_that_is_not_over_does_not_count(
    store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_shops(store, shop(1, "100.00"))
    set_today(monkeypatch, datetime.date(2025, 11, 12))
    text = text_of(signed_in("viewer"), "/dashboard?period=mtd")
    assert "from days through 11 Nov 2025" in text and "Net revenue about $3.00K" in text
    # The next day the same generation knows one day more.
    set_today(monkeypatch, TODAY)
    assert "from days through 12 Nov 2025" in text_of(signed_in("viewer"), "/dashboard?period=mtd")


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_without_any_day_it_is_said_how_to_get_some(store: Store, signed_in: Callable[[str], FlaskClient]) -> None:
    publish(store, shop(1, "100.00")["rows"])
    text = text_of(signed_in("viewer"), "/dashboard?period=mtd")
    assert "cannot be told: no report that knows days reaches it" in text and "may come to" not in text

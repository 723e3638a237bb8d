"""Categories side by side against sums done by hand, on both engines."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.breakdown import GroupRow
from database.queries.categories import Categories, Side, read_categories
from domain.periods import calendar_at
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-08", "Net revenue", "100.00"),
    (2, 2, 6, "US", "2025-08", "Net revenue", "300.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "150.00"),
    (1, 1, 5, "US", "2025-09", "CM3", "15.00"),
    (2, 2, 6, "DE", "2025-09", "Net revenue", "50.00"),
    (3, 2, 5, "DE", "2025-09", "Net revenue", "-20.00"),
    (4, 0, 0, "DE", "2025-09", "Net revenue", "20.00"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "1000.00"),
]


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2025-08"), month("2025-11"), datetime.date(2025, 11, 22))
CATALOG = Selectable(
    generation=1, first_month=month("2025-08"), last_month=month("2025-11"), metrics=("Net revenue", "CM3"),
    brands={1: "Alder", 2: "Bergwind", 0: "(unassigned)"}, categories={5: "Toys", 6: "Games", 0: "(uncategorised)"},
    marketplaces={"DE": "Germany", "US": "United States"},
)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS)
    return store


def between(first: str, last: str, **parts) -> Selection:
    parts = {"compare": "previous"} | parts
    return Selection(calendar=CALENDAR, period="", first=month(first), last=month(last), **parts)


def read(store: Store, selection: Selection) -> Categories:
    return store.read(lambda reading: read_categories(reading.connection, selection, CATALOG))


def test_categories_have_value_share_growth_months_and_brands(published: Store) -> None:
    found = read(published, between("2025-09", "2025-09"))

    assert found.grain == "category_id"
    assert found.within is None
    assert found.rows == (
        Side(
            GroupRow(5, "Toys", Decimal("130.00"), Decimal("0.65"), Decimal("100.00"), Decimal("0.3"),
                     Decimal("15") / Decimal("130")),
            share_change=Decimal("0.4"), months=(Decimal("130.00"),), brands=2,
            around=(Decimal("100.00"), Decimal("130.00"), None, Decimal("1000.00")),
        ),
        Side(
            GroupRow(6, "Games", Decimal("50.00"), Decimal("0.25"), Decimal("300.00"), Decimal("-250") / 300, None),
            share_change=Decimal("-0.5"), months=(Decimal("50.00"),), brands=1,
            around=(Decimal("300.00"), Decimal("50.00"), None, None),
        ),
        Side(
            GroupRow(0, "(uncategorised)", Decimal("20.00"), Decimal("0.1"), None, None, None),
            share_change=Decimal("0.1"), months=(Decimal("20.00"),), brands=1,
            around=(None, Decimal("20.00"), None, None),
        ),
    )
    assert found.total == Side(
        GroupRow(None, "Total", Decimal("200.00"), Decimal(1), Decimal("400.00"), Decimal("-0.5"),
                 Decimal("15") / Decimal("200")),
        share_change=None, months=(Decimal("200.00"),), brands=3,
        around=(Decimal("400.00"), Decimal("200.00"), None, Decimal("1000.00")),
    )


def test_one_category_shows_its_brands_and_its_place_among_all(published: Store) -> None:
    found = read(published, between("2025-08", "2025-09", categories=(5,), compare="none"))

    assert found.grain == "brand_id"
    assert [(side.group.name, side.group.value, side.months, side.brands) for side in found.rows] == [
        ("Alder", Decimal("250.00"), (Decimal("100.00"), Decimal("150.00")), None),
        ("Bergwind", Decimal("-20.00"), (None, Decimal("-20.00")), None),
    ]
    assert found.total.months == (Decimal("100.00"), Decimal("130.00"))
    assert found.within is not None
    assert (found.within.name, found.within.value, found.within.share) == (
        "Toys", Decimal("230.00"), Decimal("230") / Decimal("600"),
    )


def test_a_month_in_progress_counts_in_the_value_and_not_in_the_change_of_share(published: Store) -> None:
    toys = read(published, between("2025-09", "2025-11")).rows[0]
    # The three months before reach back further than the figures.
    assert (toys.group.value, toys.share_change) == (Decimal("1130.00"), None)

    selection = between("2025-10", "2025-11", compare="previous")
    assert [side.share_change for side in read(published, selection).rows] == [None, None, None]


def test_only_brands_that_may_be_seen_are_in_any_figure(published: Store) -> None:
    found = read(published, between("2025-09", "2025-09", scope=(2,)))

    assert [(side.group.name, side.group.value, side.months, side.brands) for side in found.rows] == [
        ("Games", Decimal("50.00"), (Decimal("50.00"),), 1), ("Toys", Decimal("-20.00"), (Decimal("-20.00"),), 1),
    ]
    assert found.total.group.value == Decimal("30.00")
    within = read(published, between("2025-09", "2025-09", categories=(6,), scope=(2,))).within
    assert within is not None
    assert (within.value, within.share) == (Decimal("50.00"), Decimal("50") / Decimal("30"))


def test_every_month_and_the_whole_add_up_to_the_total(published: Store) -> None:
    found = read(published, between("2025-08", "2025-11", marketplaces=("US",)))

    assert sum(side.group.value for side in found.rows) == found.total.group.value == Decimal("1550.00")
    for place, total in enumerate(found.total.months):
        parts = [side.months[place] for side in found.rows if side.months[place] is not None]
        assert (sum(parts) if parts else None) == total


def test_a_selection_without_any_row_is_empty(published: Store) -> None:
    assert read(published, between("2024-01", "2024-02")).is_empty

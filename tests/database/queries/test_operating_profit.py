"""The operating profit: CM3 − Overheads, worked out where it is read, on every page the same and nowhere guessed."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.brand import read_brand
from database.queries.categories import read_categories
from database.queries.dashboard import read_dashboard
from database.queries.products import read_all_products, read_products
from database.queries.profitability import read_profitability
from domain.months import parse_month
from domain.periods import calendar_at
from domain.ratios import OPERATING, OPERATING_MARGIN
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (9, 0, 0, "NONE", "2025-07", "Overheads", "7.00"),
    (1, 1, 5, "US", "2025-08", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-08", "CM3", "30.00"),
    (9, 0, 0, "NONE", "2025-08", "Overheads", "10.00"),
    (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-09", "CM3", "40.00"),
    (2, 2, 6, "DE", "2025-09", "Net revenue", "200.00"), (2, 2, 6, "DE", "2025-09", "CM3", "50.00"),
    (9, 0, 0, "NONE", "2025-09", "Overheads", "80.00"), (8, 1, 5, "US", "2025-09", "Overheads", "5.50"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "60.00"), (9, 0, 0, "NONE", "2025-10", "Overheads", "3.00"),
]
PRODUCTS = [
    {"id": 1, "asin": "B1", "name": "Brick", "brand_id": 1}, {"id": 2, "asin": "B2", "name": "Beam", "brand_id": 2},
    {"id": 8, "asin": "ACCOUNT-1", "brand_id": 1}, {"id": 9, "asin": "ACCOUNT"},
]
JULY, AUGUST, SEPTEMBER, OCTOBER = (parse_month(f"2025-{number:02}") for number in (7, 8, 9, 10))
CALENDAR = calendar_at(JULY, OCTOBER, datetime.date(2025, 11, 22))
SELECTABLE = Selectable(
    generation=1, first_month=JULY, last_month=OCTOBER, metrics=("Net revenue", "CM3", "Overheads"),
    brands={1: "Alder", 2: "Birch", 0: "(unassigned)"}, categories={5: "Toys", 6: "Games", 0: "(uncategorised)"},
    marketplaces={"DE": "", "NONE": "", "US": ""},
)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS, products=PRODUCTS)
    return store


def chosen(first: datetime.date, last: datetime.date, **parts) -> Selection:
    return Selection(
        calendar=CALENDAR, metric=OPERATING.name, balance=OPERATING, period="", first=first, last=last,
        compare="previous", **parts,
    )


def values(rows) -> list[tuple]:
    return [(row.key, *(None if found is None else str(found) for found in (row.value, row.before))) for row in rows]


def test_it_is_offered_where_there_are_overheads_and_a_cm3_and_facts_do_not_give_it() -> None:
    assert SELECTABLE.offered == (
        "Net revenue", "CM3", "Overheads", "Operating profit", "CM3 %", "Operating margin %",
    )
    without = Selectable(1, JULY, OCTOBER, ("Net revenue", "CM3"), {}, {}, {})
    given = Selectable(1, JULY, OCTOBER, ("Net revenue", "CM3", "Overheads", "Operating profit"), {}, {}, {})
    assert (without.offered, without.balances) == (("Net revenue", "CM3", "CM3 %"), {})
    assert given.balances == {} and given.ratios["Operating margin %"].parts == ("Operating profit",)


def test_the_p_and_l_ends_with_it_and_has_none_where_something_was_sold_without_a_cm3(published: Store) -> None:
    found = published.read(lambda reading: read_profitability(reading.connection, chosen(JULY, OCTOBER)))

    assert [line.figure.name for line in found.lines] == [
        "Net revenue", "CM3", "CM3 %", "Overheads", "Operating profit", "Operating margin %",
    ]
    assert found.line("Overheads").figure.months == tuple(map(Decimal, ("7.00", "10.00", "85.50", "3.00")))
    profit, margin = found.line("Operating profit").figure, found.line("Operating margin %").figure
    assert profit.months == (Decimal("-7.00"), Decimal("20.00"), Decimal("4.50"), None)
    assert profit.value == Decimal("120.00") - Decimal("105.50")
    assert margin.months == (None, Decimal("0.2"), Decimal("4.50") / 300, None)
    assert [(step.name, step.kind, step.end) for step in found.steps[-2:]] == [
        ("Overheads", "cost", Decimal("14.50")), ("Operating profit", "level", Decimal("14.50")),
    ]


def test_its_parts_add_up_to_it_by_brand_category_and_marketplace(published: Store) -> None:
    def question(reading):
        selection = chosen(SEPTEMBER, SEPTEMBER)
        return (
            read_dashboard(reading.connection, selection, SELECTABLE, {}),
            read_categories(reading.connection, selection, SELECTABLE),
        )

    dashboard, categories = published.read(question)
    assert values(dashboard.brands.rows) == [(2, "50.00", None), (1, "34.50", "30.00"), (0, "-80.00", "-10.00")]
    assert values([dashboard.brands.total]) == [(None, "4.50", "20.00")]
    assert values(dashboard.marketplaces.rows) == [
        ("DE", "50.00", None), ("US", "34.50", "30.00"), ("NONE", "-80.00", "-10.00"),
    ]
    assert values(dashboard.categories.rows) == [(6, "50.00", None), (5, "34.50", "30.00"), (0, "-80.00", "-10.00")]
    assert [(each.name, each.difference) for each in (*dashboard.movers.up, *dashboard.movers.down)] == [
        ("Birch", Decimal("50.00")), ("Alder", Decimal("4.50")), ("(unassigned)", Decimal("-70.00")),
    ]
    assert [(row.month, row.value) for row in dashboard.months if row.is_chosen] == [(SEPTEMBER, Decimal("4.50"))]
    assert [figure.name for figure in dashboard.headlines] == [
        "Net revenue", "CM3", "CM3 %", "Operating profit", "Operating margin %",
    ]
    assert [(side.group.key, side.months, side.brands) for side in categories.rows] == [
        (6, (Decimal("50.00"),), 1), (5, (Decimal("34.50"),), 1), (0, (Decimal("-80.00"),), 1),
    ]
    assert categories.total.months == (Decimal("4.50"),)


@pytest.mark.parametrize(("order", "keys"), [("desc", [2, 1, 8, 9]), ("asc", [9, 8, 1, 2])])
def test_products_are_ordered_by_it_and_their_whole_is_that_of_all_pages(published: Store, order, keys) -> None:
    def question(reading):
        selection = chosen(SEPTEMBER, SEPTEMBER, order=order)
        page = read_products(reading.connection, selection, {}, start=0, limit=2)
        margins = selection.changed(metric=OPERATING_MARGIN.name, ratio=OPERATING_MARGIN)
        return (
            page, list(read_all_products(reading.connection, selection, {})),
            list(read_all_products(reading.connection, margins, {})),
        )

    page, rows, margins = published.read(question)
    assert [row.key for row in rows] == keys
    assert {row.key: row.value for row in rows} == {
        1: Decimal("40.00"), 2: Decimal("50.00"), 8: Decimal("-5.50"), 9: Decimal("-80.00"),
    }
    assert (page.count, page.value, page.share) == (4, Decimal("4.50"), Decimal(1))
    assert {row.key: row.value for row in margins} == {1: Decimal("0.4"), 2: Decimal("0.25"), 8: None, 9: None}


def test_a_brand_takes_off_its_own_overheads_and_nobody_elses(published: Store) -> None:
    found = published.read(lambda reading: read_brand(
        reading.connection, chosen(SEPTEMBER, SEPTEMBER, brands=(1,)), SELECTABLE, start=0, limit=10
    ))
    assert found.profit.line("Operating profit").figure.value == Decimal("34.50")
    assert [(row.key, row.value) for row in found.products.products] == [(1, Decimal("40.00")), (8, Decimal("-5.50"))]
    assert values(found.table.rows) == [(1, "40.00", "30.00"), (8, "-5.50", None)]
    assert [(each.asin, each.difference) for each in (*found.movers.up, *found.movers.down)] == [
        ("B1", Decimal("10.00")), ("ACCOUNT-1", Decimal("-5.50")),
    ]

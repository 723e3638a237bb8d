"""A ratio chosen like a metric: sums divided by sums wherever it stands, its changes in points, no shares of it."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.brand_products import ranking_of, read_product_sums
from database.queries.categories import read_categories
from database.queries.dashboard import read_dashboard
from database.queries.product import find_product, read_product
from database.queries.products import count_products, read_products
from domain.periods import calendar_at
from domain.ratios import CM3_MARGIN
from domain.selection import Selectable, Selection
from tests.summaries_fixture import publish

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"), (1, 1, 5, "US", "2025-09", "CM3", "10.00"),
    (2, 2, 6, "US", "2025-09", "Net revenue", "100.00"), (2, 2, 6, "US", "2025-09", "CM3", "40.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "200.00"), (1, 1, 5, "US", "2025-10", "CM3", "50.00"),
    (1, 1, 5, "DE", "2025-10", "Net revenue", "100.00"), (1, 1, 5, "DE", "2025-10", "CM3", "-20.00"),
    (2, 2, 6, "US", "2025-10", "Net revenue", "100.00"), (2, 2, 6, "US", "2025-10", "CM3", "20.00"),
    (3, 2, 6, "US", "2025-10", "CM3", "5.00"),
]
PRODUCTS = [{"id": n, "asin": f"B{n}", "name": f"Brick {n}", "brand_id": min(n, 2)} for n in (1, 2, 3)]
SEPTEMBER, OCTOBER = datetime.date(2025, 9, 1), datetime.date(2025, 10, 1)
CALENDAR = calendar_at(SEPTEMBER, OCTOBER, datetime.date(2025, 11, 22))
SELECTABLE = Selectable(
    generation=1, first_month=SEPTEMBER, last_month=OCTOBER, metrics=("Net revenue", "CM3"),
    brands={1: "Alder", 2: "Birch"}, categories={5: "Toys", 6: "Games"}, marketplaces={"DE": "", "US": ""},
)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS, products=PRODUCTS)
    return store


def october(**parts) -> Selection:
    return Selection(
        calendar=CALENDAR, metric="CM3 %", ratio=CM3_MARGIN, period="", first=OCTOBER, last=OCTOBER,
        compare="previous", **parts,
    )


def told(rows) -> list[tuple]:
    """Key, value, before, change and share of each row, as texts."""
    return [
        (row.key, *(None if found is None else str(round(found, 4))
                    for found in (row.value, row.before, row.change, row.share)))
        for row in rows
    ]


def test_ratios_are_offered_where_their_parts_have_figures_and_no_metric_has_their_name():
    assert tuple(SELECTABLE.ratios) == ("CM3 %",)
    assert SELECTABLE.offered == ("Net revenue", "CM3", "CM3 %")


def test_the_dashboard_divides_sums_by_sums_and_compares_in_points(published: Store) -> None:
    found = published.read(lambda reading: read_dashboard(reading.connection, october(), SELECTABLE, {}))
    assert told(found.brands.rows) == [
        (2, "0.2500", "0.4000", "-0.1500", None), (1, "0.1000", "0.1000", "0.0000", None),
    ]
    assert told([found.brands.total]) == [(None, "0.1375", "0.2500", "-0.1125", None)]
    row = next(row for row in found.months if row.month == OCTOBER)
    assert (row.value, row.before, row.change) == (Decimal("0.1375"), Decimal("0.25"), Decimal("-0.1125"))
    assert found.movers is None


def test_categories_have_their_ratio_month_by_month_and_the_total_its_own(published: Store) -> None:
    found = published.read(lambda reading: read_categories(reading.connection, october(), SELECTABLE))
    assert [(side.group.key, side.months, side.share_change) for side in found.rows] == [
        (6, (Decimal("0.25"),), None), (5, (Decimal("0.1"),), None),
    ]
    assert (found.total.months, found.total.group.value) == ((Decimal("0.1375"),), Decimal("0.1375"))
    assert (found.rows[0].brands, found.total.brands) == (1, 2)


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        ({}, [2, 1, 3]), ({"order": "asc"}, [1, 2, 3]), ({"sort": "change", "order": "asc"}, [2, 1, 3]),
        ({"sort": "cm3"}, [1, 2, 3]), ({"sort": "margin"}, [2, 1, 3]),
    ],
)
def test_products_stand_in_the_order_of_a_ratio_and_without_its_base_last(published: Store, parts, keys) -> None:
    selection = october(**parts)
    found = published.read(lambda reading: read_products(reading.connection, selection, {}, start=0, limit=10))
    by_key = {row[0]: row for row in told(found.rows)}
    assert [row.key for row in found.rows] == keys
    assert by_key == {
        1: (1, "0.1000", "0.1000", "0.0000", None), 2: (2, "0.2000", "0.4000", "-0.2000", None),
        3: (3, None, None, None, None),
    }
    assert {row.key: row.brand_id for row in found.rows} == {1: 1, 2: 2, 3: 2}
    # What has no revenue counts in the margin of all, as on every other page.
    assert (found.count, found.value, found.share) == (3, Decimal("0.1375"), None)
    assert published.read(lambda reading: count_products(reading.connection, selection)) == 3


def test_a_brand_ranks_its_products_and_a_product_its_marketplaces(published: Store) -> None:
    def question(reading):
        of_brand = october(brands=(2,))
        product = find_product(reading.connection, "B1")
        return ranking_of(read_product_sums(reading.connection, of_brand), of_brand), read_product(
            reading.connection, october(), product, metrics=SELECTABLE.metrics, marketplace_names={}
        )

    ranking, product = published.read(question)
    assert [(row.key, row.value, row.share) for row in ranking.products] == [(2, Decimal("0.2"), None)]
    assert (ranking.total, ranking.reached) == (None, None)
    assert [(row.code, row.months, row.value) for row in product.by_marketplace] == [
        ("US", (Decimal("0.25"),), Decimal("0.25")), ("DE", (Decimal("-0.2"),), Decimal("-0.2")),
        ("", (Decimal("0.1"),), Decimal("0.1")),
    ]
    assert told(product.marketplaces.rows)[0] == ("US", "0.2500", "0.1000", "0.1500", None)

"""What a search names beside the products with figures, and when a product had its last ones; on both engines."""

from __future__ import annotations

import datetime

import pytest

from database.engines.ports import Store
from database.queries.product import find_product, read_last_month
from database.queries.without_figures import SHOWN, Named, WithoutFigures, read_without_figures
from domain.periods import calendar_at
from domain.selection import Selection
from tests.summaries_fixture import publish

CALENDAR = calendar_at(datetime.date(2024, 1, 1), datetime.date(2025, 10, 1), datetime.date(2025, 11, 22))
PRODUCTS = [
    {"id": 1, "asin": "B01", "name": "Blue duck", "brand_id": 1},
    {"id": 2, "asin": "B02", "name": "Red duck", "brand_id": 2, "category_id": 5},
    {"id": 3, "asin": "B03", "name": None},
    {"id": 4, "asin": "B04", "name": "100% duck", "brand_id": 1},
]
ROWS = [
    (1, 1, 5, "US", "2025-10", "Net revenue", "1.00"),
    (2, 2, 5, "DE", "2024-03", "Storage", "1.00"),
    (2, 2, 5, "US", "2024-02", "Net revenue", "1.00"),
]


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS, products=PRODUCTS, brands={1: "Alder", 2: "Bergwind"}, categories={5: "Toys"})
    return store


def found(store: Store, *, but_for: tuple[int, ...] = (1,), **parts) -> WithoutFigures:
    selection = Selection(calendar=CALENDAR, **parts)
    return store.read(lambda reading: read_without_figures(reading.connection, selection, but_for))


@pytest.mark.parametrize(
    ("parts", "asins"),
    [
        ({"search": "DUCK"}, ["B02", "B04"]),
        ({"search": "b0"}, ["B02", "B03", "B04"]),
        ({"search": "b0", "but_for": ()}, ["B01", "B02", "B03", "B04"]),
        ({"search": "duck blue"}, []),
        ({"search": "0%"}, ["B04"]),
        ({"search": "b0", "brands": (0, 2)}, ["B02", "B03"]),
        ({"search": "b0", "categories": (5,)}, ["B02"]),
        ({"search": "b0", "categories": (0,)}, ["B03", "B04"]),
        ({"search": "b0", "scope": (1,)}, ["B04"]),
        ({"search": "b0", "scope": (1,), "brands": (1, 2)}, ["B04"]),
        ({"search": "b0", "scope": ()}, []),
        ({"search": "b0", "marketplaces": ("US",)}, ["B02", "B03", "B04"]),
    ],
)
def test_a_search_names_products_of_the_catalogue_within_brands_categories_and_rights(
    published: Store, parts, asins
) -> None:
    answer = found(published, **parts)

    assert ([product.asin for product in answer.products], answer.count) == (asins, len(asins))


def test_a_product_without_name_is_called_by_its_asin(published: Store) -> None:
    assert found(published, search="B03") == WithoutFigures((Named("B03", "B03"),), 1)


def test_the_first_by_asin_are_listed_and_all_are_counted(store: Store) -> None:
    publish(store, ROWS, products=[{"id": n, "asin": f"C{n:02d}"} for n in range(1, 32)])
    answer = found(store, search="c", but_for=(2,))

    assert [product.asin for product in answer.products] == ["C01", *(f"C{n:02d}" for n in range(3, SHOWN + 2))]
    assert answer.count == 30


@pytest.mark.parametrize(
    ("parts", "last"),
    [
        ({}, "2024-03-01"),
        ({"period": "2025"}, "2024-03-01"),
        ({"marketplaces": ("US",)}, "2024-02-01"),
        ({"marketplaces": ("UK",)}, None),
        ({"scope": (2,)}, "2024-03-01"),
    ],
)
def test_the_last_month_of_a_product_is_that_of_any_figure_in_the_chosen_marketplaces(
    published: Store, parts, last
) -> None:
    selection = Selection(calendar=CALENDAR, **parts)

    def read(reading):
        product = find_product(reading.connection, "B02")
        return read_last_month(reading.connection, selection, product)

    assert published.read(read) == (datetime.date.fromisoformat(last) if last else None)


def test_figures_of_others_are_no_last_figures(published: Store) -> None:
    selection = Selection(calendar=CALENDAR, scope=(1,))
    product = published.read(lambda reading: find_product(reading.connection, "B02"))

    assert published.read(lambda reading: read_last_month(reading.connection, selection, product)) is None

"""The catalogue's lists: exact rows on every engine, with a search, page by page, and of some brands alone."""

from __future__ import annotations

import pytest

from database.engines.ports import Store
from database.queries.catalog import (
    BrandPlace,
    ProductPlace,
    Rows,
    choices_of,
    count_lists,
    names_of,
    read_list,
    read_whole_list,
)
from domain.listing import BRANDS, PRODUCTS, SKUS, UNASSIGNED, UNCATEGORISED, UNCOSTED, Listing
from tests.catalog_shop import open_shop


@pytest.fixture
def filled_by() -> object:
    return open_shop


@pytest.fixture
def shop(store: Store) -> Store:
    return store


def asked(store: Store, listing: Listing, *, per_page: int = 100, scope=None) -> Rows:
    return store.read(lambda reading: read_list(reading.connection, listing, per_page=per_page, scope=scope))


def test_products_without_a_brand_stand_by_asin(shop):
    assert asked(shop, Listing(UNASSIGNED)) == Rows(
        (
            ProductPlace(4, "B4", "Loose 100% brick", "", "Games", True, "Active"),
            ProductPlace(5, "B5", "", "", "", False, ""),
        ),
        2,
    )


def test_a_product_stands_in_its_own_category_or_else_in_its_brands(shop):
    assert asked(shop, Listing(PRODUCTS, "red")) == Rows(
        (
            ProductPlace(1, "B1", "Red brick", "Alder", "Toys", False, "Active"),
            ProductPlace(2, "B2", "Red plate", "Alder", "Games", True, ""),
        ),
        2,
    )


def test_brands_stand_by_name_with_how_many_products_they_have(shop):
    assert asked(shop, Listing(BRANDS)) == Rows(
        (
            BrandPlace(1, "Alder", "Toys", "own", 2),
            BrandPlace(2, "birch", "", "", 1),
            BrandPlace(3, "Cedar", "", "stock", 0),
        ),
        3,
    )
    assert [row.brand for row in asked(shop, Listing(UNCATEGORISED)).rows] == ["birch", "Cedar"]


@pytest.mark.parametrize(
    ("search", "found"),
    [("brick", ["B1", "B4"]), ("RED Brick", ["B1"]), ("100%", ["B4"]), ("b5", ["B5"]), ("_", []), ("'; --", [])],
)
def test_every_word_of_a_search_stands_in_the_asin_or_the_name(shop, search, found):
    assert [row.asin for row in asked(shop, Listing(PRODUCTS, search)).rows] == found


def test_a_search_for_a_group_finds_its_brands(shop):
    assert [row.brand for row in asked(shop, Listing(BRANDS, "stock")).rows] == ["Cedar"]


def test_pages_are_parts_of_the_whole_list(shop):
    pages = [asked(shop, Listing(PRODUCTS, page=number), per_page=2) for number in (1, 2, 3, 4)]
    assert [[row.asin for row in page.rows] for page in pages] == [["B1", "B2"], ["B3", "B4"], ["B5"], []]
    assert {page.count for page in pages} == {5}
    whole = shop.read(lambda reading: read_whole_list(reading.connection, Listing(PRODUCTS, page=2)))
    assert [row for page in pages for row in page.rows] == whole


def test_a_reader_of_some_brands_sees_their_rows_and_nothing_of_the_others(shop):
    def look(reading):
        connection = reading.connection
        return (
            count_lists(connection, {1}), choices_of(connection, {1}),
            [row.asin for row in read_whole_list(connection, Listing(PRODUCTS), scope={1})],
            names_of(connection, Listing(PRODUCTS), ids=[1, 3, 4], scope={1}),
            names_of(connection, Listing(PRODUCTS), ids=None, scope={1}),
            names_of(connection, Listing(BRANDS), ids=[1, 2], scope={1}),
        )

    assert shop.read(look) == (
        {UNASSIGNED: 0, PRODUCTS: 2, UNCATEGORISED: 0, BRANDS: 1, SKUS: 0, UNCOSTED: 0},
        {"brand": ("Alder",), "category": ("Games", "Toys"), "group": ("own",)},
        ["B1", "B2"], ["B1"], ["B1", "B2"], ["Alder"],
    )


def test_everybody_else_is_offered_every_name(shop):
    assert shop.read(lambda reading: choices_of(reading.connection)) == {
        "brand": ("Alder", "birch", "Cedar"), "category": ("Empty", "Games", "Toys"), "group": ("own", "stock"),
    }
    assert shop.read(lambda reading: count_lists(reading.connection)) == {
        UNASSIGNED: 2, PRODUCTS: 5, UNCATEGORISED: 2, BRANDS: 3, SKUS: 0, UNCOSTED: 0,
    }

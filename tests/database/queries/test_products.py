"""The rows of the products page against sums done by hand, on both engines, and how MariaDB finds them."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.products import ProductRow, Products, count_products, read_all_products, read_products
from database.queries.ranking import SORTS
from domain.periods import calendar_at
from domain.selection import Selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 11, 22)
BRANDS = {1: "Alder", 2: "Bergwind", 0: "(unassigned)"}

PRODUCTS = [
    {"id": 1, "asin": "B01", "name": "Blue Duck, 50% larger", "brand_id": 1},
    {"id": 2, "asin": "B02", "name": "red duck", "brand_id": 2},
    {"id": 3, "asin": "b_3", "name": None},
    {"id": 4, "asin": "B04", "name": "Anvil", "brand_id": 2},
    {"id": 5, "asin": "B05", "name": "Sold before", "brand_id": 1},
    {"id": 6, "asin": "B06", "name": "Never sold", "brand_id": 1},
]

ROWS = [
    # asin, brand, category, marketplace, month, metric, value
    (1, 1, 5, "US", "2025-09", "Net revenue", "100.00"),
    (1, 1, 5, "US", "2025-10", "Net revenue", "60.00"),
    (1, 1, 5, "DE", "2025-10", "Net revenue", "40.00"),
    (1, 1, 5, "US", "2025-10", "CM3", "30.00"),
    (1, 1, 5, "US", "2025-10", "Net units", "4.00"),
    (2, 2, 6, "US", "2025-09", "Net revenue", "50.00"),
    (2, 2, 6, "US", "2025-10", "Net revenue", "200.00"),
    (2, 2, 6, "US", "2025-10", "CM3", "-20.00"),
    (2, 2, 6, "US", "2025-10", "Net units", "5.00"),
    (3, 0, 0, "DE", "2025-10", "Net revenue", "100.00"),
    (3, 0, 0, "DE", "2025-10", "CM3", "50.00"),
    (4, 2, 6, "US", "2025-10", "CM3", "-5.00"),
    (5, 1, 5, "US", "2025-09", "Net revenue", "75.00"),
    (1, 1, 5, "US", "2025-11", "Net revenue", "1000.00"),
    (2, 2, 6, "US", "2025-11", "Net revenue", "1.00"),
    (7, 2, 6, "US", "2025-11", "Net revenue", "2.00"),
]


def month(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"{text}-01")


CALENDAR = calendar_at(month("2025-09"), month("2025-11"), TODAY)


@pytest.fixture
def published(store: Store) -> Store:
    publish(store, ROWS, products=PRODUCTS)
    return store


def between(first: str, last: str, **parts) -> Selection:
    parts = {"compare": "previous"} | parts
    return Selection(calendar=CALENDAR, period="", first=month(first), last=month(last), **parts)


def october(**parts) -> Selection:
    return between("2025-10", "2025-10", **parts)


def products(store: Store, selection: Selection, *, start: int = 0, limit: int = 50) -> Products:
    return store.read(
        lambda reading: read_products(reading.connection, selection, BRANDS, start=start, limit=limit)
    )


def asins(store: Store, selection: Selection) -> list[str | None]:
    return [row.asin for row in products(store, selection).rows]


def test_products_have_their_figures_beside_the_chosen_metric(published: Store) -> None:
    def figures(*values: str | None) -> dict[str, Decimal | None]:
        words = ("cm3", "margin", "units", "price")
        return {word: value and Decimal(value) for word, value in zip(words, values, strict=True)}

    assert products(published, october()) == Products(
        rows=(
            ProductRow(
                key=2, asin="B02", name="red duck", brand_id=2, brand="Bergwind", value=Decimal("200.00"),
                share=Decimal("0.5"), before=Decimal("50.00"), change=Decimal(3),
                figures=figures("-20.00", "-0.1", "5.00", "40"), months=(Decimal("50.00"), Decimal("200.00")),
            ),
            ProductRow(
                key=1, asin="B01", name="Blue Duck, 50% larger", brand_id=1, brand="Alder", value=Decimal("100.00"),
                share=Decimal("0.25"), before=Decimal("100.00"), change=Decimal(0),
                figures=figures("30.00", "0.3", "4.00", "25"), months=(Decimal("100.00"), Decimal("100.00")),
            ),
            ProductRow(
                key=3, asin="b_3", name="b_3", brand_id=0, brand="(unassigned)", value=Decimal("100.00"),
                share=Decimal("0.25"), before=None, change=None, figures=figures("50.00", "0.5", None, None),
                months=(None, Decimal("100.00")),
            ),
        ),
        count=3, value=Decimal("400.00"), share=Decimal(1),
    )


def test_the_month_in_progress_counts_in_the_value_and_not_in_the_change(published: Store) -> None:
    rows = {row.key: row for row in products(published, between("2025-10", "2025-11")).rows}

    assert (rows[1].value, rows[1].before, rows[1].change) == (Decimal("1100.00"), Decimal("100.00"), Decimal(0))
    assert (rows[2].value, rows[2].change) == (Decimal("201.00"), Decimal(3))


def test_a_product_that_is_not_in_the_catalogue_keeps_its_figures(published: Store) -> None:
    (row,) = products(published, between("2025-11", "2025-11"), start=1, limit=1).rows

    assert (row.key, row.asin, row.name, row.value) == (7, None, "(product 7)", Decimal("2.00"))


ORDERS = {
    ("value", "desc"): ["B02", "B01", "b_3"],
    ("value", "asc"): ["B01", "b_3", "B02"],
    ("share", "desc"): ["B02", "B01", "b_3"],
    ("name", "asc"): ["B01", "B02", "b_3"],
    ("name", "desc"): ["B02", "B01", "b_3"],
    ("change", "desc"): ["B02", "B01", "b_3"],
    ("change", "asc"): ["B01", "B02", "b_3"],
    ("cm3", "desc"): ["b_3", "B01", "B02"],
    ("cm3", "asc"): ["B02", "B01", "b_3"],
    ("margin", "desc"): ["b_3", "B01", "B02"],
    ("margin", "asc"): ["B02", "B01", "b_3"],
    ("units", "desc"): ["B02", "B01", "b_3"],
    ("units", "asc"): ["B01", "B02", "b_3"],
    ("price", "desc"): ["B02", "B01", "b_3"],
    ("price", "asc"): ["B01", "B02", "b_3"],
}


def test_every_order_is_exact_with_equal_rows_by_asin_and_missing_ones_last(published: Store) -> None:
    assert {
        (sort, order): asins(published, october(sort=sort, order=order)) for sort, order in ORDERS
    } == ORDERS
    assert {sort for sort, _ in ORDERS} == set(SORTS)


def test_without_a_comparison_an_order_by_change_is_by_asin(published: Store) -> None:
    assert asins(published, october(sort="change", compare="none")) == ["B01", "B02", "b_3"]


def test_a_month_in_progress_is_left_out_of_an_order_by_change(published: Store) -> None:
    assert asins(published, between("2025-10", "2025-11", sort="change", order="desc")) == ["B02", "B01", "b_3", None]


def test_another_metric_has_its_own_products_and_orders(published: Store) -> None:
    found = products(published, october(metric="CM3", sort="price", order="desc"))

    assert [(row.asin, row.value, row.figures["price"]) for row in found.rows] == [
        ("B02", Decimal("-20.00"), Decimal(40)), ("B01", Decimal("30.00"), Decimal(25)),
        ("B04", Decimal("-5.00"), None), ("b_3", Decimal("50.00"), None),
    ]
    assert found.value == Decimal("55.00")


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ({"search": "duck"}, ["B02", "B01"]),
        ({"search": "DUCK blue"}, ["B01"]),
        ({"search": "b0 duck"}, ["B02", "B01"]),
        ({"search": "50%"}, ["B01"]),
        ({"search": "0%l"}, []),
        ({"search": "b_"}, ["b_3"]),
        ({"search": "\\"}, []),
        ({"search": "never sold"}, []),
        ({"brands": (2,)}, ["B02"]),
        ({"brands": (0, 1)}, ["B01", "b_3"]),
        ({"categories": (5,)}, ["B01"]),
        ({"marketplaces": ("DE",)}, ["b_3", "B01"]),
        ({"marketplaces": ("DE", "US"), "search": "duck"}, ["B02", "B01"]),
        ({"scope": (1,)}, ["B01"]),
        ({"scope": (1,), "brands": (1, 2)}, ["B01"]),
        ({"scope": ()}, []),
    ],
)
def test_every_filter_and_search_leaves_its_own_products(published: Store, parts, found) -> None:
    assert asins(published, october(**parts)) == found


def test_a_search_has_its_own_sum_and_its_share_of_the_whole(published: Store) -> None:
    found = products(published, october(search="duck"))

    assert (found.count, found.value, found.share) == (2, Decimal("300.00"), Decimal("0.75"))
    assert [row.share for row in found.rows] == [Decimal("0.5"), Decimal("0.25")]


def test_pages_put_together_are_the_whole_list(published: Store) -> None:
    whole = products(published, october())
    pages = [products(published, october(), start=start, limit=1) for start in range(3)]

    assert tuple(row for page in pages for row in page.rows) == whole.rows
    assert {(page.count, page.value) for page in pages} == {(3, Decimal("400.00"))}
    beyond = products(published, october(), start=50)
    assert (beyond.rows, beyond.count) == ((), 3)


def test_the_whole_list_comes_row_by_row(published: Store) -> None:
    def read(reading):
        connection, selection = reading.connection, october(sort="name", order="asc")
        return (
            count_products(connection, selection),
            list(read_all_products(connection, selection, BRANDS)),
            list(read_all_products(connection, selection, BRANDS, start=1, limit=1)),
        )

    count, rows, part = published.read(read)
    assert count == 3
    assert tuple(rows) == products(published, october(sort="name", order="asc")).rows
    assert part == rows[1:2]


def test_months_without_figures_have_no_products(published: Store) -> None:
    assert products(published, between("1995-01", "2024-12")) == Products((), 0, None, None)
    assert published.read(lambda reading: count_products(reading.connection, between("1995-01", "2024-12"))) == 0

"""The facts behind a figure add up to it, of both engines, whatever it is narrowed to."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from database.summaries import figure_rows
from database.summaries.figure_rows import FactRow, FactSum, FigureAsked, FigureRows
from tests.facts import add_brands, add_facts, add_products

FEBRUARY, MARCH = datetime.date(2025, 2, 1), datetime.date(2025, 3, 1)


@pytest.fixture
def filled_by():
    """Alder and Birch, one brand of an excluded group, a product that nobody knows, a date in the middle of a month."""
    def fill(store):
        add_brands(store, ("Alder", None, None), ("Birch", None, None), ("Surplus", None, "stock"))
        add_products(store, ("A1", 1, None), ("B1", 2, None), ("S1", 3, None), ("N1", None, None))
        add_facts(store, [
            ("A1", "US", "CM3", "2025-02", "1.50"), ("A1", "DE", "CM3", "2025-03", "2.50"),
            ("B1", "US", "CM3", "2025-03", "-4"), ("S1", "US", "CM3", "2025-03", "16"),
            ("A1", "US", "Net revenue", "2025-03", "32"),
        ])
        add_facts(store, [("N1", "US", "CM3", "2025-03", "8")], import_id=7)
        add_facts(store, [("B1", "DE", "CM3", "2025-03", "64")], currency="EUR")
    return fill


def found(store, *, most=100, groups=("stock",), **narrower) -> tuple[list[FactSum], list[FactRow]]:
    asked = FigureAsked(("CM3",), FEBRUARY, MARCH, **narrower)
    with store.facts() as connection:
        rows = FigureRows(connection, asked, groups)
        return rows.sums(), list(rows.rows(most))


def test_all_are_added_up_by_currency_and_the_newest_are_listed(store) -> None:
    sums, rows = found(store)
    assert sums == [
        FactSum("CM3", "", 7, "", 1, Decimal("8.00")), FactSum("CM3", "", None, "", 3, Decimal("0.00")),
        FactSum("CM3", "EUR", None, "", 1, Decimal("64.00")),
    ]
    assert [(row.asin, row.brand, row.marketplace, row.month, row.value, row.currency) for row in rows] == [
        ("A1", "Alder", "DE", MARCH, Decimal("2.50"), ""), ("B1", "Birch", "DE", MARCH, Decimal("64.00"), "EUR"),
        ("B1", "Birch", "US", MARCH, Decimal("-4.00"), ""), ("N1", "", "US", MARCH, Decimal("8.00"), ""),
        ("A1", "Alder", "US", FEBRUARY, Decimal("1.50"), ""),
    ]
    assert found(store, most=2)[1] == rows[:2]


@pytest.mark.parametrize(("narrower", "products"), [
    ({"brands": (1,)}, ["A1", "A1"]), ({"brands": (0, 2)}, ["B1", "B1", "N1"]),
    ({"marketplaces": ("DE",)}, ["A1", "B1"]),
    ({"asin": "N1"}, ["N1"]), ({"brands": (3,)}, []), ({"brands": (-1,)}, []), ({"categories": (9,)}, []),
])
@pytest.mark.parametrize("named", [figure_rows.NAMED, 0], ids=["few products", "many products"])
def test_what_is_narrower_has_its_own_rows_and_an_excluded_brand_none(
    store, narrower, products, named, monkeypatch
) -> None:
    monkeypatch.setattr(figure_rows, "NAMED", named)
    sums, rows = found(store, **narrower)
    assert [row.asin for row in rows] == products
    assert sum(each.facts for each in sums) == len(products)


def test_without_excluded_groups_every_known_product_counts(store) -> None:
    sums, _ = found(store, groups=())
    assert (sums[1].facts, sums[1].value) == (4, Decimal("16.00"))

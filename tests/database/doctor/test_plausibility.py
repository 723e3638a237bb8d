"""Figures and catalogue: gaps, spellings, margins and what is not sorted in are each told once."""

from __future__ import annotations

import pytest

from database.doctor.catalog import judge_catalog
from database.doctor.plausibility import alike, judge_figures
from database.engines.ports import Store
from tests.database.doctor.conftest import FIGURES
from tests.summaries_fixture import publish

MONTHS = ("2024-01", "2024-02", "2024-05")


def of(product: int, brand: int, months: tuple[str, ...], place: str = "US", **changed: str) -> list[tuple]:
    figures = FIGURES | changed
    return [
        (product, brand, 1, place, month, metric, value) for month in months for metric, value in figures.items()
    ]


@pytest.fixture
def ill(store: Store) -> Store:
    """Two months are missing, CM2 is wrong in one, a marketplace has no name, a metric has two spellings."""
    publish(
        store,
        [
            *of(1, 1, MONTHS[:2]), *of(1, 1, MONTHS[2:], CM2="39", CM3="29"), *of(2, 0, MONTHS[:1], place="ZZ"),
            (1, 1, 1, "US", "2024-01", "net  revenue", "5"), (1, 1, 1, "US", "2024-01", "Fulfillment Fee", "1"),
        ],
        brands={1: "Alder"}, categories={1: "Garden"}, marketplaces={"US": "United States"},
        products=[{"id": 1, "asin": "B1", "brand_id": 1}, *({"id": i, "asin": f"B{i}"} for i in range(2, 9))],
    )
    return store


def test_each_illness_of_the_figures_is_told_once(ill: Store) -> None:
    found = {(each.check, each.subject): each for each in ill.read(judge_figures)}

    assert list(found) == [
        ("months-missing", ""), ("metric-spellings", "FBA fees"), ("metric-spellings", "Net revenue"),
        ("marketplace-unknown", ""), ("margin-not-its-parts", "CM2"),
    ]
    assert found["months-missing", ""].evidence == "2024-03, 2024-04; figures reach from 2024-01 to 2024-05"
    assert found["metric-spellings", "FBA fees"].evidence == "“FBA fees” / “Fulfillment Fee”"
    assert found["metric-spellings", "Net revenue"].evidence == "“Net revenue” / “net  revenue”"
    assert found["marketplace-unknown", ""].evidence == "ZZ"
    assert found["margin-not-its-parts", "CM2"].evidence.startswith(
        "2024-05: imported 39.00, its parts make 40.00 (a difference of -1.00)"
    )


def test_products_without_brand_and_brands_without_category_are_counted_and_named(ill: Store) -> None:
    found = {each.check: (each.finding, each.evidence) for each in ill.read(judge_catalog)}

    assert found == {
        "products-without-brand": (
            "7 products have no brand: figures stand under (unassigned)", "B2, B3, B4, B5, B6 and 2 more",
        ),
        "brands-without-category": (
            "1 brand has no category, nor have all of their products: figures stand under (uncategorised)", "Alder",
        ),
    }


def test_a_brand_whose_products_all_have_a_category_of_their_own_lacks_none(store: Store) -> None:
    products = [
        {"id": number, "asin": f"B{number}", "brand_id": brand, "category_id": category}
        for number, brand, category in ((1, 1, 1), (2, 2, 1), (3, 2, None))
    ]
    publish(
        store, [*of(1, 1, MONTHS), *of(2, 2, MONTHS), *of(3, 2, MONTHS)], brands={1: "Alder", 2: "Birch", 3: "Cedar"},
        categories={1: "Garden"}, marketplaces={"US": "United States"}, products=products,
    )

    found = [(each.check, each.evidence) for each in store.read(judge_catalog)]
    assert found == [("brands-without-category", "Birch")]


def test_healthy_figures_have_no_finding(healthy: Store) -> None:
    assert healthy.read(judge_figures) == []
    assert healthy.read(judge_catalog) == []


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["Net revenue", "CM3 %", "CM3"], []),
        (["Sales tax", "sales-tax", "Sales  Tax "], [["Sales  Tax ", "Sales tax", "sales-tax"]]),
        (["Referral fees", "Referral Fees"], [["Referral Fees", "Referral fees"]]),
        (["收入", "费用", "…", "!!"], []),
    ],
)
def test_names_are_alike_by_letters_and_digits_alone(names: list[str], groups: list[list[str]]) -> None:
    assert alike(names) == groups


def test_a_store_with_no_figures_at_all_is_no_error(store: Store) -> None:
    publish(store, [])
    assert store.read(judge_figures) == []

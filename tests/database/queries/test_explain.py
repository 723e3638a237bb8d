"""What a figure is made of: its formula, and parts that add up to it exactly, on both engines."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

import pytest

from database.engines.ports import Store
from database.queries.choices import read_selectable
from database.queries.explain import MOST, Explanation, read_explanation
from domain.explaining import ALSO_ASKED
from domain.selection import WORDS_OF_A_FIGURE, Selection, parse_selection
from tests.summaries_fixture import publish

TODAY = datetime.date(2025, 12, 2)
MONTHS = ("2024-10", "2025-09", "2025-10", "2025-11")
CENT = Decimal("0.01")


def _rows():
    """24 products of four brands and three categories, in three marketplaces; the margins of product 3 lack a cent."""
    for product in range(1, 25):
        brand, category = product % 4, product % 3 + 5
        for place, month in enumerate(MONTHS):
            for code in ("US", "DE", "UK")[: 1 + product % 3]:
                sold = Decimal(product * 7 + place * 13) + Decimal(product) * CENT
                cogs, fees, ads = sold * 2 / 5, Decimal(product), Decimal((product * 5) % 17 + place)
                cogs = cogs.quantize(CENT)
                cm1 = sold - cogs - (CENT if product == 3 else 0)
                amounts = {
                    "Net revenue": sold, "Net units": Decimal(product % 5 + 1), "Net COGS": cogs, "CM1": cm1,
                    "FBA fees": fees, "CM2": cm1 - fees, "SEM costs": ads, "CM3": cm1 - fees - ads,
                }
                if product == 1 and code == "US":
                    amounts["Overheads"] = Decimal("12.34")
                for metric, value in amounts.items():
                    yield product, brand, category, code, month, metric, str(value)


@pytest.fixture
def filled_by():
    """The rows, published as a generation."""
    return lambda store: publish(
        store, list(_rows()), brands={1: "Alder", 2: "Birch", 3: "Cedar"},
        categories={5: "Toys", 6: "Games", 7: "Pens"},
        products=[{"id": number, "asin": f"B{number}", "name": f"Product {number}", "brand_id": number % 4 or None,
                   "category_id": number % 3 + 5} for number in range(1, 25)],
    )


def explained(store: Store, *, scope: tuple[int, ...] | None = None, **words: str) -> tuple[Explanation, Selection]:
    def question(reading):
        selectable = read_selectable(reading, today=TODAY, scope=scope)
        selection = parse_selection(
            words.items(), selectable, today=TODAY, words=WORDS_OF_A_FIGURE,
            also={ratio.name: ratio for ratio in ALSO_ASKED},
        )
        selection = dataclasses.replace(selection, scope=scope)
        return read_explanation(reading.connection, reading.generation, selection, selectable), selection

    return store.read(question)


def lines_of(found: Explanation) -> list[tuple]:
    return [(line.sign, line.figure.name, line.figure.value) for line in found.formula]


def test_a_margin_follows_from_the_one_before_and_says_what_its_parts_lack(store: Store) -> None:
    found, _ = explained(store, metric="CM2", **{"from": "2025-10", "to": "2025-10"}, asin="B3")
    assert found.product.name == "Product 3"
    assert lines_of(found) == [("", "CM1", Decimal("28.21")), ("−", "FBA fees", Decimal("3.00"))]
    assert found.figure.value == Decimal("25.21")
    lacking, _ = explained(store, metric="CM1", **{"from": "2025-10", "to": "2025-10"}, asin="B3")
    assert lines_of(lacking) == [
        ("", "Net revenue", Decimal("47.03")), ("−", "Net COGS", Decimal("18.81")),
        ("+", "Not in the parts of CM1", Decimal("-0.01")),
    ]
    assert lacking.figure.value == Decimal("28.21") and lacking.before == lacking.figure.year_before


def test_a_ratio_is_its_parts_by_its_base_and_the_operating_profit_is_worked_out(store: Store) -> None:
    ratio, _ = explained(store, metric="TACoS", period="12m", asin="B2")
    (_, ads, spent), (sign, base, sold) = lines_of(ratio)
    assert (ads, sign, base) == ("SEM costs", "÷", "Net revenue") and ratio.figure.value == spent / sold
    profit, _ = explained(store, metric="Operating profit", period="12m", brand="1")
    assert [(sign, name) for sign, name, _ in lines_of(profit)] == [("", "CM3"), ("−", "Overheads")]
    assert profit.figure.value == lines_of(profit)[0][2] - lines_of(profit)[1][2]
    price, _ = explained(store, metric="Average price", period="12m", brand="2")
    assert [(sign, name) for sign, name, _ in lines_of(price)] == [("", "Net revenue"), ("÷", "Net units")]


@pytest.mark.parametrize("metric", ["Net revenue", "CM3", "CM3 %", "Operating profit", "TACoS", "Average price"])
def test_parts_of_every_kind_add_up_to_the_figure(store: Store, metric: str) -> None:
    narrower = (
        {}, {"brand": "1,2"}, {"category": "6"}, {"marketplace": "DE,UK", "brand": "0"}, {"asin": "B5"},
        {"from": "2025-10", "to": "2025-11", "category": "5,7"},
    )
    for words in narrower:
        found, _ = explained(store, metric=metric, **({} if "from" in words else {"period": "12m"}), **words)
        assert found.parts, words
        for parts in found.parts:
            whole = sum((row.value for row in parts.rows), parts.others)
            assert abs(whole - found.figure.value) < Decimal("1e-20"), (words, parts.kind)
            if "%" not in metric and metric not in ("TACoS", "Average price"):
                assert whole == found.figure.value, (words, parts.kind)
            sizes = [abs(row.value) for row in parts.rows]
            assert parts.kind == "months" or sizes == sorted(sizes, reverse=True)


def test_the_rest_is_counted_and_what_is_all_of_it_is_no_part(store: Store) -> None:
    found, _ = explained(store, metric="CM3", period="12m")
    kinds = {parts.kind: parts for parts in found.parts}
    assert list(kinds) == ["products", "brands", "categories", "marketplaces", "months"]
    assert (len(kinds["products"].rows), kinds["products"].others_count) == (MOST, 24 - MOST)
    assert (len(kinds["brands"].rows), kinds["brands"].others_count, kinds["brands"].others) == (4, 0, 0)
    one, _ = explained(store, metric="CM3", period="12m", asin="B3")
    assert [parts.kind for parts in one.parts] == ["months"]


def test_a_limited_reader_is_told_of_their_brands_alone(store: Store) -> None:
    found, _ = explained(store, scope=(1,), metric="Net revenue", period="12m")
    whole, _ = explained(store, metric="Net revenue", period="12m", brand="1")
    assert found.figure == whole.figure
    assert {row.name for parts in found.parts if parts.kind == "products" for row in parts.rows} == {
        f"Product {number}" for number in range(1, 25, 4)
    }
    assert "brands" not in {parts.kind for parts in found.parts}
    assert explained(store, scope=(1,), metric="Net revenue", period="12m", asin="B2")[0] is None

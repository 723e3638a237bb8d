"""A generation tells of unit costs, and for which net revenue there is none: only where somebody counts with them."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.queries.catalog import read_whole_list
from database.queries.choices import read_selectable
from database.queries.product import find_product
from database.queries.unit_costs import CostCover, read_costs, read_cover
from database.summaries.refresh import refresh
from domain.listing import UNCOSTED, Listing
from domain.selection import parse_selection

TODAY = datetime.date(2025, 6, 15)
FACTS = """asin,brand,category,marketplace,metric,month,value
B0COST0001,Acme,,US,Net revenue,2025-01,100
B0COST0001,Acme,,US,Net units,2025-01,10
B0COST0001,Acme,,US,Net revenue,2025-02,200
B0COST0002,Acme,,DE,Net revenue,2025-01,50
B0COST0002,Acme,,DE,Net units,2025-01,5
B0COST0003,Birch,,US,Net revenue,2025-01,30
B0COST0003,Birch,,US,Net COGS,2025-01,10
"""
LATER = """asin,brand,category,marketplace,metric,month,value
B0COST0002,Acme,,DE,Net revenue,2025-03,7
"""
COSTS = "asin,marketplace,valid from,unit cost\nB0COST0001,,2025-02,4.5\nB0COST0001,US,2025-03,0.0125\n"


@pytest.fixture
def take(store, tmp_path: Path):
    def take_text(text: str, name: str):
        path = tmp_path / name
        path.write_text(text)
        with store.lock("test"):
            return import_file(store, path, ImportOptions())

    return take_text


def covered(store, query: str = "from=2025-01&to=2025-02", scope: tuple[int, ...] | None = None) -> CostCover:
    def ask(reading):
        selectable = read_selectable(reading, today=TODAY)
        pairs = [tuple(part.split("=")) for part in query.split("&")]
        selection = parse_selection(pairs, selectable, today=TODAY)
        selection = dataclasses.replace(selection, scope=scope)
        return read_cover(reading.connection, reading.generation.generation, selection)

    return store.read(ask)


def knows_costs(store) -> bool:
    return store.read(lambda reading: read_selectable(reading, today=TODAY).knows_costs)


def listed(store) -> list[str]:
    return [row.asin for row in store.read(lambda reading: read_whole_list(reading.connection, Listing(UNCOSTED)))]


def test_revenue_without_a_cost_is_told_by_month_and_follows_each_import_and_its_undo(store, take):
    take(FACTS, "facts.csv")
    refresh(store)
    assert (knows_costs(store), covered(store), listed(store)) == (False, CostCover(Decimal(0), Decimal(0), 0), [])

    told = take(COSTS, "costs.csv")
    refresh(store)
    assert knows_costs(store)
    # Of February's revenue the cost is known, though nobody knows how many pieces it was.
    assert covered(store) == CostCover(Decimal(380), Decimal(150), 2)
    assert covered(store).share == Decimal(230) / Decimal(380)
    assert covered(store, "from=2025-02&to=2025-02").products == 0
    assert covered(store, "from=2025-01&to=2025-02&marketplace=DE") == CostCover(Decimal(50), Decimal(50), 1)
    brands = store.read(lambda reading: read_selectable(reading, today=TODAY)).brands
    products = {name: covered(store, scope=(number,)).products for number, name in brands.items()}
    assert products == {"Acme": 2, "Birch": 0}
    assert listed(store) == ["B0COST0001", "B0COST0002"]

    product = store.read(lambda reading: find_product(reading.connection, "B0COST0001"))
    found = store.read(lambda reading: read_costs(reading.connection, reading.generation.generation, product.key))
    assert [(f"{cost.valid_from:%Y-%m}", cost.marketplace, cost.words, cost.import_id) for cost in found] == [
        ("2025-03", "US", "0.0125", told.import_id), ("2025-02", "", "4.50", told.import_id),
    ]

    # A month that is not rebuilt keeps what it had.
    take(LATER, "later.csv")
    refresh(store)
    assert covered(store, "from=2025-01&to=2025-03") == CostCover(Decimal(387), Decimal(157), 2)

    with store.lock("test"):
        undo_import(store, told.import_id)
    refresh(store)
    assert (knows_costs(store), listed(store)) == (False, [])


def test_more_returns_than_sales_have_no_share():
    assert CostCover(Decimal(-5), Decimal(1), 1).share is None
    assert CostCover(Decimal(10), Decimal(-1), 1).share is None

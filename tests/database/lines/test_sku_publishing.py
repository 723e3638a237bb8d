"""A generation knows SKUs, so that a search finds the product of one."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database import schema
from database.queries.search import find_products
from database.summaries.refresh import RefreshOptions, refresh
from tests.facts import add_brands, add_facts, add_products


def test_a_search_finds_the_product_that_an_sku_was_last_told_to_be(store):
    add_brands(store, ("Alder", None, None), ("Birch", None, None))
    add_products(store, ("B1", 1, None), ("B2", 2, None), ("MUG-1", 1, None))
    add_facts(store, [("B1", "US", "CM3", "2025-01", "1.00"), ("B2", "US", "CM3", "2025-01", "2.00")])
    told = [("MUG-1", "", "B1", 1), ("MUG-1", "", "B2", 2), ("MUG-10", "US", "B1", 1), ("GONE", "", "B9", 1)]
    with store.facts() as connection:
        connection.execute(sa.insert(schema.sku_asin), [
            {"sku": sku, "marketplace": marketplace, "asin": asin, "import_id": number,
             "learned_at": datetime.datetime(2025, 1, number)} for sku, marketplace, asin, number in told
        ])
        connection.commit()
    for _ in range(2):
        refresh(store, RefreshOptions(full=True))

    def found(text, scope=None):
        return [(product.asin, product.sku) for product in store.read(
            lambda reading: find_products(reading, text, scope=scope, limit=8)
        )]

    # The product of that SKU, then the one whose ASIN it is, then those of longer ones.
    assert found("mug-1") == [("B2", "MUG-1"), ("MUG-1", ""), ("B1", "MUG-10")]
    assert found("m") == [("MUG-1", "")]
    assert found("gone") == found("%") == []
    assert found("mug-1", scope=(1,)) == [("MUG-1", ""), ("B1", "MUG-10")]
    assert found("mug-1", scope=()) == []

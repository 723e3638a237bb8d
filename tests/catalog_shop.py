"""A shop whose catalogue is half sorted in, refreshed, for tests of what lists and changes it."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.summaries.refresh import refresh
from tests.facts import add_brands, add_categories, add_facts, add_products, run_on_facts

NAMES = {"B1": ("Red brick", "Active"), "B2": ("Red plate", None), "B3": ("Blue tile", None),
         "B4": ("Loose 100% brick", "Active")}


def open_shop(store: Store) -> None:
    """Three categories, three brands (two without a category), five products (two without a brand)."""
    add_categories(store, "Toys", "Games", "Empty")
    add_brands(store, ("Alder", 1, "own"), ("birch", None, None), ("Cedar", None, "stock"))
    add_products(store, ("B1", 1, None), ("B2", 1, 2), ("B3", 2, None), ("B4", None, 2), ("B5", None, None))
    for code, (name, status) in NAMES.items():
        run_on_facts(store, sa.update(schema.asin).where(schema.asin.c.asin == code).values(name=name, status=status))
    add_facts(store, [
        ("B1", "US", "Net revenue", "2024-01", "10.00"), ("B3", "US", "Net revenue", "2024-01", "7.00"),
        ("B4", "US", "Net revenue", "2024-02", "4.00"),
    ])
    refresh(store)


def places(store: Store) -> dict[str, tuple[str | None, str | None]]:
    """ASIN -> the names of its brand and of its own category, as they are stored."""
    asin, brand, category = schema.asin, schema.brand, schema.category
    query = (
        sa.select(asin.c.asin, brand.c.brand, category.c.category)
        .select_from(
            asin.outerjoin(brand, brand.c.id == asin.c.brand_id)
            .outerjoin(category, category.c.id == asin.c.category_id)
        )
        .order_by(asin.c.asin)
    )
    with store.facts() as connection:
        return {row.asin: (row.brand, row.category) for row in connection.execute(query)}

"""Demo brands and products go once no published figure names them, and real ones stay."""

import sqlalchemy as sa

from database import schema
from database.engines.base import utc_now
from database.summaries.refresh import RefreshOptions, refresh
from domain.months import parse_month
from tests.facts import add_brands, add_categories, add_facts, add_products, announce, run_on_facts


def names(store) -> list[list[str]]:
    with store.facts() as connection:
        return [
            list(connection.execute(sa.select(column).order_by(column)).scalars())
            for column in (schema.category.c.category, schema.brand.c.brand, schema.asin.c.asin)
        ]


def test_dimensions_of_a_removed_demo_go_when_no_kept_generation_names_them(store):
    add_categories(store, "Demo category", "Real category")
    add_brands(store, ("Demo brand", 1, None), ("Real brand", 2, None))
    add_products(store, ("DEMO1", 1, None), ("REAL1", 2, None))
    add_facts(store, [("DEMO1", "US", "CM3", "2024-01", "1.00"), ("REAL1", "US", "CM3", "2024-02", "2.00")])
    for table in (schema.category, schema.brand, schema.asin):
        run_on_facts(store, sa.update(table).where(table.c.id == 1).values(import_id=1))
    run_on_facts(store, sa.insert(schema.financials_import).values(
        id=1, source="demo", format="demo", file_name="demo", sha256="0" * 64, mode="append", status="done",
        currencies="", facts=1, value=1, replaced_facts=0, created_at=utc_now()))
    refresh(store)
    assert names(store) == [["Demo category", "Real category"], ["Demo brand", "Real brand"], ["DEMO1", "REAL1"]]

    run_on_facts(store, sa.delete(schema.financials).where(schema.financials.c.asin_id == 1))
    run_on_facts(store, sa.update(schema.financials_import).values(status="removed"))
    announce(store, [parse_month("2024-01")], cause="demo")
    refresh(store)
    # On a shared schema the generation before still names them until it, too, is replaced.
    refresh(store, RefreshOptions(full=True))
    refresh(store, RefreshOptions(full=True))
    assert names(store) == [["Real category"], ["Real brand"], ["REAL1"]]


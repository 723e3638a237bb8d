"""Demo data taken in, on both engines: same seed same facts, a P&L that follows from its parts."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

import duckdb
import pytest
import sqlalchemy as sa

from database import schema
from database.demo import DemoShape, load_demo
from database.demo.catalog import make_brands, make_listings, make_products
from database.demo.facts import STAGED, stage_facts
from domain.errors import LockBusy, Refused
from domain.metrics import ADVERTISING, CM1, CM2, CM3, NET_COGS, NET_REVENUE, NET_UNITS, PLATFORM_FEES
from domain.moments import utc_now
from tests.database.engines.test_lock import another_holder

THROUGH = datetime.date(2026, 11, 21)
SMALL = DemoShape.of_size(30_000, seed=1, through=THROUGH)


def staged(shape: DemoShape, *, threads: int = 2) -> list[tuple]:
    """The facts of a shape, straight from the generator."""
    listings = make_listings(shape, make_products(shape, make_brands(shape)))
    with duckdb.connect(config={"threads": threads}) as scratch:
        stage_facts(scratch, shape, listings)
        return scratch.execute(
            f"SELECT asin, marketplace, metric, month, value FROM {STAGED} ORDER BY ALL"
        ).fetchall()


def stored(store) -> list[tuple]:
    """The facts of a store, in the same form."""
    fact, asin = schema.financials, schema.asin
    with store.facts() as connection:
        rows = connection.execute(
            sa.select(asin.c.asin, fact.c.marketplace, fact.c.metric, fact.c.month, fact.c.value)
            .join_from(fact, asin, asin.c.id == fact.c.asin_id)
        )
        return sorted(tuple(row) for row in rows)


def by_group(facts: list[tuple]) -> dict[tuple, dict[str, Decimal]]:
    """Product, marketplace and month -> metric -> value."""
    groups: dict[tuple, dict[str, Decimal]] = {}
    for asin, marketplace, metric, month, value in facts:
        figures = groups.setdefault((asin, marketplace, month), {})
        figures[metric] = figures.get(metric, Decimal(0)) + value
    return groups


def totals(facts: list[tuple]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for *_, metric, _, value in facts:
        sums[metric] = sums.get(metric, Decimal(0)) + value
    return sums


def assert_profit_follows(figures: dict[str, Decimal]) -> None:
    assert figures[CM1] == figures[NET_REVENUE] - figures[NET_COGS]
    assert figures[CM2] == figures[CM1] - sum(figures[name] for name in PLATFORM_FEES)
    assert figures[CM3] == figures[CM2] - sum(figures[name] for name in ADVERTISING)


# --- the figures


def test_the_same_seed_gives_the_same_facts_whatever_the_number_of_threads():
    assert staged(SMALL, threads=1) == staged(SMALL, threads=4)


def test_another_seed_gives_other_facts():
    assert staged(SMALL) != staged(dataclasses.replace(SMALL, seed=2))


def test_complete_months_do_not_depend_on_the_day():
    later = dataclasses.replace(SMALL, through=datetime.date(2026, 11, 28))
    month = datetime.date(2026, 11, 1)
    assert [row for row in staged(SMALL) if row[3] < month] == [row for row in staged(later) if row[3] < month]


def test_profit_follows_from_its_parts_to_the_cent_for_every_product_and_month():
    groups = by_group(staged(SMALL))
    assert len(groups) > 2_400
    for figures in groups.values():
        assert_profit_follows(figures)


def test_units_are_whole_and_at_least_one_and_prices_are_plausible():
    for figures in by_group(staged(SMALL)).values():
        assert figures[NET_UNITS] >= 1
        assert figures[NET_UNITS] == figures[NET_UNITS].to_integral_value()
        assert 5 <= figures[NET_REVENUE] / figures[NET_UNITS] <= 250


def test_the_shop_earns_believable_margins_and_has_loss_makers():
    facts = staged(DemoShape.of_size(200_000, seed=1, through=THROUGH))
    sums = totals(facts)
    assert Decimal("0.45") <= sums[CM1] / sums[NET_REVENUE] <= Decimal("0.65")
    assert Decimal("0.05") <= sums[CM3] / sums[NET_REVENUE] <= Decimal("0.25")
    profit: dict[str, Decimal] = {}
    for asin, _, metric, _, value in facts:
        if metric == CM3:
            profit[asin] = profit.get(asin, Decimal(0)) + value
    losing = sum(1 for value in profit.values() if value < 0)
    assert 0.03 <= losing / len(profit) <= 0.3


def test_the_year_has_its_seasons():
    facts = staged(DemoShape.of_size(200_000, seed=1, through=THROUGH))
    revenue: dict[str, Decimal] = {}
    for _, _, metric, month, value in facts:
        if metric == NET_REVENUE:
            revenue[f"{month:%Y-%m}"] = revenue.get(f"{month:%Y-%m}", Decimal(0)) + value
    assert revenue["2025-12"] > Decimal("1.2") * revenue["2025-10"]
    assert revenue["2026-07"] > revenue["2026-06"]
    assert revenue["2026-07"] > revenue["2026-08"]
    assert revenue["2026-10"] > revenue["2024-10"]
    assert len(revenue) == 37


@pytest.mark.parametrize("seed", [1, 2, 3, 99])
def test_the_number_of_facts_is_met_to_within_one_life(seed):
    shape = DemoShape.of_size(30_000, seed=seed, through=THROUGH)
    assert 30_000 <= len(staged(shape)) < 30_000 + 37 * 12


def test_facts_split_into_several_rows_add_up_to_the_same_figures():
    several = dataclasses.replace(SMALL, facts=SMALL.facts * 24, facts_per_group=24)
    rows = staged(several)
    assert len(rows) == 24 * len(staged(SMALL))
    assert by_group(rows) == by_group(staged(SMALL))


def test_a_cost_that_is_not_asked_for_is_nothing_in_the_profit():
    metrics = tuple(name for name in SMALL.metrics if name not in ("Marketing", "Other platform fees"))
    facts = staged(dataclasses.replace(SMALL, metrics=metrics))
    assert set(totals(facts)) == set(metrics)
    for figures in by_group(facts).values():
        assert_profit_follows({"Marketing": Decimal(0), "Other platform fees": Decimal(0), **figures})


# --- taken in


def test_a_store_holds_exactly_the_generated_facts(store):
    report = load_demo(store, SMALL)
    expected = staged(SMALL)
    assert stored(store) == expected
    assert (report.facts, report.source, report.format) == (len(expected), "demo", "demo")
    assert report.value == sum(row[-1] for row in expected)


def test_products_brands_and_categories_are_named_and_grouped(store):
    shape = DemoShape.of_size(40_000, seed=1, through=THROUGH)
    load_demo(store, shape)
    brands = make_brands(shape)
    products = make_products(shape, brands)
    category, brand, asin = schema.category, schema.brand, schema.asin
    with store.facts() as connection:
        found_brands = connection.execute(
            sa.select(brand.c.brand, category.c.category, brand.c.group, brand.c.import_id)
            .join_from(brand, category, category.c.id == brand.c.category_id, isouter=True)
        ).all()
        found_products = connection.execute(
            sa.select(asin.c.asin, asin.c.name, brand.c.brand, category.c.category, asin.c.status, asin.c.import_id)
            .join_from(asin, brand, brand.c.id == asin.c.brand_id, isouter=True)
            .join(category, category.c.id == asin.c.category_id, isouter=True)
        ).all()
    assert {tuple(row) for row in found_brands} == {(b.name, b.category, b.group, 1) for b in brands}
    assert {tuple(row) for row in found_products} == {
        (p.asin, p.name, p.brand.name if p.brand else None, p.own_category, p.status, 1) for p in products
    }


def test_the_import_and_the_ledger_are_written(store):
    load_demo(store, SMALL)
    with store.facts() as connection:
        imports = connection.execute(
            sa.select(*(schema.financials_import.c[name] for name in ("id", "source", "format", "file_name", "status")))
        ).all()
        months = connection.execute(
            sa.select(schema.changed_month.c.month).order_by(schema.changed_month.c.month)
        ).scalars().all()
    assert [tuple(row) for row in imports] == [(1, "demo", "demo", "demo data, seed 1", "done")]
    assert months == SMALL.calendar()


def test_a_second_demo_is_refused_and_says_what_to_do(store):
    load_demo(store, SMALL)
    before = stored(store)
    with pytest.raises(Refused) as caught:
        load_demo(store, dataclasses.replace(SMALL, seed=2))
    assert str(caught.value) == "demo data is in already; to make it anew, first run: flask remove-demo"
    assert caught.value.exit_code == 4
    assert stored(store) == before


def test_demo_data_is_refused_beside_a_real_import(store):
    with store.facts() as connection:
        connection.execute(
            sa.insert(schema.financials_import).values(
                id=3, source="wide", format="wide", file_name="sales.csv", sha256="0" * 64, mode="replace",
                status="done", currencies="", facts=0, value=0, replaced_facts=0, created_at=utc_now(),
            )
        )
        connection.commit()
    with pytest.raises(Refused) as caught:
        load_demo(store, SMALL)
    assert str(caught.value) == (
        "facts are in already (import 3, sales.csv); demo data never mixes with your own: "
        "name another path or database in [database] to try it"
    )
    assert stored(store) == []


def test_demo_data_is_refused_beside_facts_that_no_import_brought(store):
    store.facts_room.prepare_months([datetime.date(2024, 1, 1)])
    with store.facts() as connection:
        connection.execute(
            sa.insert(schema.financials).values(
                id=1, asin_id=1, marketplace="US", metric="Net revenue", month=datetime.date(2024, 1, 1), value=1
            )
        )
        connection.commit()
    with pytest.raises(Refused, match="^table financials holds facts already; demo data never mixes"):
        load_demo(store, SMALL)


def test_products_that_were_there_keep_what_they_say(store):
    product = make_products(SMALL, make_brands(SMALL))[0]
    with store.facts() as connection:
        connection.execute(sa.insert(schema.asin).values(id=1, asin=product.asin, name="Mine", status="Mine"))
        connection.execute(sa.insert(schema.category).values(id=5, category="Toys & Games"))
        connection.commit()
    load_demo(store, SMALL)
    with store.facts() as connection:
        row = connection.execute(
            sa.select(schema.asin.c.name, schema.asin.c.brand_id, schema.asin.c.status).where(schema.asin.c.id == 1)
        ).one()
        toys = connection.execute(sa.select(schema.category.c.id).where(schema.category.c.category == "Toys & Games"))
        assert toys.scalars().all() == [5]
    assert tuple(row) == ("Mine", None, "Mine")
    assert stored(store) == staged(SMALL)


def test_demo_data_is_refused_while_an_import_is_running(store, settings):
    with another_holder(settings), pytest.raises(LockBusy, match="the import of sales.csv is running"):
        load_demo(store, SMALL)
    assert stored(store) == []

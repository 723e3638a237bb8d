"""A generation tells which totals of past months it replaced, and by what."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.demo import DemoShape, load_demo
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from database.summaries.restatements import restatement_words, restatements
from domain.moments import utc_now
from domain.months import add_months, format_month, parse_month
from tests.facts import add_brands, add_facts, add_products, run_on_facts


def fill(store) -> None:
    """Two brands with one fact each in January 2024, refreshed."""
    add_brands(store, ("Alder", None, None), ("Birch", None, None))
    add_products(store, ("B1", 1, None), ("B2", 2, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "10.00"), ("B2", "US", "CM3", "2024-01", "5.00")])
    refresh(store)


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def shop(store):
    return store


def told(store, **asked) -> list[tuple]:
    found = store.read(lambda reading: restatements(reading, **asked))
    return [(c.generation, format_month(c.month), c.metric, c.brand_id, c.old_value, c.new_value) for c in found]


def test_the_first_generation_restates_nothing(shop):
    assert told(shop) == []


def test_a_corrected_month_is_told_in_total_and_by_brand(shop):
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "-3.50")])
    refresh(shop)
    assert told(shop) == [(2, "2024-01", "CM3", None, Decimal("15.00"), Decimal("11.50"))]
    assert told(shop, brands=[1, 2]) == [(2, "2024-01", "CM3", 1, Decimal("10.00"), Decimal("6.50"))]
    assert told(shop, brands=[2]) == []


def test_the_words_name_import_and_file(shop):
    run_on_facts(shop, sa.insert(schema.financials_import).values(
        id=41, source="long", format="long", file_name="correction.csv", sha256="0" * 64, mode="append", status="done",
        currencies="", facts=1, value=1, replaced_facts=0, created_at=utc_now()))
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1289.00")])
    run_on_facts(shop, sa.update(schema.changed_month).where(schema.changed_month.c.id == 2).values(import_id=41))
    refresh(shop)
    (change,) = shop.read(restatements)
    assert restatement_words(change) == (
        f"January 2024 CM3 restated from 15.00 to 1,304.00 on {utc_now():%Y-%m-%d} by import 41 (correction.csv)"
    )


@pytest.mark.parametrize("filled_by", [None], ids=["empty"])
def test_demo_data_that_goes_is_no_correction_and_what_comes_after_it_is_one(store, tmp_path):
    load_demo(store, DemoShape.of_size(2000, seed=1, through=datetime.date(2026, 11, 21)))
    refresh(store)
    for value in ("303.00", "300.00"):
        file = tmp_path / f"{value}.csv"
        row = f"A1,Acme,Toys,US,CM3,2025-01,{value}"
        file.write_text(f"asin,brand,category,marketplace,metric,month,value\n{row}\n", encoding="utf-8")
        with store.lock("a test"):
            import_file(store, file, ImportOptions())
        refresh(store)
    assert told(store) == [(3, "2025-01", "CM3", None, Decimal("303.00"), Decimal("300.00"))]


def test_a_new_month_and_the_month_in_progress_are_not_restated(shop):
    this_month = format_month(utc_now().date().replace(day=1))
    add_facts(shop, [("B1", "US", "CM3", this_month, "1.00"), ("B1", "US", "CM3", "2023-12", "2.00")])
    refresh(shop)
    add_facts(shop, [("B1", "US", "CM3", this_month, "5.00")])
    refresh(shop)
    assert told(shop) == []


def test_a_month_that_was_complete_when_it_was_published_is_restated(shop):
    last_month = format_month(add_months(utc_now().date().replace(day=1), -1))
    add_facts(shop, [("B1", "US", "CM3", last_month, "1.00")])
    refresh(shop)
    add_facts(shop, [("B1", "US", "CM3", last_month, "5.00")])
    refresh(shop)
    assert told(shop) == [(3, last_month, "CM3", None, Decimal("1.00"), Decimal("6.00"))]


def test_later_generations_remember_earlier_restatements(shop):
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(shop)
    add_facts(shop, [("B2", "US", "CM3", "2024-01", "2.00")])
    refresh(shop)
    refresh(shop, RefreshOptions(full=True))
    assert [row[0] for row in told(shop)] == [3, 2]
    assert told(shop, months=(parse_month("2024-02"), parse_month("2024-03"))) == []
    assert told(shop, metric="CM2") == []
    assert len(told(shop, limit=1)) == 1


def test_what_was_rolled_back_was_not_restated(shop):
    add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(shop)
    roll_back(shop)
    assert told(shop) == []
    refresh(shop)
    assert told(shop) == [(3, "2024-01", "CM3", None, Decimal("15.00"), Decimal("16.00"))]


def test_a_moved_product_restates_brands_and_not_the_total(shop):
    run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.id == 2).values(brand_id=1))
    refresh(shop)
    assert told(shop) == []
    assert told(shop, brands=[1, 2]) == [
        (2, "2024-01", "CM3", 1, Decimal("10.00"), Decimal("15.00")),
        (2, "2024-01", "CM3", 2, Decimal("5.00"), Decimal("0.00")),
    ]


def test_a_change_by_another_program_is_told_as_that(shop):
    run_on_facts(shop, sa.update(schema.financials).where(schema.financials.c.id == 1).values(value=11))
    refresh(shop, RefreshOptions(full=True))
    (change,) = shop.read(restatements)
    assert change.cause == "another program"
    assert isinstance(change.published_at, datetime.datetime)

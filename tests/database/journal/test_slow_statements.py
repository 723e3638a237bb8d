"""Slow statements of pages are one row each, whatever was chosen, with the plan of their slowest time; and few."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from database import schema
from database.doctor.statements import judge_served
from database.journal.slow_statements import MOST, Slow, explain_command, read_slowest, record
from database.summaries.refresh import refresh
from domain.findings import Limits
from domain.moments import utc_now
from tests.facts import add_brands, add_facts, add_products

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
TABLE = "financials_summary_monthly_brand"


def slow(page: str = "dashboard.show", seconds: float = 0.3, *, brands: str = "1", **values) -> Slow:
    text = f"SELECT month, total_value FROM {TABLE} WHERE brand_id IN ({brands})"
    return Slow(page, f"/dashboard?brand={brands.replace(' ', '')}", text, (), seconds, **values)


def recorded(store) -> list:
    with store.application_reading.connect() as connection:
        return read_slowest(connection)


def test_a_statement_is_one_row_for_all_selections_with_its_slowest_time_and_plan(store):
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.50")])
    refresh(store)
    for found in (slow(brands="1, 2"), slow(brands="1, 2, 3", seconds=0.75, times=4), slow(brands="7, 8")):
        record(store, found)
    record(store, slow("products.show", 0.1))
    first, second = recorded(store)
    assert (first.page, first.address, first.milliseconds, first.times) == (
        "dashboard.show", "/dashboard?brand=1,2,3", 750, 6
    )
    assert first.statement.endswith("IN (1, 2, 3)") and TABLE in first.plan[0] and "rows looked at" in first.plan[0]
    assert (second.page, second.milliseconds, second.times) == ("products.show", 100, 1)
    (told,) = judge_served(store, Limits(), now=utc_now())
    assert (told.check, told.finding) == ("page-was-slow", "A statement of /dashboard?brand=1,2,3 took 750 ms")
    assert told.evidence.startswith("6 times slow since ") and TABLE in told.evidence
    assert told.advice.startswith("flask explain dashboard brand=1,2,3 tells")
    assert list(judge_served(store, Limits(), now=utc_now() + datetime.timedelta(days=2))) == []


@EMBEDDED
def test_a_statement_that_cannot_be_run_again_is_written_down_without_a_plan(store):
    record(store, slow())
    (found,) = recorded(store)
    assert (found.milliseconds, found.plan) == (300, ())


@EMBEDDED
def test_a_hundred_are_kept_and_none_older_than_a_month(store):
    table = schema.slow_statement
    for number in range(MOST + 5):
        record(store, slow(f"page {number:03}"))
        if number == 50:
            with store.application.begin() as connection:
                old = utc_now() - datetime.timedelta(days=40)
                connection.execute(sa.update(table).where(table.c.page < "page 003").values(last_seen_at=old))
    pages = sorted(found.page for found in recorded(store))
    assert pages == [f"page {number:03}" for number in range(5, MOST + 5)]


def test_the_command_for_an_address_quotes_what_a_shell_would_take_apart():
    assert explain_command("/") == "flask explain dashboard"
    assert explain_command("/products?brand=3&period=12m") == "flask explain products 'brand=3&period=12m'"

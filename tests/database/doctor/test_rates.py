"""Rates that are missing, waiting or of half a month, and currencies that another program wrote into old facts."""

import datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.doctor.rates import judge_rates
from database.rates.changes import Asked, change_rates
from database.summaries.refresh import refresh
from domain.findings import SERIOUS
from domain.moments import utc_now
from domain.months import parse_month
from tests.facts import add_brands, add_facts, add_products, run_on_facts

MARCH = (parse_month("2025-03"), "GBP")


@pytest.fixture
def filled_by():
    def fill(store):
        add_brands(store, ("Alder", None, None))
        add_products(store, ("B1", 1, None))
        add_facts(store, [("B1", "UK", "Net revenue", "2025-03", "10.00")], currency="GBP")
        add_facts(store, [("B1", "US", "Net revenue", "2025-04", "10.00")])
        refresh(store)
    return fill


def judged(store, now=None):
    return {found.check: found.evidence for found in judge_rates(store, now=now or utc_now())}


def tell(store, rate, source="bank.csv"):
    asked = Asked(source, {MARCH: Decimal(rate)}, {MARCH: source})
    change_rates(store, asked, dry_run=False, force=False, by="ann")


def test_a_missing_rate_is_told_then_one_that_waits_then_one_of_half_a_month(store):
    assert judged(store) == {"rates-missing": "without a rate: GBP 2025-03"}
    tell(store, "1.3", "bank.csv (to 2025-03-14)")
    assert judged(store) == {
        "rates-waiting": "GBP 2025-03 from none to 1.3", "rates-so-far": "GBP 2025-03",
    }
    assert "rates-so-far" not in judged(store, datetime.datetime(2025, 3, 20))
    refresh(store)
    assert judged(store) == {"rates-so-far": "GBP 2025-03"}
    tell(store, "1.3")
    assert judged(store) == {}


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_a_currency_that_was_written_into_an_old_fact_is_found_and_noted(store):
    tell(store, "1.3")
    facts = schema.financials
    run_on_facts(store, sa.update(facts).where(facts.c.marketplace == "US").values(currency="GBP"))
    found = next(each for each in judge_rates(store, now=utc_now()) if each.check == "currencies-unnoted")
    assert found.severity == SERIOUS and found.evidence.startswith("GBP 2025-04")
    with store.lock("doctor --fix"):
        assert found.cure() == "noted GBP 2025-04; the next refresh converts them"
    assert [row.reason for row in refresh(store).left_out] == ["no rate of GBP"]
    add_facts(store, [("B1", "UK", "Net revenue", "2025-05", "1.00")], currency="GBP")
    assert set(judged(store)) == {"rates-missing"}

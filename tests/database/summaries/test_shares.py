"""Costs of nobody, shared out among what was sold in the same marketplace and month."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.summaries import shares
from database.summaries.refresh import RefreshOptions, refresh
from database.summaries.restatements import restatements
from domain.errors import Refused
from domain.months import parse_month
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows, shares_of, spread_by

ASIN = schema.summary_asin


def fill(store):
    add_categories(store, "Garden")
    add_brands(store, ("Alder", 1, None), ("Birch", None, None), ("Surplus", None, "stock"))
    add_products(
        store, ("B1", 1, None), ("B2", 1, None), ("B3", 2, None), ("ACCOUNT", None, None), ("B5", 3, None),
    )
    add_facts(store, [
        ("B1", "US", "Net revenue", "2024-01", "10.00"), ("B1", "US", "Net units", "2024-01", "1"),
        ("B2", "US", "Net revenue", "2024-01", "10.00"), ("B2", "US", "Net units", "2024-01", "2"),
        ("B3", "US", "Net revenue", "2024-01", "10.00"), ("B3", "US", "Net units", "2024-01", "5"),
        ("B5", "US", "Net revenue", "2024-01", "99.00"),
        ("B1", "DE", "Net revenue", "2024-01", "-4.00"),
        ("B1", "US", "CM2", "2024-01", "8.00"), ("B1", "US", "CM3", "2024-01", "7.00"),
        ("B2", "US", "CM3", "2024-01", "6.00"),
        ("ACCOUNT", "US", "Other platform fees", "2024-01", "1.00"), ("ACCOUNT", "US", "SEM costs", "2024-01", "-0.50"),
        ("ACCOUNT", "US", "CM2", "2024-01", "-1.00"), ("ACCOUNT", "US", "CM3", "2024-01", "-0.50"),
        ("ACCOUNT", "US", "Net revenue", "2024-01", "3.00"),
        ("ACCOUNT", "DE", "Other platform fees", "2024-01", "7.00"),
        ("B1", "US", "Net revenue", "2024-02", "1.00"),
    ])


@pytest.fixture
def filled_by():
    return fill


def test_costs_are_shared_by_net_revenue_to_the_cent_and_taken_off_nobody(store):
    store = spread_by(store, "revenue")
    refresh(store)
    assert shares_of(store) == {
        "Other platform fees": {"B1 US": "0.34", "B2 US": "0.33", "B3 US": "0.33", "ACCOUNT US": "-1.00"},
        "SEM costs": {"B1 US": "-0.17", "B2 US": "-0.17", "B3 US": "-0.16", "ACCOUNT US": "0.50"},
        "CM2": {"B1 US": "-0.34", "ACCOUNT US": "0.34"},
        "CM3": {"B1 US": "-0.17", "B2 US": "-0.16", "ACCOUNT US": "0.33"},
    }
    # Where nothing was sold they stay, and an excluded brand bears nothing.
    for table in (schema.summary_brand, schema.summary_category, schema.summary_marketplace):
        sums = store.read(lambda reading, table=table: reading.connection.execute(
            sa.select(table.c.metric, sa.func.sum(table.c.total_value))
            .where(table.c.metric.like("Shared costs: %")).group_by(table.c.metric)
        ).all())
        assert {Decimal(value) for _, value in sums} == {Decimal(0)}
    assert not any("Shared" in change.metric for change in store.read(restatements))


def test_costs_are_shared_by_units(store):
    store = spread_by(store, "units")
    refresh(store)
    assert shares_of(store)["Other platform fees"] == {
        "B1 US": "0.13", "B2 US": "0.25", "B3 US": "0.62", "ACCOUNT US": "-1.00",      # 12.5, 25, 62.5
    }


def test_another_setting_builds_every_month_anew(store):
    refresh(store)
    assert shares_of(store) == {}
    without = all_summary_rows(store)
    with_shares = spread_by(store, "revenue")
    assert len(refresh(with_shares).months) == 2
    assert shares_of(with_shares)
    assert refresh(with_shares).status == "nothing to do"
    incremental = all_summary_rows(with_shares)
    refresh(with_shares, RefreshOptions(full=True))
    assert all_summary_rows(with_shares) == incremental
    refresh(store)
    assert all_summary_rows(store) == without


def test_a_month_alone_does_not_settle_another_setting(store):
    refresh(store)
    store = spread_by(store, "revenue")
    refresh(store, RefreshOptions(months=(parse_month("2024-02"),)))
    assert shares_of(store) == {}
    refresh(store)
    assert shares_of(store)


def test_large_amounts_are_shared_to_the_cent(store):
    add_facts(store, [("B1", "UK", "Net revenue", "2024-01", "9999999999999.99"),
                      ("B2", "UK", "Net revenue", "2024-01", "0.01"), ("B3", "UK", "Net revenue", "2024-01", "0.01"),
                      ("ACCOUNT", "UK", "FBA fees", "2024-01", "9999999999999.97")])
    store = spread_by(store, "revenue")
    refresh(store)
    assert shares_of(store)["FBA fees"] == {
        "B1 UK": "9999999999999.95", "B2 UK": "0.01", "B3 UK": "0.01", "ACCOUNT UK": "-9999999999999.97",
    }


@pytest.mark.parametrize("where", ["_of_products", "_off_accounts", "_margins_of_products", "_margins_of_nobody"])
def test_verification_refuses_wrong_shares(store, monkeypatch, where):
    store, made = spread_by(store, "revenue"), getattr(shares, where)

    def wrong(*arguments):
        rows = made(*arguments).subquery("rows")
        return sa.select(*(
            (column + 1).label("value") if column.name == "value" else column for column in rows.columns
        ))

    monkeypatch.setattr(shares, where, wrong)
    with pytest.raises(Refused, match="not what the facts give"):
        refresh(store)

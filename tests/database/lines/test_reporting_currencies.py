"""The seller's reports in each of three reporting currencies: figures counted from what happened in local money,
converted here one by one, with margins from converted parts."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.summaries.refresh import refresh
from domain.moments import utc_now
from tests.database.lines.conftest import expected, files

OWN = {"US": "USD", "UK": "GBP", "DE": "EUR"}
PER_EURO = {
    "2024-12": ("1.0479", "0.8278"), "2025-01": ("1.0354", "0.8390"), "2025-02": ("1.0413", "0.8311"),
    "2025-03": ("1.0807", "0.8370"), "2025-04": ("1.1214", "0.8540"),
}
"""Month -> what a euro is in US dollars and in pounds."""
COUNTED = ("Net units", "Gross units", "Returned units")
MARGINS = {
    "CM1": (("Net revenue",), ("Net COGS",)),
    "CM2": (("CM1", "Reimbursements"),
            ("Referral fees", "FBA fees", "Other platform fees", "Unsorted Amazon amounts")),
    "CM3": (("CM2",), ("Marketing", "SEM costs", "Promo fees")),
}


def rate(currency: str, base: str, month: str) -> Decimal:
    """What one unit of a currency is in the reporting one, at ten decimals."""
    dollars, pounds = map(Decimal, PER_EURO[month])
    per_euro = {"EUR": Decimal(1), "USD": dollars, "GBP": pounds}
    return (per_euro[base] / per_euro[currency]).quantize(Decimal("1E-10"), ROUND_HALF_EVEN)


def in_reporting_currency(local: dict[str, Decimal], base: str) -> dict[str, Decimal]:
    """`asin|marketplace|month|metric` -> amount: each of the figures converted, margins made of converted ones."""
    cells: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for key, value in local.items():
        cell, _, metric = key.rpartition("|")
        _, marketplace, month = cell.split("|")
        if metric not in COUNTED:
            value *= rate(OWN[marketplace], base, month) if OWN[marketplace] != base else 1
        cells[cell][metric] = value.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    for sums in cells.values():
        for margin, (plus, minus) in MARGINS.items():
            if any(name in sums for name in (*plus, *minus)):
                sums[margin] = sum((sums.get(name, Decimal(0)) for name in plus), Decimal(0)) - sum(
                    (sums.get(name, Decimal(0)) for name in minus), Decimal(0)
                )
    return {f"{cell}|{metric}": value for cell, sums in cells.items() for metric, value in sums.items() if value}


@pytest.mark.parametrize("base", ["USD", "GBP", "EUR"])
def test_totals_in_a_reporting_currency_are_those_computed_by_hand(store, base):
    dashboard = dataclasses.replace(store.settings.dashboard, currency=base)
    store = dataclasses.replace(store, settings=dataclasses.replace(store.settings, dashboard=dashboard))
    tell_rates(store, base)
    with store.lock("a test"):
        for path in files("listings.txt", "costs.csv", "settlement_*.txt"):
            import_file(store, path, ImportOptions())
    result = refresh(store)
    assert result.left_out == ()
    assert published(store) == in_reporting_currency(expected("payments"), base)


def tell_rates(store, base: str) -> None:
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.exchange_rate), [
            {"base": base, "currency": currency, "month": datetime.date.fromisoformat(f"{month}-01"),
             "rate": f"{rate(currency, base, month):f}", "source": "by hand", "changed_by": "ann",
             "changed_at": utc_now()}
            for month in PER_EURO for currency in OWN.values() if currency != base
        ])


def published(store) -> dict[str, Decimal]:
    table, product = schema.summary_asin, schema.asin
    query = sa.select(product.c.asin, table.c.marketplace, table.c.month, table.c.metric, table.c.value).join_from(
        table, product, product.c.id == table.c.asin_id
    )
    rows = store.read(lambda reading: reading.connection.execute(query).all())
    return {
        f"{asin}|{marketplace}|{month:%Y-%m}|{metric}": value
        for asin, marketplace, month, metric, value in rows if value
    }

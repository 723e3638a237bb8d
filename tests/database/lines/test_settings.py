"""Facts follow from lines by the settings of now: others than those they were derived by derive them anew."""

from __future__ import annotations

import dataclasses

from database.store import open_store
from database.summaries.refresh import refresh
from tests.database.lines.conftest import figures, files, take_all


def test_a_refresh_under_other_settings_gives_what_imports_under_them_give(seller):
    take_all(seller, files("orders_us_*", "settlement_us_[1-3]*"))
    refresh(seller)
    by_payments = figures(seller)
    assert refresh(seller).notes == ()
    other = open_store(dataclasses.replace(
        seller.settings, amazon=dataclasses.replace(seller.settings.amazon, sales_from="orders")
    ))
    try:
        result = refresh(other)
        assert "[amazon] sales_from = orders, prices_include_tax = auto: figures of 2025-01" in " ".join(result.notes)
        by_orders = figures(other)
        assert by_orders != by_payments
        # Taken in under these settings, the files give the same.
        take_all(other, files("settlement_us_4*"))
        assert refresh(other).notes == ()
        settings = dataclasses.asdict(other.settings.amazon)
        assert settings["sales_from"] == "orders"
    finally:
        other.close()
    again = refresh(seller)
    assert "sales_from = payments" in " ".join(again.notes)

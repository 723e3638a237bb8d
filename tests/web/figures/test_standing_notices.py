"""Pages say when the last refresh failed or is too long ago, and nothing when all is well."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from database import schema
from database.journal.run_log import FAILED, INCREMENTAL, RunLog
from database.summaries.refresh import refresh
from domain.moments import utc_now
from domain.months import moment_words
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import text_of

PAGES = ("/dashboard", "/profitability", "/categories", "/brands/1", "/products", "/products/B1", "/catalog")
"""Every page with figures, and the one that the figures' places come from."""


@pytest.fixture
def reader(store, signed_in) -> FlaskClient:
    """A reader of a database that was refreshed just now."""
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "100.00")])
    refresh(store)
    return signed_in("viewer")


def test_a_fresh_page_says_nothing(reader):
    for address in PAGES:
        page = text_of(reader, address)
        assert "failed" not in page
        assert "36 hours" not in page


def test_a_failed_refresh_is_told_on_every_page_until_one_succeeds(store, reader):
    RunLog(store, INCREMENTAL).end(FAILED, error_message="verification: secret words")
    for address in PAGES:
        page = text_of(reader, address)
        assert page.count("failed. These are the figures of") == 1, address
        assert "secret words" not in page
    refresh(store)
    assert [address for address in PAGES if "failed" in text_of(reader, address)] == []


def test_figures_older_than_36_hours_are_told_on_every_page(store, reader):
    late = utc_now() - datetime.timedelta(hours=37)
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.refresh_log).values(ended_at=late))
    told = f"last refreshed at {moment_words(late)}, more than 36 hours ago"
    assert [address for address in PAGES if told not in text_of(reader, address)] == []

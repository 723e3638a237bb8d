"""Pages say when the last refresh failed or is too long ago, and nothing when all is well."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from database import schema
from database.engines.base import utc_now
from database.summaries.changes import INCREMENTAL
from database.summaries.refresh import refresh
from database.summaries.run_log import FAILED, RunLog
from tests.facts import add_facts, add_products
from tests.web.conftest import text_of


@pytest.fixture
def reader(store, signed_in) -> FlaskClient:
    """A reader of a database that was refreshed just now."""
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "100.00")])
    refresh(store)
    return signed_in("viewer")


def test_a_fresh_page_says_nothing(reader):
    page = text_of(reader, "/dashboard")
    assert "failed" not in page
    assert "36 hours" not in page


def test_a_failed_refresh_is_told_on_every_page_until_one_succeeds(store, reader):
    RunLog(store, INCREMENTAL).end(FAILED, error_message="verification: secret words")
    page = text_of(reader, "/dashboard")
    assert "failed. These are the figures of" in page
    assert "secret words" not in page
    refresh(store)
    assert "failed" not in text_of(reader, "/dashboard")


def test_figures_older_than_36_hours_are_told(store, reader):
    late = utc_now() - datetime.timedelta(hours=37)
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.refresh_log).values(ended_at=late))
    assert f"last refreshed at {late:%Y-%m-%d %H:%M} UTC, more than 36 hours ago" in text_of(reader, "/dashboard")

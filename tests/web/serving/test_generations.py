"""Pages say what was restated, and show a kept earlier generation as it was."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from database import schema
from database.summaries.refresh import refresh
from domain.months import day_words
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import csrf_token, text_of


def fill(store) -> None:
    """A shop whose January 2024 was corrected after it had been published."""
    add_brands(store, ("Alder", None, None), ("Birch", None, None))
    add_products(store, ("B1", 1, None), ("B2", 2, None))
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "100.00"), ("B2", "US", "Net revenue", "2024-01", "7.00")])
    refresh(store)
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "-0.50")])
    refresh(store)


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def reader(signed_in) -> FlaskClient:
    return signed_in("viewer")


def test_a_restated_month_is_told_where_it_is_shown(reader):
    page = text_of(reader, "/dashboard?period=2024")
    today = datetime.datetime.now(datetime.UTC).date()
    assert "1 month was corrected after it had been published." in page
    assert f"Jan 2024 Net revenue: from $107.00 to $106.50 on {day_words(today)}, by import." in page
    assert "corrected" not in text_of(reader, "/dashboard?from=2023-01&to=2023-12")
    narrowed = text_of(reader, "/dashboard?period=2024&marketplace=US")
    assert f"Jan 2024: on {day_words(today)}, by import." in narrowed and "$107.00" not in narrowed


def test_corrections_are_netted_and_stay_closed_for_whoever_closed_them_until_there_is_another(
    store, reader, signed_in
):
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "0.50"), ("B1", "US", "Net revenue", "2024-02", "1.00")])
    refresh(store)
    assert "corrected" not in text_of(reader, "/dashboard?period=2024")
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "2.00")])
    refresh(store)
    assert "Jan 2024 Net revenue: from $107.00 to $109.00 on " in text_of(reader, "/dashboard?period=2024")
    token, analyst = csrf_token(reader), signed_in("analyst")
    closed = {"note": "corrections:4", "address": "/dashboard?period=2024", "csrf_token": token}
    answer = reader.post("/notes/close", data=closed)
    assert (answer.status_code, answer.location) == (303, "/dashboard?period=2024")
    assert "corrected" not in text_of(reader, "/dashboard?period=2024")
    assert "corrected" in text_of(analyst, "/dashboard?period=2024")
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "-1.00")])
    refresh(store)
    assert "Jan 2024 Net revenue: from $109.00 to $108.00 on " in text_of(reader, "/dashboard?period=2024")
    assert reader.post("/notes/close", data=closed | {"note": "corrections:<x>"}).status_code == 400
    assert reader.post("/notes/close", data=closed | {"address": "//evil.example"}).location == "/"


def test_a_reader_of_some_brands_is_told_of_these_alone(store, reader):
    with store.application.begin() as connection:
        person = connection.execute(sa.select(schema.app_user.c.id)).scalar()
        connection.execute(sa.insert(schema.app_user_brand).values(user_id=person, brand_id=2))
    assert "corrected" not in text_of(reader, "/dashboard?period=2024")
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.app_user_brand).values(brand_id=1))
    page = text_of(reader, "/dashboard?period=2024")
    assert "Jan 2024 Net revenue of Alder: from $100.00 to $99.50" in page
    assert "by import" not in page


def test_an_earlier_generation_is_shown_as_it_was(reader):
    page = text_of(reader, "/dashboard?period=2024&generation=1")
    assert "$107.00" in page
    assert "$106.50" not in page
    assert "These are the figures of generation 1, as they were published; generation 2 is live." in page
    assert "These are the figures" not in text_of(reader, "/dashboard?period=2024&generation=2")
    assert "107.00" in text_of(reader, "/dashboard.csv?period=2024&generation=1")
    assert "106.50" in text_of(reader, "/dashboard.csv?period=2024")


@pytest.mark.parametrize(("asked", "status"), [("9", 410), ("0", 400), ("x", 400), ("1&generation=2", 400)])
def test_a_generation_that_cannot_be_shown_is_refused(reader, asked, status):
    assert reader.get(f"/dashboard?generation={asked}").status_code == status

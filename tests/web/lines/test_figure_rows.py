"""The rows of an explained figure are fetched by a job, within a reader's brands, and can be downloaded."""

from __future__ import annotations

import csv
import io

import pytest

from database.archive.archiving import archive
from database.people.users import limit_user
from database.summaries.refresh import refresh
from domain.months import parse_month
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import text_of
from tests.web.lines.test_settlements import post, waited

FIGURE = "metric=CM3+%25&from=2025-03&to=2025-03"


@pytest.fixture
def filled_by():
    """Two brands with a margin each, published."""
    def fill(store):
        add_brands(store, ("Alder", None, None), ("Birch", None, None))
        add_products(store, ("A1", 1, None), ("B1", 2, None))
        add_facts(store, [
            ("A1", "US", "CM3", "2025-03", "1.50"), ("A1", "US", "Net revenue", "2025-03", "30"),
            ("B1", "DE", "CM3", "2025-03", "2"), ("B1", "DE", "Net revenue", "2025-03", "70"),
        ])
        refresh(store)
    return fill


def rows_of(client, address: str) -> list[tuple[str, ...]]:
    answer = client.get(f"{address}/file")
    assert answer.status_code == 200
    rows = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    return [(row["asin"], row["marketplace"], row["metric"], row["month"], row["value"]) for row in rows]


def test_rows_of_both_sides_of_a_ratio_are_listed_and_add_up(store, signed_in):
    client = signed_in("viewer")
    page = client.get(f"/explain?{FIGURE}").text
    assert 'formaction="/explain/rows" name="figure" value="from=2025-03&amp;to=2025-03&amp;metric=CM3%20%25"' in page
    address = waited(client, post(client, "/explain/rows", figure=FIGURE))
    text = text_of(client, address)
    assert "CM3 %, Mar 2025" in text and "4 rows" in text
    assert "CM3 2 $3.50" in text and "Net revenue 2 $100.00" in text
    assert rows_of(client, address) == [
        ("B1", "DE", "CM3", "2025-03-01", "2.00"), ("A1", "US", "CM3", "2025-03-01", "1.50"),
        ("B1", "DE", "Net revenue", "2025-03-01", "70.00"), ("A1", "US", "Net revenue", "2025-03-01", "30.00"),
    ]
    assert signed_in("analyst").get(address).status_code == 404


def test_a_limited_reader_gets_the_rows_of_their_brands_without_imports(store, signed_in):
    limited = signed_in("limited")
    address = waited(limited, post(limited, "/explain/rows", figure=FIGURE))
    assert {row[0] for row in rows_of(limited, address)} == {"A1"}
    assert "Came with" not in limited.get(address).text
    refused = (("brand=2", 400), ("asin=B1", 404), ("asin=NONE", 404), ("metric=Profit", 400), ("x=1", 400))
    for figure, status in refused:
        assert post(limited, "/explain/rows", figure=figure).status_code == status, figure


def test_rows_are_gone_for_somebody_who_may_not_see_the_same_brands_any_more(store, signed_in):
    client = signed_in("viewer")
    address = waited(client, post(client, "/explain/rows", figure=FIGURE))
    assert client.get(address).status_code == 200
    with store.application.begin() as connection:
        limit_user(connection, "viewer", [1])
    assert [client.get(f"{address}{part}").status_code for part in ("", "/progress", "/file")] == [404, 404, 404]


def test_archived_months_are_named_for_their_facts_are_in_no_row(store, signed_in):
    add_facts(store, [("A1", "US", "CM3", "2025-02", "7.00")])
    archive(store, before=parse_month("2025-03"))
    client = signed_in("viewer")
    address = waited(client, post(client, "/explain/rows", figure="metric=CM3&from=2025-02&to=2025-03"))
    text = text_of(client, address)
    assert "CM3 2 $3.50" in text and "Not among them: 2025-02." in text


def test_a_figure_without_facts_says_so(store, signed_in):
    client = signed_in("viewer")
    address = waited(client, post(client, "/explain/rows", figure="period=2023"))
    assert "No fact stands behind this figure" in client.get(address).text
    assert client.get(f"{address}/file").status_code == 404

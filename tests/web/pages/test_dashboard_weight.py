"""What the dashboard weighs, and what of it is never there: facts, inline scripts, an answer twice."""

# ruff: noqa: F811 - fixtures of the other file

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

import domain.months
from database.engines.ports import Store
from tests.summaries_fixture import publish
from tests.web.conftest import text_of
from tests.web.pages.test_dashboard import (  # noqa: F401
    NAMES,
    ROWS,
    TODAY,
    _today,
    brand_rows,
    reader,
    small_client,
    small_reader,
    small_store,
)
from tests.web.weights import LARGEST_PAGE, own_files, weight_of


def test_the_same_page_again_is_304_and_a_new_generation_is_not(store: Store, reader: FlaskClient) -> None:
    first = reader.get("/dashboard")
    again = reader.get("/dashboard", headers={"If-None-Match": first.headers["ETag"]})
    other_language = reader.get(
        "/dashboard", headers={"If-None-Match": first.headers["ETag"], "Accept-Language": "de"}
    )
    publish(store, [*ROWS, (9, 2, 6, "DE", "2025-08", "Net revenue", "1.00")], generation=2, **NAMES)
    later = reader.get("/dashboard", headers={"If-None-Match": first.headers["ETag"]})

    assert [a.status_code for a in (first, again, other_language, later)] == [200, 304, 200, 200]
    assert "$1,734,569.50" in later.text
    assert first.headers["Cache-Control"] == "private, no-cache"


def test_nothing_on_the_page_is_an_inline_script_or_style(small_reader: FlaskClient) -> None:
    page = small_reader.get("/dashboard").text
    inline_scripts = [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag]

    assert re.findall(r"\sstyle=|\son[a-z]+=|<style", page) == []
    assert inline_scripts == ['<script type="application/json">']


def test_a_name_that_ends_a_script_stays_a_name(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [(1, 1, 5, "US", "2025-10", "</script><b>", "1.00")], brands={1: "</script><i>"})
    page = small_client.get("/dashboard?metric=%3C/script%3E%3Cb%3E").text

    assert "<b>" not in page and "<i>" not in page.replace('<i class="key', "")
    assert page.count("</script>") == page.count("<script")


def test_long_lists_come_in_pages_that_add_up_to_the_same_total(small_store: Store, small_client: FlaskClient) -> None:
    publish(small_store, [(n, n, 5, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 501)],
            brands={n: f"Brand {n:03d}" for n in range(1, 501)})
    client = small_client

    assert "1–20 of 500" in text_of(client, "/dashboard")
    last = brand_rows(client, "/dashboard?page=25")
    assert (last[0][0], last[-2][0], last[-1][0]) == ("Brand 020", "Brand 001", "Total")
    assert last[-1][1] == "$125,250"


def test_page_styles_and_scripts_with_500_brands_stay_below_60_kb_compressed(
    small_store: Store, small_client: FlaskClient
) -> None:
    publish(small_store, [(n, n, 5, "US", "2025-10", "Net revenue", f"{n}.00") for n in range(1, 501)],
            brands={n: f"The {n}th brand with a long name" for n in range(1, 501)})
    client = small_client
    page = client.get("/dashboard").text
    own, size = own_files(page), weight_of(client, page)

    assert len(own) >= 10
    assert size < LARGEST_PAGE


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that any engine runs."""
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_no_page_of_the_web_reads_facts(app: Flask, reader: FlaskClient, statements: list[str]) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and not rule.arguments]
    for rule in rules:
        reader.get(rule.rule)
    for query in ("brand=1", "marketplace=US", "category=5", "period=3m", "sort=name&order=asc"):
        reader.get(f"/dashboard?{query}")

    assert len(rules) > 4
    assert any("financials_summary_monthly_brand" in statement for statement in statements)
    assert [s for s in statements if re.search(r"\bfinancials(_import|_replaced)?\b|\bchanged_month\b", s)] == []


def test_the_clock_is_read_where_the_tests_set_it() -> None:
    assert domain.months.today_utc() == TODAY

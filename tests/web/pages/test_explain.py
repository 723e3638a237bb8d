"""/explain writes what a figure is made of; every figure of a page says of what it is."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database.engines.ports import Store
from tests.clock import set_today
from tests.summaries_fixture import publish
from tests.web.conftest import text_of
from tests.web.pages.test_profitability import NAMES, ROWS, TODAY

MONTH = "from=2025-10&to=2025-10"
SAID = (
    r"|none|compare=year|metric=[^&]+&period=\w+&compare=year|(metric|brand|category|marketplace|asin)=[^&]+"
    r"|from=[\d-]{7}&to=[\d-]{7}"
)
"""What a table, a column, a row or a figure may be of."""


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient]) -> FlaskClient:
    """Somebody who may read, of a database with figures."""
    publish(store, ROWS, **NAMES, products=[{"id": 1, "asin": "B&1", "name": "Kite", "brand_id": 1, "category_id": 5}])
    return signed_in("viewer")


def test_a_margin_is_told_with_todays_numbers_and_what_its_parts_lack(reader: FlaskClient) -> None:
    text = text_of(reader, f"/explain?metric=CM2&{MONTH}")
    assert "CM2 Oct 2025 $8,999.99" in text
    assert "What is left after the marketplace had its fees." in text
    assert "= CM1 − FBA fees" in text
    assert "CM1 $12,000.50 – – − FBA fees $3,000.00 – – + Not in the parts of CM2 -$0.51".replace("-$", "−$") in text
    assert "= CM2 $8,999.99" in text
    # Nobody noted where these figures came from.
    assert "By import Import Bar Gives Share Not known yet Oct 2025: a refresh of all months finds out $8,999" in text


def test_parts_and_formula_lead_to_their_own_explanation(reader: FlaskClient) -> None:
    page = html.unescape(reader.get("/explain?metric=CM3&from=2025-09&to=2025-10").text)
    assert 'href="/explain?from=2025-09&to=2025-10&metric=CM2"' in page
    whole = html.unescape(reader.get("/explain?from=2025-09&to=2025-10").text)
    assert 'href="/explain?from=2025-09&to=2025-09"' in whole and "Sep 2025" in whole
    assert text_of(reader, f"/explain?asin=B%261&{MONTH}").count("Kite") > 0


@pytest.mark.parametrize(("query", "status"), [
    ("metric=Profit", 400), ("asin=B%261&brand=1", 400), ("asin=NONE", 404), ("brand=99", 404), ("sort=value", 400),
    ("asin=a%00b", 400), ("metric=Average+price&period=3m", 200), ("period=2020", 200),
])
def test_what_cannot_be_asked_is_refused_and_an_empty_figure_says_so(reader: FlaskClient, query, status) -> None:
    assert reader.get(f"/explain?{query}").status_code == status


def test_a_product_has_no_figure_of_another_brand_in_the_api(reader: FlaskClient) -> None:
    rows = reader.get(f"/api/v1/explain?asin=B%261&metric=CM1+%25&{MONTH}").json
    assert rows["selection"]["asin"] == "B&1"
    assert [(row["sign"], row["figure"]) for row in rows["rows"]] == [
        ("=", "CM1 %"), (None, "CM1"), ("÷", "Net revenue"),
    ]


def test_tables_columns_rows_and_figures_of_every_page_say_what_they_are_of(reader: FlaskClient) -> None:
    for path in ("/dashboard", "/profitability", "/categories", "/brands/1", "/products", "/products/B&1"):
        page = html.unescape(reader.get(f"{path}?period=3m").text)
        assert '<template data-explain="/explain?' in page, path
        silent = [
            table for table in re.findall(r"<table class=\"figures[^>]*>", page) if "data-about" not in table
        ]
        assert silent == [] or path == "/profitability", (path, silent)
        said = re.findall(r'data-about="([^"]*)"', page)
        assert [words for words in said if not re.fullmatch(SAID, words)] == []
    assert '<template data-explain="/explain?period=3m&asin=B%261"' in page

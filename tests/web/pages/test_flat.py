"""/figures: every figure as one flat table."""

from __future__ import annotations

import csv
import datetime
import io
import os
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from database.engines.ports import Store
from database.queries import flat
from machine.locks import try_lock
from tests.clock import set_today
from tests.summaries_fixture import publish
from web.exports import xlsx
from web.serving.cache import cache_folder

ROWS = [
    (1, 1, 5, "US", "2025-09", "Net revenue", "10.00"),
    (1, 1, 5, "US", "2025-09", "Net units", "2.00"),
    (1, 1, 5, "DE", "2025-09", "Net revenue", "-1.50"),
    (1, 1, 5, "DE", "2025-09", "Shared costs: Overheads", "9.00"),
    (2, 2, 6, "DE", "2025-09", "CM3", "3.00"),
    (3, 0, 0, "DE", "2025-09", "Shared costs: Overheads", "9.00"),
    (2, 2, 6, "DE", "2025-10", "Net revenue", "20.00"),
    (1, 1, 5, "US", "2023-10", "Net revenue", "7.00"),
]
NAMES = {
    "brands": {1: "Alder", 2: "Birch"}, "categories": {5: "Toys", 6: "=Games"},
    "products": [{"id": 1, "asin": "B02", "name": "Duck, blue", "brand_id": 1}, {"id": 2, "asin": "B01"},
                 {"id": 3, "asin": "B03"}],
}
HEADINGS = ["ASIN", "Product", "Brand", "Category", "Marketplace", "Month", "Net revenue", "CM3", "Net units"]
SEPTEMBER = [
    ["B02", "Duck, blue", "Alder", "Toys", "DE", "2025-09", "-1.50", "", ""],
    ["B02", "Duck, blue", "Alder", "Toys", "US", "2025-09", "10.00", "", "2"],
    ["B01", "", "Birch", "'=Games", "DE", "2025-09", "", "3.00", ""],
]
OCTOBER = ["B01", "", "Birch", "'=Games", "DE", "2025-10", "20.00", "", ""]


@pytest.fixture
def reader(store: Store, signed_in: Callable[[str], FlaskClient], monkeypatch: pytest.MonkeyPatch):
    """Somebody of a role, of a database with figures."""
    set_today(monkeypatch, datetime.date(2025, 11, 22))
    publish(store, ROWS, **NAMES)
    return signed_in


def table(client: FlaskClient, query: str = "") -> list[list[str]]:
    """The rows of the CSV without what it says of itself."""
    answer = client.get(f"/figures.csv?{query}")
    assert answer.status_code == 200, answer.text
    headings, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))
    assert headings == [*HEADINGS, "Selection", "Generation", "Published", "Exported"]
    return [row[:-4] for row in rows]


def test_there_is_a_row_for_each_month_product_and_marketplace_narrowed_as_chosen(reader):
    viewer = reader("viewer")
    assert table(viewer) == [*SEPTEMBER, OCTOBER]
    assert table(viewer, "period=2023") == [["B02", "Duck, blue", "Alder", "Toys", "US", "2023-10", "7.00", "", ""]]
    assert table(viewer, "brand=2&metric=CM3&compare=none") == [SEPTEMBER[2], OCTOBER]
    assert table(viewer, "category=5&marketplace=DE") == [SEPTEMBER[0]]
    assert table(viewer, "search=duck+b02&from=2025-09&to=2025-10") == SEPTEMBER[:2]
    assert table(viewer, "search=nothing") == []
    # What is not of the brands that somebody may see is no column, either.
    limited = reader("limited")
    answer = limited.get("/figures.csv").data.decode("utf-8-sig")
    assert answer.splitlines()[0].startswith("ASIN,Product,Brand,Category,Marketplace,Month,Net revenue,Net units,Sel")
    assert [line.split(",")[0] for line in answer.splitlines()[1:]] == ["B02", "B02"]


def test_products_are_read_some_after_the_others_and_none_is_left_out(reader, monkeypatch):
    monkeypatch.setattr(flat, "PRODUCTS_AT_ONCE", 1)
    assert table(reader("viewer")) == [*SEPTEMBER, OCTOBER]


def test_pages_of_the_api_go_on_where_the_last_one_ended(reader):
    viewer, found = reader("viewer"), []
    address = "/api/v1/figures?per_page=2"
    while address:
        answer = viewer.get(address).json
        assert answer["paging"]["rows"] == 4
        found.append([(row["month"], row["marketplace"], row["asin"]) for row in answer["rows"]])
        address = answer["paging"]["next"]
    rows = [(row[5], row[4], row[0]) for row in [*SEPTEMBER, OCTOBER]]
    assert found == [rows[:2], rows[2:]]


def test_of_all_readers_together_two_files_are_made_at_a_time(reader, store):
    viewer, folder = reader("viewer"), cache_folder(store.settings) / "exports"
    assert viewer.get("/figures.xlsx").status_code == 200

    places = [try_lock(folder / f"flat-{number}.lock") for number in range(2)]
    answer = viewer.get("/figures.csv")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "Other large files are being made. Try again in a minute." in answer.text
    # Small ones go on, and so does the page.
    assert viewer.get("/products.csv").status_code == viewer.get("/figures").status_code == 200
    os.close(places[0])
    assert viewer.get("/figures.csv").status_code == 200
    os.close(places[1])


def test_what_excel_does_not_take_is_said_in_a_line(reader, monkeypatch):
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    answer = reader("viewer").get("/figures.xlsx")
    assert answer.status_code == 400
    assert "All figures has more rows than Excel takes (3); take .csv instead" in answer.text

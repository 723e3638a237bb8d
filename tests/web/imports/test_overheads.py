"""Overheads on pages: told by an analyst as an import of its own, read by viewers, and nothing for limited people."""

from __future__ import annotations

import pytest

from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.summaries.refresh import refresh
from tests.database.imports.test_overheads import FILE, SALES
from tests.web.conftest import text_of
from tests.web.imports.test_imports import facts, log_rows, post, settled

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
EXPORTED = [
    "Name,Amount,Currency,From,To,Months,Brand,Marketplace,Import,",
    "Photographer,50.25,USD,2025-02,2025-02,1,Alder,,2,",
]
MONTHS = "from=2025-01&to=2025-03"


@pytest.fixture
def shop(shop_of):
    return shop_of(sales=SALES, overheads=FILE)


@EMBEDDED
def test_viewers_read_them_with_the_operating_profit_and_limited_people_nothing(shop, signed_in):
    client = signed_in("viewer")
    page = text_of(client, "/overheads")
    for words in ("Salaries", "$1,000.00", "Jan 2025", "Dec 2026", "Photographer", "$50.25", "Alder", "Software",
                  "\N{EURO SIGN}10.00"):
        assert words in page, words
    assert "Save and refresh" not in page and "Remove it" not in page
    written = client.get("/overheads.csv").text.lstrip("\ufeff").splitlines()
    assert [line[:len(row)] for line, row in zip(written, EXPORTED, strict=False)] == EXPORTED
    rows = client.get("/api/v1/overheads").json["rows"]
    assert [(row["name"], row["amount"], row["months"]) for row in rows] == [
        ("Photographer", "50.25", "1"), ("Software", "10.00", "2"), ("Salaries", "1000.00", "24"),
    ]
    profit = client.get(f"/api/v1/profitability?{MONTHS}").json["rows"]
    assert [(row["metric"], row["total"]) for row in profit if row["metric"].startswith(("CM3", "O"))] == [
        ("CM3", "180.00"), ("CM3 %", "0.3"), ("Overheads", "3050.25"), ("Operating profit", "-2870.25"),
        ("Operating margin %", "-4.78375"),
    ]
    assert "From net revenue to operating profit" in text_of(client, f"/profitability?{MONTHS}")
    assert "Operating profit" in text_of(client, f"/dashboard?{MONTHS}&metric=Operating+profit")
    assert "NONE · No marketplace" in text_of(client, f"/dashboard?{MONTHS}&metric=Overheads")
    assert client.get("/api/v1/choices").json["metrics"] == ["Net revenue", "CM3", "Overheads", "Operating profit"]

    limited = signed_in("limited")
    assert limited.get("/overheads").status_code == 403
    assert "/overheads" not in limited.get("/help").text


def test_an_analyst_tells_changes_and_removes_one_each_an_import_of_its_own(shop, signed_in):
    client, before = signed_in("analyst"), sorted(facts(shop))
    tell = {"name": "Rent", "amount": "70.50", "from": "2025-02", "to": "2025-03", "brand": "", "marketplace": "",
            "currency": ""}
    for wrong, words in (
        ({"amount": "4,20"}, "is no amount"), ({"from": "2025-13"}, "is not a month"),
        ({"name": " "}, "say what it is"),
        ({"to": "2025-01"}, "is before it begins"), ({"marketplace": "XX"}, "There is no marketplace"),
        ({"currency": "XXX"}, "is no currency"), ({"to": "2199-01"}, "months ahead"),
    ):
        answer = post(client, "/overheads/tell", **(tell | wrong))
        assert words in text_of(client, answer.location), words
    assert sorted(facts(shop)) == before

    page = text_of(client, settled(client, post(client, "/overheads/tell", **tell)))
    assert "Imported" in page and "The pages show it now (generation 2)." in page
    rent = [row for row in sorted(facts(shop)) if row not in before]
    assert rent == [("ACCOUNT", "Overheads", "2025-02", "70.50"), ("ACCOUNT", "Overheads", "2025-03", "70.50")]
    assert "$70.50" in text_of(client, "/overheads")
    _, name, status, who, _ = log_rows(shop)[-1]
    assert (name, status, who) == ("Overhead Rent from 2025-02.csv", "done", "analyst")

    settled(client, post(client, "/overheads/tell", **(tell | {"to": "2025-02"})))
    assert [row for row in sorted(facts(shop)) if row not in before] == rent[:1]
    settled(client, post(client, "/overheads/tell", **(tell | {"amount": "0"})))
    assert sorted(facts(shop)) == before
    assert "Rent" not in text_of(client, "/overheads")


@EMBEDDED
def test_before_any_is_told_the_page_says_what_it_is_for_and_who_may(store, signed_in, tmp_path):
    (tmp_path / "sales.csv").write_text(SALES)
    with store.lock("test"):
        import_file(store, tmp_path / "sales.csv", ImportOptions())
    refresh(store)
    assert "An analyst can enter them." in text_of(signed_in("viewer"), "/overheads")
    assert "Enter the first one" in text_of(signed_in("analyst"), "/overheads")
    assert "Operating profit" not in text_of(signed_in("viewer"), f"/profitability?{MONTHS}")
    assert "Overheads" not in text_of(signed_in("viewer"), f"/dashboard?{MONTHS}").replace("Settlements Overheads", "")

"""/settlements: each deposit is explained to the cent, down to the lines of its file; descriptions that no rule knows
are sorted there, for good and undoable."""

from __future__ import annotations

import csv
import io
import re
import time
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.undo import undo_import
from database.summaries.refresh import refresh
from tests.database.lines.conftest import files, take_all
from tests.database.lines.test_publishing import deposit
from tests.databases import ONE_SERVER
from tests.web.conftest import csrf_token, text_of

PATHS = [path for path in files("settlement_*.txt") if path.name != "settlement_us_5.txt"]


@pytest.fixture(params=ONE_SERVER)
def engine(request):
    """A cluster takes no reports of lines."""
    return request.param


def pay(store) -> None:
    """Two settlements, published."""
    take_all(store, files("settlement_us_3.txt", "settlement_de_5.txt"))
    refresh(store)


@pytest.fixture
def filled_by(request):
    return pay if "paid" in request.fixturenames else None


@pytest.fixture
def paid(store):
    """A store with two settlements, published."""
    return store


def unsorted_facts(store) -> Decimal:
    fact = schema.financials
    with store.facts() as connection:
        return connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(fact.c.value), 0))
            .where(fact.c.metric == "Unsorted Amazon amounts")
        ).scalar()


def post(client, address: str, **form: str):
    return client.post(address, data={"csrf_token": csrf_token(client)} | form)


def waited(client, answer) -> str:
    """The address of the lines that a form asked for, once they are there."""
    assert answer.status_code == 303, answer.text
    address, deadline = answer.location, time.monotonic() + 90
    while client.get(f"{address}/progress").json["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return address


def test_each_settlement_of_the_seller_explains_its_deposit_to_the_cent(store, signed_in):
    take_all(store, PATHS)
    refresh(store)
    client = signed_in("viewer")
    listed = client.get("/api/v1/settlements?per_page=1000").json["rows"]
    assert {row["settlement"]: (Decimal(row["total"]), int(row["lines"])) for row in listed} == {
        number: (total, lines) for number, total, lines in map(deposit, PATHS)
    }
    for row in listed:
        parts = sum(Decimal(row[key]) for key in ("pnl", "tax", "cash", "unsorted"))
        assert (parts, row["difference"]) == (Decimal(row["total"]), "0.00")
        rows = client.get(f"/api/v1/settlements/{row['settlement']}?per_page=1000").json["rows"]
        months = [key for key in rows[0] if re.fullmatch(r"\d{4}-\d\d", key)]
        assert rows[-1]["total"] == row["total"]
        for key in ("total", *months):
            assert sum(Decimal(part[key] or 0) for part in rows[:-1]) == Decimal(rows[-1][key] or 0)
        assert sum(Decimal(rows[-1][month]) for month in months) == Decimal(row["total"])
        page = text_of(client, f"/settlements/{row['settlement']}")
        assert "Explained to the cent" in page and "deposit = " in page
    page = text_of(client, "/settlements")
    assert "nothing is known from 26 Feb 2025, 00:00 UTC to 12 Mar 2025, 00:00 UTC, between settlements" in page
    assert "Quantum Levy 2025" in page
    assert text_of(client, "/settlements?marketplace=US").count("Quantum") == page.count("Quantum")
    assert client.get("/settlements?marketplace=US").text.count("/settlements/284000011") == 0
    assert client.get("/settlements/nothing").status_code == 404
    assert signed_in("limited").get("/settlements").status_code == 403


def test_a_description_is_sorted_for_good_and_taken_back(paid, signed_in):
    client = signed_in("analyst")
    before = unsorted_facts(paid)
    address = re.search(r'href="(/settlements/kinds/\d+)"', client.get("/settlements").text)[1]
    assert "Quantum Levy 2025" in text_of(client, "/operations")
    assert post(signed_in("viewer"), address, place="tax").status_code == 403
    assert "Choose where it belongs." in client.get(post(client, address, place="elsewhere").location).text
    answer = post(client, address, place="Other platform fees")
    number = int(answer.location.rpartition("/")[2])
    page = text_of(client, answer.location)
    assert f"Quantum Levy 2025 belongs to Other platform fees from now on (import {number}" in page
    assert before > 0 and unsorted_facts(paid) == 0
    assert "An import is waiting" in text_of(client, "/settlements")
    refresh(paid)
    page = text_of(client, "/settlements")
    assert "Not sorted yet They lower" not in page and "Sorted by a person" in page
    assert "Quantum" not in text_of(client, "/operations").partition("Imports")[0]
    # A settlement that comes later is sorted, too.
    with paid.lock("test"):
        undo_import(paid, number)
    assert unsorted_facts(paid) == before
    refresh(paid)
    assert "Not sorted yet They lower" in text_of(client, "/settlements")
    log = schema.audit_log
    with paid.application_reading.connect() as connection:
        query = sa.select(log.c.user_name, log.c.detail).where(log.c.action == "amounts sorted")
        told = connection.execute(query).all()
    assert ("analyst", f"Quantum Levy 2025: Other platform fees (import {number})") in [tuple(row) for row in told]


def test_an_amount_leads_to_its_lines_and_those_to_the_line_of_the_file(paid, signed_in):
    client = signed_in("viewer")
    page = client.get("/settlements/28400001003").text
    asked = re.search(r'href="(/lines\?settlement=28400001003[^"]*month=2025-02)">(.*?)</a>', page)
    address = asked[1].replace("&amp;", "&")
    question = dict(part.split("=") for part in address.partition("?")[2].split("&"))
    assert "Fetch the lines" in client.get(address).text
    found = waited(client, post(client, "/lines", **question))
    shown = client.get(found).text
    assert "settlement_us_3.txt" in shown and f"add up to {asked[2].replace('$', '')}" in shown
    rows = list(csv.DictReader(io.StringIO(client.get(f"{found}/file").data.decode("utf-8-sig"))))
    lines = next(path for path in PATHS if path.name == "settlement_us_3.txt").read_text("utf-8").splitlines()
    for row in rows:
        cells = lines[int(row["line"]) - 1].split("\t")
        assert (Decimal(row["value"]), row["sku"], row["order"]) == (Decimal(cells[14]), cells[21], cells[7])
    assert len(rows) == int(re.search(r"(\d+) lines? <span", shown)[1])
    assert signed_in("analyst").get(found).status_code == 404
    limited = signed_in("limited")
    assert (limited.get(address).status_code, post(limited, "/lines", **question).status_code) == (403, 403)


def test_a_figure_of_a_product_leads_to_its_lines(paid, signed_in):
    client = signed_in("viewer")
    assert "Where a figure comes from" in text_of(client, "/products/ACCOUNT?period=2025")
    found = waited(client, post(client, "/lines", asin="ACCOUNT", metric="CM3", month="2025-02", marketplace="US"))
    rows = list(csv.DictReader(io.StringIO(client.get(f"{found}/file").data.decode("utf-8-sig"))))
    value = client.get("/api/v1/products/ACCOUNT?from=2025-02&to=2025-02&marketplace=US&metric=CM3&table=months")
    assert sum(Decimal(row["value"]) for row in rows) == Decimal(value.json["rows"][0]["value"])
    assert {row["metric"] for row in rows} == {"Other platform fees", "SEM costs"}
    for query, status in (
        ("asin=ACCOUNT&metric=CM3", 400), ("asin=nobody&metric=CM3&month=2025-01", 404), ("month=x&settlement=1", 400),
        ("settlement=1&asin=ACCOUNT", 400), ("settlement=../etc", 400), ("asins=ACCOUNT", 400),
    ):
        assert client.get(f"/lines?{query}").status_code == status, query
    # Not one of theirs.
    assert signed_in("limited").get("/lines?asin=ACCOUNT&metric=CM3&month=2025-01").status_code == 404


def test_a_month_that_is_not_settled_to_its_end_says_so_on_every_page_that_shows_it(paid, signed_in):
    client = signed_in("viewer")
    one, both = "not settled to its end", "Feb 2025 and Mar 2025 are not settled to their end"
    for page in ("/dashboard", "/profitability", "/categories", "/products", "/products/ACCOUNT", "/brands/0"):
        shown = text_of(client, f"{page}?period=2025")
        assert f"{both}: the rest is not in their figures yet. Feb 2025: US through 10 Feb 2025 only." in shown, page
        assert "Mar 2025: DE through 11 Mar 2025 only." in shown, page
        shown = text_of(client, f"{page}?from=2025-02&to=2025-02")
        assert f"Feb 2025 is {one}: the rest is not in its figures yet." in shown, page
        assert one not in text_of(client, f"{page}?from=2025-01&to=2025-01"), page
        assert one not in text_of(client, f"{page}?from=2025-02&to=2025-02&marketplace=DE"), page

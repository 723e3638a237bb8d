"""/operations/rates: the matrix with its gaps, and analysts who bring files and single rates, by jobs."""

from __future__ import annotations

import csv
import io

import pytest

from database.journal.audit import TrailFilter, read_trail
from database.rates.told import read_rates
from database.summaries.refresh import refresh
from tests.facts import add_brands, add_facts, add_products
from tests.web.conftest import csrf_token, text_of
from tests.web.imports.test_imports import post, settled

ADDRESS = "/operations/rates"


@pytest.fixture
def shop(store):
    """Pounds in March and April 2025, dollars besides, and no rate yet."""
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    for month in ("2025-03", "2025-04"):
        add_facts(store, [("B1", "UK", "Net revenue", month, "10.00")], currency="GBP")
    add_facts(store, [("B1", "US", "Net revenue", "2025-03", "5.00")])
    refresh(store)
    return store


def send(client, text, **form):
    sent = (io.BytesIO(text.encode()), "bank.csv")
    return client.post(f"{ADDRESS}/upload", data={"csrf_token": csrf_token(client), "file": sent} | form)


def test_a_file_is_looked_at_taken_and_stands_in_the_matrix_with_who_brought_it(shop, signed_in):
    client = signed_in("analyst")
    page = text_of(client, ADDRESS)
    assert "figures need GBP" in page and "GBP: Mar to Apr 2025" in page and page.count("no rate") == 2
    assert "no rate of GBP 2 £20.00 Rates" in text_of(client, "/operations")
    work = settled(client, send(client, "month,currency,rate\n2025-03,GBP,1.2931\n2025-03,SEK,0.0931\n"))
    page = text_of(client, work)
    assert "Review before the rates are taken" in page and "Still without a rate: GBP: Apr 2025" in page
    assert "GBP Mar 2025 none 1.2931" in page and read_rates(shop) == {}
    page = text_of(client, settled(client, post(client, work, refresh="1")))
    assert "Rates changed" in page and "The figures use them now (generation 2)." in page
    page = text_of(client, ADDRESS)
    assert "Mar 2025 1.2931" in page and "1 more currency" in page and "0.0931" not in page
    assert "bank.csv GBP, SEK, Mar 2025 2 rates" in page and "analyst" in page
    assert "Mar 2025 1.2931 0.0931" in text_of(client, f"{ADDRESS}?show=all")
    rows = list(csv.DictReader(io.StringIO(client.get(f"{ADDRESS}.csv").data.decode("utf-8-sig"))))
    columns = ("Currency", "Month", "Rate", "Rate of the figures", "Needed")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("GBP", "2025-03", "1.2931", "1.2931", "yes"), ("GBP", "2025-04", "", "", "yes"),
        ("SEK", "2025-03", "0.0931", "", ""),
    ]
    assert client.get(f"/api/v1{ADDRESS}").json["rows"][0]["changed_by"] == "analyst"
    with shop.application_reading.connect() as connection:
        done = [line.detail for line in read_trail(connection, TrailFilter(), start=0, limit=20)
                if line.action == "exchange rates changed"]
    assert done == ["bank.csv: GBP 2025-03 from none to 1.2931; SEK 2025-03 from none to 0.0931, for analyst"]


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_one_rate_is_set_doubted_confirmed_waited_for_and_removed(shop, signed_in):
    client = signed_in("analyst")
    for form, words in (
        ({"currency": "GBP", "month": "2025-13", "rate": "1.3"}, "is not a month"),
        ({"currency": "XXX", "month": "2025-03", "rate": "1.3"}, "is no currency’s code"),
        ({"currency": "GBP", "month": "2025-03", "rate": "a"}, "is no rate"),
    ):
        assert words in text_of(client, post(client, f"{ADDRESS}/one", **form).location)
    work = settled(client, post(client, f"{ADDRESS}/one", currency="GBP", month="2025-03", rate="0,7733"))
    page = text_of(client, work)
    assert "Nothing was changed" in page and "0.7733 looks upside down" in page and "--force" not in page
    page = text_of(client, settled(client, post(client, work, right="1")))
    assert "Rates changed" in page and "The figures follow with the next refresh." in page
    page = text_of(client, ADDRESS)
    assert "0.7733 not in the figures yet" in page and "A rate is newer than the figures" in page
    assert "GBP 2025-03 from none to 0.7733" in page and "Refresh" not in page.partition("By month")[0][-40:]
    assert "Refresh" in text_of(signed_in("admin"), ADDRESS)
    settled(client, post(client, f"{ADDRESS}/one", currency="GBP", month="2025-03", do="remove"))
    assert read_rates(shop) == {} and "GBP: Mar to Apr 2025" in text_of(client, ADDRESS)


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_before_any_figures_the_page_says_what_will_stand_there_by_role(signed_in):
    viewer = text_of(signed_in("viewer"), ADDRESS)
    assert "No rates yet" in viewer and "An analyst can bring rates" in viewer and "Look at the file" not in viewer
    assert "Look at the file" in text_of(signed_in("analyst"), ADDRESS)
    assert signed_in("viewer").get(f"{ADDRESS}?show=some").status_code == 400
    limited = signed_in("limited")
    assert limited.get(ADDRESS).status_code == 403 and ADDRESS not in limited.get("/help").text
    assert f'href="{ADDRESS}"' in signed_in("viewer").get("/help").text

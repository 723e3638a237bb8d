"""SKUs that lead to no product are listed on /catalog and joined there, as an import that can be undone."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.undo import undo_import
from database.summaries.refresh import refresh
from tests.database.lines.conftest import files, take_all
from tests.databases import ONE_SERVER
from tests.web.conftest import csrf_token, text_of


@pytest.fixture(params=ONE_SERVER)
def engine(request):
    """A cluster takes no reports of lines."""
    return request.param


def products(store) -> set[str]:
    fact, product = schema.financials, schema.asin
    with store.facts() as connection:
        query = sa.select(product.c.asin).join_from(fact, product, product.c.id == fact.c.asin_id).distinct()
        return set(connection.execute(query).scalars())


def test_they_are_listed_joined_and_parted_again(store, signed_in):
    take_all(store, files("settlement_us_1.txt"))
    refresh(store)
    client = signed_in("analyst")
    assert "SKUs lead to no product" in text_of(client, "/catalog")
    page = client.get("/catalog?show=skus").text
    skus = re.findall(r'name="sku" value="([^"]+)"', page)
    rows = client.get("/api/v1/catalog?table=skus").json["rows"]
    assert [row["sku"] for row in rows] == skus and "NW-00-MUG" in skus
    assert client.get("/catalog.csv?show=skus").data.decode("utf-8-sig").splitlines()[:2] == [
        "sku,asin,marketplace", f"{skus[0]},,",
    ]
    assert "NW-04" not in client.get("/catalog?show=skus&search=MUG").text
    form = {"csrf_token": csrf_token(client), "sku": skus}
    asins = ["b0mug00001" if sku == "NW-00-MUG" else "" for sku in skus]
    for told, words in ((["x"] + [""] * (len(skus) - 1), "X is no ASIN"), ([""] * len(skus), "at least one SKU")):
        assert words in client.get(client.post("/catalog/skus", data=form | {"asin": told}).location).text
    answer = client.post("/catalog/skus", data=form | {"asin": asins})
    words = text_of(client, answer.location)
    number = int(re.search(r"NW-00-MUG is B0MUG00001 \(import (\d+)", words)[1])
    found = products(store)
    assert "B0MUG00001" in found and "SKU-NW-00-MUG" not in found and "SKU-NW-02-LAMP" in found
    refresh(store)
    assert "NW-00-MUG" not in client.get("/catalog?show=skus").text
    with store.lock("test"):
        undo_import(store, number)
    assert "SKU-NW-00-MUG" in products(store)
    limited = signed_in("limited")
    assert limited.get("/catalog?show=skus").status_code == 400
    assert limited.get("/api/v1/catalog?table=skus").json["rows"] == []
    assert client.post("/catalog/assign", data=form | {"show": "skus", "category": "Toys"}).status_code == 400

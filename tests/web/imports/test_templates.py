"""The templates on /imports: each goes in as it is downloaded."""

import csv
import datetime
import io
from decimal import Decimal

import pytest

from database.imports.files import import_file
from database.imports.products import take_products
from database.imports.staging import ImportOptions
from database.imports.templates import TEMPLATES
from database.rates.files import RateFileOptions, read_rates_file
from tests.web.conftest import text_of
from web.imports.page import TEMPLATE_WORDS

PRODUCTS, BRANDS = "products", "brands"


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_each_template_goes_in_as_it_is_downloaded(store, signed_in, tmp_path):
    client, took = signed_in("analyst"), {}
    assert tuple(TEMPLATE_WORDS) == TEMPLATES
    assert f"Files to fill in: {' '.join(TEMPLATE_WORDS.values())} " in text_of(client, "/imports")
    for name in TEMPLATES:
        answer = client.get(f"/imports/templates/{name}")
        assert answer.headers["Content-Disposition"] == f"attachment; filename={name}.csv"
        path = tmp_path / f"{name}.csv"
        path.write_bytes(answer.data)
        assert max(map(len, csv.reader(io.StringIO(answer.text)))) > 1
        with store.lock("a test"):
            if name in (PRODUCTS, BRANDS):
                took[name] = take_products(store, path, dry_run=False).rows
            else:
                report = import_file(store, path, ImportOptions(source=name))
                took[name] = (report.format, report.facts, report.warnings)
    assert took == {
        "long": ("long", 4, ()), "wide": ("wide", 8, ()), "tidy": ("tidy", 8, ()), "costs": ("costs", 6, ()),
        "overheads": ("overheads", 3, ()), "sku-map": ("sku-map", 0, ()), PRODUCTS: 1, BRANDS: 1,
    }
    assert client.get("/imports/templates/other").status_code == 404


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_the_template_of_rates_is_a_file_of_rates(store, signed_in, tmp_path):
    client, path = signed_in("analyst"), tmp_path / "rates.csv"
    page = client.get("/operations/rates").text
    assert '<a href="/operations/rates/template" download>A file to fill in</a>' in page
    path.write_bytes(client.get("/operations/rates/template").data)
    found = read_rates_file(path, RateFileOptions(), base="USD")
    assert found.rates == {(datetime.date(2025, 1, 1), "EUR"): Decimal("1.0350")}

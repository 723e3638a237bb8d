"""A small shop that most tests of refreshes begin with."""

import pytest

from database.imports.files import import_file
from database.imports.staging import ImportOptions
from tests.conftest import WITH_COLUMNS
from tests.facts import add_brands, add_categories, add_facts, add_products


@pytest.fixture(params=WITH_COLUMNS)
def engine(request):
    return request.param


@pytest.fixture
def filled_by(request):
    return fill if "shop" in request.fixturenames else None


@pytest.fixture
def shop(store):
    """Two categories, three brands (one of them excluded), five products, eleven facts in two months."""
    return store


@pytest.fixture
def take(store, tmp_path):
    """Imports a text as a file, and returns the import's id."""

    def take_text(text: str, **options) -> int:
        path = tmp_path / "file.csv"
        path.write_text(text, encoding="utf-8")
        with store.lock("an import"):
            return import_file(store, path, ImportOptions(**options)).import_id

    return take_text


def fill(store) -> None:
    add_categories(store, "Garden", "Kitchen")
    add_brands(store, ("Alder", 1, None), ("Birch", None, None), ("Surplus", 2, "stock"))
    add_products(store, ("B1", 1, None), ("B2", 1, 2), ("B3", 2, None), ("B4", None, None), ("B5", 3, None))
    add_facts(store, [
        ("B1", "US", "Net revenue", "2024-01", "10.01"),
        ("B1", "US", "Net revenue", "2024-01", "0.02"),
        ("B1", "DE", "Net revenue", "2024-01", "5.00"),
        ("B2", "US", "Net revenue", "2024-01", "-1.50"),
        ("B3", "US", "Net revenue", "2024-01", "7.00"),
        ("B4", "US", "CM3", "2024-01", "0.00"),
        ("B5", "US", "Net revenue", "2024-01", "100.00"),
        ("B9", "US", "Net revenue", "2024-01", "1000.00"),
        ("B1", "US", "Net revenue", "2024-02", "3.00"),
        ("B3", "ALL", "Net revenue", "2024-02", "8.00"),
        ("B3", "DE", "Net units", "2024-02-17", "4"),
    ])

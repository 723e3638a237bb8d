"""What products files changed is told, and waits until a refresh has seen it."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from database import schema
from database.imports.products import take_products
from database.journal.catalog_changes import tell_change, waiting_cells, waiting_changes, waiting_names
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import Refused
from tests.catalog_shop import open_shop, places


@pytest.fixture
def filled_by():
    return open_shop


@pytest.fixture
def shop(store):
    return store


@pytest.fixture
def take(shop, tmp_path):
    """Takes a text in as a products or brand file, and tells it."""

    def take_text(text: str, **options):
        path = tmp_path / "made-up.csv"
        path.write_text(text, encoding="utf-8")
        with shop.lock("a test"):
            report = take_products(shop, path, dry_run=False, **options)
            assert tell_change(shop, report, user_name="anna", file_name="mine.csv") is None
        return report

    return take_text


def waiting(store, scope=None) -> list[tuple]:
    found = waiting_changes(store, store.live_generation(), scope=scope)
    return [(change.user_name, change.file_name, change.kind, change.items, change.cells) for change in found]


def test_a_change_waits_with_its_cells_until_the_next_refresh(shop, take):
    assert waiting(shop) == []
    take("asin,brand,category\nB4,Dogwood,\nB9,,Toys\n")
    take("brand,group\nbirch,own\n")
    assert waiting(shop) == [("anna", "mine.csv", "brands", 1, 1), ("anna", "mine.csv", "products", 2, 2)]
    changes = waiting_changes(shop, shop.live_generation())
    assert waiting_cells(shop, changes, kind="products", items=["B1", "B4", "B9"]) == {
        "B4": {"brand": "Dogwood"}, "B9": {"category": "Toys"},
    }
    assert waiting_names(shop, changes) == {"brand": {"Dogwood"}, "category": {"Toys"}, "group": {"own"}}
    refresh(shop)
    assert waiting(shop) == []


def test_a_file_that_changes_nothing_is_not_told(shop, take):
    take("asin,brand\nB1,Alder\n")
    assert waiting(shop) == []


def test_the_cells_of_settled_changes_go_with_the_next_change(shop, take):
    take("asin,brand\nB4,birch\n")
    refresh(shop)
    take("asin,brand\nB5,birch\n")
    with shop.application_reading.connect() as connection:
        items = connection.execute(sa.select(schema.catalogue_change_cell.c.item)).scalars().all()
        count = connection.execute(sa.select(sa.func.count()).select_from(schema.catalogue_change)).scalar()
    assert (items, count) == (["B5"], 2)


def test_a_change_that_moves_no_figure_is_settled_by_a_refresh_too(shop, take):
    take("asin,name\nB5,Green slope\n")
    refresh(shop)
    assert waiting(shop) == []
    assert refresh(shop).status == "nothing to do"


def test_a_refresh_of_certain_months_settles_nothing(shop, take):
    take("asin,brand\nB4,birch\n")
    refresh(shop, RefreshOptions(months=(datetime.date(2024, 1, 1),)))
    assert len(waiting(shop)) == 1


def test_after_a_rollback_a_change_waits_again(shop, take):
    take("asin,brand\nB4,birch\n")
    refresh(shop)
    roll_back(shop)
    assert len(waiting(shop)) == 1


def test_a_change_concerns_the_brands_it_touches_before_and_after(shop, take):
    take("asin,brand\nB1,birch\nB4,Dogwood\n")
    assert [len(waiting(shop, scope={number})) for number in (1, 2, 3, 4, 12)] == [1, 1, 0, 1, 0]
    assert waiting(shop, scope=set()) == []


def test_a_limited_file_may_name_its_brands_alone(shop, take):
    take("asin,category\nB1,Games\n", only_brands={1})
    before = places(shop)
    for text, faults in (
        ("asin,brand,category\nB3,Alder,Toys\nB7,,Empty\n", 3),
        ("asin,brand\nB1,birch\n", 1),
        ("brand,group\nCedar,own\n", 1),
        ("brand,category\nNew,Toys\n", 1),
    ):
        with pytest.raises(Refused) as caught:
            take(text, only_brands={1})
        assert "is not " in " ".join([str(caught.value), *caught.value.faults])
        assert faults == 1 or f"{faults} faults" in str(caught.value)
    assert places(shop) == before
    with pytest.raises(Refused):
        take("asin,category\nB1,Games\n", only_brands=set())

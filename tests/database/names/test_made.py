"""Names that only a removed import made go with the next refresh; whatever else names, watches or keeps one stays."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from database import schema
from database.demo import DemoShape, load_demo
from database.demo.removal import remove_demo_data
from database.doctor.intake import judge_demo
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import holds_demo, tell_done, tell_removed
from database.names.made import MadeNames, is_taken_back, remove_names_of
from database.names.undoing import take_back
from database.people import users
from database.summaries.planning import RefreshOptions
from database.summaries.refresh import refresh
from domain.errors import Refused

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
FIRST = "A1,Acme,Toys,US,CM3,2024-01,1.00\n"
SECOND = (
    "A1,Acme,Toys,US,CM3,2024-02,2.00\nB1,Birch,Games,US,CM3,2024-02,3.00\nB2,Acme,Books,US,CM3,2024-02,4.00\n"
    "B3,Stock,Games,US,CM3,2024-02,5.00\n"
)
DEMO = DemoShape.of_size(1_000, seed=1, through=datetime.date(2026, 11, 21))


@pytest.fixture
def take(store, tmp_path):
    """Takes a text in as a file of its own source, and writes it down."""

    def take_text(text: str, name: str) -> None:
        path = tmp_path / f"{name}.csv"
        path.write_text(HEADINGS + text, encoding="utf-8")
        with store.lock("a test"):
            tell_done(store, import_file(store, path, ImportOptions(source=name)))

    return take_text


def names(store) -> dict[str, list[str]]:
    """Every name of the three tables."""
    with store.facts() as connection:
        return {
            column.name: sorted(connection.execute(sa.select(column)).scalars())
            for column in (schema.asin.c.asin, schema.brand.c.brand, schema.category.c.category)
        }


def refresh_twice(store) -> None:
    """The generation before names what is not in force any more, where both stand in one schema."""
    refresh(store)
    refresh(store, RefreshOptions(full=True))


def count(store, table: sa.Table) -> int:
    with store.facts() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def test_what_only_an_undone_import_made_goes_and_what_others_name_stays(store, take):
    take(FIRST, "first")
    take(SECOND, "second")
    # B3 is sold by another import, whose facts no summary holds.
    take("B3,,,US,CM3,2024-02,6.00\n", "third")
    with store.facts() as connection:
        connection.execute(
            sa.update(schema.brand).where(schema.brand.c.brand == "Stock").values({schema.brand.c.group: "stock"})
        )
        connection.commit()
    refresh(store)
    assert not is_taken_back(store, 2)
    with pytest.raises(Refused, match=r"import 2 \(second.csv\) is in; undo it first"):
        remove_names_of(store, 2)
    take_back(store, 2)
    assert is_taken_back(store, 2)
    before = names(store)
    # B1, B2, Birch and Books; B3, its brand and its category stay.
    assert remove_names_of(store, 2) == MadeNames(products=2, brands=1, categories=1, stay=3)
    assert names(store) == before
    refresh_twice(store)
    assert names(store) == {"asin": ["A1", "B3"], "brand": ["Acme", "Stock"], "category": ["Games", "Toys"]}
    with pytest.raises(Refused, match=r"import 2 \(second.csv\) is out already: removed"):
        remove_names_of(store, 2)


def test_a_name_that_a_later_file_brings_again_stays(store, take):
    take(FIRST, "first")
    take(SECOND, "second")
    refresh(store)
    take_back(store, 2)
    remove_names_of(store, 2)
    take("B1,Birch,Games,US,CM3,2024-03,9.00\n", "third")
    refresh_twice(store)
    assert names(store) == {"asin": ["A1", "B1"], "brand": ["Acme", "Birch"], "category": ["Games", "Toys"]}


def test_a_brand_that_somebody_is_limited_to_keeps_its_id(store, take):
    take(FIRST, "first")
    take(SECOND, "second")
    refresh(store)
    with store.facts() as connection:
        birch = connection.execute(sa.select(schema.brand.c.id).where(schema.brand.c.brand == "Birch")).scalar()
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="viewer", password_hash="x", brands={birch})
    take_back(store, 2)
    remove_names_of(store, 2)
    refresh_twice(store)
    assert names(store) == {"asin": ["A1"], "brand": ["Acme", "Birch"], "category": ["Toys"]}


def test_demo_data_is_removed_by_hand_and_what_stands_beside_it_stays(store):
    tell_done(store, load_demo(store, DEMO))
    demo = count(store, schema.financials)
    assert list(judge_demo(store)) == []
    with store.facts() as connection:
        # Another program's product, and a fact of it; an import would have removed the demo.
        connection.execute(sa.insert(schema.asin).values(id=900, asin="OWN1", name="Mine"))
        connection.execute(sa.insert(schema.financials).values(
            id=9_000_000, asin_id=900, marketplace="US", metric="CM3", month=datetime.date(2024, 1, 1), value=7,
        ))
        connection.commit()
    refresh(store)
    (finding,) = judge_demo(store)
    assert finding.check == "demo-beside-figures" and "flask remove-demo" in finding.advice

    with store.lock("a test"):
        tried = remove_demo_data(store, dry_run=True)
    assert (count(store, schema.financials), holds_demo(store)) == (demo + 1, True)
    with store.lock("a test"):
        removed = remove_demo_data(store)
        tell_removed(store, [1], removed.removed_at)
    assert removed.in_a_line() == tried.in_a_line()
    assert (removed.facts, removed.imports) == (demo, ((1, "demo data, seed 1"),))
    assert (count(store, schema.financials), holds_demo(store), list(judge_demo(store))) == (1, False, [])
    assert (removed.names.products, removed.names.stay) == (3, 0)

    refresh_twice(store)
    assert names(store) == {"asin": ["OWN1"], "brand": [], "category": []}
    with pytest.raises(Refused, match="there is no demo data"):
        remove_demo_data(store)

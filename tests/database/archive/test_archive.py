"""Old facts go to files and come back exactly; meanwhile every table is what it would be with them."""

import datetime
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.demo import DemoShape, load_demo
from database.facts.archived import archived_months
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.summaries.refresh import RefreshOptions, plan_only, refresh, roll_back
from domain.errors import Refused, SetupError
from domain.months import format_month, parse_month
from tests.facts import add_facts, all_summary_rows, run_on_facts

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

FIRST = """asin,brand,category,marketplace,metric,month,value
B1,Alder,Garden,US,Net revenue,2024-01,10.01
B1,Alder,Garden,DE,Net revenue,2024-01,5.00
B2,Birch,Garden,US,CM3,2024-01,-1.50
B3,Surplus,Garden,US,Net revenue,2024-01,100.00
B1,Alder,Garden,US,Ñandú €,2024-02,7.00
B1,Alder,Garden,US,Net revenue,2024-03,3.00
"""
CORRECTION = """asin,brand,category,marketplace,metric,month,value
B1,Alder,Garden,US,Net revenue,2024-01,11.01
"""
STRAY = [
    ("B9", "US", "Net revenue", "2024-01", "1000.00"), ("B1", "US", None, "2024-01", "2.00"),
    ("B1", None, "CM3", "2024-01-17", "3.00"), ("B1", "US", "CM3", "2024-01-31", None),
    ("B1", "ALL", "CM3", "2024-01", "4.00"), ("B2", "US", "CM3", "2024-01-09", "0.25"),
]
MARCH = parse_month("2024-03")


def fill(store) -> None:
    """Three months: two files, the second a correction, an excluded brand, and facts of all kinds by a stranger."""
    with tempfile.TemporaryDirectory() as folder:
        take_in(store, Path(folder), FIRST)
        take_in(store, Path(folder), CORRECTION)
    run_on_facts(store, sa.update(schema.brand).where(schema.brand.c.brand == "Surplus").values(group="stock"))
    add_facts(store, STRAY, announced=False)
    refresh(store)


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def shop(store):
    return store


def take_in(store, folder, text: str) -> None:
    path = folder / "facts.csv"
    path.write_text(text, encoding="utf-8")
    with store.lock("an import"):
        import_file(store, path, ImportOptions())


def rows_of(store, table: sa.Table) -> list[tuple]:
    with store.facts() as connection:
        return sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)


def facts_of(store) -> tuple[list, list]:
    return rows_of(store, schema.financials), rows_of(store, schema.financials_replaced)


def published(store) -> tuple:
    """Every row of the summaries, the fingerprints and what was left out."""

    def ask(reading):
        number = reading.generation.generation
        marks, left_out = (
            reading.connection.execute(sa.select(*list(table.c)[1:]).where(table.c.generation == number)).all()
            for table in (schema.summary_month, schema.summary_left_out)
        )
        return sorted(map(repr, marks)), sorted(map(repr, left_out)), reading.generation.facts

    return all_summary_rows(store), *store.read(ask)


def test_facts_come_back_exactly(shop, tmp_path):
    before = facts_of(shop)
    moved = archive(shop, before=MARCH, folder=tmp_path / "old")
    assert [(format_month(each.month), each.facts, each.value, each.replaced_facts) for each in moved.months] == [
        ("2024-01", 10, Decimal("1123.76"), 1), ("2024-02", 1, Decimal("7.00"), 0),
    ]
    assert [row[4] for row in facts_of(shop)[0]] == [MARCH]
    assert facts_of(shop)[1] == []
    assert sorted(path.name for path in (tmp_path / "old").iterdir()) == [each.file.name for each in moved.months]
    assert archived_months(shop) == list(moved.months)
    assert unarchive(shop, [parse_month("2024-01")]).facts == 10
    assert unarchive(shop).facts == 1
    assert facts_of(shop) == before
    assert rows_of(shop, schema.archived_month) == rows_of(shop, schema.archived_sum) == []
    assert list((tmp_path / "old").iterdir()) == []


def test_every_refresh_gives_what_the_facts_gave(shop):
    before = published(shop)
    archive(shop, before=MARCH)
    months = [parse_month(f"2024-0{number}") for number in (1, 2)]
    plan = plan_only(shop)
    assert {cause for causes in plan.causes.values() for cause in causes} == {"archive"}
    for options in (RefreshOptions(), RefreshOptions(full=True), RefreshOptions(months=tuple(months))):
        result = refresh(shop, options)
        assert (result.status, result.restated) == ("success", ())
        assert published(shop) == before
    assert refresh(shop).status == "nothing to do"
    unarchive(shop)
    assert set(months) <= set(refresh(shop).months)
    assert published(shop) == before
    roll_back(shop)
    assert published(shop) == before


def test_moved_products_and_groups_count_in_archived_months_as_if_their_facts_were_there(shop, tmp_path):
    """Also those that were left out when the month was archived."""
    archive(shop, before=MARCH)
    brand, product = schema.brand, schema.asin
    changes = [
        sa.update(brand).where(brand.c.brand == "Surplus").values(group=None),
        sa.update(brand).where(brand.c.brand == "Birch").values(group="stock"),
        sa.update(product).where(product.c.asin == "B1").values(brand_id=None, category_id=None),
    ]
    for change in changes:
        run_on_facts(shop, change)
        assert parse_month("2024-01") in refresh(shop).months
    found = published(shop)
    unarchive(shop)
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == found


def test_what_a_stranger_adds_to_an_archived_month_counts(shop):
    archive(shop, before=MARCH)
    refresh(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2024-01", "0.50"), ("B2", "US", "CM3", "2024-01-09", "8.00")],
              announced=False)
    assert refresh(shop).months == (parse_month("2024-01"),)
    found, facts = published(shop), rows_of(shop, schema.financials)
    unarchive(shop)
    assert set(facts) < set(rows_of(shop, schema.financials))
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == found


@EMBEDDED
def test_all_months_may_be_archived(shop):
    before, numbers = published(shop), [row[0] for row in rows_of(shop, schema.financials)]
    archive(shop, before=parse_month("2024-04"))
    assert rows_of(shop, schema.financials) == []
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == before
    unarchive(shop)
    assert [row[0] for row in rows_of(shop, schema.financials)] == numbers


@EMBEDDED
def test_imports_and_undos_of_archived_months_are_refused_and_name_the_command(shop, tmp_path):
    archive(shop, before=MARCH)
    before = facts_of(shop)
    with pytest.raises(Refused, match=r"facts.csv: has facts of 2024-01, .* first run: flask unarchive 2024-01$"):
        take_in(shop, tmp_path, FIRST.replace("10.01", "12.01").replace("2024-02", "2024-05"))
    with shop.lock("an undo"), pytest.raises(Refused, match=r"import 1 .* of 2024-01 to 2024-02, .*2024-01 2024-02$"):
        undo_import(shop, 1)
    assert facts_of(shop) == before
    take_in(shop, tmp_path, CORRECTION.replace("2024-01", "2024-03"))
    assert min(row[0] for row in rows_of(shop, schema.financials) if row[6] == 3) > 13, "ids are not given twice"
    unarchive(shop)
    with shop.lock("an undo"):
        undo_import(shop, 3)
        undo_import(shop, 2)
    assert ("10.01", 1) in [(str(row[5]), row[6]) for row in rows_of(shop, schema.financials)]


@EMBEDDED
def test_only_months_that_are_over_are_archived(shop):
    with pytest.raises(Refused, match="only months that are over"):
        archive(shop, before=parse_month("2999-01"))
    assert archive(shop, before=parse_month("2024-01")).months == ()


@EMBEDDED
def test_a_file_that_lacks_or_was_changed_brings_nothing_back(shop):
    (first, second) = archive(shop, before=MARCH).months
    first.file.write_bytes(second.file.read_bytes())
    second.file.unlink()
    with pytest.raises(Refused, match="is not the file that was written when 2024-01 was archived"):
        unarchive(shop)
    with pytest.raises(SetupError, match="2024-02-.*parquet"):
        unarchive(shop, [second.month])
    with pytest.raises(Refused, match="2024-07 is not archived"):
        unarchive(shop, [parse_month("2024-07")])
    assert [each.month for each in archived_months(shop)] == [first.month, second.month]
    before = published(shop)
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == before


@EMBEDDED
@pytest.mark.parametrize("filled_by", [None], ids=["empty"])
def test_archived_demo_data_is_not_mixed_with_real_facts(store, tmp_path):
    load_demo(store, DemoShape.of_size(1000, seed=1, through=datetime.date(2024, 3, 20)))
    assert len(archive(store, before=parse_month("2021-04")).months) == 1
    with pytest.raises(Refused, match="demo data, which a real import removes, has facts of 2021-03, .* unarchive"):
        take_in(store, tmp_path, FIRST)
    unarchive(store)
    take_in(store, tmp_path, FIRST)
    assert len(rows_of(store, schema.financials)) == 6

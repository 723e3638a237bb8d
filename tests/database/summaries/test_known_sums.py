"""Sums by import that the live generation tells are those of the facts, to the cent; where that is not sure, it tells
nothing."""

from __future__ import annotations

import datetime
import random

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.imports.undo import undo_import
from database.summaries import known_sums
from database.summaries.figure_rows import FigureAsked, FigureRows
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import LegoError
from settings import COLUMNAR
from tests.database.imports.conftest import HEADINGS
from tests.databases import ONE_SERVER
from tests.facts import add_facts, kept_open, run_on_facts

pytestmark = pytest.mark.parametrize("engine", dict.fromkeys((*ONE_SERVER, COLUMNAR)), indirect=True)
JANUARY, FEBRUARY, MARCH = (datetime.date(2025, month, 1) for month in (1, 2, 3))
FIRST = HEADINGS + """B1,Alder,Garden,US,Net revenue,2025-01,10.00
B1,Alder,Garden,DE,Net revenue,2025-01,5.00
B2,Birch,Kitchen,US,Net revenue,2025-01,2.50
B1,Alder,Garden,US,Net units,2025-01,3
B1,Alder,Garden,US,Net revenue,2025-02,7.00
B2,Birch,Kitchen,US,Net revenue,2025-03,9.00
"""
ALL = {1, 2, 3}


@pytest.fixture
def filled_by():
    return None


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    monkeypatch.setattr(known_sums, "FEW", 0)


@pytest.fixture
def shop(store):
    with kept_open(store):
        yield store


def months_known(store, *metrics: str, groups=("stock",), **narrower) -> set[int]:
    """The numbers of the months that are known, after both ways were compared."""
    asked = FigureAsked(metrics or ("Net revenue",), JANUARY, MARCH, **narrower)
    with store.facts() as connection:
        rows = FigureRows(connection, asked, groups)
        told = known_sums.known_sums(store, rows)
        bare = rows.sums()
        assert rows.sums(told) == bare, asked
        if {date.replace(day=1) for date in rows.dates} <= told.months:
            found = {(each.metric, each.currency, each.import_id): (each.facts, each.value) for each in bare}
            assert found == told.sums
    return {month.month for month in told.months}


def rate(store, month: datetime.date) -> None:
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.exchange_rate).values(
            base="USD", currency="EUR", month=month, rate="1.5", source="told", changed_by="ann", changed_at=JANUARY,
        ))


def test_what_is_published_is_known_whatever_it_is_narrowed_to_but_of_no_product(shop, take) -> None:
    take(FIRST)
    assert months_known(shop) == set()
    refresh(shop)
    assert months_known(shop) == months_known(shop, "Net revenue", "Net units") == months_known(shop, "CM3") == ALL
    for brands in ((1,), (0, 2), (-1,)):
        assert months_known(shop, brands=brands) == ALL
    assert months_known(shop, categories=(2,)) == months_known(shop, brands=(1,), categories=(2,)) == ALL
    assert months_known(shop, marketplaces=("US",)) == months_known(shop, marketplaces=("DE", "FR"), brands=(1,)) == ALL
    assert months_known(shop, asin="B1") == set()


def test_few_facts_are_added_up(shop, take, monkeypatch) -> None:
    take(FIRST)
    refresh(shop)
    monkeypatch.setattr(known_sums, "FEW", 6)
    assert months_known(shop) == set()
    monkeypatch.setattr(known_sums, "FEW", 5)
    assert months_known(shop) == ALL


def test_a_name_that_is_written_otherwise_is_looked_for_in_the_facts(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    for names in (("net revenue",), ("Net revenue", "net revenue"), ("NET UNITS", "Net revenue")):
        months_known(shop, *names)
        months_known(shop, *names, marketplaces=("us",))
        months_known(shop, *names, marketplaces=("US", "de"))


def test_months_that_changed_since_are_added_up_until_a_refresh(shop, take) -> None:
    first = take(FIRST, source="one")
    refresh(shop)
    correction = take(HEADINGS + "B1,Alder,Garden,US,Net revenue,2025-01,11.01\n", source="one")
    assert 1 not in months_known(shop)
    refresh(shop)
    assert months_known(shop) == ALL
    with shop.lock("undo"):
        undo_import(shop, correction)
    assert 1 not in months_known(shop)
    refresh(shop)
    assert months_known(shop) == ALL
    # What was published then is not what the facts give now.
    roll_back(shop)
    assert 1 not in months_known(shop)
    refresh(shop)
    assert months_known(shop) == ALL, first


def test_facts_of_another_program_are_found_by_their_ids(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    add_facts(shop, [("B1", "US", "Net revenue", "2025-02-15", "100.00")], announced=False)
    assert 2 not in months_known(shop)
    refresh(shop)
    assert months_known(shop) == months_known(shop, marketplaces=("US", "DE")) == ALL


def test_products_that_moved_leave_nothing_months_known(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    product, brand = schema.asin, schema.brand
    for change in (
        sa.update(product).where(product.c.asin == "B2").values(brand_id=1),
        sa.update(product).where(product.c.asin == "B1").values(category_id=2),
        sa.update(brand).where(brand.c.id == 1).values(group="stock"),
        sa.update(brand).where(brand.c.id == 1).values(group=None),
        sa.insert(product).values(id=77, asin="B77"),
    ):
        run_on_facts(shop, change)
        assert months_known(shop) == months_known(shop, brands=(1,)) == set()
        refresh(shop, RefreshOptions(full=True))
        assert months_known(shop) == months_known(shop, brands=(1,)) == months_known(shop, categories=(2,)) == ALL
    run_on_facts(shop, sa.update(brand).where(brand.c.id == 1).values(group="samples"))
    refresh(shop)
    assert months_known(shop) == ALL and months_known(shop, groups=("samples",)) == set()


def test_a_run_for_certain_months_leaves_nothing_months_known(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    refresh(shop, RefreshOptions(months=(FEBRUARY,)))
    assert months_known(shop) == set()


def test_archived_months_are_not_among_them(shop, take, tmp_path) -> None:
    take(FIRST)
    refresh(shop)
    archive(shop, before=FEBRUARY, folder=tmp_path / "old")
    refresh(shop)
    assert 1 not in months_known(shop)
    unarchive(shop)
    refresh(shop)
    assert months_known(shop) == ALL


def test_only_what_was_converted_as_a_whole_is_known_by_currency(shop, take) -> None:
    other = HEADINGS + "B1,Alder,,US,Net revenue,2025-{0},0.25\nB1,Alder,,US,Net units,2025-{0},3\n"
    rate(shop, JANUARY)
    take(FIRST, source="one")
    euros = take(other.format("01"), source="two", currency="EUR")
    take(other.format("02"), source="three", currency="EUR")
    take(other.format("03"), source="four", currency="USD")
    refresh(shop)
    assert months_known(shop) == {1, 3}
    assert months_known(shop, "Net units") == months_known(shop, "CM3") == {3}
    rate(shop, FEBRUARY)
    assert months_known(shop) == {1, 3}
    refresh(shop)
    assert months_known(shop) == ALL
    with shop.lock("undo"):
        undo_import(shop, euros)
    # Another program may name the dashboard's own currency.
    add_facts(shop, [("B1", "US", "Net revenue", "2025-03", "1.00")], currency="USD")
    refresh(shop)
    assert 2 in months_known(shop) and 3 not in months_known(shop)


def test_a_generation_that_tells_less_than_all_of_a_month_is_not_believed(shop, take) -> None:
    take(FIRST)
    refresh(shop)
    run_on_facts(shop, sa.delete(schema.import_sum).where(schema.import_sum.c.marketplace == "DE"))
    refresh(shop, RefreshOptions(full=True))
    # What was noted wrongly was counted again.
    assert months_known(shop) == ALL


@pytest.mark.parametrize("seed", range(3))
def test_both_ways_agree_whatever_comes_after_what(shop, take, seed) -> None:
    chance = random.Random(seed)
    rate(shop, JANUARY)
    imports = [take(FIRST, source="first")]
    for number in range(14):
        deed = chance.choice(("import", "import", "undo", "move", "refresh", "refresh", "roll back"))
        if deed == "import":
            lines = {
                (chance.choice(("B1", "B2", "B3")), chance.choice(("US", "DE")), chance.choice(("Net revenue", "CM3")),
                 chance.choice((1, 2, 3))): chance.randint(-999, 999) for _ in range(4)
            }
            text = "".join(f"{a},Alder,,{m},{x},2025-0{n},{v}.{number:02}\n" for (a, m, x, n), v in lines.items())
            currency = chance.choice(("", "", "EUR"))
            imports.append(take(
                HEADINGS + text, source=f"source {number % 3}", **({"currency": currency} if currency else {})
            ))
        elif deed == "undo" and imports:
            with shop.lock("undo"):
                try:
                    undo_import(shop, imports.pop())
                except LegoError:
                    continue
        elif deed == "move":
            brand = chance.choice((1, 2, None))
            run_on_facts(shop, sa.update(schema.asin).where(schema.asin.c.asin == "B1").values(brand_id=brand))
        elif deed == "refresh":
            refresh(shop)
        else:
            try:
                roll_back(shop)
            except LegoError:
                continue
        for narrower in ({}, {"brands": (1,)}, {"categories": (0, 2)}, {"marketplaces": ("DE",)}):
            months_known(shop, **narrower)
            months_known(shop, "CM3", "Net revenue", **narrower)
    refresh(shop)
    assert months_known(shop)

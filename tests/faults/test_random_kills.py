"""kill -9 at any moment, not only at named steps, of what moves, restores, renames or derives facts: afterwards all
is as before, or as after. `LONG_KILLS=20` kills each so often; tests/long.sh does."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.backup.backup import back_up
from database.facts.archived import archived_months
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.names.undoing import take_back
from database.summaries.refresh import RefreshOptions, refresh
from domain.metrics import UNSORTED
from domain.months import parse_month
from settings import COLUMNAR
from tests.conftest import LONG_SEED, SHARED_FILES
from tests.counts import count
from tests.facts import add_facts, all_summary_rows
from tests.faults.processes import start

KILLS = int(os.environ.get("LONG_KILLS", "1"))
MONTHS = [parse_month(f"2024-{month:02}") for month in (1, 2, 3)]
BY_MONTH = ("archive", "unarchive")
"""These move one month after the other, each as a whole."""
BEFORE, MARCH = "2024-03", parse_month("2024-03")
FACTS = "asin,brand,category,marketplace,metric,month,value\n" + "".join(
    f"B{number:03},Alder,Garden,US,{metric},2024-{month:02},{number}.{month:02}\n"
    for number in range(200) for metric in ("Net revenue", "Old name") for month in (1, 2, 3)
) + "B999,Alder,Garden,US,New name,2024-01,1.00\n"


@dataclass(frozen=True)
class Deed:
    """A command; `undo` leads back from what it does. `prepare` is done before each time."""

    words: Callable[[], tuple[str, ...]]
    undo: Callable[[], object]
    prepare: Callable[[], object] = lambda: None


def fill(store) -> None:
    """Three months of facts, and a settlement with an amount of a description that nobody knows."""
    with tempfile.TemporaryDirectory() as folder, store.lock("a test"):
        (path := Path(folder) / "facts.csv").write_text(FACTS, encoding="utf-8")
        import_file(store, path, ImportOptions())
        text = (SHARED_FILES / "seller" / "settlement_us_1.txt").read_text(encoding="utf-8")
        assert "FBAPerUnitFulfillmentFee" in text
        (path := Path(folder) / "settlement.txt").write_text(text.replace("FBAPerUnitFulfillmentFee", "MoonFee"))
        import_file(store, path, ImportOptions())
    refresh(store)


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def deeds(store, tmp_path) -> dict[str, Deed]:
    """By name. What one of them leads to the next one leads back from."""
    old, backup = tmp_path / "old", tmp_path / "lego.backup"
    back_up(store, backup)
    kind, number = schema.amazon_kind, iter(range(1, 1000))

    def undo_newest() -> None:
        with store.facts() as connection:
            newest = connection.execute(
                sa.select(sa.func.max(schema.financials_import.c.id)).where(schema.financials_import.c.status == "done")
            ).scalar()
        with store.lock("a test"):
            take_back(store, newest)

    def bring_back() -> None:
        if archived_months(store):
            unarchive(store)

    def unsorted() -> str:
        with store.facts() as connection:
            return str(connection.execute(sa.select(kind.c.id).where(kind.c.place == UNSORTED)).scalars().one())

    def change() -> None:
        add_facts(store, [("B001", "US", "Net revenue", "2024-03", f"0.{next(number):02}")])
        refresh(store)

    return {
        "archive": Deed(lambda: ("archive", "--before", BEFORE, "--to", str(old)), bring_back),
        "unarchive": Deed(lambda: ("unarchive",), bring_back, lambda: archive(store, before=MARCH, folder=old)),
        "join-names": Deed(lambda: ("join-names", "metric", "Old name", "New name"), undo_newest),
        "sort-amounts": Deed(lambda: ("sort-amounts", unsorted(), "FBA fees"), undo_newest),
        "restore": Deed(lambda: ("restore", str(backup), "--replace"), lambda: None, change),
    }


@pytest.mark.parametrize("name", ["archive", "unarchive", "join-names", "sort-amounts", "restore"])
@pytest.mark.parametrize("engine", ["embedded", "mysql", *([COLUMNAR] if KILLS > 1 else [])], indirect=True)
def test_a_kill_at_any_moment_leaves_what_was_or_what_was_to_be(store, engine, deeds, name, tmp_path):
    deed, chance, came_of_it = deeds[name], random.Random(os.environ[LONG_SEED] + engine + name), Counter()
    deed.prepare()
    before, began = state_of(store), time.monotonic()
    store.close()
    done = start(store.settings, tmp_path, command=deed.words())
    assert done.code == 0, done.errors
    took, after = time.monotonic() - began, state_of(store)
    assert after != before
    deed.undo()
    for _ in range(KILLS):
        deed.prepare()
        before = state_of(store)
        words = deed.words()
        store.close()
        killed = start(store.settings, tmp_path, command=words)
        killed.process.join(chance.uniform(0, took))
        if killed.process.is_alive():
            killed.signal(signal.SIGKILL)
        assert killed.code in (-signal.SIGKILL, 0), killed.errors
        # Whoever gets the lock next ends what the dead one left, and finishes a restore that was decided.
        refresh(store) if name == "restore" else settle(store)
        found = state_of(store)
        if name in BY_MONTH:
            assert all(found[part] in (before[part], after[part]) for part in before), words
        else:
            assert found in (before, after), words
        came_of_it["before" if found == before else "after" if found == after else "between two months"] += 1
        if found != before or name in BY_MONTH:
            deed.undo()
    count(f"kill -9 of {name} at a random moment", by=KILLS)
    for state, times in came_of_it.items():
        count(f"… after which it was as {state}", by=times)
    assert refresh(store, RefreshOptions(full=True)).status == "success"


def settle(store) -> None:
    # A server ends the statement of a client that is gone before it lets go of its lock.
    with store.lock("a test", wait=60):
        pass


def state_of(store) -> dict[object, object]:
    """By month its facts by what they say, and how many are archived; and what is published of them all."""
    fact, product = schema.financials, schema.asin
    columns = (product.c.asin, fact.c.marketplace, fact.c.metric, fact.c.month, fact.c.value, fact.c.currency)
    with store.facts() as connection:
        facts = connection.execute(
            sa.select(*columns).join_from(fact, product, product.c.id == fact.c.asin_id).order_by(*columns[:5])
        ).all()
    archived = {each.month: each.facts for each in archived_months(store)}
    months = sorted({row.month for row in facts} | set(MONTHS))
    return {"published": all_summary_rows(store)} | {
        month: ([tuple(row) for row in facts if row.month == month], archived.get(month, 0)) for month in months
    }

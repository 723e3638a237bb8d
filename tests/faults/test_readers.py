"""Readers all along publications see whole generations only: no error, no empty answer, no mixture.

`LONG_PUBLICATIONS=100 tests/run.sh tests/faults/test_readers.py -s` makes the long run and prints the counts.
"""

import os
import random

import pytest

from database.summaries.refresh import RefreshOptions, refresh, roll_back
from tests.conftest import environment_of
from tests.facts import add_facts, add_products
from tests.faults.readers import ReaderProcess

PUBLICATIONS = int(os.environ.get("LONG_PUBLICATIONS", "10"))
READERS = 4


@pytest.fixture
def shop(store):
    """Some hundred facts in six months, refreshed."""
    add_products(store, *((f"B{i}", None, None) for i in range(1, 21)))
    add_facts(store, [
        (f"B{product}", marketplace, metric, f"2024-0{month}", f"{product}.{month:02d}")
        for product in range(1, 21) for marketplace in ("US", "DE") for metric in ("Net revenue", "CM3")
        for month in range(1, 7)
    ])
    refresh(store)
    return store


def test_four_readers_see_whole_generations_only(shop, tmp_path):
    readers = [ReaderProcess(environment_of(shop.settings), tmp_path / f"{i}.json") for i in range(READERS)]
    choose = random.Random(1)
    for number in range(PUBLICATIONS):
        add_facts(shop, [("B1", "US", "CM3", f"2024-0{choose.randint(1, 6)}", f"{number}.01")])
        refresh(shop, RefreshOptions(full=number % 5 == 4))
        if number % 7 == 6:
            roll_back(shop)
    seen = [reader.finish() for reader in readers]
    total = {name: sum(one[name] for one in seen) for name in ("reads", "errors", "empty", "mixed")}
    slowest = max(one["slowest"] for one in seen)
    print(f"\n{shop.settings.database.engine}: {PUBLICATIONS} publications, {total}, slowest read {slowest:.3f} s")
    assert (total["errors"], total["empty"], total["mixed"]) == (0, 0, 0), seen
    assert total["reads"] > 10 * PUBLICATIONS
    assert max(len(one["generations"]) for one in seen) > 2

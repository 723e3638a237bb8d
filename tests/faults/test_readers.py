"""Readers all along publications see whole generations only: no error, no empty answer, no mixture.

`tests/long.sh` makes the long run, with a hundred publications and 20,000 reads.
"""

import contextlib
import os
import random

import pytest

from database.summaries.refresh import RefreshOptions, refresh, roll_back
from tests.conftest import environment_of
from tests.counts import count, highest
from tests.facts import add_facts, add_products
from tests.faults.processes import ReaderProcess

PUBLICATIONS = int(os.environ.get("LONG_PUBLICATIONS", "10"))
READS = 200 * PUBLICATIONS if PUBLICATIONS >= 100 else 10 * PUBLICATIONS
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


def test_four_readers_see_whole_generations_only(shop, engine, tmp_path):
    choose = random.Random(1)
    with contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(ReaderProcess(environment_of(shop.settings), tmp_path / f"{i}.json"))
            for i in range(READERS)
        ]
        number = 0
        while number < PUBLICATIONS or sum(reader.reads for reader in readers) < READS:
            add_facts(shop, [("B1", "US", "CM3", f"2024-0{choose.randint(1, 6)}", f"{number}.01")])
            refresh(shop, RefreshOptions(full=number % 5 == 4))
            if number % 7 == 6:
                roll_back(shop)
            number += 1
        seen = [reader.finish() for reader in readers]
    total = {name: sum(one[name] for one in seen) for name in ("reads", "errors", "empty", "mixed", "unreachable")}
    for name, found in {"publications": number, **total}.items():
        count(f"{engine}, four readers: {name}", by=found)
    highest(f"{engine}, four readers: slowest read, ms", round(1000 * max(one["slowest"] for one in seen)))
    assert total == {"reads": total["reads"], "errors": 0, "empty": 0, "mixed": 0, "unreachable": 0}, seen
    assert total["reads"] >= READS
    assert max(len(one["generations"]) for one in seen) > 2

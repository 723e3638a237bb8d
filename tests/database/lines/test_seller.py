"""The seller's reports give the figures that were counted from what happened, whatever is imported, undone and in what
order."""

from __future__ import annotations

import os
import random

import pytest

from database.imports.undo import undo_import
from tests.conftest import LONG_SEED
from tests.database.lines.conftest import expected, figures, files, take_all
from tests.facts import kept_open

PAYMENTS = ("settlement_*.txt",)


def undo(store, *numbers: int) -> None:
    with store.lock("test"), kept_open(store):
        for number in numbers:
            undo_import(store, number)


def test_every_scenario_gives_its_figures(seller):
    assert figures(seller) == {}
    settlements = take_all(seller, files(*PAYMENTS))
    assert figures(seller) == expected("payments")
    storage = take_all(seller, files("storage_*.csv"))
    assert figures(seller) == expected("payments+storage")
    undo(seller, storage[0].import_id)
    advertising = take_all(seller, files("ads_*.csv"))
    assert figures(seller) == expected("payments+ads")
    undo(seller, *(report.import_id for report in advertising))
    undo(seller, *(report.import_id for report in settlements if "_uk_" not in report.file_name))
    take_all(seller, files("transactions_*.csv", "orders_us_*.txt"))
    assert figures(seller) == expected("payments")


def test_orders_alone_give_their_figures(seller):
    take_all(seller, files("orders_*.txt"))
    assert figures(seller) == expected("orders")
    undo(seller, *range(11, 2, -1))
    assert figures(seller) == {}
    take_all(seller, files("business_*.csv"))
    assert figures(seller) == expected("business")


@pytest.mark.parametrize("times", range(int(os.environ.get("LONG_ORDERS", "1"))))
def test_the_order_of_the_files_does_not_matter(store, times):
    chance = random.Random(f"{os.environ[LONG_SEED]} {times}")
    paths = files(
        "listings.txt", "costs.csv", "settlement_us_*.txt", "transactions_us_2025-02.csv", "orders_us_*.txt"
    )
    chance.shuffle(paths)
    reports = take_all(store, paths)
    number = chance.choice([number for number, path in enumerate(paths) if not path.name.startswith("orders")])
    undo(store, reports[number].import_id)
    take_all(store, [paths[number]])
    wanted = {key: value for key, value in expected("payments").items() if "|US|" in key}
    assert figures(store) == wanted, paths

"""What a person told of a word holds for the next file of that report, until the import that it came with is undone."""

from __future__ import annotations

import pytest

from database.imports.undo import undo_import
from domain.errors import Refused
from tests.databases import on_one_server

ORDERS = "amazon-order-id\tpurchase-date\torder-status\tsku\tasin\tsales-channel\tquantity\tcurrency\titem-price\n"


def order(number: int, status: str) -> str:
    return f"{ORDERS}00{number}\t2025-01-1{number} 10:00:00 UTC\t{status}\tS1\tB000000001\tAmazon.com\t1\tUSD\t10.00\n"


@on_one_server
def test_a_status_is_told_once(take, store):
    with pytest.raises(Refused, match="is no status that is known"):
        take(order(1, "Sendt"), "1.txt")
    with store.lock("test"):
        first = take(order(1, "Sendt"), "1.txt", statuses=(("Sendt", "sold"),))
        second = take(order(2, "Sendt"), "2.txt")
        assert "told before, by --status: Sendt is sold" in second.read_as
        assert [metric.value for metric in second.metrics if metric.metric == "Gross sales"] == [20]
        # The word of the file at hand goes before.
        third = take(order(3, "Sendt"), "3.txt", statuses=(("sendt", "cancelled"),), dry_run=True)
        assert [metric.value for metric in third.metrics if metric.metric == "Gross sales"] == [20]
        fourth = take(order(4, "Sendt"), "4.txt")
        assert [metric.value for metric in fourth.metrics if metric.metric == "Gross sales"] == [30]
    undo_import(store, first.import_id)
    with pytest.raises(Refused, match="is no status that is known"):
        take(order(5, "Sendt"), "5.txt")


def test_what_a_status_can_mean_is_a_short_list(take):
    with pytest.raises(Refused, match="a status is one of sold, cancelled, returned, pending"):
        take(order(1, "Sendt"), "1.txt", statuses=(("Sendt", "selled"),))

"""Months of a cluster are archived from the node that holds them and brought back to it, all or nothing."""

from __future__ import annotations

import datetime

import pytest

from database import schema
from database.archive.archiving import archive, unarchive
from database.engines.cluster.tables import table_name
from database.summaries.refresh import RefreshOptions, refresh
from tests.cluster.test_failures import AFTER, _nothing_left, lines, node_of, promises, sums
from tests.database.imports.conftest import take, write
from tests.facts import all_summary_rows
from tests.faults import processes

__all__ = ["_nothing_left", "take", "write"]

JANUARY, FEBRUARY = datetime.date(2024, 1, 1), datetime.date(2024, 2, 1)


@pytest.fixture
def shop(store, take):
    """A month on each node, imported twice, so that replaced facts lie aside, and refreshed."""
    take(lines("1"))
    take(lines("2"), name="second.csv")
    refresh(store)
    return store


def rows_on_node(servers, shop, settings, table) -> int:
    node = node_of(servers, shop, "2024-01")
    return node.run(f"SELECT COUNT(*) FROM {table_name(table, JANUARY)}", settings.database.database)[0][0]


def test_a_month_goes_to_a_file_and_comes_back_to_its_node(servers, settings, shop, tmp_path):
    before = all_summary_rows(shop)
    moved = archive(shop, before=FEBRUARY, folder=tmp_path / "archive")
    assert (len(moved.months), moved.facts, promises(servers)) == (1, 2, 0)
    for table in (schema.financials, schema.financials_replaced):
        assert rows_on_node(servers, shop, settings, table) == 0
    refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == before
    unarchive(shop)
    assert (rows_on_node(servers, shop, settings, schema.financials_replaced), sums(shop)) == (2, AFTER)
    refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == before


def test_archiving_that_is_killed_leaves_the_facts_where_they_were(servers, settings, shop, tmp_path):
    ended = processes.run(settings, tmp_path, "--before", "2024-02", command=("archive",), crash_at="promised")
    assert ended.code == -9 and promises(servers) == 1
    assert refresh(shop).status == "nothing to do"
    assert (promises(servers), sums(shop)) == (0, AFTER)

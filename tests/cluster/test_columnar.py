"""Facts on data nodes, summaries in files: months come from the node that holds them, and nothing of them passes the
head."""

from __future__ import annotations

import dataclasses
import re

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.cluster.tables import table_name
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from domain.findings import Limits
from domain.months import parse_month
from tests.cluster.test_failures import (
    _nothing_left,
    freeze_and_go_on,
    lines,
    node_of,
    shop,
    test_a_node_killed_during_a_refresh_leaves_the_old_generation_live,
    test_months_of_other_nodes_go_on_while_one_is_away,
)
from tests.cluster.test_refresh import (
    elsewhere,
    fill,
    logged,
    selects_of,
    test_a_full_and_an_incremental_refresh_give_what_one_machine_gives,
    test_another_program_may_delete_through_the_head,
    test_facts_that_another_program_wrote_to_a_node_are_found,
)
from tests.conftest import SPIDER_COLUMNAR
from tests.database.imports.conftest import take, write
from tests.facts import all_summary_rows
from tests.faults import processes

# They run here once more, on this engine.
__all__ = [
    "_nothing_left", "elsewhere", "logged", "shop", "take", "write",
    "test_a_full_and_an_incremental_refresh_give_what_one_machine_gives",
    "test_a_node_killed_during_a_refresh_leaves_the_old_generation_live",
    "test_another_program_may_delete_through_the_head", "test_facts_that_another_program_wrote_to_a_node_are_found",
    "test_months_of_other_nodes_go_on_while_one_is_away",
]


@pytest.fixture
def engine() -> str:
    return SPIDER_COLUMNAR


def on_node(servers, settings, store, month: str, statement: str) -> None:
    """Runs a statement on the table of the month, where it is."""
    table = table_name(schema.financials, parse_month(month))
    node_of(servers, store, month).run(statement.format(table=table), settings.database.database)


def test_each_month_is_read_from_its_node_and_only_groups_through_the_head(servers, store, logged):
    fill(store)
    for node in servers.nodes:
        node.run("TRUNCATE mysql.general_log")
    servers.head.run("SET GLOBAL log_output = 'TABLE'")
    servers.head.run("SET GLOBAL general_log = 1")
    try:
        assert refresh(store, RefreshOptions(full=True)).status == "success"
    finally:
        servers.head.run("SET GLOBAL general_log = 0")
    months = {
        re.search(r"\sfrom financials_(\d+)", query)[1] for node in servers.nodes for query in selects_of(node)
        if query.startswith("select concat(")
    }
    assert {"202401", "202402", "202403", "202404"} <= months
    asked = [
        " ".join((text.decode() if isinstance(text, bytes) else text).split()).lower()
        for (text,) in servers.head.run("SELECT argument FROM mysql.general_log WHERE command_type = 'Query'")
    ]
    servers.head.run("TRUNCATE mysql.general_log")
    rows = [text for text in asked if "financials.value" in text and " group by " not in text and "sum(" not in text]
    assert rows == []


def test_a_change_that_no_id_tells_of_is_found_by_a_full_refresh(servers, settings, store):
    fill(store)
    refresh(store)
    assert refresh(store).status == "nothing to do"
    on_node(servers, settings, store, "2024-03", "UPDATE {table} SET value = value + 1 WHERE asin_id = 1 LIMIT 1")
    assert refresh(store).status == "nothing to do"
    findings = [found.check for found in store.health.findings(Limits(), store.health.node_states())]
    assert "copy-differs" in findings
    before = all_summary_rows(store)
    assert refresh(store, RefreshOptions(full=True)).restated
    assert all_summary_rows(store) != before
    assert "copy-differs" not in [found.check for found in store.health.findings(Limits(), store.health.node_states())]


def test_what_other_nodes_were_told_meanwhile_is_copied_once_they_answer(servers, shop, take, monkeypatch):
    """A refresh of certain months, while a node is away, settles nothing of what that node holds."""
    monkeypatch.setattr("database.summaries.refresh.PAUSES", ())
    take(lines("5", ["2024-02"]), name="second.csv")
    victim = node_of(servers, shop, "2024-02")
    victim.kill()
    take(lines("3", ["2024-01"]), name="first.csv")
    assert refresh(shop, RefreshOptions(months=(parse_month("2024-01"),))).status == "success"
    checks = {found.check for found in shop.health.findings(Limits(), shop.health.node_states())}
    assert "node-unreachable" in checks and "copy-differs" not in checks
    victim.start()
    assert refresh(shop).status == "success"
    assert [row[6] for row in all_summary_rows(shop)[schema.summary_asin.name]] == ["3.00", "5.00", "3.00", "5.00"]
    assert refresh(shop).status == "nothing to do"


def test_a_node_that_freezes_while_months_are_read_is_given_up_and_named(servers, settings, shop, take, tmp_path):
    before = all_summary_rows(shop)
    take(lines("2"), name="second.csv")
    started = processes.start(
        settings, tmp_path, crash_at="examine:pause", PAUSES=(), EVERY_SECONDS=0.2, LOST_SECONDS=0.5, PROBE_SECONDS=1,
    ).stopped()
    freeze_and_go_on(node_of(servers, shop, "2024-02"), started)
    assert all_summary_rows(shop) == before
    assert refresh(shop).status == "success"


def test_summaries_are_kept_as_tables_of_the_head_too(servers, settings, shop, take):
    also = dataclasses.replace(settings, database=dataclasses.replace(settings.database, also_tables="yes"))
    store = open_store(also)
    take(lines("4"), name="second.csv")
    assert refresh(store).status == "success"
    rows = servers.head.run(
        f"SELECT value FROM {schema.summary_asin.name} ORDER BY month, asin_id", settings.database.database
    )
    assert [str(value) for (value,) in rows] == ["4.00"] * 4
    with store.facts() as head:
        assert head.execute(sa.select(sa.func.count()).select_from(schema.summary_asin)).scalar() == 4
    store.close()

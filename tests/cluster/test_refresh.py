"""A refresh on a cluster: the same tables as elsewhere, made by the nodes; only groups travel to the head."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.cluster.order import spread
from database.engines.cluster.tables import table_name
from database.migrations import upgrade
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from domain.months import parse_month
from tests.conftest import embedded_settings
from tests.facts import add_brands, add_categories, add_facts, add_products, all_summary_rows, run_on_facts

MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
PER_GROUP = 5
"""Facts of each product, marketplace and metric: groups are five times fewer."""


def fill(store) -> None:
    add_categories(store, "Toys", "Tools")
    add_brands(store, ("Acme", 1, None), ("Bolt", None, None), ("Stock", 2, "stock"))
    add_products(store, ("A1", 1, None), ("A2", 2, 2), ("A3", 3, None), ("A4", None, None))
    add_facts(store, [
        (asin, marketplace, metric, month, f"{number}.{PER_GROUP * len(asin)}")
        for month in MONTHS for asin in ("A1", "A2", "A3", "A4", "unknown") for marketplace in ("US", "UK")
        for metric in ("Net revenue", "Net units") for number in range(PER_GROUP)
    ])
    add_facts(store, [("A1", "US", "Net revenue", "2024-02-17", "0.01"), ("A1", "ALL", "Net revenue", "2024-02", "7")])


@pytest.fixture
def elsewhere(tmp_path) -> Iterator:
    store = open_store(embedded_settings(tmp_path))
    upgrade(store)
    fill(store)
    yield store
    store.close()


@pytest.fixture
def logged(servers) -> Iterator[None]:
    """The nodes write down every statement of the test."""
    for node in servers.nodes:
        node.run("SET GLOBAL log_output = 'TABLE'")
        node.run("SET GLOBAL general_log = 1")
    yield
    for node in servers.nodes:
        node.run("SET GLOBAL general_log = 0")
        node.run("TRUNCATE mysql.general_log")


def selects_of(node) -> list[str]:
    """What the node was asked of facts, in its general log."""
    found = node.run("SELECT argument FROM mysql.general_log WHERE command_type = 'Query' ORDER BY event_time")
    texts = [" ".join(text.decode().split()) if isinstance(text, bytes) else text for (text,) in found]
    # Several ranges of one table are asked for in a union, in parentheses; what it would cost is asked by `explain`.
    return [
        text.lower() for text in texts
        if "financials_2" in text and "select" in text.lower() and not text.lower().startswith("explain")
    ]


def test_a_full_and_an_incremental_refresh_give_what_one_machine_gives(store, elsewhere):
    fill(store)
    for each in (store, elsewhere):
        assert refresh(each, RefreshOptions(full=True)).status == "success"
    assert all_summary_rows(store) == all_summary_rows(elsewhere)
    assert refresh(store).status == "nothing to do"
    for each in (store, elsewhere):
        add_facts(each, [("A2", "US", "Net revenue", "2024-03", "0.33"), ("A2", "DE", "CM1", "2024-05", "4")])
    result = refresh(store)
    assert result.months == (parse_month("2024-03"), parse_month("2024-05"))
    refresh(elsewhere)
    assert all_summary_rows(store) == all_summary_rows(elsewhere)


def test_no_statement_of_a_refresh_pulls_raw_facts_to_the_head(servers, store, logged):
    fill(store)
    for node in servers.nodes:
        node.run("TRUNCATE mysql.general_log")
    assert refresh(store, RefreshOptions(full=True)).status == "success"
    # What fills in a fact between the two refreshes is one of the statements that are looked at.
    run_on_facts(store, sa.insert(schema.financials).values(
        asin_id=2, marketplace="US", metric="Net revenue", month=parse_month("2024-03"), value=Decimal("0.33")
    ))
    assert refresh(store).months == (parse_month("2024-03"),)
    for node in servers.nodes:
        asked = selects_of(node)
        assert any("group by t0.`metric`,t0.`marketplace`,t0.`asin_id`" in query for query in asked)
        assert [query for query in asked if not is_small(query)] == []


def is_small(query: str) -> bool:
    """Whether the answer is groups, ids or dates, and not facts."""
    selected = query.removeprefix("select").partition(" from ")[0]
    return (
        " group by " in query or " limit 1" in query or selected.strip().startswith("distinct month")
        or re.match(r"\s*(count|max|sum)\(", selected) is not None
    )


def test_facts_that_another_program_wrote_to_a_node_are_found(servers, settings, store):
    fill(store)
    refresh(store)
    month = parse_month("2024-02")
    name = store.facts_room.months_by_node()[month].name
    node = next(server for server in servers.nodes if f":{server.port}" in name)
    node.run(
        f"INSERT INTO {table_name(schema.financials, month)} (asin_id, marketplace, metric, month, value) "
        f"VALUES (1, 'US', 'CM1', '{month}', 5)", settings.database.database,
    )
    result = refresh(store)
    assert result.months == (month,)


def test_months_are_handed_out_node_by_node_in_turn(store):
    fill(store)
    placed = store.facts_room.months_by_node()
    months = [Task(parse_month(month)) for month in MONTHS]
    order = spread(sorted(months, key=lambda task: placed[task.month].name), placed)
    names = [placed[task.month].name for task in order]
    assert names[0] != names[1] and names[2] != names[3]


class Task:
    def __init__(self, month) -> None:
        self.month = month


def test_another_program_may_delete_through_the_head(store, elsewhere):
    fill(store)
    for each in (store, elsewhere):
        run_on_facts(each, sa.delete(schema.financials).where(schema.financials.c.metric == "Net units"))
        refresh(each, RefreshOptions(full=True))
    assert all_summary_rows(store) == all_summary_rows(elsewhere)

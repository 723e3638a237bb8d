"""Names of facts on data nodes are joined in one transaction, and parted again."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.values import Facts
from database.names.joining import join_names
from database.names.undoing import take_back
from database.summaries.refresh import RefreshOptions, refresh
from tests.cluster.test_failures import _nothing_left, lines, promises
from tests.database.imports.conftest import take, write
from tests.facts import all_summary_rows
from tests.faults import processes

__all__ = ["_nothing_left", "take", "write"]


def on_nodes(store) -> list[list[tuple]]:
    """Id, metric, import and value of each month's facts, and of those that undo keeps, as the nodes have them."""

    def rows(part: Facts) -> list[tuple]:
        fact, aside = schema.financials, schema.financials_replaced
        queries = (
            sa.select(fact.c.id, fact.c.metric, fact.c.import_id, fact.c.value),
            sa.select(aside.c.id, aside.c.metric, aside.c.import_id, aside.c.value, aside.c.replaced_by),
        )
        return sorted(tuple(row) for query in queries for row in part.execute(query))

    with store.facts() as head:
        return store.each_part(head, store.facts_room.months_by_node(), rows)


def test_a_join_reaches_every_node_with_what_undo_keeps_and_is_taken_back(servers, store, settings, take, tmp_path):
    take(lines("1"))
    take(lines("2"), name="second.csv")
    refresh(store)
    before, figures = on_nodes(store), all_summary_rows(store)
    kind, old, new = "metric", "CM1", "Net units"
    with store.lock("a test"):
        planned = join_names(store, kind, old, new, dry_run=True)
    assert (planned.facts, sum(facts for facts, _ in planned.kept.values()), on_nodes(store)) == (4, 4, before)
    ended = processes.run(settings, tmp_path, kind, old, new, command=("join-names",), crash_at="promised")
    assert ended.code == -9
    with store.lock("a test"):
        assert (promises(servers), on_nodes(store)) == (0, before)
        assert join_names(store, kind, old, new, dry_run=False).import_id == 3
    assert {row[1] for month in on_nodes(store) for row in month if row[-1] != 3} == {new}
    refresh(store)
    assert all_summary_rows(store) != figures
    with store.lock("a test"):
        assert take_back(store, 3).renamed_facts == 4
    assert on_nodes(store) == before
    refresh(store, RefreshOptions(full=True))
    assert all_summary_rows(store) == figures

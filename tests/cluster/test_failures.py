"""A data node is killed, away, wiped or frozen: nothing is half in, what was live stays live, the error names it."""

from __future__ import annotations

import contextlib
import os
import threading

import pytest

from database import schema
from database.engines.cluster.tables import table_name
from database.engines.cluster.transaction import decided
from database.engines.mariadb.loading import load_rows
from database.journal.node_states import look_at_nodes, read_nodes
from database.migrations import upgrade
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import DatabaseUnreachable, SchemaError, SetupError
from domain.findings import Limits
from domain.months import parse_month
from tests.database.imports.conftest import HEADINGS, stored_facts, take, write
from tests.facts import all_summary_rows
from tests.faults import processes

__all__ = ["take", "write"]

MONTHS = ("2024-01", "2024-02")
IMPORT = ("import",)


@pytest.fixture(autouse=True)
def _nothing_left(servers):
    yield
    processes.end_all()
    for server in servers.all:
        if server.process.poll() is not None:
            server.start()
    for server in servers.nodes:
        for row in server.run("XA RECOVER"):
            server.run(f"XA ROLLBACK '{row[3].decode()}'")


@pytest.fixture
def shop(store, take):
    """A month on each node, imported and refreshed."""
    take(lines("1"))
    refresh(store)
    return store


def lines(value: str, months=MONTHS) -> str:
    return HEADINGS + "".join(f"A{number},Acme,Toys,US,CM1,{month},{value}\n" for month in months for number in (1, 2))


def said(ended) -> list[str]:
    """The lines of errors, without those that show how far a refresh had come."""
    return [line for line in ended.errors.splitlines() if "█" not in line]


def sums(store) -> list[tuple[str, str]]:
    return sorted((row[5], row[6]) for row in stored_facts(store))


def node_of(servers, store, month: str):
    """The server that holds the month."""
    name = store.facts_room.months_by_node()[parse_month(month)].name
    return next(server for server in servers.nodes if name.endswith(f":{server.port}"))


def promises(servers) -> int:
    """Transactions that wait, on any node, to be told how they end."""
    return sum(len(server.run("XA RECOVER")) for server in servers.nodes)


BEFORE = [("2024-01", "1.00")] * 2 + [("2024-02", "1.00")] * 2
AFTER = [("2024-01", "2.00")] * 2 + [("2024-02", "2.00")] * 2


def test_a_node_killed_during_an_import_leaves_nothing_of_it_anywhere(servers, settings, shop, write, tmp_path):
    path = write(lines("2"), "second.csv")
    command = processes.start(settings, tmp_path, str(path), command=IMPORT, crash_at="promised:pause").stopped()
    victim = node_of(servers, shop, "2024-02")
    victim.kill()
    ended = command.go_on()
    assert ended.code == 7, ended.errors
    assert f"data node 127.0.0.1:{victim.port}" in ended.errors and len(said(ended)) == 1
    victim.start()
    with shop.lock("a test"):
        assert promises(servers) == 0
    assert sums(shop) == BEFORE
    assert refresh(shop).status == "nothing to do"
    assert processes.run(settings, tmp_path, str(path), command=IMPORT).code == 0
    assert sums(shop) == AFTER


def test_a_node_that_goes_away_while_rows_are_sent_to_it_is_named(servers, shop, tmp_path):
    month = parse_month("2024-02")
    victim, rows = node_of(servers, shop, "2024-02"), tmp_path / "rows"
    os.mkfifo(rows)

    def feed() -> None:
        with rows.open("wb", buffering=0) as pipe, contextlib.suppress(BrokenPipeError):
            pipe.write(b"1\t2\n" * 20_000)
            victim.kill()
            for _ in range(50):
                pipe.write(b"1\t2\n" * 20_000)

    feeder = threading.Thread(target=feed)
    feeder.start()
    with (
        shop.facts_room.nodes.connect(shop.facts_room.months_by_node()[month]) as connection,
        pytest.raises(DatabaseUnreachable, match=f"^data node 127.0.0.1:{victim.port}: "),
    ):
        load_rows(connection, table_name(schema.financials, month), str(rows), ["asin_id", "value"])
    feeder.join()
    victim.start()


@pytest.mark.parametrize(("step", "expected"), [("promised", BEFORE), ("decided", AFTER)])
def test_an_import_that_is_killed_is_in_or_out_on_all_nodes(servers, settings, shop, write, tmp_path, step, expected):
    assert processes.run(
        settings, tmp_path, str(write(lines("2"), "second.csv")), command=IMPORT, crash_at=step
    ).code == -9
    assert promises(servers) > 0
    result = refresh(shop)
    assert promises(servers) == 0
    assert sums(shop) == expected
    assert result.status == ("nothing to do" if expected is BEFORE else "success")


def test_what_was_decided_reaches_a_node_that_was_away(servers, settings, shop, write, tmp_path):
    path = write(lines("2"), "second.csv")
    command = processes.start(settings, tmp_path, str(path), command=IMPORT, crash_at="decided:pause").stopped()
    victim = node_of(servers, shop, "2024-02")
    victim.kill()
    assert command.go_on().code == 0
    with pytest.raises(DatabaseUnreachable, match=f"data node 127.0.0.1:{victim.port}"), shop.lock("a test"):
        shop.facts_room.marks(open_head(shop))
    victim.start()
    assert refresh(shop).months == tuple(map(parse_month, MONTHS))
    assert sums(shop) == AFTER
    with shop.facts() as head:
        assert head.execute(decided.select()).all() == []


def open_head(store):
    return store.facts_room.head.doors.facts_engine.connect()


def test_months_of_other_nodes_go_on_while_one_is_away(servers, settings, shop, take, monkeypatch):
    monkeypatch.setattr("database.summaries.refresh.PAUSES", ())
    before = all_summary_rows(shop)
    victim, here = node_of(servers, shop, "2024-02"), "2024-01"
    victim.kill()
    with pytest.raises(DatabaseUnreachable, match=f"data node 127.0.0.1:{victim.port}"):
        take(lines("2"), name="both.csv")
    take(lines("3", [here]), name="one.csv")
    with pytest.raises(DatabaseUnreachable, match=f"data node 127.0.0.1:{victim.port}"):
        refresh(shop)
    assert all_summary_rows(shop) == before
    assert refresh(shop, RefreshOptions(months=(parse_month(here),))).months == (parse_month(here),)
    assert [row[6] for row in all_summary_rows(shop)[schema.summary_asin.name]] == ["3.00", "1.00", "3.00", "1.00"]
    victim.start()
    assert refresh(shop).status == "success"
    assert refresh(shop).status == "nothing to do"


def test_a_node_killed_during_a_refresh_leaves_the_old_generation_live(servers, settings, shop, take, tmp_path):
    before = all_summary_rows(shop)
    take(lines("2"), name="second.csv")
    command = processes.start(settings, tmp_path, crash_at="start:pause", PAUSES=()).stopped()
    victim = node_of(servers, shop, "2024-02")
    victim.kill()
    ended = command.go_on()
    assert ended.code == 7, ended.errors
    assert f"127.0.0.1:{victim.port}" in ended.errors and len(said(ended)) == 1
    assert all_summary_rows(shop) == before
    victim.start()
    assert refresh(shop).months == tuple(map(parse_month, MONTHS))


def freeze_and_go_on(victim, started) -> None:
    """The node does not answer any more until the command has given up, and named it."""
    victim.freeze()
    ended = started.go_on()
    try:
        assert ended.code == 7, ended.errors
    finally:
        victim.thaw()
    assert f"data node 127.0.0.1:{victim.port}" in ended.errors and len(said(ended)) == 1


# Within a refresh, which takes half a minute to give up, in the long run only.
@pytest.mark.parametrize("step", ["promised:pause", *(["start:pause"] if "LONG_PUBLICATIONS" in os.environ else [])])
def test_a_node_that_freezes_is_given_up_and_named(servers, settings, shop, take, write, tmp_path, monkeypatch, step):
    before = all_summary_rows(shop)
    is_import = step.startswith("promised")
    if is_import:
        options, command = [str(write(lines("2"), "second.csv"))], IMPORT
    else:
        take(lines("2"), name="second.csv")
        options, command = [], processes.REFRESH
    started = processes.start(
        settings, tmp_path, *options, command=command, crash_at=step, PAUSES=(), EVERY_SECONDS=0.2, LOST_SECONDS=0.5,
        PROBE_SECONDS=1,
    ).stopped()
    freeze_and_go_on(node_of(servers, shop, "2024-02"), started)
    assert all_summary_rows(shop) == before
    assert refresh(shop).status == ("nothing to do" if is_import else "success")
    assert promises(servers) == 0
    assert sums(shop) == (BEFORE if is_import else AFTER)


def test_a_node_that_was_wiped_is_named_and_its_months_are_not_taken_for_empty(servers, settings, shop, monkeypatch):
    before = all_summary_rows(shop)
    victim = node_of(servers, shop, "2024-02")
    for (table,) in victim.run("SHOW TABLES", settings.database.database):
        victim.run(f"DROP TABLE {table}", settings.database.database)
    with pytest.raises(SchemaError, match=f"data node 127.0.0.1:{victim.port}.*run: flask init-db"):
        refresh(shop, RefreshOptions(full=True))
    upgrade(shop)
    with pytest.raises(Exception, match="2024-02 had 2 facts and has 0 now"):
        refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == before


def test_ids_of_an_import_are_given_once_over_all_nodes(servers, settings, shop):
    found = []
    for month in MONTHS:
        found += node_of(servers, shop, month).run(
            f"SELECT id FROM {table_name(schema.financials, parse_month(month))}", settings.database.database
        )
    assert sorted(found) == [(1,), (2,), (3,), (4,)]


def test_the_state_of_each_node_is_told(servers, settings, shop):
    first, second = shop.health.node_states()
    assert [len(state.months) for state in (first, second)] == [3, 3]
    assert (first.trouble, first.lost_tables, first.open_transactions) == ("", (), 0)
    assert "MariaDB" in first.version and first.bytes > 0
    gone = node_of(servers, shop, "2024-02")
    lost = table_name(schema.financials, parse_month("2024-02"))
    gone.run(f"DROP TABLE {lost}", settings.database.database)
    state = next(state for state in shop.health.node_states() if state.name.endswith(f":{gone.port}"))
    assert state.lost_tables == (lost,)
    gone.kill()
    findings = [(found.check, found.subject) for found in shop.health.findings(Limits(), shop.health.node_states())]
    assert ("node-unreachable", state.name) in findings
    gone.start()
    findings = [(found.check, found.subject) for found in shop.health.findings(Limits(), shop.health.node_states())]
    assert ("node-tables-missing", state.name) in findings


def test_what_a_refresh_saw_of_the_nodes_is_written_down_for_pages(servers, settings, shop):
    with shop.application_reading.connect() as connection:
        seen = read_nodes(connection)
    assert [(node.name, node.months, node.trouble, node.lost_tables) for node in seen] == sorted(
        (name, 3, "", 0) for name in settings.cluster.nodes
    )
    victim = servers.nodes[0]
    victim.kill()
    states, words = look_at_nodes(shop)
    victim.start()
    assert (len(states), words) == (2, "")
    with shop.application_reading.connect() as connection:
        away, well = sorted(read_nodes(connection), key=lambda node: not node.trouble)
    assert away.name in away.trouble and (away.rows, well.trouble) == (None, "")


def test_a_backup_or_restore_that_would_reach_into_the_nodes_is_refused(shop):
    with pytest.raises(SetupError, match="a cluster is not backed up or restored by the dashboard"):
        shop.copying()

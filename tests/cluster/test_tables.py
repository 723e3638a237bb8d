"""`flask init-db` on a head: tables on data nodes, months that have their place, ids that nobody gives twice."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines.cluster.tables import assign, months_ahead, table_name
from database.store import open_store
from domain.errors import DatabaseUnreachable, SettingsError, SetupError
from settings import ClusterSettings, Settings
from tests.facts import add_facts, add_products
from tests.ports import free_port
from tests.spider import cluster_settings


def tables_of(server, settings: Settings) -> set[str]:
    return {name for (name,) in server.run("SHOW TABLES", settings.database.database)}


def test_init_db_makes_tables_on_the_nodes_and_a_second_time_changes_nothing(servers, settings):
    store = open_store(settings)
    first = migrations.upgrade(store)
    assert first[:4] == [
        *(f"added data node 127.0.0.1:{node.port}" for node in servers.nodes),
        *(f"created 4 tables on data node 127.0.0.1:{node.port}" for node in servers.nodes),
    ]
    assert first[4:6] == [
        "created table financials over data nodes, with 4 months",
        "created table financials_replaced over data nodes, with 4 months",
    ]
    months = months_ahead()
    for number, node in enumerate(servers.nodes):
        assert tables_of(node, settings) == {
            table_name(table, month)
            for table in (schema.financials, schema.financials_replaced) for month in months[number::2]
        }
    definition = servers.nodes[0].run(
        f"SHOW CREATE TABLE {table_name(schema.financials, months[0])}", settings.database.database
    )[0][1]
    assert "ENGINE=InnoDB" in definition and "PRIMARY KEY (`id`,`month`)" in definition
    assert "(`month`,`metric`,`marketplace`,`asin_id`,`value`)" in definition
    assert migrations.upgrade(store) == []
    migrations.check(store)
    store.close()


def test_facts_go_to_the_node_of_their_month_and_are_seen_once_at_the_head(servers, settings, store):
    add_products(store, ("A1", None, None))
    first, second = months_ahead()[:2]
    stray = first.replace(day=17)
    add_facts(store, [("A1", "US", "Net revenue", f"{date}", "1.50") for date in (first, second, stray)])
    for server, month, dates in zip(servers.nodes, (first, second), ([first, stray], [second]), strict=True):
        found = server.run(
            f"SELECT month FROM {table_name(schema.financials, month)} ORDER BY month", settings.database.database
        )
        assert [date for (date,) in found] == dates
    with store.facts() as connection:
        found = connection.execute(sa.select(schema.financials.c.id, schema.financials.c.month).order_by("id"))
        assert [tuple(row) for row in found] == [(1, first), (2, second), (3, stray)]


def test_a_month_before_all_others_gets_a_place_too(store):
    old = datetime.date(2019, 2, 1)
    store.facts_room.prepare_months([datetime.date(2019, 2, 28)])
    assert list(store.facts_room.months_by_node()) == [old, *months_ahead()]


def test_ids_of_other_programs_never_meet_those_that_an_import_gave_on_a_node(servers, settings, store):
    month = months_ahead()[0]
    insert = f"INSERT INTO financials (asin_id, marketplace, metric, month, value) VALUES (1, 'US', 'A', '{month}', 1)"
    servers.head.run(insert, settings.database.database)
    servers.nodes[0].run(
        f"INSERT INTO {table_name(schema.financials, month)} (id, month) VALUES (2, '{month}'), (3, '{month}')",
        settings.database.database,
    )
    servers.head.run(insert, settings.database.database)
    found = servers.head.run("SELECT id FROM financials ORDER BY id", settings.database.database)
    assert len(found) == 4 and len(set(found)) == 4


def test_months_go_to_the_node_that_is_least_filled():
    april, may, june = (datetime.date(2024, month, 1) for month in (4, 5, 6))
    assert assign([april, may, june], {}, {}, ["a", "b"]) == {april: "a", may: "b", june: "a"}
    placed = {datetime.date(2023, month, 1): "a" for month in (1, 2)}
    rows = dict.fromkeys(placed, 100)
    assert assign([april, may, june], placed, rows, ["a", "b"]) == {april: "b", may: "b", june: "a"}


def test_an_added_node_takes_new_months_only(servers, settings):
    one = dataclasses.replace(settings, cluster=ClusterSettings(nodes=settings.cluster.nodes[:1]))
    store = open_store(one)
    migrations.upgrade(store)
    before = store.facts_room.months_by_node()
    store.close()
    store = open_store(settings)
    assert migrations.upgrade(store) == [f"added data node {settings.cluster.nodes[1]}"]
    new = [datetime.date(2030, month, 1) for month in (1, 2, 3)]
    store.facts_room.prepare_months(new)
    placed = store.facts_room.months_by_node()
    assert {month: node.name for month, node in placed.items() if month in before} == {
        month: settings.cluster.nodes[0] for month in before
    }
    assert {placed[month].name for month in new} == {settings.cluster.nodes[1]}
    store.close()
    store = open_store(one)
    with pytest.raises(SetupError, match=r"2030-01 is on the data node .*, which \[cluster\] nodes does not name"):
        store.facts_room.prepare_months([datetime.date(2031, 1, 1)])
    store.close()


def test_a_node_that_was_wiped_gets_its_tables_again(servers, settings, store):
    for table in tables_of(servers.nodes[1], settings):
        servers.nodes[1].run(f"DROP TABLE {table}", settings.database.database)
    assert migrations.upgrade(store) == [f"created 4 tables on data node {settings.cluster.nodes[1]}"]


def test_init_db_names_the_node_that_does_not_answer(servers, tmp_path, settings):
    away = dataclasses.replace(
        settings, cluster=ClusterSettings(nodes=(settings.cluster.nodes[0], f"127.0.0.1:{free_port()}"))
    )
    store = open_store(away)
    with pytest.raises(DatabaseUnreachable, match=f"^data node {away.cluster.nodes[1]}: "):
        migrations.upgrade(store)
    store.close()


def test_facts_that_the_head_holds_itself_are_not_hidden(servers, settings):
    alone = dataclasses.replace(settings, cluster=ClusterSettings())
    store = open_store(alone)
    migrations.upgrade(store)
    store.close()
    store = open_store(settings)
    with pytest.raises(SetupError, match="financials is a INNODB table with facts of its own"):
        migrations.upgrade(store)
    store.close()


def test_a_head_without_spider_says_what_to_install(servers, tmp_path, settings):
    node, *others = servers.nodes
    store = open_store(cluster_settings(tmp_path, node, tuple(others), settings.database.database))
    with pytest.raises(SetupError, match="apt-get install mariadb-plugin-spider"):
        migrations.upgrade(store)
    store.close()


def test_nodes_without_a_mariadb_before_them_are_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"set \[database\] engine = mysql"):
        open_store(dataclasses.replace(Settings(), cluster=ClusterSettings(nodes=("10.0.0.11",))))

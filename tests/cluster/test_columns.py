"""A column that came later: an older cluster gets it by `flask init-db`, and facts keep their currency there."""

from __future__ import annotations

import sqlalchemy as sa

from database import migrations, schema
from database.engines.cluster.tables import months_ahead, table_name
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from domain.months import format_month
from tests.facts import add_facts, add_products

TABLES = (schema.financials, schema.financials_replaced)


def columns_of(server, settings, table):
    return [row[0] for row in server.run(f"SHOW COLUMNS FROM {table}", settings.database.database)]


def make_older(servers, store, months):
    """Takes the currency off all tables, as they were before there were any, with what leads to the nodes."""
    database = store.settings.database.database
    for number, node in enumerate(servers.nodes):
        for table in TABLES:
            for month in months[number::2]:
                node.run(f"ALTER TABLE {table_name(table, month)} DROP COLUMN currency", database)
    with store.facts() as head:
        for table in TABLES:
            text = head.exec_driver_sql(f"SHOW CREATE TABLE {table.name}").one()[1]
            lines = [line for line in text.splitlines() if not line.lstrip().startswith("`currency`")]
            head.exec_driver_sql(f"DROP TABLE {table.name}")
            head.exec_driver_sql("\n".join(lines), execution_options={"no_parameters": True})
        head.commit()


def test_an_older_cluster_gets_the_currency_and_keeps_its_facts(servers, settings, store, tmp_path):
    add_products(store, ("A1", None, None))
    months = months_ahead()
    add_facts(store, [("A1", "US", "Net revenue", format_month(month), "1.50") for month in months[:2]])
    make_older(servers, store, months)
    assert "currency" not in columns_of(servers.head, settings, "financials")
    # What a crash half way left.
    servers.head.run("CREATE TABLE financials_exchanged (id INT)", settings.database.database)
    done = migrations.upgrade(store)
    assert done == [
        *(f"added columns to 4 tables on data node 127.0.0.1:{node.port}" for node in servers.nodes),
        "added financials.currency on the head", "added financials_replaced.currency on the head",
    ]
    assert migrations.upgrade(store) == []
    tables = [row[0] for row in servers.head.run("SHOW TABLES", settings.database.database)]
    assert not [name for name in tables if name.endswith(("_exchanged", "_outdated"))]
    for number, node in enumerate(servers.nodes):
        for table in TABLES:
            assert columns_of(node, settings, table_name(table, months[number]))[-1] == "currency"
    path = tmp_path / "file.csv"
    rows = "".join(f"A1,Acme,UK,Net revenue,{format_month(month)},2.50,GBP\n" for month in months[:2])
    path.write_text("asin,brand,marketplace,metric,month,value,currency\n" + rows, encoding="utf-8")
    with store.lock("test"):
        report = import_file(store, path, ImportOptions())
    assert (report.value_currency, len(report.without_rates[0].months)) == ("GBP", 2)
    fact = schema.financials
    query = sa.select(fact.c.value, fact.c.currency).order_by(fact.c.month, fact.c.value)
    with store.facts() as connection:
        found = [(str(value), code) for value, code in connection.execute(query)]
        named = connection.execute(sa.select(schema.financials_currency.c.currency)).scalars().all()
    assert found == [("1.50", None), ("2.50", "GBP")] * 2
    assert named == ["GBP", "GBP"]
    with store.lock("test"):
        assert undo_import(store, 1).facts == 2
    with store.facts() as connection:
        assert [code for _, code in connection.execute(query)] == [None, None]

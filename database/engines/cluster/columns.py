"""Columns that came later, given to the tables of a cluster: on the nodes first, then on the head.

To alter a Spider table would send every fact through the head and back. So the head gets a second table over the same
tables of the nodes, with the column, and both change names in one step: there is no moment without the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import sqlalchemy as sa

from database.engines.cluster.nodes import Node, Nodes
from database.engines.cluster.tables import TABLES, Month, Note, table_name
from database.engines.ddl import existing_columns

_FIRST_KEY = re.compile(r",?\n  (?:PRIMARY |UNIQUE )?KEY |\n\) ")


def add_columns(head: sa.Connection, nodes: Nodes, placed: Mapping[Month, Node], note: Note) -> None:
    """Adds what the tables of facts lack. Harmless to repeat, and after a crash half way."""
    for node in nodes.all:
        months = [month for month, where in placed.items() if where == node]
        if months:
            _add_on_node(nodes, node, months, note)
    for table in TABLES:
        there = {name.lower() for name in existing_columns(head, table.name)}
        lacking = [column for column in table.columns if column.name.lower() not in there]
        if lacking:
            _exchange(head, table, lacking)
            note(f"added {', '.join(f'{table.name}.{column.name}' for column in lacking)} on the head")


def _add_on_node(nodes: Nodes, node: Node, months: list[Month], note: Note) -> None:
    with nodes.connect(node) as connection:
        there: dict[str, set[str]] = {}
        for table, column in connection.execute(sa.text(
            "SELECT table_name, LOWER(column_name) FROM information_schema.columns WHERE table_schema = DATABASE()"
        )):
            there.setdefault(table, set()).add(column)
        added = 0
        for table in TABLES:
            for name in (table_name(table, month) for month in months):
                lacking = [column for column in table.columns if column.name.lower() not in there.get(name, ())]
                if lacking and name in there:
                    definitions = ", ".join(f"ADD COLUMN {_definition(connection, column)}" for column in lacking)
                    connection.exec_driver_sql(f"ALTER TABLE {name} {definitions}")
                    added += 1
        connection.commit()
    if added:
        note(f"added columns to {added} tables on data node {node.name}")


def _exchange(head: sa.Connection, table: sa.Table, lacking: list[sa.Column]) -> None:
    new, old = f"{table.name}_exchanged", f"{table.name}_outdated"
    # Dropping a Spider table leaves alone what it leads to.
    head.exec_driver_sql(f"DROP TABLE IF EXISTS {new}, {old}")
    text = head.exec_driver_sql(f"SHOW CREATE TABLE {table.name}").one()[1]
    text = text.replace(f"CREATE TABLE `{table.name}`", f"CREATE TABLE `{new}`", 1)
    place = _FIRST_KEY.search(text).start()
    columns = "".join(f",\n  {_definition(head, column)}" for column in lacking)
    head.exec_driver_sql(
        text[:place] + columns + text[place:], execution_options={"no_parameters": True}
    )
    head.exec_driver_sql(f"RENAME TABLE {table.name} TO {old}, {new} TO {table.name}")
    head.exec_driver_sql(f"DROP TABLE {old}")
    head.commit()


def _definition(connection: sa.Connection, column: sa.Column) -> str:
    name = connection.dialect.identifier_preparer.format_column(column)
    return f"{name} {column.type.compile(dialect=connection.dialect)} NULL"

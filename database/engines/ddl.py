"""What schema steps are made of. Each looks first and adds only what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

import sqlalchemy as sa

from database import schema

Note = Callable[[str], None]

def create_missing_tables(connection: sa.Connection, tables: Sequence[sa.Table], note: Note) -> None:
    """Creates the tables that are not there, in the form the dialect wants."""
    for table in tables:
        if existing_columns(connection, table.name):
            continue
        form = embedded_form(table) if connection.dialect.name == "duckdb" else table
        connection.execute(sa.schema.CreateTable(form))
        for index in sorted(form.indexes, key=lambda index: index.name):
            connection.execute(sa.schema.CreateIndex(index))
        note(f"created table {table.name}")


def add_missing_columns(connection: sa.Connection, tables: Sequence[sa.Table], note: Note) -> None:
    """Adds columns at the end, nullable: existing rows have nothing to put there."""
    for table in tables:
        existing = {name.lower() for name in existing_columns(connection, table.name)}
        for column in table.columns:
            if column.name.lower() in existing:
                continue
            prepare = connection.dialect.identifier_preparer
            kind = column.type.compile(dialect=connection.dialect)
            connection.exec_driver_sql(
                f"ALTER TABLE {prepare.format_table(table)} ADD COLUMN {prepare.format_column(column)} {kind} NULL"
            )
            note(f"added column {table.name}.{column.name}")


def add_missing_indexes(connection: sa.Connection, tables: Sequence[sa.Table], note: Note) -> None:
    """Adds indexes, online where the server can; one with the same leading columns counts as there."""
    if connection.dialect.name != "mysql":
        return
    for table in tables:
        existing = _indexes(connection, table.name)
        for index in sorted(table.indexes, key=lambda index: index.name):
            columns = tuple(column.name for column in index.columns)
            if any(found[: len(columns)] == columns for found in existing):
                continue
            note(f"adding index {index.name} to {table.name} (about 2 seconds per million rows)")
            started = time.monotonic()
            prepare = connection.dialect.identifier_preparer
            listed = ", ".join(prepare.quote(name) for name in columns)
            connection.exec_driver_sql(
                f"ALTER TABLE {prepare.format_table(table)} ADD INDEX {prepare.quote(index.name)} ({listed}), LOCK=NONE"
            )
            note(f"added index {index.name} to {table.name} in {time.monotonic() - started:.1f} s")


def tables_with_indexes(connection: sa.Connection, rooms: Collection[str]) -> list[sa.Table]:
    """The tables of these rooms; on MariaDB those of the generation before as well."""
    tables = list(schema.tables_of(*rooms))
    if connection.dialect.name == "mysql":
        tables += [schema.copy_of(table, name=table.name + "_previous") for table in schema.SUMMARIES]
    return tables


def embedded_form(table: sa.Table) -> sa.Table:
    """The table as DuckDB files have it: ids are given, never generated, and the bulk tables carry
    neither primary key nor index."""
    columns = []
    for column in table.columns:
        keyed = column.primary_key and not table.info["bulk"]
        columns.append(
            sa.Column(
                column.name, column.type, primary_key=keyed, autoincrement=False, nullable=column.nullable,
                unique=column.unique, server_default=column.server_default.arg if column.server_default else None,
            )
        )
    return sa.Table(table.name, sa.MetaData(), *columns, schema=table.schema)


def existing_columns(connection: sa.Connection, table: str) -> list[str]:
    """The columns of a table, [] if it is not there. Reflection does not work on DuckDB."""
    query = {
        "sqlite": "SELECT name FROM pragma_table_info(:table)",
        "duckdb": "SELECT column_name FROM duckdb_columns() WHERE table_name = :table "
        "AND database_name = current_database() ORDER BY column_index",
        "mysql": "SELECT column_name FROM information_schema.columns WHERE table_name = :table "
        "AND table_schema = DATABASE() ORDER BY ordinal_position",
    }[connection.dialect.name]
    return list(connection.execute(sa.text(query), {"table": table}).scalars())


def _indexes(connection: sa.Connection, table: str) -> list[tuple[str, ...]]:
    found = connection.execute(
        sa.text(
            "SELECT index_name, column_name FROM information_schema.statistics "
            "WHERE table_schema = DATABASE() AND table_name = :table ORDER BY index_name, seq_in_index"
        ),
        {"table": table},
    )
    columns: dict[str, list[str]] = {}
    for index, column in found:
        columns.setdefault(index, []).append(column)
    return [tuple(names) for names in columns.values()]

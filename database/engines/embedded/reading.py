"""Reads a DuckDB file as a whole, so that damage anywhere in it is found: DuckDB looks at a block's checksum when it
reads the block, and a query reads only the blocks of the columns that it needs.
"""

from __future__ import annotations

import duckdb

LOOKUPS = 500
"""How many keys of an index are looked up, spread over all of them: no scan of a table reads its indexes."""


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB says that a file is not what it wrote. Its errors for that are of several classes."""
    words = str(error)
    return isinstance(error, duckdb.Error) and (
        isinstance(error, duckdb.IOException)
        or "Corrupt database" in words or "Failure while replaying WAL" in words or "fatal error" in words
    )


def read_whole(connection: duckdb.DuckDBPyConnection) -> None:
    """Reads every column of every table of the connection's own file. Raises duckdb.Error if one cannot be read."""
    tables = connection.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT temporary ORDER BY ALL"
    ).fetchall()
    for schema, table in tables:
        # A hash needs the values; counts and extremes may be answered from statistics.
        connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {_named(schema, table)}").fetchall()
    keys = connection.execute(
        "SELECT schema_name, table_name, constraint_column_names[1] FROM duckdb_constraints() "
        "WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') "
        "AND len(constraint_column_names) = 1 ORDER BY ALL"
    ).fetchall()
    for schema, table, column in keys:
        _look_up(connection, _named(schema, table), _quoted(column))


def _look_up(connection: duckdb.DuckDBPyConnection, table: str, column: str) -> None:
    keys = connection.execute(
        f"SELECT {column} FROM (SELECT {column}, row_number() OVER (ORDER BY {column}) AS place, "
        f"count(*) OVER () AS rows FROM {table}) WHERE place % greatest(rows // {LOOKUPS}, 1) = 0"
    ).fetchall()
    for key in keys:
        connection.execute(f"SELECT count(*) FROM {table} WHERE {column} = ?", key).fetchall()


def _named(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

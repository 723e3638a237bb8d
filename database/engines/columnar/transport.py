"""Rows of a server -> a table of DuckDB."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa

from database.engines.mariadb.connections import mysql_engine
from settings import DatabaseSettings


def fetch(database: DatabaseSettings, query: sa.Select, into: duckdb.DuckDBPyConnection, table: str) -> int:
    """Appends the rows of `query` to `table`; returns how many."""
    engine = mysql_engine(
        database, read_timeout=14400, isolation="READ COMMITTED", init="SET SESSION max_statement_time = 0",
        poolclass=sa.pool.NullPool,
    )
    names = [column.name for column in query.selected_columns]
    types = {row[0]: row[1] for row in into.execute(f'DESCRIBE "{table}"').fetchall()}
    values = ", ".join(f"CAST(unnest(${n}::VARCHAR[]) AS {types[name]})" for n, name in enumerate(names, 1))
    listed = ", ".join(f'"{name}"' for name in names)
    count = 0
    with engine.connect().execution_options(stream_results=True, max_row_buffer=20000) as connection:
        for rows in connection.execute(query).partitions(20_000):
            columns = {
                str(n): [None if x is None else str(int(x)) if isinstance(x, bool) else str(x) for x in column]
                for n, column in enumerate(zip(*rows, strict=True), 1)
            }
            into.execute(f'INSERT INTO "{table}" ({listed}) SELECT {values}', columns)
            count += len(rows)
    engine.dispose()
    return count

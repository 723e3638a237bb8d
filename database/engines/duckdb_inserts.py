"""Keeps DuckDB 2.0.0 from losing rows.

In one transaction, an INSERT … SELECT that puts no row into a table, and then one into the same table that several
threads work at: DuckDB reports the second's rows as written, and none of them is there. It happens from one group of
rows on (122,880, or as many as the file was attached with), in files and in memory. One thread loses nothing.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from database.engines.duckdb_dialect import raw_duckdb

_INSERT = re.compile(r'\s*INSERT\s+INTO\s+("[^"]+"(?:\."[^"]+")*|[\w.]+)', re.IGNORECASE)
_EMPTY = "lego_empty_inserts"
"""In a connection's `info`: the tables into which the open transaction has put nothing so far."""


def guard_inserts(engine: sa.Engine, threads: int) -> None:
    """Lets one thread do an INSERT after an empty one into the same table, and `threads` everything else."""

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _before(connection, cursor, statement, parameters, context, executemany) -> None:
        if _target(statement) in connection.info.get(_EMPTY, ()):
            _use(connection, 1)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def _after(connection, cursor, statement, parameters, context, executemany) -> None:
        table = _target(statement)
        if table is None or executemany:
            return
        empty = connection.info.setdefault(_EMPTY, set())
        is_empty = cursor.rowcount == 0
        if table in empty:
            _use(connection, threads)
            if not is_empty:
                empty.discard(table)
        elif is_empty:
            empty.add(table)

    @sa.event.listens_for(engine, "handle_error")
    def _failed(context) -> None:
        connection, statement = context.connection, context.statement or ""
        if connection is not None and _target(statement) in connection.info.get(_EMPTY, ()):
            _use(connection, threads)

    for ending in ("commit", "rollback"):
        sa.event.listen(engine, ending, lambda connection: connection.info.pop(_EMPTY, None))


def _target(statement: str) -> str | None:
    found = _INSERT.match(statement)
    return found[1].lower() if found else None


def _use(connection: sa.Connection, threads: int) -> None:
    # A cursor of its own: the connection's holds what the INSERT says of itself.
    with raw_duckdb(connection).cursor() as beside:
        beside.execute(f"SET threads = {threads}")

"""Rows of a DuckDB query -> LOAD DATA LOCAL INFILE, the quickest way into MariaDB."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from domain.errors import Refused

if TYPE_CHECKING:
    import duckdb


def write_rows(scratch: duckdb.DuckDBPyConnection, query: str, path: str) -> list[str]:
    """Writes the rows of a query as `load_rows` reads them; returns their columns."""
    described = scratch.execute(f"DESCRIBE {query}").fetchall()
    # Backslashes and line ends inside texts are escaped as LOAD DATA reads them.
    escaped = ", ".join(
        f"replace(replace(replace(replace(CAST({_quoted(name)} AS VARCHAR), '\\', '\\\\'), chr(9), '\\t'), "
        f"chr(10), '\\n'), chr(13), '\\r')" if kind == "VARCHAR" else _quoted(name)
        for name, kind in ((row[0], row[1]) for row in described)
    )
    scratch.execute(
        f"COPY (SELECT {escaped} FROM ({query})) TO '{path}' "
        "(FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', NULLSTR '\\N')"
    )
    return [row[0] for row in described]


def load_rows(connection: sa.Connection, table: str, path: str, columns: Sequence[str]) -> int:
    """Loads a file of rows in `connection`'s transaction; returns their number. Raises Refused for a warning."""
    names = ", ".join(f"`{name}`" for name in columns)
    loaded = connection.exec_driver_sql(
        f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE `{table}` CHARACTER SET utf8mb4 "
        f"FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({names})",
        execution_options={"no_parameters": True},
    ).rowcount
    warnings = connection.exec_driver_sql("SELECT @@warning_count").scalar()
    if warnings:
        first = connection.exec_driver_sql("SHOW WARNINGS LIMIT 1").one()
        raise Refused(f"the server changed {warnings} of the loaded values: {first[2]}")
    return loaded


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

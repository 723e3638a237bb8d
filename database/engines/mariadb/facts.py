"""Facts on a MariaDB: staged by DuckDB, loaded by the server's own bulk load."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database import schema
from database.engines.lock import WorkLock
from database.engines.mariadb.connections import is_passing
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.loading import load_rows, write_rows
from database.engines.ports import FactsRoom
from database.engines.values import Database

if TYPE_CHECKING:
    import duckdb


class MysqlFacts(FactsRoom):
    """`financials` and the dimensions, in the schema."""

    def __init__(self, doors: MysqlDoors, work_lock: WorkLock) -> None:
        super().__init__(work_lock)
        self.doors = doors

    def connect(self) -> contextlib.AbstractContextManager[sa.Connection]:
        return self.doors.facts()

    def databases(self) -> Sequence[Database]:
        return (Database(self.doors.facts_engine, (schema.FACTS, schema.PUBLISHED, schema.APPLICATION)),)

    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        """LOAD DATA LOCAL INFILE ignores strict mode (1.239 becomes 1.24, with a warning only), so its
        input is validated before, and any warning refuses it."""
        with tempfile.TemporaryDirectory(prefix="lego-load-") as folder:
            path = f"{folder}/rows.tsv"
            columns = write_rows(scratch, query, path)
            return load_rows(connection, table.name, path, columns)

    @contextlib.contextmanager
    def scratch(self, connection: sa.Connection) -> Iterator[duckdb.DuckDBPyConnection]:
        # Neither pages nor refreshes need it here, and it takes longer to load than they take to find nothing to do.
        import duckdb

        with tempfile.TemporaryDirectory(prefix="lego-scratch-") as folder:
            scratch = duckdb.connect(
                ":memory:",
                config={"memory_limit": f"{self.doors.settings.database.memory}MiB", "temp_directory": folder,
                        "threads": os.cpu_count() or 1, "preserve_insertion_order": False},
            )
            try:
                yield scratch
            finally:
                scratch.close()

    def mirror(
        self, connection: sa.Connection, query: sa.Select, *, scratch: duckdb.DuckDBPyConnection, name: str
    ) -> None:
        kinds = {
            column.name: "BIGINT" if isinstance(column.type, sa.Integer) else "VARCHAR"
            for column in query.selected_columns
        }
        scratch.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({', '.join(f'{c} {k}' for c, k in kinds.items())})")
        values = ", ".join(f"unnest(${column}::{kind}[])" for column, kind in kinds.items())
        for rows in connection.execute(query).partitions(20_000):
            columns = zip(kinds, map(list, zip(*rows, strict=True)), strict=True)
            scratch.execute(f"INSERT INTO {name} SELECT {values}", dict(columns))

    def compare_alike(self, table: sa.Table, like: sa.Table) -> None:
        query = sa.text(
            "SELECT column_name, column_type, character_set_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = DATABASE() AND table_name = :table AND collation_name IS NOT NULL"
        )
        with self.connect() as connection:
            ours, theirs = (
                {row[0]: row for row in connection.execute(query, {"table": one.name})} for one in (table, like)
            )
            changes = [
                f"MODIFY `{name}` {kind} CHARACTER SET {theirs[name][2]} COLLATE {theirs[name][3]} NOT NULL"
                for name, kind, _, collation in ours.values() if name in theirs and theirs[name][3] != collation
            ]
            if changes:
                connection.exec_driver_sql(f"ALTER TABLE `{table.name}` {', '.join(changes)}")
                connection.commit()

    def is_passing(self, error: Exception) -> bool:
        return is_passing(error)

    def close(self) -> None:
        self.doors.facts_engine.dispose()

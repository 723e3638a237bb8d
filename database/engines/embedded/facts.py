"""Facts of the embedded store: one DuckDB file, staged into by DuckDB itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.duckdb_dialect import raw_duckdb
from database.engines.embedded.doors import EmbeddedDoors, make_folders
from database.engines.lock import WorkLock
from database.engines.ports import FactsRoom
from database.engines.values import Database


class EmbeddedFacts(FactsRoom):
    """The facts file."""

    def __init__(self, doors: EmbeddedDoors, work_lock: WorkLock) -> None:
        super().__init__(work_lock)
        self._doors = doors

    def connect(self) -> contextlib.AbstractContextManager[sa.Connection]:
        return self._doors.facts()

    def databases(self) -> Sequence[Database]:
        """Makes the folder as a side effect."""
        doors = self._doors
        make_folders(doors.generations)
        return (
            Database(doors.facts_engine, (schema.FACTS,)),
            Database(doors.application, (schema.APPLICATION,)),
        )

    def prepare(self, note: Callable[[str], None]) -> None:
        self._doors.refuse_lost_facts()

    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        name = connection.dialect.identifier_preparer.format_table(table)
        return connection.exec_driver_sql(f"INSERT INTO {name} BY NAME {query}").rowcount

    @contextlib.contextmanager
    def scratch(self, connection: sa.Connection) -> Iterator[duckdb.DuckDBPyConnection]:
        connection.begin() if not connection.in_transaction() else None
        yield raw_duckdb(connection)

    def mirror(
        self, connection: sa.Connection, query: sa.Select, *, scratch: duckdb.DuckDBPyConnection, name: str
    ) -> None:
        text = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        connection.exec_driver_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {text}")

    def close(self) -> None:
        self._doors.facts_engine.dispose()

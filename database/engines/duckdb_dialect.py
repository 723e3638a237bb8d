"""DuckDB's dialect, with statements compiled once: duckdb_engine compiles each anew, which is a tenth of a page."""

from __future__ import annotations

from typing import Any

import duckdb
import duckdb_engine
import sqlalchemy as sa

DRIVER = "duckdb+lego"
RESERVED = frozenset((
    "describe", "lambda", "lateral", "pivot", "pivot_longer", "pivot_wider", "qualify", "show", "summarize", "unpivot",
))
"""Words that PostgreSQL takes for names, and DuckDB does not."""


class IdentifierPreparer(duckdb_engine.DuckDBIdentifierPreparer):
    """As duckdb_engine has it, which opens a database to ask it for the reserved words."""

    def __init__(self, dialect: sa.Dialect, **options: Any) -> None:
        super(duckdb_engine.DuckDBIdentifierPreparer, self).__init__(dialect, **options)
        self.reserved_words = self.reserved_words | RESERVED


class Dialect(duckdb_engine.Dialect):
    """As duckdb_engine has it. It writes what it compiles from the statement alone, as a cache asks for."""

    preparer = IdentifierPreparer
    supports_statement_cache = True

    def connect(self, *, database: str, config: dict[str, Any], url_config: dict[str, str]) -> Any:
        """Opens a file. duckdb_engine opens another database first, to ask which settings are not those of extensions:
        we have none, and a command would begin a twentieth later."""
        return duckdb_engine.ConnectionWrapper(duckdb.connect(database, config={**config, **url_config}))


sa.dialects.registry.register("duckdb.lego", __name__, "Dialect")


def raw_duckdb(connection: sa.Connection) -> duckdb.DuckDBPyConnection:
    """The DuckDB connection under a SQLAlchemy one, in the same transaction."""
    return connection.connection.driver_connection._ConnectionWrapper__c

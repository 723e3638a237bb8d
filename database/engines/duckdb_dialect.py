"""DuckDB's dialect, with statements compiled once: duckdb_engine compiles each anew, which is a tenth of a page."""

from __future__ import annotations

import functools

import duckdb
import duckdb_engine
import sqlalchemy as sa

DRIVER = "duckdb+lego"


class IdentifierPreparer(duckdb_engine.DuckDBIdentifierPreparer):
    """As duckdb_engine has it, which asks a database for the reserved words whenever a file is opened."""

    def __init__(self, dialect: sa.Dialect, **options) -> None:
        super(duckdb_engine.DuckDBIdentifierPreparer, self).__init__(dialect, **options)
        self.reserved_words = self.reserved_words | _reserved_words()


@functools.cache
def _reserved_words() -> frozenset[str]:
    """They are those of the library, whatever the file."""
    with duckdb.connect() as connection:
        rows = connection.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
        return frozenset(word for (word,) in rows.fetchall())


class Dialect(duckdb_engine.Dialect):
    """As duckdb_engine has it. It writes what it compiles from the statement alone, as a cache asks for."""

    preparer = IdentifierPreparer
    supports_statement_cache = True


sa.dialects.registry.register("duckdb.lego", __name__, "Dialect")


def raw_duckdb(connection: sa.Connection) -> duckdb.DuckDBPyConnection:
    """The DuckDB connection under a SQLAlchemy one, in the same transaction."""
    return connection.connection.driver_connection._ConnectionWrapper__c

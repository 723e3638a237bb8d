"""DuckDB's dialect, with statements compiled once: duckdb_engine compiles each anew, which is a tenth of a page."""

from __future__ import annotations

import duckdb
import duckdb_engine
import sqlalchemy as sa

DRIVER = "duckdb+lego"


class Dialect(duckdb_engine.Dialect):
    """As duckdb_engine has it. It writes what it compiles from the statement alone, as a cache asks for."""

    supports_statement_cache = True


sa.dialects.registry.register("duckdb.lego", __name__, "Dialect")


def raw_duckdb(connection: sa.Connection) -> duckdb.DuckDBPyConnection:
    """The DuckDB connection under a SQLAlchemy one, in the same transaction."""
    return connection.connection.driver_connection._ConnectionWrapper__c

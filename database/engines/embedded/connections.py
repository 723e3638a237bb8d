"""Connections to the embedded engine's files, and what DuckDB and SQLite say, in our own words."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database.engines.duckdb_dialect import DRIVER
from database.engines.embedded.generations import lost
from database.engines.embedded.reading import is_damage
from domain.errors import Damaged, DatabaseUnreachable, LegoError, LockBusy, OutOfSpace, SchemaError

RESTORE = "put back the last good backup: flask restore FILE --replace"


def generation_engine(path: Path) -> sa.Engine:
    """Read-only and without access to anything else: what web processes get."""
    return duckdb_engine(
        path,
        {"access_mode": "read_only", "enable_external_access": False, "lock_configuration": True,
         "threads": os.cpu_count() or 1},
        pooled=True,
        damage=lambda error: lost(path, error),
    )


def duckdb_engine(
    path: Path, config: dict, *, pooled: bool, damage: Callable[[BaseException], DatabaseUnreachable]
) -> sa.Engine:
    """Connections to a DuckDB file; `damage` gives the error for a file that is not what was written."""
    engine = sa.create_engine(
        sa.URL.create(DRIVER, database=str(path)),
        poolclass=sa.pool.QueuePool if pooled else sa.pool.NullPool,
        connect_args={"config": config},
        # A connection that ends its transaction needs no second rollback, which DuckDB answers with an error.
        **({"pool_size": 8, "max_overflow": 56, "pool_reset_on_return": None} if pooled else {}),
    )

    @sa.event.listens_for(engine, "handle_error")
    def _in_our_words(context: sa.engine.ExceptionContext) -> LegoError | None:
        found = _translate_duckdb(context.original_exception)
        if found is None and is_damage(context.original_exception):
            return damage(context.original_exception)
        return found

    return engine


def sqlite_engine(path: Path) -> sa.Engine:
    """People, sessions, logs: many readers and a writer at once."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        hide_parameters=True,  # hashes of passwords and tokens do not belong into a log
        connect_args={"timeout": 10, "check_same_thread": False},
        poolclass=sa.pool.QueuePool,
        pool_size=8,
        max_overflow=56,
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection, record) -> None:
        # The driver's own implicit BEGIN would leave DDL outside transactions.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
        with contextlib.suppress(OSError):
            path.chmod(0o600)

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # A deferred transaction that turns to writing fails at once if another writer came first,
        # whatever the timeout; so a writer says so when it begins.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "handle_error", _translate_sqlite)
    return engine


def _translate_duckdb(error: BaseException) -> LegoError | None:
    """What DuckDB says, in the words of our own errors; None leaves it as it is."""
    if not isinstance(error, duckdb.Error):
        return None
    words, first = str(error), first_line(error)
    if "Could not set lock on file" in words or "already open" in words:
        return LockBusy("the facts file is open in another process; wait for its import or refresh to end")
    if "No space left on device" in words or "Could not write all" in words or "not enough space" in words.lower():
        return OutOfSpace(f"the disk is full: {first}; free some space and run it again")
    if "does not exist" in words and isinstance(error, duckdb.CatalogException):
        return SchemaError(f"a table or column is missing ({first}); run: flask init-db")
    if "Permission denied" in words:
        return DatabaseUnreachable(f"the database file may not be read: {first}; look at its owner and permissions")
    return None


def first_line(error: BaseException) -> str:
    """What an error says, cut to a line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _translate_sqlite(context: sa.engine.ExceptionContext) -> LegoError | None:
    """What SQLite says, in the words of our own errors; None leaves it as it is."""
    words, first = str(context.original_exception), first_line(context.original_exception)
    if "no such table" in words or "no such column" in words:
        return SchemaError(f"a table or column is missing ({first}); run: flask init-db")
    if "disk is full" in words or "disk I/O error" in words:
        return OutOfSpace(f"the disk is full: {first}; free some space and run it again")
    if "not a database" in words or "malformed" in words:
        # Another file may be put in its place: the pool's connections would go on with this one.
        context.is_disconnect = True
        return Damaged(f"application.sqlite cannot be read: {first}; {RESTORE}")
    if "database is locked" in words:
        return DatabaseUnreachable("application.sqlite is kept locked by another process; try again")
    if "unable to open database file" in words or "readonly database" in words:
        return DatabaseUnreachable(
            f"{first}; check the folder of [database] path and its permissions, or run: flask init-db"
        )
    return None

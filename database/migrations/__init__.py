"""Brings any database up to this program's schema, one versioned step after the other (Alembic).

Each step looks before it acts: an existing schema may have been made by hand, and embedded databases
are several files, each with its own version. A step adds what is missing; it never drops or rewrites a
user's data. Autogeneration is not used: it cannot read DuckDB.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.ddl.impl import DefaultImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from database.engines.ddl import add_missing_indexes, existing_columns, tables_with_indexes
from database.engines.ports import Store
from database.engines.values import Database
from domain.errors import SchemaError


class DuckDBImpl(DefaultImpl):
    """Lets Alembic keep its version table in DuckDB."""

    __dialect__ = "duckdb"
    transactional_ddl = True


Progress = Callable[[str], None]


def upgrade(store: Store, report: Progress = lambda line: None) -> list[str]:
    """Upgrades every database of the store; returns what was done, one line each, nothing if all was
    up to date. Raises SchemaError if a database is newer than this program."""
    done: list[str] = []

    def note(line: str) -> None:
        done.append(line)
        report(line)

    store.facts_room.prepare(note)
    for database in store.facts_room.databases():
        _upgrade_one(store, database, note)
    for line in store.published.complete():
        note(line)
    return done


def check(store: Store) -> None:
    """Raises SchemaError unless the application's database has exactly this program's version."""
    scripts = _scripts()
    with store.application_reading.connect() as connection:
        found = _version(connection)
    _compare(scripts, found)


def check_served(store: Store) -> None:
    """The same for an app that is up already: a schema that is newer than its program is fine. Steps only add, and
    during an upgrade the schema comes first and the new app takes over afterwards."""
    scripts = _scripts()
    with store.application_reading.connect() as connection:
        found = _version(connection)
    if found is None or _is_ours(scripts, found):
        _compare(scripts, found)


def revision(store: Store) -> str | None:
    """The schema version of the application's database; None if it has no tables of ours."""
    with store.application_reading.connect() as connection:
        return _version(connection)


def is_known(found: str) -> bool:
    """Whether this program knows a schema version; a newer one it does not."""
    return _is_ours(_scripts(), found)


def _upgrade_one(store: Store, database: Database, note: Progress) -> None:
    scripts = _scripts()
    with database.engine.connect() as connection:
        found = _version(connection)
        connection.rollback()
        if found is not None:
            _refuse_newer(scripts, found)
        with _configured(connection, scripts, database, store, note) as context, context.begin_transaction():
            context.run_migrations()
        # Also where every step was made long ago: somebody may have dropped a table since, or an index.
        store.published.take_over(connection, note)
        add_missing_indexes(connection, tables_with_indexes(connection, database.rooms), note)
        if connection.in_transaction():
            connection.commit()


@contextlib.contextmanager
def _configured(
    connection: sa.Connection, scripts: ScriptDirectory, database: Database, store: Store, note: Progress
) -> Iterator[EnvironmentContext]:
    head = scripts.get_current_head()

    def steps(revision, context):
        return scripts._upgrade_revs(head, revision)

    with EnvironmentContext(_config(), scripts, fn=steps, destination_rev=head) as context:
        context.configure(
            connection=connection, version_table=VERSION_TABLE,
            rooms=database.rooms, store=store, note=note,
        )
        yield context


VERSION_TABLE = "lego_schema_version"


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def _version(connection: sa.Connection) -> str | None:
    if not existing_columns(connection, VERSION_TABLE):
        return None
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _compare(scripts: ScriptDirectory, found: str | None) -> None:
    if found is None:
        raise SchemaError("the database has no tables of ours yet; run: flask init-db")
    _refuse_newer(scripts, found)
    if found != scripts.get_current_head():
        needed = scripts.get_current_head()
        raise SchemaError(f"the database has schema {found}, this program needs {needed}; run: flask init-db")


def _refuse_newer(scripts: ScriptDirectory, found: str) -> None:
    if not _is_ours(scripts, found):
        raise SchemaError(f"the database has schema {found}, which is newer than this program; upgrade the program")


def _is_ours(scripts: ScriptDirectory, found: str) -> bool:
    return found in {script.revision for script in scripts.walk_revisions()}

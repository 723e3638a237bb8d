"""Alembic at work: the steps that a database lacks, made one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.ddl.impl import DefaultImpl
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory

from database.engines.ddl import add_missing_indexes, tables_with_indexes
from database.engines.ports import Store
from database.engines.schema_versions import VERSION_TABLE, refuse_newer, version_of
from database.engines.values import Database


class DuckDBImpl(DefaultImpl):
    """Lets Alembic keep its version table in DuckDB."""

    __dialect__ = "duckdb"
    transactional_ddl = True


def upgrade_one(store: Store, database: Database, note: Callable[[str], None]) -> None:
    """Upgrades one database of the store; raises SchemaError if it is newer than this program."""
    with database.engine.connect() as connection:
        found = version_of(connection)
        connection.rollback()
        if found is not None:
            refuse_newer(found)
        with _configured(connection, database, store, note) as context, context.begin_transaction():
            context.run_migrations()
        # Also where every step was made long ago: somebody may have dropped a table since, or an index.
        store.published.take_over(connection, note)
        add_missing_indexes(connection, tables_with_indexes(connection, database.rooms), note)
        if connection.in_transaction():
            connection.commit()


@contextlib.contextmanager
def _configured(
    connection: sa.Connection, database: Database, store: Store, note: Callable[[str], None]
) -> Iterator[EnvironmentContext]:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()

    def steps(revision, context):
        return scripts._upgrade_revs(head, revision)

    with EnvironmentContext(config, scripts, fn=steps, destination_rev=head) as context:
        context.configure(
            connection=connection, version_table=VERSION_TABLE,
            rooms=database.rooms, store=store, note=note,
        )
        yield context

"""The MariaDB engine: everything in one schema, through PyMySQL.

Commands use connections of their own (`facts()`): READ COMMITTED, because under REPEATABLE READ an
INSERT…SELECT locks the source rows it reads and blocks writers, while READ UNCOMMITTED sums rows that
are later rolled back. Pages read in one REPEATABLE READ snapshot whose first statement reads the
generation, so several statements never see two generations.
"""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.mariadb.connections import LONG_WORK, mysql_engine, replace_lost_connections
from database.engines.mariadb.overlay import listen
from database.engines.values import Generation, generation_from
from settings import Settings

COMMAND_READ_SECONDS = 4 * 3600
"""`connect_timeout` does not bound a server that stops answering; a rollup of years may take hours."""
COMMAND_IDLE_SECONDS = 7 * 24 * 3600
"""The connection that holds the lock says nothing while others work; many servers end such ones after minutes."""


class MysqlDoors:
    """One schema on a MariaDB server, and the connections to it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.facts_engine = mysql_engine(
            settings.database, read_timeout=COMMAND_READ_SECONDS, isolation="READ COMMITTED",
            init="SET SESSION innodb_lock_wait_timeout = 30, SESSION lock_wait_timeout = 60, "
            f"SESSION wait_timeout = {COMMAND_IDLE_SECONDS}, {LONG_WORK}",
            poolclass=sa.pool.NullPool, local_infile=True,
            # A connection that is closed anyway needs no ROLLBACK first, which fails on a dead server.
            pool_reset_on_return=None,
        )
        self.application = self._pooled("READ COMMITTED")
        listen(self.application)
        # Single statements, which need no transaction: without one there is nothing to roll back after each.
        self.application_reading = self._pooled("AUTOCOMMIT", skip_autocommit_rollback=True)

    def _pooled(self, isolation: str, **options) -> sa.Engine:
        database = self.settings.database
        engine = mysql_engine(
            database, read_timeout=database.statement_timeout + 5, isolation=isolation,
            init=f"SET SESSION max_statement_time = {database.statement_timeout}",
            pool_size=database.pool_size, max_overflow=database.pool_size, pool_timeout=database.statement_timeout,
            pool_recycle=3600, **options,
        )
        replace_lost_connections(engine)
        return engine

    def facts(self) -> sa.Connection:
        """A connection to facts and dimensions."""
        return self.facts_engine.connect()

    def live_generation(self) -> Generation | None:
        """The generation that is live now, or None before the first refresh."""
        with self.application_reading.connect() as connection:
            return live_on(connection)


def live_on(connection: sa.Connection) -> Generation | None:
    """The generation that is live in the connection's snapshot."""
    table = schema.summary_generation
    row = connection.execute(sa.select(table).where(table.c.live == sa.true())).first()
    return generation_from(row._mapping) if row else None

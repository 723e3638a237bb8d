"""The MariaDB engine: everything in one schema, through PyMySQL.

Commands use connections of their own (`facts()`): READ COMMITTED, because under REPEATABLE READ an
INSERT…SELECT locks the source rows it reads and blocks writers, while READ UNCOMMITTED sums rows that
are later rolled back. Pages read in one REPEATABLE READ snapshot whose first statement reads the
generation, so several statements never see two generations.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database import schema
from database.engines.lock import lock_lost
from database.engines.mariadb.connections import (
    LOCKED,
    LONG_WORK,
    end_connections,
    error_number,
    identity_of,
    in_our_words,
    mysql_engine,
    number_of,
    replace_lost_connections,
)
from database.engines.mariadb.loading import load_rows, write_rows
from database.engines.mariadb.overlay import OPTION, listen, overlay_of
from database.engines.mariadb.preflight import examine_server
from database.engines.mariadb.published import lost_tables, make_again, take_off_foreign_keys
from database.engines.ports import Store
from database.engines.values import (
    OF_FACTS,
    OF_REST,
    OF_SUMMARIES,
    Answer,
    Database,
    Generation,
    Reading,
    StoredSize,
    TableSize,
    generation_from,
    refuse_generation,
)
from domain.errors import DatabaseUnreachable, LegoError, LockBusy, NeverRefreshed
from settings import Settings

if TYPE_CHECKING:
    import duckdb


TABLE_CHANGED = 1412
COMMAND_READ_SECONDS = 4 * 3600
"""`connect_timeout` does not bound a server that stops answering; a rollup of years may take hours."""
COMMAND_IDLE_SECONDS = 7 * 24 * 3600
"""The connection that holds the lock says nothing while others work; many servers end such ones after minutes."""
EVICTION_SECONDS = 60
"""How long it is waited until what a lost client left has ended: a large statement takes time to undo."""


class MysqlDoors(Store):
    """One schema on a MariaDB server: what is read and written in it, and its lock."""

    others_write_facts = True
    assigns_fact_ids = True

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
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
        self._own_lock: str | None = None

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

    @contextlib.contextmanager
    def facts(self) -> Iterator[sa.Connection]:
        with self.facts_engine.connect() as connection:
            yield connection

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        try:
            return self._ask(question, generation)
        except sa.exc.DBAPIError as error:
            # The snapshot was older than a swap: ask again, in a new one.
            if error_number(error) != TABLE_CHANGED:
                raise
            return self._ask(question, generation)

    def live_generation(self) -> Generation | None:
        with self.application_reading.connect() as connection:
            return _live(connection)

    def databases(self) -> Sequence[Database]:
        return (Database(self.facts_engine, (schema.FACTS, schema.PUBLISHED, schema.APPLICATION)),)

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
                config={"memory_limit": f"{self.settings.database.memory}MiB", "temp_directory": folder,
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
        with self.facts() as connection:
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

    def examine(self) -> list[str]:
        with self.facts() as connection:
            return examine_server(connection)

    def generation_numbers(self) -> list[int]:
        with self.application_reading.connect() as connection:
            table = schema.summary_generation
            return list(connection.execute(sa.select(table.c.generation).order_by(table.c.generation)).scalars())

    def take_over(self, connection: sa.Connection, note: Callable[[str], None]) -> None:
        make_again(connection, lost_tables(connection), note)
        take_off_foreign_keys(connection, note)

    def live_fault(self) -> str:
        with self.facts() as connection:
            names = [table.name for table in lost_tables(connection)]
        return f"{', '.join(names)}: not there any more; run: flask refresh-summaries --full" if names else ""

    def fall_back(self, published_last: int | None) -> Generation | None:
        """What is there is whole: InnoDB looks at it. So only what is not there is made, and stands for no figure."""
        with self.facts() as connection:
            make_again(connection, lost_tables(connection), lambda line: None)
        return self.live_generation()

    def summary_sizes(self) -> list[TableSize]:
        query = sa.text(
            "SELECT table_name, data_length + index_length AS bytes FROM information_schema.tables "
            "WHERE table_schema = DATABASE()"
        )
        with self.application_reading.connect() as connection:
            sizes = {name: size for name, size in connection.execute(query)}
            return [
                TableSize(
                    table.name, connection.execute(sa.select(sa.func.count()).select_from(table)).scalar(),
                    int(sizes.get(table.name) or 0),
                )
                for table in schema.SUMMARIES
            ]

    def stored_sizes(self) -> list[StoredSize]:
        query = sa.text(
            "SELECT table_name AS name, table_rows AS found, data_length AS data, index_length AS indexes "
            "FROM information_schema.tables WHERE table_schema = DATABASE() AND data_length IS NOT NULL"
        )
        with self.application_reading.connect() as connection:
            found = {row.name: row for row in connection.execute(query)}
        kinds = {table.name: OF_REST for table in schema.tables_of(schema.FACTS, schema.PUBLISHED)}
        kinds |= {schema.financials.name: OF_FACTS} | {table.name: OF_SUMMARIES for table in schema.SUMMARIES}
        kinds |= {f"{table.name}_previous": OF_REST for table in schema.SUMMARIES}
        return [
            StoredSize(name, kind, int(row.found), int(row.data), int(row.indexes))
            for name, kind in kinds.items() if (row := found.get(name))
        ]

    def close(self) -> None:
        self.application.dispose()
        self.application_reading.dispose()
        self.facts_engine.dispose()

    def worker_count(self) -> int:
        """How many connections a refresh uses at once."""
        return self.settings.refresh.workers or os.cpu_count() or 1

    @property
    def lock_name(self) -> str:
        """Named with the database: two schemas on one server do not wait for each other."""
        return f"lego.{self.settings.database.database}"[:64]

    def is_passing(self, error: Exception) -> bool:
        if isinstance(error, sa.exc.DBAPIError):
            return error_number(error) in LOCKED
        return isinstance(error, DatabaseUnreachable)

    def keep_lock(self, connection: sa.Connection) -> None:
        if self._own_lock is not None:
            self.note_connections([identity_of(connection)])
            self.confirm_lock(connection)

    def confirm_lock(self, connection: sa.Connection) -> None:
        """Raises DatabaseUnreachable unless the connection that took the lock still holds it. Asked on a
        connection that was noted before, the answer stays true: whoever gets the lock ends that one first."""
        owner = connection.execute(sa.select(sa.func.is_used_lock(self.lock_name))).scalar()
        if owner is None or owner != number_of(self._own_lock):
            raise lock_lost()

    @contextlib.contextmanager
    def _try_lock(self) -> Iterator[bool]:
        with in_our_words(self.settings.database), self.facts() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            held = connection.execute(sa.select(sa.func.get_lock(self.lock_name, 0))).scalar() == 1
            if not held:
                yield False
                return
            self._own_lock = identity_of(connection)
            try:
                yield True
            finally:
                self._own_lock = None
                # If the connection is gone, so is the lock.
                with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
                    connection.execute(sa.select(sa.func.release_lock(self.lock_name)))

    def _own_connections(self) -> Sequence[str]:
        return [self._own_lock] if self._own_lock else []

    def _evict(self, holder: sa.Row) -> None:
        """kill -9 of a client does not stop its statement, and GET_LOCK stays held until it ends."""
        noted = set(holder.connections.split(",")) - {self._own_lock, ""}
        deadline = time.monotonic() + EVICTION_SECONDS
        with self.facts() as connection:
            while end_connections(connection, noted):
                if time.monotonic() > deadline:
                    raise LockBusy(
                        f"what {holder.purpose} (process {holder.pid} on {holder.host}) left at the server is still "
                        "ending; try again in a minute"
                    )
                time.sleep(0.02)

    def _ask(self, question: Callable[[Reading], Answer], number: int | None) -> Answer:
        with self.application.connect() as connection:
            # Of the next transaction only: the pool has nothing to set back.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            live = _live(connection)
            if live is None:
                raise NeverRefreshed("the summaries were never built; run: flask refresh-summaries")
            if number is None or number == live.generation:
                return question(Reading(connection, live))
            table = schema.summary_generation
            row = connection.execute(sa.select(table).where(table.c.generation == number)).first()
            if row is None or number != live.previous:
                raise refuse_generation(number, live)
            connection = connection.execution_options(**{OPTION: overlay_of(live)})
            return question(Reading(connection, generation_from(row._mapping)))


def _live(connection: sa.Connection) -> Generation | None:
    table = schema.summary_generation
    row = connection.execute(sa.select(table).where(table.c.live == sa.true())).first()
    return generation_from(row._mapping) if row else None

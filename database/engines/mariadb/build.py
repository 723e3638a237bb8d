"""MariaDB: tables are built beside the live ones and put in place by one RENAME, or, when only some
months changed, by one transaction that replaces those months.

`X_staging` is being made, `X` is live, `X_previous` is what the generation before had: the whole table
after a RENAME, only the replaced months after a transaction. `X_dropped` waits to be dropped. The row
of `summary_generation` is swapped or written together with the tables, so whoever reads it first in a
snapshot knows which state it sees.
"""

from __future__ import annotations

import contextlib
import queue
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from database import schema
from database.engines.build import Build, Outcome, Task
from database.engines.mariadb.connections import LOCKED, end_connections, error_number, identity_of
from database.engines.mariadb.spellings import Spellings
from database.engines.mariadb.store import MysqlStore
from database.engines.ports import Generation
from domain.errors import DatabaseUnreachable, LegoError, Refused, SwapFailed
from domain.months import parse_month
from machine.crash_points import passing
from machine.signals import undisturbed

STAGING, PREVIOUS, DROPPED = "_staging", "_previous", "_dropped"
SWAPPED = (*schema.SUMMARIES, schema.summary_generation)
TRIES = 4
LEFT_OVER = (STAGING, DROPPED, STAGING + PREVIOUS)
SWAP_SECONDS = 180
"""How long a swap waits for readers that sit in a transaction."""


class MysqlBuild(Build):
    """Builds `…_staging` tables in the schema, with several connections."""

    keyed = True
    copies_dimensions = False

    def __init__(self, store: MysqlStore, connection: sa.Connection, live: Generation | None) -> None:
        super().__init__(live)
        self.store = store
        self.connection = connection
        self.whole = True
        self._has_staged = False
        self._workers: queue.SimpleQueue[sa.Connection] = queue.SimpleQueue()
        self._identities: set[str] = set()
        self._stack = contextlib.ExitStack()
        self._own = self._note(connection)
        self._spellings = Spellings(connection, live)

    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        return self._spellings.of(connection, column, spellings)

    def unify_names(self, staged: sa.Table) -> None:
        self._spellings.unify(self.connection, staged)
        self.connection.commit()

    def live(self, table: sa.Table) -> sa.Table:
        return table

    def staged(self, table: sa.Table) -> sa.Table:
        return _named(table, STAGING) if table in schema.SUMMARIES else table

    def start(self, *, generation: int, whole: bool) -> None:
        self.whole, self._has_staged = whole, True
        for table in schema.SUMMARIES:
            _drop(self.connection, _named(table, STAGING))
            self.connection.execute(sa.schema.CreateTable(_named(table, STAGING)))
        self.connection.commit()

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        tasks = list(tasks)
        count = max(1, min(self.store.worker_count(), len(tasks)))
        pool = ThreadPoolExecutor(count, thread_name_prefix="refresh")
        try:
            futures = {pool.submit(self._run, work, undo, task): task for task in tasks}
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            # Neither a closed socket nor kill -9 stops a statement: the server must be told.
            pool.shutdown(wait=False, cancel_futures=True)
            self._kill_statements()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def kept_asin_levels(self) -> list[sa.Table]:
        return [schema.summary_asin, _named(schema.summary_asin, PREVIOUS)]

    def keep_months(self, rebuilt: Iterable) -> None:
        """Nothing to do: the months that are not replaced stay where they are."""

    def keep_restated(self) -> None:
        """They stay; only what a generation that was rolled back had restated goes."""
        table, live = schema.summary_restated, self.live_generation
        self.connection.execute(sa.delete(table).where(table.c.generation > live.generation))
        self.connection.commit()

    def keep_placement(self, set_number: int) -> None:
        """Nothing to do: placement sets are kept by number."""

    def add_indexes(self, done: Callable[[sa.Table, Any], None]) -> None:
        if not self.whole:
            return

        def add(connection: sa.Connection, table: sa.Table) -> None:
            quote = connection.dialect.identifier_preparer.quote
            parts = ", ".join(
                f"ADD INDEX {quote(index.name)} ({', '.join(quote(column.name) for column in index.columns)})"
                for index in sorted(table.indexes, key=lambda index: index.name)
            )
            connection.exec_driver_sql(f"ALTER TABLE {quote(table.name + STAGING)} {parts}")

        self.run_all([table for table in schema.SUMMARIES if table.indexes], add, done=done)

    def publish(self, row: dict[str, Any]) -> None:
        try:
            if self.whole:
                self._publish_whole(row)
            else:
                self._publish_months(row)
        except sa.exc.DBAPIError as error:
            raise SwapFailed(
                f"the new generation could not be put in place ({error.orig}); the old one is still live"
            ) from None

    def discard(self) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            self._stack.close()
        if self.published or not self._has_staged:
            return
        # Its open transaction would keep the staged tables that it has read from being dropped.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            self.connection.rollback()
        # The build's own connection may be the thing that broke. If the lock is lost, staged tables are
        # somebody else's by now.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self.store.facts() as connection:
            self._note(connection)
            for table in SWAPPED:
                for suffix in LEFT_OVER:
                    _drop(connection, _named(table, suffix))

    def _publish_whole(self, row: dict[str, Any]) -> None:
        generations = schema.summary_generation
        staged = _named(generations, STAGING)
        _drop(self.connection, staged)
        self.connection.execute(sa.schema.CreateTable(staged))
        if self.live_generation is not None:
            _copy(self.connection, generations, staged, generations.c.live == sa.true())
            self.connection.execute(sa.update(staged).values(live=False))
        self.connection.execute(sa.insert(staged).values(**row))
        self.connection.commit()
        for table in SWAPPED:
            _drop(self.connection, _named(table, DROPPED))
        steps = []
        for table in schema.SUMMARIES:
            steps += [(table.name + PREVIOUS, table.name + DROPPED), (table.name, table.name + PREVIOUS)]
        steps += [(generations.name, generations.name + DROPPED)]
        steps += [(table.name + STAGING, table.name) for table in SWAPPED]
        passing("swap")
        self.store.confirm_lock(self.connection)
        rename(self.connection, steps, done=self._note_published)

    def _publish_months(self, row: dict[str, Any]) -> None:
        months = [parse_month(text) for text in row["months"].split(",") if text]
        self._empty_previous()
        for attempt in range(1, TRIES + 1):
            try:
                self._replace_months(row, months)
                break
            except sa.exc.DBAPIError as error:
                self.connection.rollback()
                if error_number(error) not in LOCKED or attempt == TRIES:
                    raise
                _pause(attempt)

    def _empty_previous(self) -> None:
        """Makes room for the months about to be replaced. The generation that was kept so far can be
        read no more from here on, so its row goes first."""
        generations = schema.summary_generation
        self.store.confirm_lock(self.connection)
        self.connection.execute(sa.delete(generations).where(generations.c.live == sa.false()))
        self.connection.commit()
        for table in schema.SUMMARIES:
            fresh = _named(table, STAGING + PREVIOUS)
            _drop(self.connection, fresh)
            _drop(self.connection, _named(table, DROPPED))
            self.connection.execute(sa.schema.CreateTable(fresh))
        steps = []
        for table in schema.SUMMARIES:
            steps += [(table.name + PREVIOUS, table.name + DROPPED)]
            steps += [(table.name + STAGING + PREVIOUS, table.name + PREVIOUS)]
        rename(self.connection, steps)

    def _replace_months(self, row: dict[str, Any], months: list) -> None:
        generations = schema.summary_generation
        for table in schema.SUMMARIES:
            _copy(self.connection, table, _named(table, PREVIOUS), table.c.month.in_(months))
            _replace(self.connection, table, _named(table, STAGING), table.c.month.in_(months))
        self.connection.execute(sa.update(generations).values(live=False))
        self.connection.execute(sa.insert(generations).values(**row))
        passing("swap")
        self.store.confirm_lock(self.connection)
        with undisturbed():
            self.connection.commit()
            self._note_published()

    def _note_published(self) -> None:
        self.published = True

    def _run(self, work: Callable, undo: Callable | None, task: Task) -> Any:
        for attempt in range(1, TRIES + 1):
            connection = self._take_worker()
            try:
                if attempt > 1 and undo is not None:
                    undo(connection, task)
                outcome = work(connection, task)
                connection.commit()
            except (sa.exc.DBAPIError, DatabaseUnreachable) as error:
                self._drop_worker(connection)
                if attempt == TRIES or not self.store.is_passing(error):
                    raise
                _pause(attempt)
            except BaseException:
                self._drop_worker(connection)
                raise
            else:
                self._workers.put(connection)
                return outcome
        raise AssertionError("unreachable")

    def _take_worker(self) -> sa.Connection:
        try:
            return self._workers.get_nowait()
        except queue.Empty:
            connection = self.store.facts_engine.connect()
            self._stack.callback(connection.close)
            self._note(connection)
            return connection

    def _drop_worker(self, connection: sa.Connection) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            connection.invalidate()

    def _note(self, connection: sa.Connection) -> str:
        """Writes a connection down, so that who clears up after us can end it; then makes sure that there is
        nothing to clear up yet. In this order: who gets the lock in between reads what we wrote. Returns its
        identity."""
        identity = identity_of(connection)
        with _noting:
            self._identities.add(identity)
            self.store.note_connections(sorted(self._identities))
        self.store.confirm_lock(connection)
        return identity

    def _kill_statements(self) -> None:
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self.store.facts() as connection:
            end_connections(connection, self._identities - {self._own})


_noting = threading.Lock()


@contextlib.contextmanager
def mysql_build(store: MysqlStore, kind: type[MysqlBuild] = MysqlBuild) -> Iterator[MysqlBuild]:
    """A build of that kind in the schema; discarded on leaving, unless it was published."""
    with store.facts() as connection:
        build = kind(store, connection, store.live_generation())
        try:
            yield build
        finally:
            build.discard()


def roll_back(store: MysqlStore) -> Generation:
    """Puts the generation before back: by RENAME, or month by month if it was replaced in place."""
    live = store.live_generation()
    generations = schema.summary_generation
    with store.facts() as connection:
        row = None
        if live is not None and live.previous is not None:
            row = connection.execute(sa.select(generations).where(generations.c.generation == live.previous)).first()
        if row is None:
            raise Refused("there is no earlier generation that is kept; nothing was changed")
        if live.in_place:
            _restore_months(connection, live, row.generation)
        else:
            _restore_whole(connection, row.generation)
    return store.live_generation()


def clear_leftovers(store: MysqlStore) -> list[str]:
    """Drops staged tables of dead refreshes and the rows of generations that are not kept."""
    from database.engines.mariadb.copying import clear_schemas

    with store.facts() as connection:
        gone = leftover_tables(connection)
        schemas = clear_schemas(store, connection)
        for table in SWAPPED:
            for suffix in LEFT_OVER:
                if table.name + suffix in gone:
                    _drop(connection, _named(table, suffix))
        kept = connection.execute(
            sa.select(schema.summary_generation.c.generation, schema.summary_generation.c.placement)
        ).all()
        numbers, sets = [row.generation for row in kept], [row.placement for row in kept]
        for table in (schema.summary_month, schema.summary_left_out):
            connection.execute(sa.delete(table).where(table.c.generation.not_in(numbers)))
        placement = schema.summary_placement
        connection.execute(sa.delete(placement).where(placement.c.placement.not_in(sets)))
        connection.commit()
    return [*gone, *schemas]


def leftover_tables(connection: sa.Connection) -> list[str]:
    """Staged tables that are there although, while nobody holds the lock, none should be."""
    present = set(
        connection.execute(
            sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
        ).scalars()
    )
    names = [table.name + suffix for table in SWAPPED for suffix in LEFT_OVER]
    return [name for name in names if name in present]


Name = str | tuple[str, str]
"""A table, or a schema and a table of it."""


def rename(
    connection: sa.Connection, steps: list[tuple[Name, Name]], *, done: Callable[[], None] = lambda: None
) -> None:
    """One RENAME TABLE, all or nothing, also across a crash of the server; `done` is told before anything
    else can happen. NOWAIT, tried again with jitter: a RENAME that waits makes every later reader queue
    behind it. Raises SwapFailed if some reader sits in a transaction for too long."""
    quote = connection.dialect.identifier_preparer.quote

    def quoted(name: Name) -> str:
        return quote(name) if isinstance(name, str) else ".".join(map(quote, name))

    (first, target), *others = steps
    listed = ", ".join(
        [f"{quoted(first)} NOWAIT TO {quoted(target)}"] + [f"{quoted(a)} TO {quoted(b)}" for a, b in others]
    )
    deadline = time.monotonic() + SWAP_SECONDS
    while True:
        try:
            with undisturbed():
                connection.exec_driver_sql(f"RENAME TABLE {listed}")
                done()
            connection.commit()
            return
        except sa.exc.DBAPIError as error:
            connection.rollback()
            if error_number(error) not in LOCKED:
                raise
            if time.monotonic() > deadline:
                raise SwapFailed(
                    f"a reader kept {first} busy for {SWAP_SECONDS} s; end it (SHOW PROCESSLIST) and run the "
                    "refresh again; the old generation is still live"
                ) from None
        time.sleep(random.uniform(0.01, 0.1))


def _restore_whole(connection: sa.Connection, number: int) -> None:
    generations = schema.summary_generation
    staged = _named(generations, STAGING)
    for table in SWAPPED:
        _drop(connection, _named(table, STAGING))
        _drop(connection, _named(table, DROPPED))
    connection.execute(sa.schema.CreateTable(staged))
    _copy(connection, generations, staged, generations.c.generation == number)
    connection.execute(sa.update(staged).values(live=True, previous=None))
    connection.commit()
    steps = []
    for table in schema.SUMMARIES:
        steps += [(table.name, table.name + DROPPED), (table.name + PREVIOUS, table.name)]
        # What was live becomes the new `_previous`, so that the table is there for the next swap.
        steps += [(table.name + DROPPED, table.name + PREVIOUS)]
    steps += [(generations.name, generations.name + DROPPED), (staged.name, generations.name)]
    rename(connection, steps)
    _drop(connection, _named(generations, DROPPED))


def _restore_months(connection: sa.Connection, live: Generation, number: int) -> None:
    months = [parse_month(text) for text in live.months.split(",") if text]
    generations = schema.summary_generation
    for table in schema.SUMMARIES:
        connection.execute(sa.delete(table).where(table.c.month.in_(months)))
        _copy(connection, _named(table, PREVIOUS), table)
    connection.execute(sa.delete(generations).where(generations.c.generation == live.generation))
    connection.execute(
        sa.update(generations).where(generations.c.generation == number).values(live=True, previous=None)
    )
    connection.commit()


def _named(table: sa.Table, suffix: str) -> sa.Table:
    return schema.copy_of(table, name=table.name + suffix)


def _drop(connection: sa.Connection, table: sa.Table) -> None:
    connection.execute(sa.schema.DropTable(table, if_exists=True))
    connection.commit()


def _copy(connection: sa.Connection, source: sa.Table, target: sa.Table, *conditions) -> None:
    columns = list(target.c.keys())
    rows = sa.select(*(source.c[name] for name in columns)).where(*conditions)
    connection.execute(sa.insert(target).from_select(columns, rows))


def _replace(connection: sa.Connection, table: sa.Table, by: sa.Table, of_months: sa.ColumnElement[bool]) -> None:
    """Makes the rows of some months those of `by`. What stands there as it should stays: most of a month does after an
    import, and a row that goes and comes is written to each index, too. `updated_at` is left out of the comparison."""
    columns = list(table.c.keys())
    keys = list(table.primary_key.columns.keys())
    others = [name for name in columns if name not in keys]
    stays = sa.exists().where(*(by.c[name] == table.c[name] for name in keys))
    connection.execute(sa.delete(table).where(of_months, ~stays.correlate(table)))
    is_right = sa.exists().where(*(table.c[name] == by.c[name] for name in columns if name != "updated_at"))
    changed = sa.select(*(by.c[name] for name in columns)).where(~is_right.correlate(by))
    written = mysql.insert(table).from_select(columns, changed)
    connection.execute(written.on_duplicate_key_update({name: written.inserted[name] for name in others}))


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0.5, 1.0) * 2 ** (attempt - 1) / 4)

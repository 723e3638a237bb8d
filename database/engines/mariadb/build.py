"""MariaDB: tables are built beside the live ones and put in place by one RENAME, or, when only some
months changed, by one transaction that replaces those months (`publishing.py`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.build import Build, BuildTraits, Outcome, Task
from database.engines.mariadb.connections import LOCKED, error_number
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.publishing import (
    DROPPED,
    LEFT_OVER,
    PREVIOUS,
    STAGING,
    SWAPPED,
    copy_rows,
    drop,
    named,
    replace_rows,
)
from database.engines.mariadb.renaming import rename
from database.engines.mariadb.spellings import Spellings, published_names
from database.engines.mariadb.workers import TRIES, Workers, pause
from domain.errors import LegoError, SwapFailed
from domain.months import parse_month
from machine.crash_points import passing
from machine.signals import signals_held_back

TRAITS = BuildTraits(
    keyed=True, copies_dimensions=False, asin_levels=(schema.summary_asin, named(schema.summary_asin, PREVIOUS)),
    dear_lookups=True,
)


class MysqlBuild(Build):
    """Builds `…_staging` tables in the schema, with as many connections as `workers`; `order` says in which order they
    take up tasks."""

    def __init__(
        self, doors: MysqlDoors, work_lock: ServerLock, connection: sa.Connection, *, workers: int,
        order: Callable[[Iterable], list] = list, traits: BuildTraits = TRAITS,
    ) -> None:
        self._doors, self._lock = doors, work_lock
        self.whole = True
        self._has_staged = False
        live = doors.live_generation()
        self._workers = Workers(doors, work_lock, connection, count=workers, order=order)
        self._spellings = Spellings(connection, lambda column: published_names(connection, column, live))
        super().__init__(connection, live, dataclasses.replace(traits, folded=self._spellings.columns))

    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        return self._spellings.of(connection, column, spellings)

    def live(self, table: sa.Table) -> sa.Table:
        return table

    def staged(self, table: sa.Table) -> sa.Table:
        return named(table, STAGING) if table in schema.SUMMARIES else table

    def start(self, *, generation: int, whole: bool) -> None:
        self.whole, self._has_staged = whole, True
        for table in schema.SUMMARIES:
            drop(self.connection, named(table, STAGING))
            self.connection.execute(sa.schema.CreateTable(named(table, STAGING)))
        self.connection.commit()

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        self._workers.run_all(tasks, work, undo=undo, done=done)

    def keep(self, *, placement: int, but: Collection[datetime.date]) -> None:
        """All of it stays where it is; only what a generation that was rolled back had restated goes."""
        table, live = schema.summary_restated, self.live_generation
        self.connection.execute(sa.delete(table).where(table.c.generation > live.generation))
        self.connection.commit()

    def add_indexes(self) -> None:
        if not self.whole:
            return

        def add(connection: sa.Connection, table: sa.Table) -> None:
            quote = connection.dialect.identifier_preparer.quote
            parts = ", ".join(
                f"ADD INDEX {quote(index.name)} ({', '.join(quote(column.name) for column in index.columns)})"
                for index in sorted(table.indexes, key=lambda index: index.name)
            )
            connection.exec_driver_sql(f"ALTER TABLE {quote(table.name + STAGING)} {parts}")

        self.run_all([table for table in schema.SUMMARIES if table.indexes], add)

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
        self._workers.close()
        if self.published or not self._has_staged:
            return
        # Its open transaction would keep the staged tables that it has read from being dropped.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError):
            self.connection.rollback()
        # The build's own connection may be the thing that broke. If the lock is lost, staged tables are
        # somebody else's by now.
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self._doors.facts() as connection:
            self._workers.note(connection)
            for table in SWAPPED:
                for suffix in LEFT_OVER:
                    drop(connection, named(table, suffix))

    def _publish_whole(self, row: dict[str, Any]) -> None:
        generations = schema.summary_generation
        staged = named(generations, STAGING)
        drop(self.connection, staged)
        self.connection.execute(sa.schema.CreateTable(staged))
        if self.live_generation is not None:
            copy_rows(self.connection, generations, staged, generations.c.live == sa.true())
            self.connection.execute(sa.update(staged).values(live=False))
        self.connection.execute(sa.insert(staged).values(**row))
        self.connection.commit()
        for table in SWAPPED:
            drop(self.connection, named(table, DROPPED))
        steps = []
        for table in schema.SUMMARIES:
            steps += [(table.name + PREVIOUS, table.name + DROPPED), (table.name, table.name + PREVIOUS)]
        steps += [(generations.name, generations.name + DROPPED)]
        steps += [(table.name + STAGING, table.name) for table in SWAPPED]
        passing("swap")
        self._lock.confirm(self.connection)
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
                pause(attempt)

    def _empty_previous(self) -> None:
        """Makes room for the months about to be replaced. The generation that was kept so far can be
        read no more from here on, so its row goes first."""
        generations = schema.summary_generation
        self._lock.confirm(self.connection)
        self.connection.execute(sa.delete(generations).where(generations.c.live == sa.false()))
        self.connection.commit()
        for table in schema.SUMMARIES:
            fresh = named(table, STAGING + PREVIOUS)
            drop(self.connection, fresh)
            drop(self.connection, named(table, DROPPED))
            self.connection.execute(sa.schema.CreateTable(fresh))
        steps = []
        for table in schema.SUMMARIES:
            steps += [(table.name + PREVIOUS, table.name + DROPPED)]
            steps += [(table.name + STAGING + PREVIOUS, table.name + PREVIOUS)]
        rename(self.connection, steps)

    def _replace_months(self, row: dict[str, Any], months: list) -> None:
        generations = schema.summary_generation
        for table in schema.SUMMARIES:
            copy_rows(self.connection, table, named(table, PREVIOUS), table.c.month.in_(months))
            replace_rows(self.connection, table, named(table, STAGING), table.c.month.in_(months))
        self.connection.execute(sa.update(generations).values(live=False))
        self.connection.execute(sa.insert(generations).values(**row))
        passing("swap")
        self._lock.confirm(self.connection)
        with signals_held_back():
            self.connection.commit()
            self._note_published()

    def _note_published(self) -> None:
        self.published = True


@contextlib.contextmanager
def discarded(build: MysqlBuild) -> Iterator[MysqlBuild]:
    """The build; discarded on leaving, unless it was published."""
    try:
        yield build
    finally:
        build.discard()

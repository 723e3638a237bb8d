"""A generation in a file, built from the copy of a server's facts and held against the server itself."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from database.engines.build import Build, BuildTraits, IsBare, Note, Outcome, Task
from database.engines.columnar.copy import Copy
from database.engines.columnar.doors import ColumnarDoors
from database.engines.columnar.places import Places
from database.engines.embedded.build import TRAITS, EmbeddedBuild
from database.engines.fact_marks import FactMarks
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.spellings import Spellings, published_names
from database.engines.mariadb.workers import Workers
from database.engines.ports import FactsRoom


class ColumnarBuild(Build):
    """Builds generations/NNNNNN.duckdb of the copy that `connection` is open to; `source` is the server. What is made
    of the copy is made by a build of the embedded engine."""

    def __init__(
        self, doors: ColumnarDoors, work_lock: ServerLock, connection: sa.Connection, source: sa.Connection,
        workers: Workers, places: Places, of_server: BuildTraits,
    ) -> None:
        live = doors.live_generation()
        self._files = EmbeddedBuild(
            doors.generations, connection, live, confirm=lambda: work_lock.confirm(source)
        )
        self._workers = workers
        self._spellings = Spellings(source, lambda column: published_names(connection, column, live, self.live))
        connection.commit()
        traits = dataclasses.replace(
            TRAITS, folded=self._spellings.columns, has_copy=True, sums_apart=of_server.sums_apart,
            dear_lookups=of_server.dear_lookups,
        )
        super().__init__(connection, live, traits, source)
        self._copy = Copy(connection, source, workers, places, doors.settings.database, self._spellings)

    def live(self, table: sa.Table) -> sa.Table:
        return self._files.live(table)

    def staged(self, table: sa.Table) -> sa.Table:
        return self._files.staged(table)

    def start(self, *, generation: int, whole: bool) -> None:
        self._files.start(generation=generation, whole=whole)

    def keep(self, *, placement: int, but: Collection[datetime.date]) -> None:
        self._files.keep(placement=placement, but=but)

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        self._files.run_all(tasks, work, undo=undo, done=done)

    def add_indexes(self) -> None:
        self._files.add_indexes()

    def publish(self, row: dict[str, Any]) -> None:
        try:
            self._files.publish(row)
        finally:
            self.published = self._files.published

    def discard(self) -> None:
        self._files.discard()
        self._files.let_go()

    def catch_up(
        self, marks: FactMarks, *, full: bool, is_bare: IsBare = lambda month: False,
        note: Note = lambda done, total, rows: None,
    ) -> FactMarks:
        return self._copy.bring_up_to_date(marks, full=full, is_bare=is_bare, note=note)

    def doubtful(self, marks: FactMarks, *, most: int) -> list[datetime.date]:
        """As `Copy.doubtful`."""
        return self._copy.doubtful(marks, most=most)

    def follow(self, *tables: sa.Table, months: Collection[datetime.date] | None = None) -> None:
        self.source.commit()
        self._copy.follow(tables, months=months)

    def fetch_again(self, months: Collection[datetime.date]) -> None:
        self._copy.fetch(months)

    def ask_source(
        self, tasks: Iterable[Task], work: Callable[[sa.Connection, Task], Outcome],
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        self._workers.run_all(tasks, work, done=done)

    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        return self._spellings.of(self.source, column, spellings)


@contextlib.contextmanager
def columnar_build(
    doors: ColumnarDoors, server: MysqlDoors, work_lock: ServerLock, facts_room: FactsRoom, places: Places, *,
    traits: BuildTraits, workers: int,
) -> Iterator[ColumnarBuild]:
    """A build on the copy, which asks as many connections of the server as `workers`; `traits` are those of builds
    there. Discarded on leaving, unless it was published."""
    with facts_room.connect() as source, doors.copy() as connection:
        team = Workers(server, work_lock, source, count=workers, order=places.order)
        try:
            build = ColumnarBuild(doors, work_lock, connection, source, team, places, traits)
            try:
                yield build
            finally:
                build.discard()
        finally:
            team.close()

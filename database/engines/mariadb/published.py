"""The published tables on a MariaDB: read in one snapshot, rolled back, measured."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import sqlalchemy as sa

from database import schema
from database.engines.build import Build
from database.engines.mariadb.connections import error_number
from database.engines.mariadb.doors import MysqlDoors, live_on
from database.engines.mariadb.leftovers import clear_leftovers
from database.engines.mariadb.overlay import OPTION, overlay_of
from database.engines.mariadb.preflight import examine_server
from database.engines.mariadb.publishing import roll_back
from database.engines.mariadb.repairs import lost_tables, make_again, take_off_foreign_keys
from database.engines.mariadb.sizes import stored_sizes, summary_sizes
from database.engines.ports import Published
from database.engines.values import (
    Answer,
    Generation,
    Reading,
    StoredSize,
    TableSize,
    generation_from,
    refuse_generation,
)
from domain.errors import GenerationLost, NeverRefreshed

TABLE_CHANGED = 1412


class MysqlPublished(Published):
    """The summary tables of the schema. `build` makes a generation in it."""

    def __init__(self, doors: MysqlDoors, build: Callable[[], contextlib.AbstractContextManager[Build]]) -> None:
        self._doors, self._build = doors, build

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        try:
            return self._ask(question, generation)
        except sa.exc.DBAPIError as error:
            # The snapshot was older than a swap: ask again, in a new one.
            if error_number(error) != TABLE_CHANGED:
                raise
            return self._ask(question, generation)

    def live(self) -> Generation | None:
        return self._doors.live_generation()

    def numbers(self) -> list[int]:
        with self._doors.application_reading.connect() as connection:
            table = schema.summary_generation
            return list(connection.execute(sa.select(table.c.generation).order_by(table.c.generation)).scalars())

    def examine(self) -> list[str]:
        with self._doors.facts() as connection:
            return examine_server(connection)

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return self._build()

    def roll_back(self) -> Generation:
        fault = self.live_fault()
        if fault:
            raise GenerationLost(fault)
        return roll_back(self._doors)

    def clear_leftovers(self) -> list[str]:
        return clear_leftovers(self._doors)

    def take_over(self, connection: sa.Connection, note: Callable[[str], None]) -> None:
        make_again(connection, lost_tables(connection), note)
        take_off_foreign_keys(connection, note)

    def live_fault(self) -> str:
        with self._doors.facts() as connection:
            names = [table.name for table in lost_tables(connection)]
        return f"{', '.join(names)}: not there any more; run: flask refresh-summaries --full" if names else ""

    def fall_back(self, published_last: int | None) -> Generation | None:
        """What is there is whole: InnoDB looks at it. So only what is not there is made, and stands for no figure."""
        with self._doors.facts() as connection:
            make_again(connection, lost_tables(connection), lambda line: None)
        return self.live()

    def summary_sizes(self) -> list[TableSize]:
        return summary_sizes(self._doors)

    def stored_sizes(self) -> list[StoredSize]:
        return stored_sizes(self._doors)

    def _ask(self, question: Callable[[Reading], Answer], number: int | None) -> Answer:
        with self._doors.application.connect() as connection:
            # Of the next transaction only: the pool has nothing to set back.
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            live = live_on(connection)
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

"""The server's summary tables, kept for other programs: what the live generation's file says, written after it
went live.

The same tables, published in the same ways, as of a store that pages read from them: so switching back to that takes
nothing but the setting.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from database import schema
from database.engines.build import STAGED_TABLES
from database.engines.columnar.doors import ColumnarDoors
from database.engines.mariadb.build import MysqlBuild, discarded
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.ports import FactsRoom
from database.engines.values import Generation
from domain.months import parse_month

FILE = "generation"
"""The name under which the generation's file is attached."""


class TablesOnServer:
    """The published tables of the schema, which follow the generations of the folder."""

    def __init__(
        self, doors: ColumnarDoors, server: MysqlDoors, work_lock: ServerLock, facts_room: FactsRoom, *, workers: int
    ) -> None:
        self._doors, self._server, self._lock = doors, server, work_lock
        self._room, self._workers = facts_room, workers

    def behind(self) -> str:
        """In words, what the tables lack; '' if they are what is live."""
        live, there = self._doors.live_generation(), self._server.live_generation()
        if live is None or (there is not None and there.generation == live.generation):
            return ""
        state = "hold nothing" if there is None else f"hold generation {there.generation}"
        return f"the summary tables on the server {state}, and generation {live.generation} is live"

    def write(self) -> None:
        """Makes the tables what is live, at one instant; only the months that differ, if that is known. While holding
        the lock."""
        live, there = self._doors.live_generation(), self._server.live_generation()
        whole = there is None or not live.in_place or live.previous != there.generation
        with self._server.facts() as connection, discarded(
            MysqlBuild(self._server, self._lock, connection, workers=self._workers)
        ) as build:
            build.start(generation=live.generation, whole=whole)
            with self._room.scratch(connection) as scratch:
                path = str(self._doors.generations.path(live.generation)).replace("'", "''")
                scratch.execute(f"ATTACH '{path}' AS {FILE} (READ_ONLY)")
                for table, condition in _parts(live, whole):
                    target = build.staged(table)
                    if target is table:
                        connection.execute(_emptied(table, live))
                    columns = ", ".join(f'"{column.name}"' for column in table.columns)
                    order = ", ".join(f'"{column.name}"' for column in table.primary_key)
                    self._room.bulk_insert(
                        connection, target, scratch=scratch,
                        query=f'SELECT {columns} FROM {FILE}."{table.name}" WHERE {condition} ORDER BY {order}',
                    )
                    connection.commit()
                scratch.execute(f"DETACH {FILE}")
            build.add_indexes()
            build.publish(self._row(live, there, whole))

    def _row(self, live: Generation, there: Generation | None, whole: bool) -> dict:
        engine, _ = self._doors.live()
        with engine.connect() as connection:
            row = connection.execute(sa.select(schema.summary_generation)).one()
        return {**row._mapping, "previous": there.generation if there else None, "in_place": not whole}


def _parts(live: Generation, whole: bool) -> Iterator[tuple[sa.Table, str]]:
    """Each table of a generation, and which of its rows are to be written."""
    months = ", ".join(f"DATE '{parse_month(text)}'" for text in live.months.split(",") if text)
    of_months = "true" if whole else f"month IN ({months})" if months else "false"
    for table in STAGED_TABLES:
        if table in schema.SUMMARIES:
            yield table, of_months
        elif table is schema.summary_restated:
            yield table, "true"
        elif table is schema.summary_placement:
            yield table, f"placement = {live.placement}"
        else:
            yield table, f"generation = {live.generation}"


def _emptied(table: sa.Table, live: Generation) -> sa.Delete:
    """Makes room for what is written beside the live tables, which no reader of the generation before looks at."""
    if table is schema.summary_restated:
        return sa.delete(table)
    if table is schema.summary_placement:
        return sa.delete(table).where(table.c.placement == live.placement)
    return sa.delete(table).where(table.c.generation == live.generation)

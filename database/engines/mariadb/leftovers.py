"""What dead refreshes and restores left on a MariaDB, cleared away."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.mariadb.copying import clear_schemas
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.publishing import LEFT_OVER, SWAPPED, drop, leftover_tables, named


def clear_leftovers(doors: MysqlDoors) -> list[str]:
    """Drops staged tables of dead refreshes and the rows of generations that are not kept."""
    with doors.facts() as connection:
        gone = leftover_tables(connection)
        schemas = clear_schemas(doors, connection)
        for table in SWAPPED:
            for suffix in LEFT_OVER:
                if table.name + suffix in gone:
                    drop(connection, named(table, suffix))
        kept = connection.execute(
            sa.select(schema.summary_generation.c.generation, schema.summary_generation.c.placement)
        ).all()
        numbers, sets = [row.generation for row in kept], [row.placement for row in kept]
        for table in (schema.summary_month, schema.summary_left_out, schema.summary_rate, *_with_lines(connection)):
            connection.execute(sa.delete(table).where(table.c.generation.not_in(numbers)))
        placement = schema.summary_placement
        connection.execute(sa.delete(placement).where(placement.c.placement.not_in(sets)))
        connection.commit()
    return [*gone, *schemas]


def _with_lines(connection: sa.Connection) -> tuple[sa.Table, ...]:
    """The tables that tell of lines, costs and SKUs, if any generation has some."""

    def holds(table: sa.Table) -> bool:
        return connection.execute(sa.select(table.c.generation).limit(1)).first() is not None

    of_lines = schema.LINE_SUMMARIES if holds(schema.summary_report) else ()
    return (*of_lines, *(table for table in schema.TOLD if holds(table)))

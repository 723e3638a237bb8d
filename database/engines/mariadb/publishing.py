"""Putting tables in place on MariaDB: by one RENAME, or row by row in one transaction.

`X_staging` is being made, `X` is live, `X_previous` is what the generation before had: the whole table
after a RENAME, only the replaced months after a transaction. `X_dropped` waits to be dropped. The row
of `summary_generation` is swapped or written together with the tables, so whoever reads it first in a
snapshot knows which state it sees.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from database import schema
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.renaming import rename
from database.engines.values import Generation
from domain.errors import Refused
from domain.months import parse_month

STAGING, PREVIOUS, DROPPED = "_staging", "_previous", "_dropped"
SWAPPED = (*schema.SUMMARIES, schema.summary_generation)
LEFT_OVER = (STAGING, DROPPED, STAGING + PREVIOUS)


def roll_back(doors: MysqlDoors) -> Generation:
    """Puts the generation before back: by RENAME, or month by month if it was replaced in place."""
    live = doors.live_generation()
    generations = schema.summary_generation
    with doors.facts() as connection:
        row = None
        if live is not None and live.previous is not None:
            row = connection.execute(sa.select(generations).where(generations.c.generation == live.previous)).first()
        if row is None:
            raise Refused("there is no earlier generation that is kept; nothing was changed")
        if live.in_place:
            _restore_months(connection, live, row.generation)
        else:
            _restore_whole(connection, row.generation)
    return doors.live_generation()


def leftover_tables(connection: sa.Connection) -> list[str]:
    """Staged tables that are there although, while nobody holds the lock, none should be."""
    present = set(
        connection.execute(
            sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
        ).scalars()
    )
    names = [table.name + suffix for table in SWAPPED for suffix in LEFT_OVER]
    return [name for name in names if name in present]


def _restore_whole(connection: sa.Connection, number: int) -> None:
    generations = schema.summary_generation
    staged = named(generations, STAGING)
    for table in SWAPPED:
        drop(connection, named(table, STAGING))
        drop(connection, named(table, DROPPED))
    connection.execute(sa.schema.CreateTable(staged))
    copy_rows(connection, generations, staged, generations.c.generation == number)
    connection.execute(sa.update(staged).values(live=True, previous=None))
    connection.commit()
    names = [table.name for table in schema.SUMMARIES]
    steps = [(name, name + DROPPED) for name in names] + [(name + PREVIOUS, name) for name in names]
    # What was live becomes the new `_previous`, so that the table is there for the next swap.
    steps += [(name + DROPPED, name + PREVIOUS) for name in names]
    steps += [(generations.name, generations.name + DROPPED), (staged.name, generations.name)]
    rename(connection, steps)
    drop(connection, named(generations, DROPPED))


def _restore_months(connection: sa.Connection, live: Generation, number: int) -> None:
    months = [parse_month(text) for text in live.months.split(",") if text]
    generations = schema.summary_generation
    for table in schema.SUMMARIES:
        connection.execute(sa.delete(table).where(table.c.month.in_(months)))
        copy_rows(connection, named(table, PREVIOUS), table)
    connection.execute(sa.delete(generations).where(generations.c.generation == live.generation))
    connection.execute(
        sa.update(generations).where(generations.c.generation == number).values(live=True, previous=None)
    )
    connection.commit()


def named(table: sa.Table, suffix: str) -> sa.Table:
    """The table beside it that is called so."""
    return schema.copy_of(table, name=table.name + suffix)


def drop(connection: sa.Connection, table: sa.Table) -> None:
    """Drops a table, if it is there."""
    connection.execute(sa.schema.DropTable(table, if_exists=True))
    connection.commit()


def copy_rows(connection: sa.Connection, source: sa.Table, target: sa.Table, *conditions) -> None:
    """Adds the rows of `source` that meet the conditions."""
    columns = list(target.c.keys())
    rows = sa.select(*(source.c[name] for name in columns)).where(*conditions)
    connection.execute(sa.insert(target).from_select(columns, rows))


def replace_rows(connection: sa.Connection, table: sa.Table, by: sa.Table, of_months: sa.ColumnElement[bool]) -> None:
    """Makes the rows of some months those of `by`. What stands there as it should stays: most of a month does after an
    import, and a row that goes and comes is written to each index, too. `updated_at` is left out of the comparison."""
    columns = list(table.c.keys())
    keys = list(table.primary_key.columns.keys())
    others = [name for name in columns if name not in keys]
    stays = sa.exists().where(*(by.c[name] == table.c[name] for name in keys))
    connection.execute(sa.delete(table).where(of_months, ~stays.correlate(table)))
    is_right = sa.exists().where(*(
        table.c[name].is_not_distinct_from(by.c[name]) if table.c[name].nullable else table.c[name] == by.c[name]
        for name in columns if name != "updated_at"
    ))
    changed = sa.select(*(by.c[name] for name in columns)).where(~is_right.correlate(by))
    written = mysql.insert(table).from_select(columns, changed)
    connection.execute(written.on_duplicate_key_update({name: written.inserted[name] for name in others}))

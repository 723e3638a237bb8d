"""The published tables as a MariaDB has them that others use, too: lost ones are made again, foreign keys taken off.

A lost table is made empty, and then what it held is live no more: an empty table under a live generation would show no
figures and no error. A foreign key would follow the table that a refresh puts aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from database import schema
from database.engines.ddl import create_missing_tables, existing_columns

PREVIOUS = "_previous"


def lost_tables(connection: sa.Connection) -> list[sa.Table]:
    """Published tables that are not there, those of the generation before included."""
    before = [schema.copy_of(table, name=table.name + PREVIOUS) for table in schema.SUMMARIES]
    wanted = (*schema.tables_of(schema.PUBLISHED), *before)
    return [table for table in wanted if not existing_columns(connection, table.name)]


def make_again(connection: sa.Connection, lost: Sequence[sa.Table], note: Callable[[str], None]) -> None:
    """Makes them, empty; generations that had rows in them are kept no more. Commits."""
    if not lost:
        return
    create_missing_tables(connection, lost, note)
    generations, before = schema.summary_generation, {table.name + PREVIOUS for table in schema.SUMMARIES}
    only_before = all(table.name in before for table in lost)
    gone = sa.delete(generations)
    connection.execute(gone.where(generations.c.live == sa.false()) if only_before else gone)
    connection.execute(sa.update(generations).values(previous=None))
    connection.commit()


def foreign_keys(connection: sa.Connection) -> list[tuple[str, str, str]]:
    """(table, key, table it refers to) of all foreign keys to or from summary tables, in order."""
    names = [table.name + suffix for table in schema.SUMMARIES for suffix in ("", PREVIOUS)]
    query = sa.text(
        "SELECT table_name, constraint_name, referenced_table_name FROM information_schema.referential_constraints "
        "WHERE constraint_schema = DATABASE() AND (table_name IN :names OR referenced_table_name IN :names) "
        "ORDER BY table_name, constraint_name"
    ).bindparams(sa.bindparam("names", names, expanding=True))
    return [tuple(row) for row in connection.execute(query)]


def is_summary(table: str) -> bool:
    """Whether the table is made by refreshes, and so may be changed by us whoever made it first."""
    return table.removesuffix(PREVIOUS) in {summary.name for summary in schema.SUMMARIES}


def take_off_foreign_keys(connection: sa.Connection, note: Callable[[str], None]) -> None:
    """Takes them off the summary tables, which are derived. Those of other tables are their owner's."""
    quote = connection.dialect.identifier_preparer.quote
    for table, key, other in foreign_keys(connection):
        if is_summary(table):
            connection.exec_driver_sql(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(key)}")
            note(f"took the foreign key {key} to {other} off {table}: it would follow a table that is put aside")

"""What a generation tells of overheads, so that pages need not read facts: those that count, as they were told."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.lines.overheads import read_told
from database.lines.publishing import Target
from domain.overheads import in_force


def publish_overheads(connection: sa.Connection, target: Target) -> None:
    """Writes them down, in place of what a run that died wrote under the same number."""
    table = target.staged(schema.summary_overhead)
    connection.execute(sa.delete(table).where(table.c.generation == target.generation))
    # Embedded, a transaction writes to one file, and what comes next may write to that of the facts.
    connection.commit()
    rows = [vars(each) | {"generation": target.generation} for each in in_force(read_told(connection))]
    if rows:
        connection.execute(sa.insert(table), rows)
    connection.commit()

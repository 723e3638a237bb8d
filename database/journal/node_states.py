"""Writes down how the data nodes of a cluster are, for pages, which ask no node."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.ports import Store
from database.engines.values import NodeState
from database.schema import node_state as table
from domain.errors import LegoError
from domain.moments import utc_now


@dataclass(frozen=True)
class RecordedNode:
    """A data node as it was at `looked_at`. `rows` of facts by its own estimate; what is not known is None. `trouble`:
    why it did not answer, '' if it did."""

    name: str
    looked_at: datetime.datetime
    months: int
    first_month: datetime.date | None
    last_month: datetime.date | None
    rows: int | None
    bytes: int | None
    milliseconds: float | None
    lost_tables: int
    open_transactions: int | None
    trouble: str


def look_at_nodes(store: Store) -> tuple[Sequence[NodeState], str]:
    """The nodes as they are, which are written down as well; and why that could not be done, '' if it could. Raises
    DatabaseUnreachable if the head does not answer."""
    states = store.health.node_states()
    try:
        with store.application.begin() as connection:
            # One that the settings do not name any more has no state.
            connection.execute(sa.delete(table))
            if states:
                connection.execute(sa.insert(table), [_row(state, utc_now()) for state in states])
    except (sa.exc.SQLAlchemyError, LegoError) as error:
        return states, f"the state of data nodes could not be written down: {str(error).splitlines()[0]}"
    return states, ""


def read_nodes(connection: sa.Connection) -> list[RecordedNode]:
    """What was written down last, in the order of names."""
    return [
        RecordedNode(
            row.name, row.looked_at, row.months, row.first_month, row.last_month, row.row_count, row.bytes,
            None if row.milliseconds is None else float(row.milliseconds), row.lost_tables, row.open_transactions,
            row.trouble,
        )
        for row in connection.execute(sa.select(table).order_by(table.c.name))
    ]


def _row(state: NodeState, now: datetime.datetime) -> dict[str, object]:
    return {
        "name": state.name, "looked_at": now, "months": len(state.months),
        "first_month": min(state.months, default=None), "last_month": max(state.months, default=None),
        "row_count": state.rows, "bytes": state.bytes, "milliseconds": state.milliseconds,
        "lost_tables": len(state.lost_tables), "open_transactions": state.open_transactions, "trouble": state.trouble,
    }

"""What goes on beside the work on a cluster: what earlier work left on nodes is ended, nodes are watched, and errors of
the head are told with the node that they are about.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from database.engines.cluster.nodes import Node, Nodes, node_lost
from database.engines.cluster.transaction import settle
from database.engines.cluster.watch import NodeWatch
from database.engines.mariadb.connections import (
    busy_connections,
    end_connections,
    error_number,
    identity_of,
    number_of,
    open_connections,
)
from database.engines.mariadb.doors import MysqlDoors
from domain.errors import DatabaseUnreachable, LegoError, SchemaError

NODE_ERRORS = {1158, 1159, 1160, 1161, 1429, 1430, 1477, *range(12700, 12725)}
"""What a head says of a node that does not answer, or not any more."""
TABLE_LOST = 12702
CUT = {1317, 1927, 2006, 2013}
"""What a connection says that was ended from outside."""


class NodeGuard:
    """Looks after the nodes behind a head."""

    def __init__(self, doors: MysqlDoors, nodes: Nodes) -> None:
        self._doors, self._nodes = doors, nodes
        self._asking = open_connections(doors.facts_engine)
        self._watch: NodeWatch | None = None
        sa.event.listen(doors.facts_engine, "handle_error", self._name_nodes)

    @contextlib.contextmanager
    def while_held(self) -> Iterator[None]:
        """To be entered while the lock is held, for as long as it is."""
        self._settle()
        self._watch = NodeWatch(self._nodes, self._give_up)
        with self._watch.watching():
            yield

    def _settle(self) -> None:
        """Ends what earlier transactions left on the nodes, as far as they answer: one that does not is looked at
        again before anything there is used."""
        with self._doors.facts() as head:
            for node in self._nodes.all:
                with contextlib.suppress(DatabaseUnreachable):
                    settle(head, self._nodes, [node])
            head.commit()

    def _give_up(self, node: Node) -> None:
        """A node is frozen: ends what waits for it, here and on the head."""
        self._nodes.cut(node)
        with contextlib.suppress(LegoError, sa.exc.SQLAlchemyError), self._doors.facts() as head:
            ours = {connection.thread_id() for connection in list(self._asking) if connection.open}
            others = ours - {number_of(identity_of(head))}
            end_connections(head, [each for each in busy_connections(head) if number_of(each) in others])

    def _name_nodes(self, context: sa.engine.ExceptionContext) -> LegoError | None:
        """Which node it was, for the head often does not say."""
        error = context.sqlalchemy_exception
        number = error_number(error) if isinstance(error, sa.exc.DBAPIError) else None
        words = str(getattr(error, "orig", error))
        if number == TABLE_LOST:
            return SchemaError(f"a data node has lost tables ({words}); run: flask init-db")
        if number in CUT | NODE_ERRORS and self._watch is not None and self._watch.trouble is not None:
            return node_lost(str(self._watch.trouble))
        if number not in NODE_ERRORS:
            return None
        silent = [trouble for _, trouble in self._nodes.silent()]
        return node_lost("; ".join(map(str, silent)) or f"a data node was lost for a moment: {words}")

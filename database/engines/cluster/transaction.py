"""One import on several data nodes: all of it or nothing, whichever of them fails when (two-phase commit).

1. work        each node has a transaction of its own (XA START), on a connection straight to it
2. prepare     every node promises that it can commit, and keeps the promise over a crash (XA PREPARE)
3. decide      the head commits its own part, with the row that says so: from here on it is in
4. commit      every node is told (XA COMMIT); the row goes when all have done it

Whoever holds the lock next settles what was left: a promise with a row is committed, one without is rolled back. While
a node that made one is away, its months can be neither read nor written; others can.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pymysql
import sqlalchemy as sa

from database.engines.cluster.nodes import MONTH, Node, Nodes
from domain.errors import LegoError
from machine.crash_points import passing

Answer = TypeVar("Answer")
Month = datetime.date

decided = sa.Table(
    "cluster_decision", sa.MetaData(),
    sa.Column("xid", sa.String(64), primary_key=True),
    sa.Column("nodes", sa.Text, nullable=False, comment="those that promised, commas between"),
    mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_nopad_bin",
)
"""On the head: transactions that are committed, and that not every node may know of yet."""


class Part:
    """The facts of one month, on the node that holds them: statements on `financials` and `financials_replaced`."""

    def __init__(self, node: sa.Connection, month: Month) -> None:
        self._node, self.month = node, month

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult:
        """As a connection does it."""
        return self._node.execute(statement, parameters, execution_options={MONTH: self.month})


class SpiderTransaction:
    """What one connection of the head does on nodes; `head` is that connection."""

    def __init__(self, head: sa.Connection, nodes: Nodes, placed: Mapping[Month, Node]) -> None:
        self.head, self._nodes, self._placed = head, nodes, placed
        self.xid = f"{xid_prefix(nodes)}{uuid.uuid4().hex}"
        self._connections: dict[Node, sa.Connection] = {}

    def each(self, months: Collection[Month], work: Callable[[Part], Answer]) -> list[Answer]:
        """`work` for every month, the nodes side by side; answers in the order of the months."""
        by_node: dict[Node, list[Month]] = {}
        for month in sorted(months):
            by_node.setdefault(self._placed[month], []).append(month)
        for node in by_node:
            self.connection(node)

        def on_node(node: Node) -> list[tuple[Month, Answer]]:
            return [(month, work(Part(self.connection(node), month))) for month in by_node[node]]

        with ThreadPoolExecutor(len(by_node) or 1, thread_name_prefix="node") as pool:
            answers = dict(found for done in pool.map(on_node, by_node) for found in done)
        return [answers[month] for month in sorted(answers)]

    def connection(self, node: Node) -> sa.Connection:
        """The node's connection of this transaction."""
        if node not in self._connections:
            settle(self.head, self._nodes, [node])
            connection = self._nodes.connect(node)
            self._connections[node] = connection
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(f"XA START '{self.xid}'")
        return self._connections[node]

    def node_of(self, month: Month) -> Node:
        """The node that holds the month."""
        return self._placed[month]

    def commit(self, commit_head: Callable[[], None]) -> None:
        """Commits on the nodes what `commit_head` commits on the head, or neither."""
        for connection in self._connections.values():
            connection.exec_driver_sql(f"XA END '{self.xid}'")
            connection.exec_driver_sql(f"XA PREPARE '{self.xid}'")
            passing("promised")
        names = ",".join(node.name for node in self._connections)
        self.head.execute(sa.insert(decided).values(xid=self.xid, nodes=names))
        commit_head()
        passing("decided")
        done = True
        for connection in self._connections.values():
            try:
                connection.exec_driver_sql(f"XA COMMIT '{self.xid}'")
                connection.close()
            except (LegoError, sa.exc.SQLAlchemyError):
                # It is in: whoever holds the lock next tells the node.
                done = False
                _drop(connection)
        self._connections.clear()
        if done:
            with contextlib.suppress(LegoError, sa.exc.SQLAlchemyError):
                self.head.execute(sa.delete(decided).where(decided.c.xid == self.xid))
                self.head.commit()

    def abandon(self) -> None:
        """Nothing of it happens: a connection that is lost is rolled back, and a promise without a decision is, too."""
        for connection in self._connections.values():
            _drop(connection)
        self._connections.clear()


def xid_prefix(nodes: Nodes) -> str:
    """How the names of this cluster's transactions begin; a node may serve others beside it."""
    return f"lego-{hashlib.sha256(nodes.all[0].address.database.encode()).hexdigest()[:12]}-"


def settle(head: sa.Connection, nodes: Nodes, asked: Sequence[Node]) -> None:
    """Ends on the nodes `asked` what an earlier transaction left open there; the caller holds the lock. Raises
    DatabaseUnreachable for a node that does not answer."""
    decisions = {row.xid: set(row.nodes.split(",")) for row in head.execute(sa.select(decided))}
    for node in asked:
        _settle_node(nodes, node, decisions.keys())
        for xid, names in decisions.items():
            if node.name in names:
                names.discard(node.name)
                change = sa.update(decided).values(nodes=",".join(sorted(names))) if names else sa.delete(decided)
                head.execute(change.where(decided.c.xid == xid))


def left_open(nodes: Nodes, node: Node) -> list[str]:
    """Transactions of ours that wait on the node to be told how they end; of use only while nobody holds the lock."""
    with nodes.connect(node) as connection:
        return _promised(connection, nodes)


def _settle_node(nodes: Nodes, node: Node, decisions: Collection[str]) -> None:
    with nodes.connect(node) as connection:
        # Within a transaction, even an empty one, a server ends no other.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        for xid in _promised(connection, nodes):
            connection.exec_driver_sql(f"XA {'COMMIT' if xid in decisions else 'ROLLBACK'} '{xid}'")


def _promised(connection: sa.Connection, nodes: Nodes) -> list[str]:
    found = [row[3] for row in connection.exec_driver_sql("XA RECOVER")]
    names = [name.decode() if isinstance(name, bytes) else name for name in found]
    return [name for name in names if name.startswith(xid_prefix(nodes))]


def _drop(connection: sa.Connection) -> None:
    with contextlib.suppress(LegoError, sa.exc.SQLAlchemyError, pymysql.err.Error):
        connection.invalidate()
    with contextlib.suppress(LegoError, sa.exc.SQLAlchemyError, pymysql.err.Error):
        connection.close()

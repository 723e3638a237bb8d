"""The data nodes of a cluster: their names, and connections straight to them."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.mariadb.connections import CONNECT_SECONDS, LONG_WORK, cut, mysql_engine, open_connections
from domain.errors import DatabaseUnreachable, LegoError
from settings import DatabaseSettings, Settings

READ_SECONDS = 4 * 3600
"""A month of many millions takes long to load."""
PROBE_SECONDS = 5
MONTH = "lego_month"
"""The execution option of a statement on `financials`: the month whose table on the node is meant."""
_TABLES = re.compile(r"\bfinancials(_replaced)?\b")
SERVER_NAME_LENGTH = 64


@dataclass(frozen=True)
class Node:
    """One data node: `name` is host:port, `address` how to reach it and its schema."""

    name: str
    address: DatabaseSettings

    @property
    def server(self) -> str:
        """Its name among the servers that the head knows; Spider's own errors tell it."""
        name = f"{self.address.database}@{self.name}"
        if len(name) <= SERVER_NAME_LENGTH:
            return name
        return f"lego@{hashlib.sha256(name.encode()).hexdigest()[:32]}"


class Nodes:
    """The nodes that the settings name, in their order."""

    def __init__(self, settings: Settings) -> None:
        self.all: Sequence[Node] = tuple(_node(settings, text) for text in settings.cluster.nodes)
        self._engines = {node: self._engine(node, READ_SECONDS) for node in self.all}
        self._probes = {node: self._engine(node, PROBE_SECONDS, PROBE_SECONDS) for node in self.all}
        self._open = {node: open_connections(engine) for node, engine in self._engines.items()}

    def of_server(self, server: str) -> Node | None:
        """The node that the head knows by this name; None if the settings do not name it."""
        return next((node for node in self.all if node.server == server), None)

    def connect(self, node: Node) -> sa.Connection:
        """A connection to the node, READ COMMITTED. Raises DatabaseUnreachable, naming it."""
        return self._engines[node].connect()

    def engine(self, node: Node) -> sa.Engine:
        """What makes its connections, all of which `cut` ends."""
        return self._engines[node]

    def trouble_of(self, node: Node) -> LegoError | None:
        """Why the node does not answer; None if it does, within seconds."""
        try:
            with contextlib.closing(self._probes[node].connect()) as connection:
                connection.execute(sa.text("SELECT 1"))
        except LegoError as error:
            return error
        return None

    def silent(self) -> Iterator[tuple[Node, LegoError]]:
        """The nodes that do not answer, and why."""
        for node in self.all:
            trouble = self.trouble_of(node)
            if trouble is not None:
                yield node, trouble

    def cut(self, node: Node) -> None:
        """Ends every connection to a node that does not answer: whoever waits there gets an error."""
        for connection in list(self._open[node]):
            cut(connection)

    def close(self) -> None:
        """Gives back every connection."""
        for engine in (*self._engines.values(), *self._probes.values()):
            engine.dispose()

    @staticmethod
    def _engine(node: Node, read_timeout: int, connect_seconds: int = CONNECT_SECONDS) -> sa.Engine:
        engine = mysql_engine(
            node.address, read_timeout=read_timeout, connect_seconds=connect_seconds, isolation="READ COMMITTED",
            init=f"SET SESSION innodb_lock_wait_timeout = 30, SESSION lock_wait_timeout = 60, {LONG_WORK}",
            poolclass=sa.pool.NullPool, local_infile=True, pool_reset_on_return=None,
        )

        def name_node(context: sa.engine.ExceptionContext) -> LegoError | None:
            error = getattr(context, "chained_exception", None)
            if not isinstance(error, LegoError):
                return None
            return type(error)(f"data node {node.name}: {error}")

        sa.event.listen(engine, "handle_error", name_node)
        sa.event.listen(engine, "before_cursor_execute", _name_month, retval=True)
        return engine


def _name_month(connection, cursor, statement: str, parameters, context, executemany) -> tuple:
    month = context.execution_options.get(MONTH) if context is not None else None
    if month is not None:
        statement = _TABLES.sub(lambda found: f"{found.group()}_{month:%Y%m}", statement)
    return statement, parameters


def node_lost(words: str) -> DatabaseUnreachable:
    """The error of a statement that a data node did not answer."""
    return DatabaseUnreachable(f"{words}; what was live still is; months of other nodes can be refreshed with --month")


def _node(settings: Settings, text: str) -> Node:
    host, _, port = text.partition(":")
    database, cluster = settings.database, settings.cluster
    own_user = bool(cluster.user or cluster.password)
    address = dataclasses.replace(
        database, host=host, port=int(port or 3306), user=cluster.user or database.user,
        password=cluster.password if own_user else database.password, database=cluster.database or database.database,
    )
    return Node(f"{host}:{address.port}", address)

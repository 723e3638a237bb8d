"""MariaDB's Spider engine: facts on data nodes, everything else in the schema of the head.

The head speaks for all of them: `financials` there is a Spider table, so every statement serves as it is. One that
touches one month is answered by the node that holds it.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database.engines.build import Build
from database.engines.cluster.build import SpiderBuild
from database.engines.cluster.fact_marks import SpiderMarks
from database.engines.cluster.health import SpiderHealth, node_states
from database.engines.cluster.loading import load_months
from database.engines.cluster.nodes import Node, Nodes, node_lost
from database.engines.cluster.tables import (
    TABLES,
    examine_head,
    make_servers,
    make_tables,
    months_ahead,
    months_by_node,
)
from database.engines.cluster.transaction import SpiderTransaction, decided, settle
from database.engines.cluster.watch import NodeWatch
from database.engines.fact_marks import FactMarks
from database.engines.health import Health
from database.engines.mariadb.build import mysql_build
from database.engines.mariadb.connections import (
    busy_connections,
    end_connections,
    error_number,
    identity_of,
    number_of,
    open_connections,
)
from database.engines.mariadb.store import MysqlStore
from database.engines.ports import Copying
from database.engines.values import Answer, Facts, NodeState
from domain.errors import DatabaseUnreachable, LegoError, SchemaError, SetupError
from domain.months import month_of
from settings import Settings

if TYPE_CHECKING:
    import duckdb


NODE_ERRORS = {1158, 1159, 1160, 1161, 1429, 1430, 1477, *range(12700, 12725)}
"""What a head says of a node that does not answer, or not any more."""
TABLE_LOST = 12702
CUT = {1317, 1927, 2006, 2013}
"""What a connection says that was ended from outside."""
CONNECTIONS_PER_NODE = 2


class SpiderStore(MysqlStore):
    """The head of a cluster, and its data nodes."""

    has_data_nodes = True
    assigns_fact_ids = False

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.nodes = Nodes(settings)
        self._open = _Transactions()
        self._asking = open_connections(self.facts_engine)
        self._watch: NodeWatch | None = None
        sa.event.listen(self.facts_engine, "handle_error", self._name_nodes)
        sa.event.listen(self.facts_engine, "rollback", self._open.abandon)
        sa.event.listen(self.facts_engine, "commit", self._open.refuse_commit)

    def prepare(self, note: Callable[[str], None]) -> None:
        with self.facts() as head:
            examine_head(head)
            make_servers(head, self.nodes, note)
            months = {*months_ahead(), *months_by_node(head, self.nodes)}
            for _, trouble in self.nodes.silent():
                raise trouble
            make_tables(head, self.nodes, months, note)
            decided.create(head, checkfirst=True)

    def prepare_months(self, months: Collection[datetime.date]) -> None:
        with self.facts() as head:
            missing = {month_of(date) for date in months} - months_by_node(head, self.nodes).keys()
            if missing:
                make_tables(head, self.nodes, missing, lambda line: None)

    def months_by_node(self) -> dict[datetime.date, Node]:
        """Month -> the node that holds its facts."""
        with self.facts() as head:
            return months_by_node(head, self.nodes)

    @contextlib.contextmanager
    def facts(self) -> Iterator[sa.Connection]:
        with super().facts() as head:
            try:
                yield head
            finally:
                self._open.abandon(head)

    @contextlib.contextmanager
    def lock(self, purpose: str, *, wait: float = 0) -> Iterator[None]:
        with super().lock(purpose, wait=wait):
            self._settle()
            self._watch = NodeWatch(self.nodes, self._give_up)
            with self._watch.watching():
                yield

    def each_part(
        self, connection: sa.Connection, months: Collection[datetime.date], work: Callable[[Facts], Answer]
    ) -> list[Answer]:
        return self._transaction(connection).each({month_of(date) for date in months}, work)

    def commit(self, connection: sa.Connection) -> None:
        transaction = self._open.pop(connection, None)
        if transaction is None:
            super().commit(connection)
            return
        try:
            transaction.commit(lambda: super(SpiderStore, self).commit(connection))
        finally:
            transaction.abandon()

    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        """Facts go straight to the nodes that own their months: a month is written to a file while those before it are
        being loaded."""
        if table not in TABLES:
            return super().bulk_insert(connection, table, scratch=scratch, query=query)
        return load_months(self._transaction(connection), table, scratch, query)

    def fact_marks(self, connection: sa.Connection, months: Collection[datetime.date] = ()) -> FactMarks:
        return SpiderMarks(connection, self.nodes, months_by_node(connection, self.nodes), months)

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return mysql_build(self, SpiderBuild)

    def node_states(self) -> Sequence[NodeState]:
        return node_states(self.nodes, self.months_by_node())

    def health(self) -> Health:
        return SpiderHealth(self)

    def copying(self) -> Copying:
        # The head's dump names the nodes' tables: put back under another name, it would write into those that are live.
        raise SetupError(
            "a cluster is not backed up or restored by the dashboard: back up the head and every data node with "
            "mariadb-backup while no import or refresh runs; nothing was done"
        )

    def worker_count(self) -> int:
        """The nodes do the work, so it is their number that counts, not this machine's cores."""
        return self.settings.refresh.workers or CONNECTIONS_PER_NODE * len(self.nodes.all)

    def close(self) -> None:
        super().close()
        self.nodes.close()

    def _transaction(self, head: sa.Connection) -> SpiderTransaction:
        if head not in self._open:
            self._open[head] = SpiderTransaction(head, self.nodes, months_by_node(head, self.nodes))
        return self._open[head]

    def _settle(self) -> None:
        """Ends what earlier transactions left on the nodes, as far as they answer: one that does not is looked at
        again before anything there is used."""
        with self.facts() as head:
            for node in self.nodes.all:
                with contextlib.suppress(DatabaseUnreachable):
                    settle(head, self.nodes, [node])
            head.commit()

    def _give_up(self, node: Node) -> None:
        """A node is frozen: ends what waits for it, here and on the head."""
        self.nodes.cut(node)
        with contextlib.suppress(LegoError, sa.exc.SQLAlchemyError), super().facts() as head:
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
        silent = [trouble for _, trouble in self.nodes.silent()]
        return node_lost("; ".join(map(str, silent)) or f"a data node was lost for a moment: {words}")


class _Transactions(dict[sa.Connection, SpiderTransaction]):
    """The head's connections that have work open on nodes, with that work."""

    def abandon(self, head: sa.Connection) -> None:
        """The head rolls back, and so do the nodes."""
        transaction = self.pop(head, None)
        if transaction is not None:
            transaction.abandon()

    def refuse_commit(self, head: sa.Connection) -> None:
        assert head not in self, "work on data nodes is committed by Store.commit"

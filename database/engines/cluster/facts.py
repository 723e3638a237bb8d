"""Facts on data nodes: `financials` of the head is a Spider table; what changes facts goes straight to the nodes."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from database.engines.cluster.columns import add_columns
from database.engines.cluster.fact_marks import SpiderMarks
from database.engines.cluster.loading import load_months
from database.engines.cluster.nodes import Node, Nodes
from database.engines.cluster.tables import (
    TABLES,
    examine_head,
    make_servers,
    make_tables,
    months_ahead,
    months_by_node,
)
from database.engines.cluster.transaction import SpiderTransaction, decided
from database.engines.fact_marks import FactMarks
from database.engines.mariadb.facts import MysqlFacts
from database.engines.ports import FactsRoom
from database.engines.values import Answer, Database, Facts
from domain.months import month_of

if TYPE_CHECKING:
    import duckdb


class SpiderFacts(FactsRoom):
    """The facts of the head, and of its nodes. What does not concern the nodes, the head does alone."""

    def __init__(self, head: MysqlFacts, nodes: Nodes) -> None:
        super().__init__(head.work_lock)
        self.head, self.nodes = head, nodes
        self._open = _Transactions()
        sa.event.listen(head.doors.facts_engine, "rollback", self._open.abandon)
        sa.event.listen(head.doors.facts_engine, "commit", self._open.refuse_commit)

    @contextlib.contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        with self.head.connect() as connection:
            try:
                yield connection
            finally:
                self._open.abandon(connection)

    def databases(self) -> Sequence[Database]:
        return self.head.databases()

    def prepare(self, note: Callable[[str], None]) -> None:
        with self.connect() as head:
            examine_head(head)
            make_servers(head, self.nodes, note)
            months = {*months_ahead(), *months_by_node(head, self.nodes)}
            for _, trouble in self.nodes.silent():
                raise trouble
            make_tables(head, self.nodes, months, note)
            add_columns(head, self.nodes, months_by_node(head, self.nodes), note)
            decided.create(head, checkfirst=True)

    def prepare_months(self, months: Collection[datetime.date]) -> None:
        with self.connect() as head:
            missing = {month_of(date) for date in months} - months_by_node(head, self.nodes).keys()
            if missing:
                make_tables(head, self.nodes, missing, lambda line: None)

    def months_by_node(self) -> dict[datetime.date, Node]:
        """Month -> the node that holds its facts."""
        with self.connect() as head:
            return months_by_node(head, self.nodes)

    def each_part(
        self, connection: sa.Connection, months: Collection[datetime.date], work: Callable[[Facts], Answer]
    ) -> list[Answer]:
        return self._transaction(connection).each({month_of(date) for date in months}, work)

    def commit(self, connection: sa.Connection) -> None:
        transaction = self._open.pop(connection, None)
        if transaction is None:
            self.head.commit(connection)
            return
        try:
            transaction.commit(lambda: self.head.commit(connection))
        finally:
            transaction.abandon()

    def bulk_insert(
        self, connection: sa.Connection, table: sa.Table, *, scratch: duckdb.DuckDBPyConnection, query: str
    ) -> int:
        """Facts go straight to the nodes that own their months: a month is written to a file while those before it are
        being loaded."""
        if table not in TABLES:
            return self.head.bulk_insert(connection, table, scratch=scratch, query=query)
        return load_months(self._transaction(connection), table, scratch, query)

    def marks(self, connection: sa.Connection, months: Collection[datetime.date] = ()) -> FactMarks:
        return SpiderMarks(connection, self.nodes, months_by_node(connection, self.nodes), months)

    def scratch(self, connection: sa.Connection) -> contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]:
        return self.head.scratch(connection)

    def mirror(
        self, connection: sa.Connection, query: sa.Select, *, scratch: duckdb.DuckDBPyConnection, name: str
    ) -> None:
        self.head.mirror(connection, query, scratch=scratch, name=name)

    def compare_alike(self, table: sa.Table, like: sa.Table) -> None:
        self.head.compare_alike(table, like)

    def is_passing(self, error: Exception) -> bool:
        return self.head.is_passing(error)

    def close(self) -> None:
        self.head.close()
        self.nodes.close()

    def _transaction(self, head: sa.Connection) -> SpiderTransaction:
        if head not in self._open:
            self._open[head] = SpiderTransaction(head, self.nodes, months_by_node(head, self.nodes))
        return self._open[head]


class _Transactions(dict[sa.Connection, SpiderTransaction]):
    """The head's connections that have work open on nodes, with that work."""

    def abandon(self, head: sa.Connection) -> None:
        """The head rolls back, and so do the nodes."""
        transaction = self.pop(head, None)
        if transaction is not None:
            transaction.abandon()

    def refuse_commit(self, head: sa.Connection) -> None:
        assert head not in self, "work on data nodes is committed by `FactsRoom.commit`"

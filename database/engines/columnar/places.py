"""Where the facts of a month are read: on the server, or on the data node that holds them."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa

from database import schema
from database.engines.build import Task
from database.engines.cluster.facts import SpiderFacts
from database.engines.cluster.nodes import node_lost
from database.engines.cluster.order import spread
from database.engines.cluster.tables import table_name
from database.engines.columnar.transport import engine_for
from domain.errors import DatabaseUnreachable
from settings import DatabaseSettings


@dataclass(frozen=True)
class Place:
    """The facts of a month are in `table`, which `connection` is connected to; `engine` makes further connections to
    the server at `address`."""

    connection: sa.Connection
    table: sa.Table
    address: DatabaseSettings
    engine: sa.Engine


class Places(Protocol):
    """The places of all months."""

    def at(self, connection: sa.Connection, month: datetime.date) -> contextlib.AbstractContextManager[Place]:
        """The month's; `connection` is one to the server that the settings name."""

    def order(self, tasks: Iterable[Task]) -> list[Task]:
        """In which order tasks are taken up."""


class OnServer:
    """All months in one table of one server."""

    def __init__(self, database: DatabaseSettings) -> None:
        self._database = database

    @contextlib.contextmanager
    def at(self, connection: sa.Connection, month: datetime.date) -> Iterator[Place]:
        yield Place(connection, schema.financials, self._database, engine_for(self._database))

    def order(self, tasks: Iterable[Task]) -> list[Task]:
        return list(tasks)


class OnNodes:
    """Each month in a table of its own, on the node that holds it: the head has no part in it."""

    def __init__(self, facts: SpiderFacts) -> None:
        self._nodes, self._placed = facts.nodes, facts.months_by_node()

    @contextlib.contextmanager
    def at(self, connection: sa.Connection, month: datetime.date) -> Iterator[Place]:
        node = self._placed[month]
        table = schema.copy_of(schema.financials, name=table_name(schema.financials, month))
        try:
            with self._nodes.connect(node) as on_node:
                yield Place(on_node, table, node.address, self._nodes.engine(node))
        except DatabaseUnreachable as error:
            raise node_lost(str(error)) from None

    def order(self, tasks: Iterable[Task]) -> list[Task]:
        return spread(tasks, self._placed)

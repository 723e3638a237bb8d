"""The health of a cluster: what each data node holds, and whether it answers."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from database import schema
from database.engines.cluster.facts import SpiderFacts
from database.engines.cluster.nodes import Node, Nodes
from database.engines.cluster.tables import TABLES, months_ahead, table_name
from database.engines.cluster.transaction import left_open
from database.engines.health import Health, Parameters, StatementPlan
from database.engines.mariadb.health import MysqlHealth
from database.engines.values import NodeState
from domain.errors import LegoError
from domain.findings import HINT, SERIOUS, Finding, Limits


class SpiderHealth(Health):
    """The head as any MariaDB, and its nodes."""

    def __init__(self, head: MysqlHealth, facts: SpiderFacts) -> None:
        self._head, self._facts = head, facts

    def leftovers(self) -> list[str]:
        return self._head.leftovers()

    def folders(self) -> list[Path]:
        return self._head.folders()

    def plan_of(self, connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
        return self._head.plan_of(connection, statement, parameters)

    def node_states(self) -> Sequence[NodeState]:
        """Every node of the settings, in their order. One that does not answer is told with its trouble."""
        placed = self._facts.months_by_node()
        return [
            _state(self._facts.nodes, node, [month for month, at in placed.items() if at == node])
            for node in self._facts.nodes.all
        ]

    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        yield from self._head.findings(limits)
        for state in nodes:
            if state.trouble:
                yield Finding(
                    "node-unreachable", SERIOUS, f"Data node {state.name} does not answer: its months can be neither "
                    "imported nor refreshed", state.trouble,
                    "start it again; what was decided meanwhile reaches it with the next import or refresh",
                    subject=state.name,
                )
            elif state.lost_tables:
                yield Finding(
                    "node-tables-missing", SERIOUS, f"Data node {state.name} has lost tables of facts",
                    f"{len(state.lost_tables)} are missing, such as {state.lost_tables[0]}",
                    "bring its data folder back from a copy; if there is none, flask init-db makes them again, empty, "
                    "and the files of these months must be undone and imported again", subject=state.name,
                )
        placed = {month for state in nodes for month in state.months}
        waiting = [month for month in months_ahead() if month not in placed]
        if waiting:
            yield Finding(
                "node-months-ahead", HINT, "The next months have no data node yet: other programs cannot insert them",
                f"{len(waiting)} of this month and those after it", "run: flask init-db; an import does it by itself",
            )


def _state(nodes: Nodes, node: Node, months: list[datetime.date]) -> NodeState:
    started = time.monotonic()
    trouble = nodes.trouble_of(node)
    seconds = time.monotonic() - started
    if trouble is not None:
        return NodeState(node.name, tuple(months), trouble=str(trouble))
    wanted = {table_name(table, month): table for month in months for table in TABLES}
    try:
        with nodes.connect(node) as connection:
            version = connection.exec_driver_sql("SELECT VERSION()").scalar()
            found = {
                name: (int(rows or 0), int(size or 0)) for name, rows, size in connection.execute(sa.text(
                    "SELECT table_name, table_rows, data_length + index_length FROM information_schema.tables "
                    "WHERE table_schema = DATABASE()"
                )) if name in wanted
            }
        waiting = len(left_open(nodes, node))
    except LegoError as error:
        return NodeState(node.name, tuple(months), trouble=str(error))
    return NodeState(
        node.name, tuple(months),
        sum(rows for name, (rows, _) in found.items() if wanted[name] is schema.financials),
        sum(size for _, size in found.values()), round(seconds * 1000, 1), version,
        tuple(sorted(wanted.keys() - found.keys())), waiting,
    )

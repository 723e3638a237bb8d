"""The health of a store whose facts are on a server and whose generations are files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from database.engines.columnar.doors import ColumnarDoors
from database.engines.embedded.health import judge_memory, plan_of
from database.engines.health import Health, Parameters, StatementPlan, machine_memory
from database.engines.values import NodeState
from domain.findings import Finding, Limits


class ColumnarHealth(Health):
    """What the `server`'s health says, and the folder's."""

    def __init__(self, doors: ColumnarDoors, server: Health) -> None:
        self._doors, self._server = doors, server

    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        yield from self._server.findings(limits, nodes)
        yield from judge_memory(self._doors.settings.database.memory * 2**20, machine_memory())

    def node_states(self) -> Sequence[NodeState]:
        return self._server.node_states()

    def leftovers(self) -> list[str]:
        kept = self._doors.settings.refresh.keep_generations
        stale = self._doors.generations.stale(self._doors.live_generation(), kept)
        return [*self._server.leftovers(), *(path.name for path in stale)]

    def folders(self) -> list[Path]:
        return list(dict.fromkeys([*self._server.folders(), self._doors.folder]))

    def plan_of(self, connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
        return plan_of(connection, statement, parameters)

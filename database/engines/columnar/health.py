"""The health of a store whose facts are on a server and whose generations are files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from database.engines.columnar.build import ColumnarBuild
from database.engines.columnar.doors import ColumnarDoors
from database.engines.columnar.tables import TablesOnServer
from database.engines.embedded.health import judge_memory, plan_of
from database.engines.health import Health, Parameters, StatementPlan, machine_memory
from database.engines.lock import WorkLock
from database.engines.ports import FactsRoom
from database.engines.values import NodeState
from domain.errors import LockBusy
from domain.findings import WARNING, Finding, Limits
from domain.months import runs_of_months

LOOKED_AT = 6
"""Months of the copy that are held against the server each time: all of them would take as long as a refresh."""


class ColumnarHealth(Health):
    """What the health of the `server` says, and what there is beside it: the folder, the copy, and the server's tables
    where they are kept."""

    def __init__(
        self, doors: ColumnarDoors, server: Health, *, work_lock: WorkLock, facts_room: FactsRoom,
        build: Callable[[], contextlib.AbstractContextManager[ColumnarBuild]], tables: TablesOnServer | None,
    ) -> None:
        self._doors, self._server, self._lock, self._room = doors, server, work_lock, facts_room
        self._build, self._tables = build, tables

    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        yield from self._server.findings(limits, nodes)
        yield from judge_memory(self._doors.settings.database.memory * 2**20, machine_memory())
        # What a node has that does not answer is nobody's to say; and whoever is at work brings the copy up to date.
        if not any(state.trouble for state in nodes):
            with contextlib.suppress(LockBusy):
                yield from self._judge_copy()
        behind = self._tables.behind() if self._tables is not None else ""
        if behind:
            yield Finding(
                "tables-behind", WARNING, "Other programs read summary tables that are behind", behind,
                "run: flask refresh-summaries",
            )

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

    def _judge_copy(self) -> Iterator[Finding]:
        # To take the lock would clear away what a dead holder left, which others are to be told of.
        if not self._doors.copy_path.is_file() or self._lock.holder() is not None:
            return
        with self._lock.hold("a look at the copy"), self._build() as build:
            months = build.doubtful(self._room.marks(build.source), most=LOOKED_AT)
        if months:
            yield Finding(
                "copy-differs", WARNING, "The copy of the facts is not what the server has",
                f"{runs_of_months(months)}, of at most {LOOKED_AT} months that were looked at",
                "flask refresh-summaries --full finds and fetches whatever differs", cure=self._forget_copy,
            )

    def _forget_copy(self) -> str:
        self._doors.forget_copy()
        return "thrown away; flask refresh-summaries --full fetches all of it, and says what it changes"

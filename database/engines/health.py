"""What an engine knows of its own health, for `flask doctor` and `flask explain`.

It looks and changes nothing; a cure it offers is run by the doctor, while the lock is held.
"""

from __future__ import annotations

import abc
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from database.engines.values import NodeState
from domain.findings import Finding, Limits

Parameters = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True)
class TableRead:
    """How a statement read one table: by which index (None: no index), how many rows it looked at, how many of them it
    needed. `is_whole`: it went through all of the table."""

    table: str
    index: str | None
    examined: int
    needed: int
    is_whole: bool
    words: str


@dataclass(frozen=True)
class StatementPlan:
    """How the engine answered one statement."""

    reads: tuple[TableRead, ...]
    notes: tuple[str, ...]
    has_indexes: bool
    """Whether an index could help at all."""

    @property
    def examined(self) -> int:
        """Rows looked at, all tables together."""
        return sum(read.examined for read in self.reads)

    @property
    def needed(self) -> int:
        """Those of them that the answer is made of."""
        return sum(read.needed for read in self.reads)


class Health(abc.ABC):
    """The health of one store's engine."""

    @abc.abstractmethod
    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        """What is wrong with server, files, indexes and statistics; and with data nodes that were found so."""

    def node_states(self) -> Sequence[NodeState]:
        """The data nodes, where facts are on such."""
        return ()

    @abc.abstractmethod
    def leftovers(self) -> list[str]:
        """What `clear_leftovers` would take away; of use only while nobody holds the lock."""

    @abc.abstractmethod
    def folders(self) -> list[Path]:
        """Folders of this machine that must not run out of space."""

    @abc.abstractmethod
    def plan_of(self, connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
        """Runs a statement as the driver gets it, and tells how it was answered. Only SELECTs."""


def machine_memory() -> int:
    """Bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")

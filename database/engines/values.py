"""What engines give and take: generations, sizes, the state of data nodes."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from domain.errors import GenerationGone

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class NodeState:
    """A data node as it was found: the months it holds; rows of facts, by its own estimate, and bytes; how long it took
    to answer; tables that it should have and lacks; transactions that wait to be ended. `trouble`: why it does not
    answer, and then nothing else is known."""

    name: str
    months: tuple[datetime.date, ...]
    rows: int | None = None
    bytes: int | None = None
    milliseconds: float | None = None
    version: str | None = None
    lost_tables: tuple[str, ...] = ()
    open_transactions: int | None = None
    trouble: str = ""


class Facts(Protocol):
    """A place that holds facts."""

    def execute(self, statement: sa.Executable, parameters: Any = None) -> sa.CursorResult: ...


@dataclass(frozen=True)
class GenerationFile:
    """A generation that is a file, as one machine tells another of it. `version` is that of the schema it was made
    under; a `run_id` belongs to one generation only."""

    generation: int
    run_id: str
    published_at: str
    version: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Generation:
    """One published state of the summaries, as its row in `summary_generation` tells it."""

    generation: int
    previous: int | None
    run_id: str
    refresh_type: str
    published_at: datetime.datetime
    months: str
    first_month: datetime.date | None
    last_month: datetime.date | None
    facts: int
    left_out_facts: int
    ledger_id: int
    last_fact_id: int
    recent_facts: int
    placement: int
    currencies: str
    excluded_groups: str
    in_place: bool
    spread: str | None = None


@dataclass(frozen=True)
class StoreTraits:
    """What callers need to know of a store's engine. `kind`: one word for the settings by which such a store is opened:
    a copy of it is put back into one of the same kind. `others_write_facts`: whether programs other than this one may
    write facts; `has_data_nodes`: whether facts are on machines of their own; `assigns_fact_ids`: whether the engine
    gives new facts their ids, otherwise whoever inserts them does."""

    kind: str
    others_write_facts: bool = False
    has_data_nodes: bool = False
    assigns_fact_ids: bool = False


@dataclass(frozen=True)
class Reading:
    """A connection on which everything read belongs to `generation`."""

    connection: sa.Connection
    generation: Generation


@dataclass(frozen=True)
class Database:
    """One database of a store, with the rooms of the schema it holds."""

    engine: sa.Engine
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class TableSize:
    """How large a table is. `bytes` holds its indexes, too; None if only the whole is known."""

    table: str
    rows: int
    bytes: int | None


OF_FACTS, OF_SUMMARIES, OF_REST = "facts", "summaries", "other"
"""What a stored part holds."""


@dataclass(frozen=True)
class StoredSize:
    """How much room a table takes, or a file that holds several. `kind` is one of the above; what an engine does not
    tell is None. `rows` may be the server's estimate."""

    part: str
    kind: str
    rows: int | None
    bytes: int | None
    index_bytes: int | None


def refuse_generation(number: int, live: Generation) -> GenerationGone:
    """The error for a generation that cannot be read."""
    return GenerationGone(f"generation {number} is not kept any more; generation {live.generation} is live")


def generation_from(row: Mapping[str, Any]) -> Generation:
    """A row of `summary_generation`, as a mapping, as a value."""
    fields = {field.name for field in dataclasses.fields(Generation)}
    return Generation(**{name: value for name, value in row.items() if name in fields})

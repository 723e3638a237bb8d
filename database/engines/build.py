"""A generation in the making: what a refresh needs of an engine.

Staged tables are invisible to readers until `publish`, which puts the whole generation in place at one
instant or not at all. A build that is not published is discarded, whatever ended it.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import sqlalchemy as sa

from database import schema
from database.engines.values import Generation

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class Build(abc.ABC):
    """One generation being built. `connection` sees facts, the live generation and the staged tables."""

    connection: sa.Connection
    keyed: bool
    """Whether staged tables have primary keys that refuse doubled rows."""
    copies_dimensions: bool
    """Whether a generation holds dimensions of its own, so that the store's may change at any time."""
    months_together = 1
    """The brand and category level of so many months are made at once."""
    sums_apart = False
    """Whether facts are summed in a subquery that names no other table, which another server can answer."""

    def __init__(self, live: Generation | None) -> None:
        self.live_generation = live
        self.published = False

    @abc.abstractmethod
    def live(self, table: sa.Table) -> sa.Table:
        """The table as it stands in the live generation."""

    @abc.abstractmethod
    def staged(self, table: sa.Table) -> sa.Table:
        """The table as it is being made."""

    def dimensions_differ(self) -> bool:
        """Whether names or places of the store's dimensions are others than those the live generation holds
        a copy of; never where readers see the store's own."""
        return False

    @abc.abstractmethod
    def start(self, *, generation: int, whole: bool) -> None:
        """Makes the staged tables, empty. `whole` if every month will be built."""

    def laid_out(self, rows: sa.Insert) -> sa.Insert:
        """The INSERT…SELECT of one month, in the order in which pages want its rows to lie, where that is not the order
        of a key anyway."""
        return rows

    @abc.abstractmethod
    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        """Runs `work` for every task, several at once where the engine gains by it, each in a transaction
        of its own. What a retry may find half done is taken away by `undo` first; `done` is told, in
        the calling thread, as tasks end."""

    @abc.abstractmethod
    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        """Spelling -> the one name it has in summaries, for `metric` or `marketplace`. Where text compares
        byte for byte, each is its own."""

    @abc.abstractmethod
    def unify_names(self, staged: sa.Table) -> None:
        """Gives the staged ASIN level one name for all spellings that are taken as equal."""

    @abc.abstractmethod
    def kept_asin_levels(self) -> list[sa.Table]:
        """The ASIN levels, of this generation and the ones before, whose products need the dimensions
        of the store."""

    @abc.abstractmethod
    def keep_months(self, rebuilt: Iterable) -> None:
        """Sees to it that the generation will hold the live rows of all months but the rebuilt ones."""

    @abc.abstractmethod
    def keep_restated(self) -> None:
        """Sees to it that the generation will know what the generations up to the live one restated."""

    @abc.abstractmethod
    def keep_placement(self, set_number: int) -> None:
        """Sees to it that the generation will hold the live generation's placement set."""

    @abc.abstractmethod
    def add_indexes(self, done: Callable[[sa.Table, Any], None]) -> None:
        """Adds the secondary indexes to the loaded tables."""

    @abc.abstractmethod
    def publish(self, row: dict[str, Any]) -> None:
        """Puts the generation in place; `row` is its row of `summary_generation`. Raises SwapFailed if
        that could not be done, with the old generation still live."""

    @abc.abstractmethod
    def discard(self) -> None:
        """Takes away what was staged; harmless after `publish`."""


STAGED_TABLES = (
    *schema.SUMMARIES, schema.summary_month, schema.summary_left_out, schema.summary_restated, schema.summary_placement,
    *schema.LINE_SUMMARIES, *schema.COST_SUMMARIES,
)

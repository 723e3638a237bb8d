"""A generation in the making: what a refresh needs of an engine.

Staged tables are invisible to readers until `publish`, which puts the whole generation in place at one
instant or not at all. A build that is not published is discarded, whatever ended it.
"""

from __future__ import annotations

import abc
import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

from database import schema
from database.engines.fact_marks import FactMarks
from database.engines.values import Generation

Task = TypeVar("Task")
Outcome = TypeVar("Outcome")
Note = Callable[[int, int, int], None]
"""Parts that are done, of how many, and rows so far."""
IsBare = Callable[[datetime.date], bool]
"""Whether nothing counts of a month's facts but product, marketplace, metric and value: none is in a currency that it
names, and none follows from lines."""


@dataclass(frozen=True)
class BuildTraits:
    """What a refresh needs to know of an engine's builds."""

    keyed: bool
    """Whether staged tables have primary keys that refuse doubled rows."""
    copies_dimensions: bool
    """Whether a generation holds dimensions of its own, so that the store's may change at any time."""
    asin_levels: tuple[sa.Table, ...]
    """The ASIN levels, of this generation and the ones before, whose products need the dimensions of the store."""
    months_together: int = 1
    """The brand and category level of so many months are made at once."""
    sums_apart: bool = False
    """Whether facts are summed in a subquery that names no other table, which another server can answer."""
    dear_lookups: bool = False
    """Whether to look up the product of a fact costs several times what it costs to read the fact."""
    layout: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Table -> the columns in whose order pages want its rows to lie, where that is not the order of a key anyway."""
    has_copy: bool = False
    """Whether facts are copied before a generation is built of them."""
    folded: tuple[str, ...] = ()
    """The columns of facts, `metric` or `marketplace`, whose text does not compare byte for byte."""


class Build(abc.ABC):
    """One generation being built. `connection` sees facts, the live generation and the staged tables; what it sees of
    facts, and of all else in their room, may be a copy. `source` is where they are themselves."""

    def __init__(
        self, connection: sa.Connection, live: Generation | None, traits: BuildTraits,
        source: sa.Connection | None = None,
    ) -> None:
        self.connection, self.live_generation, self.traits = connection, live, traits
        self.source = connection if source is None else source
        """Facts, and what is noted with them, are written here, and are held against what was built as they stand
        here."""
        self.published = False

    def catch_up(
        self, marks: FactMarks, *, full: bool, is_bare: IsBare = lambda month: False,
        note: Note = lambda done, total, rows: None,
    ) -> FactMarks:
        """Lets `connection` see what `source` has by now, before the refresh is planned; `marks` are those of the
        source, `full` if every month is to be held against it; of a month that `is_bare` all else may be left out;
        `note` is told how many months of how many are there, with how many rows. Returns the marks of the facts that
        `connection` sees."""
        return marks

    def follow(self, *tables: sa.Table, months: Collection[datetime.date] | None = None) -> None:
        """Lets `connection` see what was just written to these tables of `source`, which do not hold facts; with
        `months` nothing but rows of these."""
        return

    def fetch_again(self, months: Collection[datetime.date]) -> None:
        """Lets `connection` see the facts of these months as `source` has them: they are not what they were taken
        for."""
        return

    @abc.abstractmethod
    def live(self, table: sa.Table) -> sa.Table:
        """The table as it stands in the live generation."""

    @abc.abstractmethod
    def staged(self, table: sa.Table) -> sa.Table:
        """The table as it is being made."""

    @abc.abstractmethod
    def start(self, *, generation: int, whole: bool) -> None:
        """Makes the staged tables, empty. `whole` if every month will be built."""

    @abc.abstractmethod
    def keep(self, *, placement: int, but: Collection[datetime.date]) -> None:
        """Sees to it that the generation will hold what stays of the live one: its placement set, what the generations
        up to it restated and, unless every month will be built, its rows of all months `but` these."""

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

    def ask_source(
        self, tasks: Iterable[Task], work: Callable[[sa.Connection, Task], Outcome],
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        """As `run_all`, for `work` that needs nothing but facts and their room, as `source` has them."""
        self.run_all(tasks, work, done=done)

    @abc.abstractmethod
    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        """Spelling -> the one name it has in summaries, for `metric` or `marketplace`. Where text compares
        byte for byte, each is its own."""

    @abc.abstractmethod
    def add_indexes(self) -> None:
        """Adds the secondary indexes to the loaded tables."""

    @abc.abstractmethod
    def publish(self, row: dict[str, Any]) -> None:
        """Puts the generation in place; `row` is its row of `summary_generation`. Raises SwapFailed if
        that could not be done, with the old generation still live."""

    @abc.abstractmethod
    def discard(self) -> None:
        """Takes away what was staged; harmless after `publish`."""


def dimensions_differ(build: Build) -> bool:
    """Whether names or places of the store's dimensions are others than those the live generation holds a copy of;
    never where readers see the store's own."""
    if build.live_generation is None or not build.traits.copies_dimensions:
        return False
    return any(_differs(build, table) for table in schema.DIMENSIONS)


def _differs(build: Build, table: sa.Table) -> bool:
    stored, copied = (sa.select(*found.c) for found in (table, build.live(table)))
    either = sa.union_all(stored.except_(copied), copied.except_(stored)).limit(1)
    return build.connection.execute(either).first() is not None


def laid_out(rows: sa.Insert, traits: BuildTraits) -> sa.Insert:
    """The INSERT…SELECT of one month, in the order in which pages want its rows to lie."""
    order = traits.layout.get(rows.table.name)
    if order is None or rows.select is None:
        return rows
    columns = rows.select.selected_columns
    ordered = rows.select.order_by(*(columns[name] for name in order))
    return sa.insert(rows.table).from_select([column.name for column in columns], ordered)


def unify_names(build: Build, staged: sa.Table) -> None:
    """Gives a staged table one name for all spellings that are taken as equal."""
    for column in build.traits.folded:
        target = staged.c[column]
        seen = list(build.connection.execute(sa.select(target).distinct()).scalars())
        for spelling, name in build.names_of(build.connection, column, seen).items():
            if spelling != name:
                build.connection.execute(sa.update(staged).where(target == spelling).values({column: name}))
    build.connection.commit()


STAGED_TABLES = (
    *schema.SUMMARIES, schema.summary_month, schema.summary_left_out, schema.summary_restated, schema.summary_placement,
    schema.summary_rate, *schema.LINE_SUMMARIES, *schema.TOLD,
)

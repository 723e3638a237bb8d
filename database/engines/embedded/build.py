"""Embedded: a generation is a file of its own, built aside, made durable, then pointed to."""

from __future__ import annotations

import contextlib
import datetime
import errno
import functools
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.build import STAGED_TABLES, Build, BuildTraits, Outcome, Task
from database.engines.ddl import embedded_form
from database.engines.duckdb_dialect import Dialect
from database.engines.embedded.doors import EmbeddedDoors
from database.engines.embedded.generations import GenerationFiles
from database.engines.values import Generation
from domain.errors import NeverRefreshed, OutOfSpace, SwapFailed
from machine.crash_points import passing
from machine.durable import make_durable
from machine.signals import signals_held_back

STAGING = "staging"
"""The name under which the file in the making is attached."""
LIVE = "live"
"""The name under which the live generation's file is attached, read-only."""
UNFINISHED = ".building"

LAYOUT = {
    schema.summary_asin: ("metric", "asin_id", "marketplace"),
    schema.summary_brand: ("marketplace", "metric", "month", "brand_id"),
    schema.summary_category: ("metric", "month", "category_id"),
    schema.summary_marketplace: ("metric", "month", "marketplace", "category_id"),
}
"""In what order the rows lie that a statement makes. DuckDB leaves a group of rows unread where none of them can be
wanted; a page wants some metrics of all months."""
GROUP_OF_ROWS = 8192
"""A fifteenth of DuckDB's own: the rows of one metric in one month are some thousands."""
WRITTEN_ANEW = (
    schema.summary_month, schema.summary_left_out, schema.summary_generation, schema.summary_rate,
    *schema.LINE_SUMMARIES, *schema.TOLD, *schema.DIMENSIONS,
)
"""What every generation has of its own; of all else, one that rebuilds some months takes over what it does not touch,
with the live generation's file."""


TRAITS = BuildTraits(
    keyed=False, copies_dimensions=True, asin_levels=(schema.copy_of(schema.summary_asin, schema=STAGING),),
    months_together=12, layout={table.name: order for table, order in LAYOUT.items()},
)


class EmbeddedBuild(Build):
    """Builds generations/NNNNNN.duckdb. `confirm` raises if the generation may not go live any more, as where the lock
    can be lost."""

    def __init__(
        self, generations: GenerationFiles, connection: sa.Connection, live: Generation | None, *,
        source: sa.Connection | None = None, traits: BuildTraits = TRAITS,
        confirm: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(connection, live, traits, source)
        self._confirm = confirm
        self.generations = generations
        self.path: Path | None = None
        self.copied = False
        if live is not None:
            self._attach(generations.path(live.generation), LIVE, "READ_ONLY")

    def live(self, table: sa.Table) -> sa.Table:
        return schema.copy_of(table, schema=LIVE)

    def staged(self, table: sa.Table) -> sa.Table:
        return schema.copy_of(table, schema=STAGING)

    def start(self, *, generation: int, whole: bool) -> None:
        self.path = self.generations.path(generation)
        self.copied = not whole
        self.path.parent.mkdir(exist_ok=True, mode=0o700)
        for leftover in self._leftovers:
            leftover.unlink(missing_ok=True)
        if self.copied:
            self._copy_live()
        # Without its size a copied file's groups would be written again, joined to DuckDB's usual ones.
        self._attach(self._unfinished, STAGING, "READ_WRITE", f"ROW_GROUP_SIZE {GROUP_OF_ROWS}")
        self.connection.exec_driver_sql("SET preserve_insertion_order = true")
        if self.copied:
            for table in WRITTEN_ANEW:
                self.connection.execute(sa.schema.DropTable(self.staged(table), if_exists=True))
        self.connection.exec_driver_sql(_statements_that_make_tables())
        self.connection.commit()

    def _copy_live(self) -> None:
        try:
            shutil.copyfile(self.generations.path(self.live_generation.generation), self._unfinished)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise self._out_of_space() from None

    def keep(self, *, placement: int, but: Collection[datetime.date]) -> None:
        if not self.copied:
            self._keep(schema.summary_restated)
            self._keep(schema.summary_placement, self.live(schema.summary_placement).c.placement == placement)
            return
        for table in schema.SUMMARIES if but else ():
            staged = self.staged(table)
            self.connection.execute(sa.delete(staged).where(staged.c.month.in_(but)))
        staged = self.staged(schema.summary_placement)
        self.connection.execute(sa.delete(staged).where(staged.c.placement != placement))
        self.connection.commit()

    def _keep(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> None:
        live = self.live(table)
        kept = sa.select(*live.c).where(*conditions)
        self.connection.execute(sa.insert(self.staged(table)).from_select(list(live.c.keys()), kept))
        self.connection.commit()

    def run_all(
        self,
        tasks: Iterable[Task],
        work: Callable[[sa.Connection, Task], Outcome],
        *,
        undo: Callable[[sa.Connection, Task], None] | None = None,
        done: Callable[[Task, Outcome], None] = lambda task, outcome: None,
    ) -> None:
        # DuckDB spreads each statement over all threads by itself.
        for task in tasks:
            done(task, work(self.connection, task))
        self.connection.commit()

    def names_of(self, connection: sa.Connection, column: str, spellings: Iterable[str]) -> dict[str, str]:
        return {spelling: spelling for spelling in spellings}

    def add_indexes(self) -> None:
        """None: rows lie as `LAYOUT` says, and DuckDB skips the groups of them that do not matter."""

    def publish(self, row: dict[str, Any]) -> None:
        self._confirm()
        for table in schema.DIMENSIONS:
            columns = list(table.c.keys())
            self.connection.execute(
                sa.insert(self.staged(table)).from_select(columns, sa.select(*table.c).order_by(*table.primary_key))
            )
        self.connection.execute(sa.insert(self.staged(schema.summary_generation)).values(**row))
        self.connection.commit()
        self._detach(STAGING)
        try:
            make_durable(self._unfinished)
            self._unfinished.replace(self.path)
            passing("swap")
            self._confirm()
            with signals_held_back():
                self.generations.point_to(self.path.name)
                self.published = True
        except OSError as error:
            if self._is_live():
                self.published = True
                return
            if error.errno == errno.ENOSPC:
                raise self._out_of_space() from None
            raise SwapFailed(
                f"{self.generations.pointer}: cannot be replaced ({error.strerror}); "
                "the old generation is still live"
            ) from None

    def discard(self) -> None:
        if self.path is None or self.published:
            return
        with contextlib.suppress(Exception):
            self.connection.rollback()
        with contextlib.suppress(Exception):
            self._detach(STAGING)
        for leftover in (*self._leftovers, *(() if self._is_live() else (self.path,))):
            leftover.unlink(missing_ok=True)

    def let_go(self) -> None:
        """Closes the live generation's file: the facts' may stay open, for somebody else in this process."""
        if self.live_generation is not None:
            with contextlib.suppress(Exception):
                self.connection.rollback()
                self.connection.exec_driver_sql(f"DETACH {LIVE}")
                self.connection.commit()

    def _is_live(self) -> bool:
        try:
            return self.generations.live_name() == self.path.name
        except NeverRefreshed:
            return False

    def _out_of_space(self) -> OutOfSpace:
        return OutOfSpace(f"{self.generations.folder}: the disk is full; free some space and run it again")

    @property
    def _unfinished(self) -> Path:
        return self.path.with_name(self.path.name + UNFINISHED)

    @property
    def _leftovers(self) -> tuple[Path, Path]:
        return self._unfinished, self._unfinished.with_name(self._unfinished.name + ".wal")

    def _attach(self, path: Path, name: str, *options: str) -> None:
        listed = f" ({', '.join(options)})" if options else ""
        quoted = str(path).replace("'", "''")
        self.connection.exec_driver_sql(f"ATTACH '{quoted}' AS {name}{listed}")
        self.connection.commit()

    def _detach(self, name: str) -> None:
        self.connection.exec_driver_sql(f"CHECKPOINT {name}")
        self.connection.commit()
        self.connection.exec_driver_sql(f"DETACH {name}")
        self.connection.commit()


@functools.cache
def _statements_that_make_tables() -> str:
    """Of every table of a generation that is not there yet, in one go: the same for every build."""
    tables = (*STAGED_TABLES, schema.summary_generation, *schema.DIMENSIONS)
    made = (
        sa.schema.CreateTable(embedded_form(schema.copy_of(table, schema=STAGING)), if_not_exists=True)
        for table in tables
    )
    return ";".join(str(statement.compile(dialect=Dialect())) for statement in made)


@contextlib.contextmanager
def embedded_build(doors: EmbeddedDoors) -> Iterator[EmbeddedBuild]:
    """A build on the facts file; discarded on leaving, unless it was published."""
    with doors.facts() as connection:
        build = EmbeddedBuild(doors.generations, connection, doors.live_generation())
        try:
            yield build
        finally:
            build.discard()
            build.let_go()

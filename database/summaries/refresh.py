"""One refresh, from lock to release. Steps 3 to 11 are in `making`.

 1. lock       one import or refresh at a time; a dead holder is cleared away
 2. examine    server, tables, space: is a refresh possible and safe?
    reconcile  what a crash left: the log, staged tables, generations that are not kept
 3. plan       which months, and why; nothing changed: say so and stop
 4. start      empty staged tables, invisible to readers
 5. asin       facts of each month -> ASIN level, months side by side
 6. brand      staged ASIN level -> brand rows by marketplace and `ALL`
 7. category   staged brand rows `ALL` -> category rows
 8. verify     staged tables against the facts, to the cent; a month that moved meanwhile is redone
 9. index      secondary indexes, after loading
10. record     fingerprints and left-out facts, under the new generation's number
11. publish    the whole generation at one instant
12. finish     log, clear what is not kept

A reader sees the whole old or the whole new state at every instant. Before step 11 nothing that is live
has been touched; a process killed during it leaves either state, never a mixture.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from database.engines.ports import Store
from database.engines.values import Generation
from database.journal import run_log
from database.journal.node_states import look_at_nodes
from database.journal.run_log import FAILED, SUCCESS, RunLog, reconcile
from database.summaries.changes import Plan
from database.summaries.making import Making, Progress, Result, Step
from database.summaries.mending import mend
from database.summaries.planning import RefreshOptions, plan_of
from database.summaries.sizes import record_sizes
from domain.errors import DatabaseUnreachable, GenerationLost, LegoError, Refused, SchemaError
from machine.crash_points import passing
from machine.processes import used_so_far

__all__ = ["RefreshOptions", "Result", "Step", "plan_only", "refresh", "roll_back"]

WHAT_CHANGED = RefreshOptions()
PAUSES = (1, 4, 15)
"""Seconds: a server that restarts is back within them."""


def refresh(
    store: Store, options: RefreshOptions = WHAT_CHANGED, progress: Progress = lambda step: None
) -> Result:
    """Brings the summaries up to date by the steps above.

    Raises LockBusy, Refused (input or verification, nothing changed), OutOfSpace, SwapFailed or
    DatabaseUnreachable; whatever is raised, what was live before still is. If that cannot be read, what was live before
    it is, and the refresh goes on from there. After a deadlock, a lock that
    was waited for in vain or a lost connection all of it is tried again, after each of `PAUSES`."""
    pauses, used_before = iter(PAUSES), used_so_far()
    attempt = _Attempt(store, options, progress)
    while True:
        try:
            return dataclasses.replace(attempt.run(), processor_seconds=used_so_far() - used_before)
        except (sa.exc.DBAPIError, DatabaseUnreachable, SchemaError) as error:
            if attempt.mends():
                continue
            pause = next(pauses, None)
            if not (attempt.had_lock and store.facts_room.is_passing(error)):
                raise
            words = str(getattr(error, "orig", error))
            if pause is None:
                raise DatabaseUnreachable(words) from None
            attempt.notes.append(f"tried again after {pause:g} s: {words}")
            time.sleep(pause)


def plan_only(store: Store, options: RefreshOptions = WHAT_CHANGED) -> Plan:
    """What a refresh would do now. Changes nothing."""
    with store.lock("a look at the plan", wait=options.wait), store.build() as build:
        return plan_of(store, build, options)


def roll_back(store: Store) -> Generation:
    """Publishes the generation again that was live before, and writes that down; the newest that can be read, if the
    live one cannot. Raises Refused if there is none."""
    with store.lock("a rollback"):
        try:
            reconcile(store)
            generation = _rolled_back(store)
            # What it could not be passed on to is told by the doctor, and by the next refresh.
            store.published.pass_on()
            return generation
        except (GenerationLost, SchemaError):
            words = mend(store)
            if not words:
                raise
            live = store.live_generation()
            if live is None:
                raise Refused(f"{words}; run: flask refresh-summaries --full") from None
            return live


def _rolled_back(store: Store) -> Generation:
    run = RunLog(store, run_log.ROLLBACK)
    try:
        with run.stage("publish"):
            generation = store.published.roll_back()
    except BaseException as error:
        run.end(FAILED, error_message=(str(error) or type(error).__name__)[:1000])
        raise
    # Not the run's generation: numbers are looked up here so that none is given twice.
    run.end(SUCCESS, generation=generation.generation)
    return generation


@dataclass
class _Attempt:
    """One way through all the steps; `notes` outlive it."""

    store: Store
    options: RefreshOptions
    progress: Progress
    notes: list[str] = field(default_factory=list)
    had_lock: bool = False
    has_mended: bool = False

    def mends(self) -> bool:
        """Whether the live generation was what could not be read, and another way is open now. It is looked for after a
        failure only, and once: reading all of it takes as long as building some months."""
        if not self.had_lock or self.has_mended:
            return False
        self.has_mended = True
        with contextlib.suppress(sa.exc.SQLAlchemyError, LegoError), self.store.lock("a refresh"):
            words = mend(self.store)
            self.notes += [words] if words else []
            return bool(words)
        return False

    def run(self) -> Result:
        with self.store.lock("a refresh", wait=self.options.wait):
            self.had_lock = True
            passing("lock")
            self.notes += [*self.store.published.examine(), *reconcile(self.store)]
            self.store.published.clear_leftovers()
            passing("examine")
            log = RunLog(self.store, run_log.FULL if self.options.full else run_log.INCREMENTAL)
            refreshing = Making(self.store, self.options, log, self.progress)
            try:
                result = refreshing.run(self.notes)
            except BaseException as error:
                self._write_down(refreshing, error)
                raise
            passing("finish")
            notes = [
                *result.notes, *self.store.published.pass_on(), *self._clear(), *self._note_sizes(result, log),
            ]
            passing("release")
            return dataclasses.replace(result, notes=tuple(notes))

    @staticmethod
    def _write_down(refreshing: Making, error: BaseException) -> None:
        words = (str(error) or type(error).__name__)[:1000]
        if refreshing.published:
            refreshing.log.end(SUCCESS, generation=refreshing.number, error_message=f"published; then: {words}"[:1000])
        elif not (refreshing.publishing and isinstance(error, DatabaseUnreachable)):
            refreshing.log.end(FAILED, error_message=words)
        # Else the answer was lost, and perhaps not the publication: the next run sees which, and says so.

    def _note_sizes(self, result: Result, log: RunLog) -> list[str]:
        """For pages, which may not look at facts and ask no data node."""
        if result.status != SUCCESS:
            return []
        words = [record_sizes(self.store, log.run_id)]
        if self.store.traits.has_data_nodes:
            words.append(look_at_nodes(self.store)[1])
        return [found for found in words if found]

    def _clear(self) -> list[str]:
        """What is not kept goes; if that fails, the next run does it, and this one has published all the same."""
        try:
            self.store.published.clear_leftovers()
        except (sa.exc.SQLAlchemyError, LegoError, OSError) as error:
            return [f"what is not kept any more will be cleared away by the next run: {error}"]
        return []

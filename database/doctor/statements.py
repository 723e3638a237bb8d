"""Statements of pages: caught while a page's own functions run, then timed and explained one by one."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from database.engines.health import Parameters, StatementPlan
from database.engines.ports import Store
from database.engines.values import Reading
from database.journal.slow_statements import explain_command, read_slowest
from database.queries.asked_by_pages import ask, usual_pages
from domain.findings import WARNING, Finding, Limits

TRIES = 3
SERVED_FOR = timedelta(days=1)
_ANSWERS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Explained:
    """One statement of a page, run by itself once more: milliseconds with a warm cache, rows it returned, how it was
    answered, and in plain words whether that is well. `times`: how often the page sends it."""

    page: str
    number: int
    text: str
    parameters: Parameters
    times: int
    milliseconds: float
    rows: int
    plan: StatementPlan
    verdict: str
    is_well: bool

    def as_json(self) -> dict[str, Any]:
        """Names and plain values."""
        return {
            "statement": self.text, "times": self.times, "milliseconds": round(self.milliseconds, 2),
            "rows_returned": self.rows, "rows_examined": self.plan.examined, "rows_needed": self.plan.needed,
            "plan": [read.words for read in self.plan.reads], "notes": list(self.plan.notes),
            "indexes": [read.index for read in self.plan.reads if read.index], "is_well": self.is_well,
            "verdict": self.verdict,
        }


def explain(store: Store, page: str, query: str = "", *, limits: Limits) -> list[Explained]:
    """The statements of a page for a query string, in the order it sends them. Raises SetupError for a page or a
    selection that cannot be, NeverRefreshed before the first refresh."""
    return store.read(lambda reading: _explain(store, reading, page, query, limits))


def judge_pages(store: Store, limits: Limits) -> list[Finding]:
    """Statements of the usual pages that look at far more than they need, or take long."""

    def question(reading: Reading) -> list[Finding]:
        found = []
        for page in usual_pages(reading):
            found += _findings(page, _explain(store, reading, page, "", limits), limits)
        return found

    return store.read(question)


def judge_served(store: Store, limits: Limits, *, now: datetime) -> Iterator[Finding]:
    """Statements that took long when readers asked, in the last day: what a look from here may not show again."""
    with store.application_reading.connect() as connection:
        slow = read_slowest(connection, since=now - SERVED_FOR)
    for found in slow:
        if found.milliseconds > limits.slow_milliseconds:
            yield Finding(
                "page-was-slow", WARNING, f"A statement of {found.address} took {found.milliseconds:,} ms",
                f"{found.times} times slow since {found.first_seen_at:%Y-%m-%d %H:%M} UTC, slowest at "
                f"{found.slowest_at:%Y-%m-%d %H:%M}; " + ("; ".join(found.plan) or "its plan is not known"),
                f"{explain_command(found.address)} tells whether it still is, and why; if not, it was busy",
                subject=f"{found.page} {found.address}",
            )


def _explain(store: Store, reading: Reading, page: str, query: str, limits: Limits) -> list[Explained]:
    health, caught = store.health, _catch(reading, page, query)
    found = []
    for number, (text, parameters, times) in enumerate(caught, start=1):
        milliseconds, rows = _timed(reading, text, parameters, limits)
        plan = health.plan_of(reading.connection, text, parameters)
        verdict, is_well = judge(plan, milliseconds, rows, limits)
        found.append(
            Explained(page, number, text, parameters, times, milliseconds, rows, plan, verdict, is_well)
        )
    return found


def _timed(reading: Reading, text: str, parameters: Parameters, limits: Limits) -> tuple[float, int]:
    """Milliseconds and rows of a statement: the best of three where it seems slow, for the machine may have been busy
    with something else."""
    best, rows = math.inf, 0
    for _ in range(TRIES):
        started = time.perf_counter()
        rows = len(reading.connection.exec_driver_sql(text, parameters).all())
        best = min(best, (time.perf_counter() - started) * 1000)
        if best <= limits.slow_milliseconds:
            break
    return best, rows


def _catch(reading: Reading, page: str, query: str) -> list[tuple[str, Parameters, int]]:
    """Every different statement of the page, and how often it was sent."""
    caught: dict[str, tuple[str, Parameters, int]] = {}

    def note(connection, cursor, statement, parameters, context, executemany) -> None:
        if _ANSWERS.match(statement):
            text, known, times = caught.get(f"{statement} {parameters!r}", (statement, parameters, 0))
            caught[f"{statement} {parameters!r}"] = (text, known, times + 1)

    sa.event.listen(reading.connection, "before_cursor_execute", note)
    try:
        ask(reading, page, query, prepared=caught.clear)
    finally:
        sa.event.remove(reading.connection, "before_cursor_execute", note)
    return list(caught.values())


def judge(plan: StatementPlan, milliseconds: float, rows: int, limits: Limits) -> tuple[str, bool]:
    """The verdict in plain words, and whether all is well."""
    wasteful = _is_wasteful(plan, rows, limits)
    if wasteful and plan.has_indexes:
        largest = max(plan.reads, key=lambda read: read.examined)
        why = f"it reads all of {largest.table}" if largest.is_whole else f"{largest.index} narrows it too little"
        return (
            f"looks at {plan.examined:,} rows to use {max(plan.needed, rows):,}: {why}; flask doctor tells whether an "
            "index is missing or statistics are old, else choose fewer months", False,
        )
    if milliseconds > limits.slow_milliseconds:
        return (
            f"slow: {milliseconds:,.0f} ms, {plan.examined:,} rows looked at; choose fewer months or brands, or give "
            "the database more memory (flask doctor)", False,
        )
    indexes = sorted({read.index for read in plan.reads if read.index})
    by = f" by index {', '.join(indexes)}" if indexes else ""
    looked = f"{plan.examined:,} rows looked at{by}, " if plan.reads else ""
    return f"well: {looked}{rows:,} returned, {milliseconds:,.1f} ms", True


def _is_wasteful(plan: StatementPlan, rows: int, limits: Limits) -> bool:
    """Sums are made of many rows: what counts is how many were looked at in vain."""
    needed = max(plan.needed, rows, 1)
    return plan.examined > limits.many_rows and plan.examined > limits.rows_per_needed * needed


def _findings(page: str, statements: list[Explained], limits: Limits) -> Iterator[Finding]:
    for found in statements:
        if found.is_well:
            continue
        wasteful = found.plan.has_indexes and _is_wasteful(found.plan, found.rows, limits)
        reads = "; ".join(read.words for read in found.plan.reads)
        yield Finding(
            "page-query-wasteful" if wasteful else "page-query-slow", WARNING,
            f"/{page} sends a statement that " + (
                "looks at many times the rows it needs" if wasteful else f"takes {found.milliseconds:,.0f} ms"
            ),
            f"{found.plan.examined:,} rows looked at, {found.plan.needed:,} needed, {found.rows:,} returned in "
            f"{found.milliseconds:,.1f} ms: {reads}"[:2000],
            f"flask explain {page} shows it whole; add the indexes and statistics that the other findings name, if any",
            subject=f"{page} {found.number}",
        )

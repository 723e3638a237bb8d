"""What the page of operations shows, from what runs and commands wrote down: never from facts."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.values import OF_FACTS, OF_SUMMARIES, StoredSize
from database.journal.run_log import NOTHING_TO_DO, RUNNING, SUCCESS

log, sizes = schema.refresh_log, schema.stored_size

NOT_A_REFRESH = "rollback"
SAME_TIME = datetime.timedelta(minutes=20)
"""Runs that begin so near each other on different days belong to one line of a schedule."""
LOOKED_BACK = datetime.timedelta(days=14)
EARLY = datetime.timedelta(minutes=20)
"""A run that begins so long before a scheduled time is the one that was scheduled."""
MISSED_AFTER = datetime.timedelta(hours=1)
"""A run that did not begin so long after it was expected was missed: timers are spread by minutes, and may wait."""


@dataclass(frozen=True)
class Stage:
    """One stage of a run. `seconds` is None while it runs, or if it was cut off."""

    name: str
    status: str
    seconds: float | None
    rows_written: int | None
    started_at: datetime.datetime


@dataclass(frozen=True)
class Run:
    """One execution of a refresh, or a rollback. `months` are written 2024-03."""

    run_id: str
    refresh_type: str
    status: str
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    seconds: float | None
    rows_read: int | None
    rows_written: int | None
    months: tuple[str, ...]
    generation: int | None
    error: str
    host: str
    pid: int | None
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Volume:
    """Bytes of facts and of summaries after a run; None where they are not known."""

    facts: int | None
    summaries: int | None

    @property
    def share(self) -> float | None:
        """Summaries as a fraction of facts."""
        return self.summaries / self.facts if self.facts and self.summaries is not None else None


def count_runs(connection: sa.Connection) -> int:
    """How many runs are written down."""
    return connection.execute(sa.select(sa.func.count()).select_from(log).where(log.c.stage == "")).scalar()


def read_runs(connection: sa.Connection, *, start: int = 0, limit: int | None = None) -> list[Run]:
    """Runs with their stages, newest first, from the `start`-th on."""
    query = sa.select(log).where(log.c.stage == "").order_by(log.c.id.desc()).offset(start)
    found = connection.execute(query if limit is None else query.limit(limit)).all()
    stages = _stages(connection, [row.run_id for row in found]) if limit is not None else {}
    return [_run(row, stages.get(row.run_id, ())) for row in found]


def read_running(connection: sa.Connection) -> Run | None:
    """The newest run that is marked running; its process may have died since."""
    query = sa.select(log).where(log.c.stage == "", log.c.status == RUNNING).order_by(log.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else _run(row, _stages(connection, [row.run_id]).get(row.run_id, ()))


def read_verified(connection: sa.Connection, run_id: str) -> datetime.datetime | None:
    """When the run had compared all levels with the facts; None if that is not written down."""
    query = sa.select(sa.func.max(log.c.ended_at)).where(
        log.c.run_id == run_id, log.c.stage == "verify", log.c.status == SUCCESS
    )
    return connection.execute(query).scalar()


def read_sizes(connection: sa.Connection) -> tuple[datetime.datetime, list[StoredSize]] | None:
    """What was written down last, and when: largest first in each kind."""
    newest = connection.execute(
        sa.select(sizes.c.run_id, sizes.c.recorded_at).order_by(sizes.c.recorded_at.desc()).limit(1)
    ).first()
    if newest is None:
        return None
    rows = connection.execute(sa.select(sizes).where(sizes.c.run_id == newest.run_id))
    found = [StoredSize(row.part, row.kind, row.row_count, row.bytes, row.index_bytes) for row in rows]
    return newest.recorded_at, sorted(
        found, key=lambda size: (size.kind, -(size.bytes or 0) - (size.index_bytes or 0), -(size.rows or 0), size.part)
    )


def read_volumes(connection: sa.Connection, run_ids: Collection[str]) -> dict[str, Volume]:
    """Bytes after each of these runs, indexes included."""
    query = (
        sa.select(
            sizes.c.run_id, sizes.c.kind,
            sa.func.sum(sizes.c.bytes + sa.func.coalesce(sizes.c.index_bytes, 0)).label("bytes"),
        )
        .where(sizes.c.run_id.in_(run_ids), sizes.c.bytes.is_not(None))
        .group_by(sizes.c.run_id, sizes.c.kind)
    )
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.run_id, {})[row.kind] = int(row.bytes)
    return {run_id: Volume(kinds.get(OF_FACTS), kinds.get(OF_SUMMARIES)) for run_id, kinds in found.items()}


def next_expected(
    connection: sa.Connection, *, now: datetime.datetime, at: Sequence[str] = ()
) -> datetime.datetime | None:
    """When a refresh should begin next, or should have begun. `at` are the times of day, by this machine's clock, at
    which one is scheduled; without them the habit of the last two weeks counts. None without a run, or a habit."""
    starts = list(connection.execute(
        sa.select(log.c.started_at).where(
            log.c.stage == "", log.c.refresh_type != NOT_A_REFRESH, log.c.started_at > now - LOOKED_BACK
        ).order_by(log.c.started_at)
    ).scalars())
    return _by_schedule(starts, now, at) if at else _by_habit(starts, now)


def _by_schedule(
    starts: Sequence[datetime.datetime], now: datetime.datetime, at: Sequence[str]
) -> datetime.datetime | None:
    """The first scheduled moment that no run belongs to. One that began a little before its time, as machines' clocks
    differ, belongs to it."""
    if not starts:
        return None
    after = starts[-1] + EARLY
    first = after.replace(tzinfo=datetime.UTC).astimezone().date()
    moments = sorted(
        # Naive times are this machine's; so the hour that a change of clocks leaves out comes an hour later.
        datetime.datetime.combine(first + datetime.timedelta(days=days), datetime.time.fromisoformat(time))
        .astimezone(datetime.UTC).replace(tzinfo=None)
        for days in (0, 1, 2) for time in at
    )
    return next(moment for moment in moments if moment > after)


def _by_habit(starts: Sequence[datetime.datetime], now: datetime.datetime) -> datetime.datetime | None:
    """By the time of day at which runs began on most days, on two at least; None if there is none such, or it was given
    up."""
    days: dict[datetime.timedelta, set[datetime.date]] = {}
    for start in starts:
        days.setdefault(_time_of_day(start), set()).add(start.date())
    habits = Counter({
        time: len(set().union(*(found for other, found in days.items() if _apart(time, other) <= SAME_TIME)))
        for time in days
    })
    usual, count = max(habits.items(), key=lambda habit: (habit[1], -habit[0]), default=(None, 0))
    if count < 2:
        return None
    last = max(start for start in starts if _apart(_time_of_day(start), usual) <= SAME_TIME)
    if now - last > datetime.timedelta(days=3):
        return None
    return datetime.datetime.combine(last.date(), datetime.time()) + datetime.timedelta(days=1) + usual


def median_seconds(runs: Sequence[Run], refresh_type: str) -> float | None:
    """How long the newest successful runs of a kind took, as their median."""
    took = sorted(
        run.seconds for run in runs
        if run.status == SUCCESS and run.refresh_type == refresh_type and run.seconds is not None
    )
    if not took:
        return None
    middle = len(took) // 2
    return took[middle] if len(took) % 2 else (took[middle - 1] + took[middle]) / 2


def is_good(run: Run) -> bool:
    """Whether the figures were up to date after it."""
    return run.status in (SUCCESS, NOTHING_TO_DO)


def _time_of_day(moment: datetime.datetime) -> datetime.timedelta:
    return datetime.timedelta(minutes=moment.hour * 60 + moment.minute)


def _apart(one: datetime.timedelta, other: datetime.timedelta) -> datetime.timedelta:
    """Around midnight, 23:55 and 00:05 are ten minutes apart."""
    apart = abs(one - other)
    return min(apart, datetime.timedelta(days=1) - apart)


def _stages(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, tuple[Stage, ...]]:
    rows = connection.execute(
        sa.select(log).where(log.c.run_id.in_(run_ids), log.c.stage != "").order_by(log.c.id)
    )
    found: dict[str, list[Stage]] = {}
    for row in rows:
        found.setdefault(row.run_id, []).append(Stage(
            row.stage, row.status, _seconds(row.duration_seconds), row.rows_written, row.started_at
        ))
    return {run_id: tuple(stages) for run_id, stages in found.items()}


def _run(row: sa.Row, stages: tuple[Stage, ...]) -> Run:
    return Run(
        row.run_id, row.refresh_type, row.status, row.started_at, row.ended_at, _seconds(row.duration_seconds),
        row.rows_read, row.rows_written, tuple(filter(None, (row.months or "").split(","))), row.generation,
        row.error_message or "", row.host or "", row.pid, stages,
    )


def _seconds(found) -> float | None:
    return None if found is None else float(found)

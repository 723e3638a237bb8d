"""What is written down about runs: one row per run (stage empty) and one per stage.

A run that cannot be written down still publishes: figures matter more than the record of how they were
made, and the next run reconciles the log with the generation it finds live.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Generation
from domain.errors import LegoError
from domain.moments import utc_now

FULL = "full"
INCREMENTAL = "incremental"
MONTHS = "months"
ROLLBACK = "rollback"
"""What a run is: all months, what changed, certain months; or the generation before made live again."""

RUNNING = "running"
SUCCESS = "success"
FAILED = "failed"
ABANDONED = "abandoned"
NOTHING_TO_DO = "nothing to do"

LATE = datetime.timedelta(hours=36)
"""A daily refresh that is missed once is late by then."""

log = schema.refresh_log


class RunLog:
    """The rows of one run."""

    def __init__(self, store: Store, refresh_type: str) -> None:
        self.run_id = str(uuid.uuid4())
        self.started = time.monotonic()
        self.trouble: str | None = None
        self._store = store
        self._type = refresh_type
        self._row = self._insert(stage="", table_name=None)

    def plan(self, *, refresh_type: str, months: str) -> None:
        """Notes what kind of run it became and which months it builds."""
        self._type = refresh_type
        self._update(self._row, refresh_type=refresh_type, months=months)

    @contextlib.contextmanager
    def stage(self, name: str, table_name: str | None = None) -> Iterator[dict[str, Any]]:
        """A stage of the run; the block may add rows_read and rows_written to what it is given."""
        began = time.monotonic()
        row = self._insert(stage=name, table_name=table_name)
        figures: dict[str, Any] = {}
        try:
            yield figures
        except BaseException as error:
            self._end(row, began, FAILED, error_message=_words(error), **figures)
            raise
        self._end(row, began, SUCCESS, **figures)

    def end(self, status: str, **figures: Any) -> None:
        """Ends the run's own row."""
        self._end(self._row, self.started, status, **figures)

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self.started

    def _insert(self, **values: Any) -> int | None:
        with self._tolerant(), self._store.application.begin() as connection:
            return connection.execute(
                sa.insert(log).values(
                    run_id=self.run_id, refresh_type=self._type, started_at=utc_now(), status=RUNNING,
                    host=socket.gethostname(), pid=os.getpid(), **values,
                )
            ).inserted_primary_key[0]
        return None

    def _end(self, row: int | None, began: float, status: str, **figures: Any) -> None:
        seconds = round(time.monotonic() - began, 3)
        self._update(row, status=status, ended_at=utc_now(), duration_seconds=seconds, **figures)

    def _update(self, row: int | None, **values: Any) -> None:
        if row is None:
            return
        with self._tolerant(), self._store.application.begin() as connection:
            connection.execute(sa.update(log).where(log.c.id == row).values(**values))

    @contextlib.contextmanager
    def _tolerant(self) -> Iterator[None]:
        try:
            yield
        except (sa.exc.SQLAlchemyError, LegoError) as error:
            self.trouble = f"the run could not be written to refresh_log: {_words(error)}"


def reconcile(store: Store) -> list[str]:
    """Settles the runs that are marked running although nobody holds the lock: the one whose generation
    is live did publish, the others did not. To be called while holding the lock; returns what was
    settled, one line each."""
    live = store.live_generation()
    settled = []
    with store.application.begin() as connection:
        runs = connection.execute(
            sa.select(log.c.run_id, log.c.started_at).where(log.c.status == RUNNING, log.c.stage == "")
        ).all()
        for run_id, started_at in runs:
            published = live is not None and live.run_id == run_id
            status = SUCCESS if published else ABANDONED
            values = {"status": status, "ended_at": utc_now()}
            words = "it was cut off after it had published" if published else "it was cut off"
            connection.execute(
                sa.update(log)
                .where(log.c.run_id == run_id, log.c.status == RUNNING, log.c.stage == "")
                .values(error_message=words, generation=live.generation if published else None, **values)
            )
            settled.append(f"the run of {started_at:%Y-%m-%d %H:%M:%S} UTC is marked {status}: {words}")
        connection.execute(
            sa.update(log).where(log.c.status == RUNNING).values(status=ABANDONED, ended_at=utc_now())
        )
    return settled


def last_generation(store: Store) -> int:
    """The highest generation number any run was given."""
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(sa.func.max(log.c.generation))).scalar() or 0


def last_published(store: Store) -> int | None:
    """The generation that the newest successful run made live, rollbacks included; None if the log knows of none."""
    query = (
        sa.select(log.c.generation)
        .where(log.c.stage == "", log.c.status == SUCCESS, log.c.generation.is_not(None))
        .order_by(log.c.id.desc()).limit(1)
    )
    with store.application_reading.connect() as connection:
        return connection.execute(query).scalar()


def last_runs(store: Store, count: int = 5) -> list[sa.Row]:
    """The newest runs, newest first."""
    with store.application_reading.connect() as connection:
        query = sa.select(log).where(log.c.stage == "").order_by(log.c.id.desc()).limit(count)
        return list(connection.execute(query))


@dataclass(frozen=True)
class Trouble:
    """What is wrong with refreshing: `failed_at` when the newest run failed, `good_until` when the newest run
    that brought the figures up to date had ended; None for never."""

    failed_at: datetime.datetime | None
    good_until: datetime.datetime | None


def refresh_trouble(store: Store, *, now: datetime.datetime) -> Trouble | None:
    """None if the newest run went well and is younger than `LATE`. A running one does not count yet."""
    ended = sa.select(log.c.status, log.c.started_at, log.c.ended_at).where(
        log.c.stage == "", log.c.status != RUNNING, log.c.refresh_type != "rollback"
    ).order_by(log.c.id.desc()).limit(1)
    with store.application_reading.connect() as connection:
        newest = connection.execute(ended).first()
        good = connection.execute(ended.where(log.c.status.in_((SUCCESS, NOTHING_TO_DO)))).first()
    failed_at = newest.started_at if newest and newest.status in (FAILED, ABANDONED) else None
    good_until = good.ended_at if good else None
    if failed_at is None and good_until is not None and now - good_until <= LATE:
        return None
    return Trouble(failed_at, good_until) if newest else None


def settled_until(store: Store, live: Generation | None) -> datetime.datetime | None:
    """Changes up to this moment are in the live generation, or move no figure of it; None: none is. A
    refresh of certain months settles nothing, nor does one whose generation was rolled back."""
    if live is None:
        return None
    # The last one, not the latest: after a clock that was ahead that would be the wrong one until then.
    query = sa.select(log.c.started_at).where(
        log.c.stage == "", log.c.status.in_((SUCCESS, NOTHING_TO_DO)), log.c.refresh_type.in_((FULL, INCREMENTAL)),
        log.c.generation <= live.generation,
    ).order_by(log.c.id.desc()).limit(1)
    with store.application_reading.connect() as connection:
        begun = connection.execute(query).scalar()
    # A run that could not be written down has published all the same.
    published = live.published_at if live.refresh_type in (FULL, INCREMENTAL) else None
    return max((moment for moment in (begun, published) if moment), default=None)


def usual_seconds(store: Store, refresh_type: str) -> list[tuple[float, int]]:
    """(seconds, facts read) of the newest successful runs of a kind."""
    with store.application_reading.connect() as connection:
        query = (
            sa.select(log.c.duration_seconds, log.c.rows_read)
            .where(log.c.stage == "", log.c.status == SUCCESS, log.c.refresh_type == refresh_type,
                   log.c.rows_read.is_not(None), log.c.duration_seconds.is_not(None))
            .order_by(log.c.id.desc())
            .limit(5)
        )
        return [(float(seconds), rows) for seconds, rows in connection.execute(query)]


def _words(error: BaseException) -> str:
    text = str(error).splitlines()[0] if str(error) else ""
    return f"{type(error).__name__}: {text}"[:1000] if not isinstance(error, LegoError) else str(error)[:1000]

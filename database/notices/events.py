"""What happened that somebody should know of, read from what is written down anyway.

Nothing here is told by whoever caused it: a refresh that was killed cannot tell, and is noticed all the same. Each
event has a key that stays the same, so it does not matter how often, or by how many processes, it is looked for.
"""

from __future__ import annotations

import datetime
import itertools
import os
import socket
from collections.abc import Iterator

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store, readable_generation
from database.engines.values import Reading
from database.journal.run_log import ABANDONED, FAILED, LATE, NOTHING_TO_DO, RUNNING, SUCCESS, refresh_trouble
from database.notices.letters import (
    crossing_notice,
    failure_notice,
    illness_notice,
    late_notice,
    missed_notice,
    refusal_notice,
    restatement_notice,
    unsorted_notice,
)
from database.notices.rules import KeptRule, kept_rules, read_names, standings
from database.queries.operations import MISSED_AFTER, next_expected
from database.queries.settlements import read_kinds
from database.summaries.restatements import restatements
from domain.findings import HINT
from domain.metrics import UNSORTED
from domain.notices import Notice
from machine.processes import is_process_alive

RECENT = datetime.timedelta(hours=48)
"""What is older was either noted in its time, or happened before anybody wanted to know."""
SETTLING = datetime.timedelta(minutes=1)
"""A refresh whose connection broke tries again within it: what failed only just may still go well."""
SAME_REFRESH = datetime.timedelta(minutes=5)
TOLD_OTHERWISE = (
    "refresh-failed", "refresh-late", "refresh-missed", "run-cut-off", "import-refused", "notices-undelivered",
    "amounts-unsorted",
)
"""Checks of the doctor that say what other notices say, or that notices do not arrive."""

log = schema.refresh_log


def happened(store: Store, *, now: datetime.datetime) -> list[Notice]:
    """Everything of late that is worth a notice, noted before or not."""
    found = [*failures(store, now=now), *lateness(store, now=now)]
    live = readable_generation(store)
    if live is not None and now - live.published_at < RECENT:
        found += store.read(lambda reading: _of_generation(reading, store, now=now))
    return [*found, *refusals(store, now=now), *illnesses(store, now=now)]


def failures(store: Store, *, now: datetime.datetime) -> Iterator[Notice]:
    """Runs that failed or were cut off, and that none has made good since. The attempts of one refresh are one
    failure."""
    with store.application_reading.connect() as connection:
        runs = connection.execute(
            sa.select(log).where(log.c.stage == "", log.c.started_at > now - RECENT).order_by(log.c.id)
        ).all()
    good = max((run.id for run in runs if run.status in (SUCCESS, NOTHING_TO_DO)), default=0)
    bad = [run for run in runs if run.id > good and _has_failed(store, run, now=now)]
    for run, following in itertools.zip_longest(bad, bad[1:]):
        if following is None or not _is_one_refresh(run, following):
            yield failure_notice(run, readable_generation(store), now=now)


def lateness(store: Store, *, now: datetime.datetime) -> Iterator[Notice]:
    """That the figures are older than they should be, once until they are fresh again; and that a refresh that was
    expected did not begin."""
    at = store.settings.refresh.expected_at
    with store.application_reading.connect() as connection:
        expected = next_expected(connection, now=now, at=at)
    if expected is not None and now - expected > MISSED_AFTER:
        yield missed_notice(expected, at, now=now)
    trouble = refresh_trouble(store, now=now)
    if trouble is None:
        return
    since = trouble.good_until or _first_run(store)
    if since is None or now - since <= LATE:
        return
    yield late_notice(trouble.good_until, now - since, now=now)


def restated(reading: Reading, *, now: datetime.datetime) -> Iterator[Notice]:
    """Totals of complete months that a generation of late changed; one notice per generation."""
    changes = restatements(reading, since=now - RECENT)
    for generation, group in itertools.groupby(changes, key=lambda change: change.generation):
        yield restatement_notice(generation, list(group), now=now)


def crossed(reading: Reading, kept: list[KeptRule], *, currency: str, now: datetime.datetime) -> Iterator[Notice]:
    """Rules that are crossed in the last complete month, if the generation was published after they were made; once
    per rule and month."""
    # A rule of the future was changed while the clock was ahead: it would be silent until then.
    asked = [each for each in kept if reading.generation.published_at > each.changed_at or each.changed_at > now]
    found = standings(reading, [each.rule for each in asked])
    names = read_names(reading) if any(standing.is_crossed for standing in found) else None
    for each, standing in zip(asked, found, strict=False):
        if standing.is_crossed:
            yield crossing_notice(each, standing, names, reading.generation, currency=currency, now=now)


def unsorted(reading: Reading, *, now: datetime.datetime) -> Iterator[Notice]:
    """That Amazon booked amounts under descriptions that no rule knows."""
    kinds = [kind for kind in read_kinds(reading.connection, reading.generation) if kind.place == UNSORTED]
    if kinds:
        yield unsorted_notice(kinds, now=now)


def refusals(store: Store, *, now: datetime.datetime) -> Iterator[Notice]:
    """Files that were refused."""
    table = schema.import_log
    query = sa.select(table).where(table.c.status == "refused", table.c.created_at > now - RECENT).order_by(table.c.id)
    with store.application_reading.connect() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield refusal_notice(row, now=now)


def illnesses(store: Store, *, now: datetime.datetime) -> Iterator[Notice]:
    """What the doctor found for the first time; one notice per examination."""
    table = schema.doctor_finding
    query = (
        sa.select(table)
        .where(table.c.check_id.not_in(("", *TOLD_OTHERWISE)), table.c.severity != HINT)
        .where(table.c.first_seen_at > now - RECENT)
        .order_by(table.c.first_seen_at, table.c.id)
    )
    with store.application_reading.connect() as connection:
        rows = connection.execute(query).all()
    for seen, group in itertools.groupby(rows, key=lambda row: row.first_seen_at):
        yield illness_notice(seen, list(group), now=now)


def is_own_run_logged(store: Store, *, since: datetime.datetime) -> bool:
    """Whether a run of this very process that began `since` then, and did not go well, is written down, so that it
    tells by itself."""
    own = sa.select(sa.func.count()).where(
        log.c.stage == "", log.c.host == socket.gethostname(), log.c.pid == os.getpid(),
        log.c.status.in_((RUNNING, FAILED, ABANDONED)),
        # Moments may be kept to the second.
        log.c.started_at >= since.replace(microsecond=0),
    )
    with store.application_reading.connect() as connection:
        return bool(connection.execute(own).scalar())


def _of_generation(reading: Reading, store: Store, *, now: datetime.datetime) -> list[Notice]:
    with store.application_reading.connect() as connection:
        kept = kept_rules(connection)
    currency = store.settings.dashboard.currency
    return [
        *restated(reading, now=now), *crossed(reading, kept, currency=currency, now=now), *unsorted(reading, now=now),
    ]


def _has_failed(store: Store, run: sa.Row, *, now: datetime.datetime) -> bool:
    is_own = (run.host, run.pid) == (socket.gethostname(), os.getpid())
    if run.status in (FAILED, ABANDONED):
        return is_own or run.ended_at is None or now - run.ended_at > SETTLING
    return run.status == RUNNING and not is_own and _is_cut_off(store, run)


def _is_cut_off(store: Store, run: sa.Row) -> bool:
    """Whether it is marked running, and nobody works on it. The holder is looked at between two looks at the run, so
    that one that just ended well is not taken for one that died."""
    holder, live = store.work_lock.holder(), readable_generation(store)
    is_its = holder is not None and (holder.host, holder.pid) == (run.host, run.pid)
    if is_its and is_process_alive(holder.host, holder.pid, holder.process_start):
        return False
    if live is not None and live.run_id == run.run_id:
        return False
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(log.c.status).where(log.c.id == run.id)).scalar() == RUNNING


def _is_one_refresh(run: sa.Row, following: sa.Row) -> bool:
    return (run.host, run.pid) == (following.host, following.pid) and (
        following.started_at - (run.ended_at or run.started_at) < SAME_REFRESH
    )


def _first_run(store: Store) -> datetime.datetime | None:
    with store.application_reading.connect() as connection:
        return connection.execute(sa.select(sa.func.min(log.c.started_at)).where(log.c.stage == "")).scalar()

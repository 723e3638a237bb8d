"""The schedule: whether refreshes come and go well, and what a dead one left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.journal.run_log import FAILED, LATE, RUNNING, last_runs, reconcile, refresh_trouble
from database.queries.operations import MISSED_AFTER, next_expected
from domain.errors import LockBusy
from domain.findings import HINT, SERIOUS, WARNING, Finding, listed
from machine.processes import is_process_alive


def judge_schedule(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Never refreshed, failed last time, or late."""
    if store.live_generation() is None:
        yield from _never_refreshed(store)
        return
    yield from _missed(store, now)
    trouble = refresh_trouble(store, now=now)
    if trouble is None:
        return
    good = f"the last good one ended {trouble.good_until:%Y-%m-%d %H:%M} UTC" if trouble.good_until else "none was good"
    if trouble.failed_at is not None:
        words = next((run.error_message for run in last_runs(store, 20) if run.started_at == trouble.failed_at), None)
        yield Finding(
            "refresh-failed", SERIOUS, f"The refresh of {trouble.failed_at:%Y-%m-%d %H:%M} UTC did not go well",
            f"{words or FAILED}; {good}", "cure what it says, then: flask refresh-summaries",
        )
    if trouble.good_until is None or now - trouble.good_until > LATE:
        hours = LATE.total_seconds() / 3600
        yield Finding(
            "refresh-late", SERIOUS, f"No refresh went well in the last {hours:.0f} hours", good,
            "look whether the timer runs (systemctl list-timers, or the crontab), then: flask refresh-summaries",
        )


def _never_refreshed(store: Store) -> Iterator[Finding]:
    """Before the first import that is as it should be. While an import has the facts, it is not known."""
    try:
        with store.facts() as connection:
            has_facts = connection.execute(sa.select(schema.financials.c.id).limit(1)).first() is not None
    except LockBusy:
        return
    if has_facts:
        yield Finding(
            "never-refreshed", SERIOUS, "The summaries were never built, so pages have nothing to show",
            "no generation is live", "flask refresh-summaries",
        )
    else:
        yield Finding(
            "no-facts-yet", HINT, "There are no facts yet, so pages have nothing to show", "table financials is empty",
            "flask import FILE --refresh",
        )


def _missed(store: Store, now: datetime) -> Iterator[Finding]:
    at = store.settings.refresh.expected_at
    with store.application_reading.connect() as connection:
        expected = next_expected(connection, now=now, at=at)
    if expected is not None and now - expected > MISSED_AFTER:
        by = f"[refresh] expected_at = {', '.join(at)}" if at else "the habit of the days before"
        yield Finding(
            "refresh-missed", WARNING, f"The refresh of {expected:%Y-%m-%d %H:%M} UTC did not begin", f"by {by}",
            "look whether the timer runs (systemctl list-timers, or the crontab), then: flask refresh-summaries",
        )


def judge_leftovers(store: Store) -> Iterator[Finding]:
    """What dead imports and refreshes left. While one is at work, its staged tables are its own."""
    holder = store.work_lock.holder()
    if holder is not None and is_process_alive(holder.host, holder.pid, holder.process_start):
        return
    names = store.health.leftovers()
    if names:
        yield Finding(
            "leftovers", HINT, "A refresh that ended early left something, or a generation is no longer kept",
            listed(names), "flask doctor --fix takes it away; so does the next refresh",
            cure=lambda: _clear(store),
        )
    log = schema.refresh_log
    query = sa.select(sa.func.count()).where(log.c.stage == "", log.c.status == RUNNING)
    with store.application_reading.connect() as connection:
        running = connection.execute(query).scalar()
    if running or holder is not None:
        who = f"{holder.purpose}, process {holder.pid} on {holder.host}, is gone" if holder else "nobody holds it"
        yield Finding(
            "run-cut-off", WARNING, "A run was cut off and left its mark",
            f"{running} runs are marked running; the lock: {who}",
            "flask doctor --fix settles it; so does the next refresh", cure=lambda: _settle(store),
        )


def _clear(store: Store) -> str:
    return f"took away {listed(store.published.clear_leftovers()) or 'nothing: it was gone already'}"


def _settle(store: Store) -> str:
    # Taking the lock has cleared its dead holder away.
    return "; ".join(reconcile(store)) or "cleared the lock of a process that is gone"

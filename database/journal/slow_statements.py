"""Statements of pages that took long: the web writes them down, the page of operations and the doctor read them.

A statement is known by its text without values, so that one page's statement for many selections is one row.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.health import Parameters
from database.engines.ports import Store
from database.schema import slow_statement as table
from domain.errors import LegoError
from domain.moments import utc_now

SLOW = 0.1
"""Seconds: half of what a whole page may take."""
MOST = 100
NOT_AGAIN = 10
"""Seconds: what took so long is not run once more for its plan."""
KEPT = datetime.timedelta(days=30)
LONGEST_TEXT = 20_000
_LISTS = re.compile(r"\((%?\(?[\w$:.]+\)?s?|\?)(, ?(%?\(?[\w$:.]+\)?s?|\?))+\)")
"""Values of an IN list, whose number differs from selection to selection."""


@dataclass(frozen=True)
class Slow:
    """One slow statement of a page: `address` is what was asked for, `seconds` its longest of `times`."""

    page: str
    address: str
    statement: str
    parameters: Parameters
    seconds: float
    times: int = 1

    @property
    def fingerprint(self) -> str:
        """The same for all selections."""
        return hashlib.sha256(_LISTS.sub("(…)", self.statement).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Recorded:
    """What is written down of a slow statement. `plan` are lines in words; none if it could not be told."""

    page: str
    address: str
    statement: str
    milliseconds: int
    times: int
    first_seen_at: datetime.datetime
    slowest_at: datetime.datetime
    last_seen_at: datetime.datetime
    plan: tuple[str, ...]


def record(store: Store, slow: Slow) -> None:
    """Writes it down, with its plan if it is new or was never so slow. Raises what the database raises."""
    key, now = (table.c.page == slow.page, table.c.fingerprint == slow.fingerprint), utc_now()
    milliseconds = round(slow.seconds * 1000)
    with store.application_reading.connect() as connection:
        known = connection.execute(sa.select(table.c.milliseconds).where(*key)).scalar()
    slowest = {} if known is not None and known >= milliseconds else {
        "milliseconds": milliseconds, "slowest_at": now, "address": slow.address,
        "statement": slow.statement[:LONGEST_TEXT], "plan": "\n".join(_plan_of(store, slow)) or None,
    }
    with store.application.begin() as connection:
        noted = connection.execute(
            sa.update(table).where(*key).values(times=table.c.times + slow.times, last_seen_at=now, **slowest)
        )
        if not noted.rowcount:
            connection.execute(sa.insert(table).values(
                page=slow.page, fingerprint=slow.fingerprint, times=slow.times, first_seen_at=now, last_seen_at=now,
                **slowest,
            ))
            _forget(connection, now)


def read_slowest(
    connection: sa.Connection, *, since: datetime.datetime | None = None, limit: int = MOST
) -> list[Recorded]:
    """The slowest statements, slowest first; of those that were slow `since` then."""
    query = sa.select(table).order_by(table.c.milliseconds.desc(), table.c.page, table.c.fingerprint).limit(limit)
    if since is not None:
        query = query.where(table.c.last_seen_at >= since)
    return [
        Recorded(
            row.page, row.address, row.statement, row.milliseconds, row.times, row.first_seen_at, row.slowest_at,
            row.last_seen_at, tuple((row.plan or "").splitlines()),
        )
        for row in connection.execute(query)
    ]


def explain_command(address: str) -> str:
    """The command that explains what was asked for: `flask explain products "brand=3"`."""
    page, _, query = address.lstrip("/").partition("?")
    return shlex.join(["flask", "explain", page or "dashboard", *([query] if query else [])])


def _plan_of(store: Store, slow: Slow) -> list[str]:
    """How it is answered, by running it once more. A statement that cannot be run again has no plan."""
    if slow.seconds > NOT_AGAIN:
        return []
    plan_of: Callable = store.health.plan_of
    try:
        plan = store.read(lambda reading: plan_of(reading.connection, slow.statement, slow.parameters))
    except (LegoError, sa.exc.SQLAlchemyError):
        return []
    words = [f"{read.words}: {read.examined:,} rows looked at, {read.needed:,} needed" for read in plan.reads]
    return words + (["; ".join(plan.notes)] if plan.notes else [])


def _forget(connection: sa.Connection, now: datetime.datetime) -> None:
    """Keeps the table small: what was not slow for a month goes, and what is beyond a hundred."""
    connection.execute(sa.delete(table).where(table.c.last_seen_at < now - KEPT))
    newest = sa.select(table.c.last_seen_at).order_by(table.c.last_seen_at.desc()).offset(MOST - 1).limit(1)
    oldest_kept = connection.execute(newest).scalar()
    if oldest_kept is not None:
        connection.execute(sa.delete(table).where(table.c.last_seen_at < oldest_kept))

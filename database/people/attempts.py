"""Failed attempts to prove who one is, counted per name and address in the shared store. The addresses of one network
of IPv6 count as one: whoever has one of them has them all."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.ports import Store
from database.journal.audit import escaped
from database.schema import sign_in_failure
from domain.moments import utc_now
from domain.networks import network_of

FAILURES = 5
FAILURE_WINDOW = datetime.timedelta(minutes=15)
"""So many failed attempts per name and address are allowed in this time. What was written down while the clock was
ahead does not count: it would lock people out until then."""

EVERYWHERE = "everywhere"
"""In place of an address: what is counted from all addresses together."""


@dataclass(frozen=True)
class Attempt:
    """One attempt. `wait` says in how many seconds to try again if it is refused; None if it may be tried."""

    id: int
    wait: int | None


def admit_attempt(store: Store, name: str, address: str) -> Attempt:
    """Counts an attempt as failed before it is tried. What is right is undone, alone (`take_back`) or
    with all before it (`forget_attempts`).

    Counting first is what makes the limit exact: of several attempts at once, in any number of
    processes, the last to commit sees all the others. A refused attempt does not prolong the wait.
    """
    name, address = _key(name, address)
    now = utc_now()
    with store.application.begin() as connection:
        attempt = connection.execute(
            sa.insert(sign_in_failure).values(name=name, address=address, failed_at=now)
        ).inserted_primary_key[0]
    with store.application_reading.connect() as connection:
        earlier = connection.execute(
            sa.select(sign_in_failure.c.failed_at)
            .where(
                _attempts_of(name, address),
                sign_in_failure.c.failed_at.between(now - FAILURE_WINDOW, now + FAILURE_WINDOW),
                sign_in_failure.c.id != attempt,
            )
            .order_by(sign_in_failure.c.failed_at.desc())
            .limit(FAILURES)
        ).scalars().all()
    if len(earlier) < FAILURES:
        return Attempt(attempt, None)
    with store.application.begin() as connection:
        _delete(connection, attempt)
    return Attempt(attempt, max(1, round((min(earlier[-1], now) + FAILURE_WINDOW - now).total_seconds())))


def admit_attempts(store: Store, name: str, *addresses: str) -> int | None:
    """Counts one attempt at several places; the longest wait if one of them refuses it, and then it counts
    nowhere."""
    attempts = [admit_attempt(store, name, address) for address in addresses]
    waits = [attempt.wait for attempt in attempts if attempt.wait is not None]
    if not waits:
        return None
    with store.application.begin() as connection:
        for attempt in attempts:
            take_back(connection, attempt)
    return max(waits)


def take_back(connection: sa.Connection, attempt: Attempt) -> None:
    """It was no failure; earlier ones still count."""
    _delete(connection, attempt.id)


def forget_attempts(connection: sa.Connection, name: str, address: str) -> None:
    """Clears the count: whoever it was has proven who they are."""
    connection.execute(sa.delete(sign_in_failure).where(_attempts_of(*_key(name, address))))


def sweep_attempts(connection: sa.Connection) -> None:
    """Removes failures that are too old to count, and those of a clock that was ahead."""
    now = utc_now()
    connection.execute(sa.delete(sign_in_failure).where(
        ~sign_in_failure.c.failed_at.between(now - 2 * FAILURE_WINDOW, now + 2 * FAILURE_WINDOW)
    ))


def _delete(connection: sa.Connection, attempt: int) -> None:
    connection.execute(sa.delete(sign_in_failure).where(sign_in_failure.c.id == attempt))


def _key(name: str, address: str) -> tuple[str, str]:
    return escaped(name)[:150], network_of(address)[:64]


def _attempts_of(name: str, address: str) -> sa.ColumnElement[bool]:
    return sa.and_(sign_in_failure.c.name == name, sign_in_failure.c.address == address)

"""Notices on their way: written down once per event, delivered once per channel, tried again after a while.

An attempt is counted, and the time of the next one set, before it is made: of several processes that see the same
delivery one gets it, and one that dies in the middle is followed by another attempt later.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.moments import utc_now
from domain.notices import CHANNELS, MAIL, WEBHOOK, Notice, in_a_line
from settings import Settings

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"

MOST_ATTEMPTS = 10
FIRST_PAUSE = datetime.timedelta(minutes=9)
"""A little less than the ten minutes between two calls by cron, so that the next call is not too early."""
LONGEST_PAUSE = datetime.timedelta(hours=8)
TOLD_FOR = datetime.timedelta(days=7)
"""So long an undelivered notice is told of elsewhere."""
KEPT = datetime.timedelta(days=400)

notices, deliveries = schema.notice, schema.notice_delivery


@dataclass(frozen=True)
class Delivery:
    """A notice and how it stands with one channel."""

    notice_id: int
    notice: Notice
    channel: str
    state: str
    attempts: int
    next_attempt_at: datetime.datetime
    delivered_at: datetime.datetime | None
    last_error: str


def channels_set_up(settings: Settings) -> tuple[str, ...]:
    """The channels that the settings name."""
    is_there = {MAIL: bool(settings.mail.host), WEBHOOK: bool(settings.notices.webhook)}
    return tuple(channel for channel in CHANNELS if is_there[channel])


def write_down(store: Store, found: Iterable[Notice]) -> list[Notice]:
    """Keeps the notices whose event was not noted yet, to be delivered by the channels that are set up now; returns
    these. Safe to call at once from several processes."""
    found = list(found)
    if not found:
        return []
    with store.application_reading.connect() as connection:
        keys = [notice.key for notice in found]
        known = set(connection.execute(sa.select(notices.c.event_key).where(notices.c.event_key.in_(keys))).scalars())
    fresh = [notice for notice in found if notice.key not in known and _keep(store, notice)]
    if fresh:
        forget_old(store, now=fresh[0].noted_at)
    return fresh


def due(connection: sa.Connection, channel: str, *, now: datetime.datetime) -> list[Delivery]:
    """What a channel has to deliver now, the oldest first; also what no pause puts off so long: it was noted while the
    clock was ahead."""
    return _read(connection, (
        deliveries.c.channel == channel, deliveries.c.state == WAITING,
        sa.or_(deliveries.c.next_attempt_at <= now, deliveries.c.next_attempt_at > now + LONGEST_PAUSE),
    ), order=notices.c.id)


def claim(store: Store, delivery: Delivery, *, now: datetime.datetime) -> bool:
    """Counts an attempt that is about to be made; whether it is this process that may make it."""
    attempts = delivery.attempts + 1
    with store.application.begin() as connection:
        claimed = connection.execute(
            sa.update(deliveries)
            .where(*_of(delivery), deliveries.c.state == WAITING, deliveries.c.attempts == delivery.attempts)
            .values(attempts=attempts, next_attempt_at=now + pause_after(attempts))
        )
        return claimed.rowcount == 1


def settle(store: Store, delivery: Delivery, *, is_delivered: bool, trouble: str) -> str:
    """Writes down how a claimed attempt went, and returns the state it led to."""
    values = {"state": DELIVERED, "delivered_at": utc_now(), "last_error": in_a_line(trouble, 500) or None}
    if not is_delivered:
        is_last = delivery.attempts + 1 >= MOST_ATTEMPTS
        values |= {"state": GIVEN_UP if is_last else WAITING, "delivered_at": None}
    with store.application.begin() as connection:
        connection.execute(sa.update(deliveries).where(*_of(delivery)).values(**values))
    return values["state"]


def pause_after(attempts: int) -> datetime.timedelta:
    """How long to wait after so many attempts: 9 minutes, then twice as long each time, up to 8 hours."""
    return min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)


def undelivered(connection: sa.Connection, *, now: datetime.datetime) -> list[Delivery]:
    """Deliveries of the last days that failed, were given up, or are long due, the oldest first."""
    late = now - 3 * FIRST_PAUSE
    return _read(connection, (
        deliveries.c.state != DELIVERED, notices.c.noted_at > now - TOLD_FOR,
        sa.or_(deliveries.c.last_error.is_not(None), notices.c.noted_at < late),
    ), order=notices.c.id)


def recent(connection: sa.Connection, count: int) -> list[tuple[Notice, list[Delivery]]]:
    """The newest notices, each with its deliveries, newest first."""
    rows = connection.execute(sa.select(notices).order_by(notices.c.id.desc()).limit(count)).all()
    found = _read(connection, (notices.c.id.in_([row.id for row in rows]),), order=deliveries.c.channel) if rows else []
    return [(_notice(row), [each for each in found if each.notice_id == row.id]) for row in rows]


def forget_old(store: Store, *, now: datetime.datetime) -> None:
    """Drops notices that are too old to matter, with their deliveries."""
    with store.application.begin() as connection:
        old = connection.execute(sa.select(notices.c.id).where(notices.c.noted_at < now - KEPT)).scalars().all()
        if old:
            connection.execute(sa.delete(deliveries).where(deliveries.c.notice_id.in_(old)))
            connection.execute(sa.delete(notices).where(notices.c.id.in_(old)))


def _keep(store: Store, notice: Notice) -> bool:
    try:
        with store.application.begin() as connection:
            number = connection.execute(sa.insert(notices).values(
                event_key=notice.key, kind=notice.kind, noted_at=notice.noted_at, subject=in_a_line(notice.subject),
                body=notice.body, facts=json.dumps(dict(notice.facts), ensure_ascii=False),
            )).inserted_primary_key[0]
            for channel in channels_set_up(store.settings):
                connection.execute(sa.insert(deliveries).values(
                    notice_id=number, channel=channel, state=WAITING, attempts=0, next_attempt_at=notice.noted_at,
                ))
    except sa.exc.IntegrityError:
        # Another process noted the same event meanwhile.
        return False
    return True


def _of(delivery: Delivery) -> Sequence[sa.ColumnElement[bool]]:
    return deliveries.c.notice_id == delivery.notice_id, deliveries.c.channel == delivery.channel


def _read(
    connection: sa.Connection, conditions: Iterable[sa.ColumnElement[bool]], *, order: sa.ColumnElement
) -> list[Delivery]:
    query = (
        sa.select(notices, deliveries)
        .join(deliveries, deliveries.c.notice_id == notices.c.id)
        .where(*conditions)
        .order_by(order, deliveries.c.channel)
    )
    return [
        Delivery(
            row.id, _notice(row), row.channel, row.state, row.attempts, row.next_attempt_at, row.delivered_at,
            row.last_error or "",
        )
        for row in connection.execute(query)
    ]


def _notice(row: sa.Row) -> Notice:
    return Notice(
        row.event_key, row.kind, row.subject, row.body, tuple(json.loads(row.facts).items()), row.noted_at
    )

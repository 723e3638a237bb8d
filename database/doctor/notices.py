"""Notices that did not get out: nobody who waits for them can know that they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from database.engines.ports import Store
from database.notices.outbox import GIVEN_UP, Delivery, undelivered
from domain.findings import WARNING, Finding
from domain.notices import CHANNELS


def judge_notices(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Per channel, notices of the last days that were not delivered, and why."""
    with store.application_reading.connect() as connection:
        found = undelivered(connection, now=now)
    for channel in CHANNELS:
        late = [delivery for delivery in found if delivery.channel == channel]
        if late:
            yield _finding(channel, late)


def _finding(channel: str, late: list[Delivery]) -> Finding:
    given_up = sum(delivery.state == GIVEN_UP for delivery in late)
    count = f"{len(late)} notices have" if len(late) > 1 else "A notice has"
    tried = next((delivery for delivery in reversed(late) if delivery.last_error), None)
    why = f"the last attempt: {tried.last_error}" if tried else "none was tried"
    advice = (
        "flask send-notices --test says what the server answers; mend the settings, then: flask send-notices" if tried
        else "look whether flask send-notices is in the crontab or among the timers"
    )
    return Finding(
        "notices-undelivered", WARNING, f"{count} not been delivered by {channel}",
        f"the oldest is of {late[0].notice.noted_at:%Y-%m-%d %H:%M} UTC: {late[0].notice.subject}; "
        f"{given_up} given up; {why}", advice, subject=channel,
    )

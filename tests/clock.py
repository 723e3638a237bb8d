"""The clock stands where a test wants it: every module that asks for the moment or today's date gets that one."""

from __future__ import annotations

import datetime

import pytest

NOON = datetime.time(12, tzinfo=datetime.UTC)


def set_today(patch: pytest.MonkeyPatch, day: datetime.date) -> None:
    """Until the patch is undone it is `day`, in this process."""
    patch.setattr("domain.months._clock", lambda: datetime.datetime.combine(day, NOON))


def move_clock(patch: pytest.MonkeyPatch, by: datetime.timedelta) -> None:
    """Until the patch is undone the machine's clock goes wrong by that much, in this process, for all that asks it."""
    now = datetime.datetime.now(datetime.UTC) + by
    for place in ("domain.months._clock", "domain.moments._clock"):
        patch.setattr(place, lambda: now)
    patch.setattr("time.time", now.timestamp)

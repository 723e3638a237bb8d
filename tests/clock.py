"""The calendar stands where a test wants it: every module that asks for today's date gets that one."""

from __future__ import annotations

import datetime

import pytest

NOON = datetime.time(12, tzinfo=datetime.UTC)


def set_today(patch: pytest.MonkeyPatch, day: datetime.date) -> None:
    """Until the patch is undone it is `day`, in this process."""
    patch.setattr("domain.months._clock", lambda: datetime.datetime.combine(day, NOON))

"""Moments as the program keeps them: in UTC, without a zone."""

from __future__ import annotations

import datetime


def utc_now() -> datetime.datetime:
    """Now in UTC, without a zone: what every Moment column holds."""
    return _clock().replace(tzinfo=None)


def _clock() -> datetime.datetime:
    """What tests replace: everything that is written down with its moment reads it here."""
    return datetime.datetime.now(datetime.UTC)

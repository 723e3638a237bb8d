"""Moments as the program keeps them: in UTC, without a zone."""

from __future__ import annotations

import datetime


def utc_now() -> datetime.datetime:
    """Now in UTC, without a zone: what every Moment column holds."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)

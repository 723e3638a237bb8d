"""The ledger of changed months, written in the transaction that changes their facts."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import sqlalchemy as sa

from database import schema

ARCHIVE = "archive"
UNARCHIVE = "unarchive"
UNDO = "undo"
SETTINGS = "settings"
"""Causes in the ledger."""


def note_changed_months(
    connection: sa.Connection, months: Iterable[datetime.date], *, cause: str, import_id: int | None,
    now: datetime.datetime,
) -> None:
    """Adds one entry per month. `cause` is import, undo, demo, or one of the above."""
    ledger = schema.changed_month
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(ledger.c.id), 0))).scalar()
    rows = [
        {"id": last + number, "month": month, "cause": cause, "import_id": import_id, "created_at": now}
        for number, month in enumerate(sorted(set(months)), start=1)
    ]
    if rows:
        connection.execute(sa.insert(ledger), rows)

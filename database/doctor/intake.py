"""What came in: files that were refused and never mended, and past totals that changed by what was taken in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from database.engines.ports import Store
from database.engines.values import Reading
from database.queries.imports import refused_since
from database.summaries.restatements import net_changes
from domain.findings import HINT, WARNING, Finding, listed
from domain.months import format_month

REFUSED_FOR = timedelta(days=7)
"""A refused file is asked about for so long; by then whoever sent it knows, or nobody wants it."""
RESTATED_FOR = timedelta(days=1)


def judge_refused(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Refused files after which none of the same name was taken in."""
    with store.application_reading.connect() as connection:
        refused = refused_since(connection, now - REFUSED_FOR)
    for entry in refused:
        yield Finding(
            "import-refused", WARNING, f"The file {entry.file_name} was refused, and none of that name came in since",
            f"{entry.created_at:%Y-%m-%d %H:%M} UTC: {entry.error}"[:2000],
            "nothing of it was taken in; have it mended as the words say, then take it in: flask import FILE --refresh,"
            " or on /imports", subject=entry.file_name,
        )


def judge_restated(reading: Reading, *, now: datetime) -> Iterator[Finding]:
    """Totals of past months that are not what they were a day ago."""
    changes = net_changes(reading, since=now - RESTATED_FOR)
    if not changes:
        return
    months = sorted({change.month for change in changes})
    worst = max(changes, key=lambda change: abs(change.new_value - change.old_value))
    yield Finding(
        "months-restated", HINT, f"Totals of {len(months)} past months changed in the last day",
        f"{listed([format_month(month) for month in months], 6)}; most of all {worst.metric} of "
        f"{format_month(worst.month)}, from {worst.old_value:,} to {worst.new_value:,}, by {worst.cause}",
        "if that was not meant, take the wrong file back: flask undo-import ID, then flask refresh-summaries; /imports "
        "has each file's report",
    )

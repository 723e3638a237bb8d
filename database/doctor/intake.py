"""What came in: files that were refused and never mended, and past totals that changed by what was imported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Reading
from database.imports.staging import DEMO
from database.journal.import_log import holds_demo
from database.queries.imports import refused_since
from database.summaries.restatements import net_changes
from domain.errors import LockBusy
from domain.findings import HINT, WARNING, Finding, listed
from domain.months import format_month

REFUSED_FOR = timedelta(days=7)
"""A refused file is asked about for so long; by then whoever sent it knows, or nobody wants it."""
RESTATED_FOR = timedelta(days=1)


def judge_refused(store: Store, *, now: datetime) -> Iterator[Finding]:
    """Refused files after which none of the same name was imported."""
    with store.application_reading.connect() as connection:
        refused = refused_since(connection, now - REFUSED_FOR)
    for entry in refused:
        yield Finding(
            "import-refused", WARNING,
            f"The file {entry.file_name} was refused, and none of that name was imported since",
            f"{entry.created_at:%Y-%m-%d %H:%M} UTC: {entry.error}"[:2000],
            "nothing of it was imported; have it mended as the words say, then import it: flask import FILE --refresh,"
            " or on /imports", subject=entry.file_name,
        )


def judge_demo(store: Store) -> Iterator[Finding]:
    """Demo data beside a seller's own figures: an import would have removed it, another program does not. While the
    facts are open elsewhere nothing is said."""
    if not holds_demo(store):
        return
    book, fact = schema.financials_import, schema.financials
    try:
        with store.facts() as connection:
            demos = list(connection.execute(
                sa.select(book.c.id).where(book.c.source == DEMO, book.c.status == "done").order_by(book.c.id)
            ).scalars())
            others = sa.or_(fact.c.import_id.is_(None), fact.c.import_id.not_in(demos))
            is_beside = connection.execute(sa.select(fact.c.id).where(others).limit(1)).first() is not None
    except LockBusy:
        return
    if is_beside:
        yield Finding(
            "demo-beside-figures", WARNING, "Demo data stands beside figures of your own, and is added to them",
            f"import {listed([str(number) for number in demos])} is demo data; other facts came with another program",
            "flask remove-demo --dry-run says what would go, flask remove-demo removes it and nothing else; then flask "
            "refresh-summaries",
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
        "if that was not meant, undo its import: flask undo-import ID, then flask refresh-summaries; /imports "
        "has each file's report",
    )

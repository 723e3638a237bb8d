"""Writes down how large facts and summaries are after a refresh, for pages, which may not look at facts."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.errors import LegoError
from domain.moments import utc_now

KEPT = datetime.timedelta(days=400)
"""A year of nights, and some."""

sizes = schema.stored_size


def record_sizes(store: Store, run_id: str) -> str:
    """Notes the sizes as they are after the run. Returns what went wrong, or '': figures are published whether or not
    their size could be told."""
    try:
        rows = [
            {
                "run_id": run_id, "part": found.part, "kind": found.kind, "recorded_at": utc_now(),
                "row_count": found.rows, "bytes": found.bytes, "index_bytes": found.index_bytes,
            }
            for found in store.published.stored_sizes()
        ]
        with store.application.begin() as connection:
            connection.execute(sa.delete(sizes).where(sizes.c.recorded_at < utc_now() - KEPT))
            connection.execute(sa.insert(sizes), rows)
    except (sa.exc.SQLAlchemyError, LegoError, OSError) as error:
        return f"the sizes of tables could not be written down: {(str(error) or type(error).__name__).splitlines()[0]}"
    return ""

"""Which imports the figures do not follow yet: what was imported, or undone, since the last refresh."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Generation
from database.journal.run_log import settled_until

log = schema.import_log


def waiting_imports(store: Store, live: Generation | None) -> int:
    """How many imports wait for a refresh. One that was imported and undone in between moved nothing."""
    settled = settled_until(store, live)
    taken_in = log.c.status == "done"
    taken_back = log.c.status.in_(("undone", "removed"))
    if settled is None:
        taken_back = sa.false()
    else:
        taken_in = sa.and_(taken_in, log.c.created_at > settled)
        taken_back = sa.and_(taken_back, log.c.undone_at > settled, log.c.created_at <= settled)
    query = sa.select(sa.func.count()).select_from(log).where(sa.or_(taken_in, taken_back))
    with store.application_reading.connect() as connection:
        return connection.execute(query).scalar()

"""One cheap look at everything that pages say beside their figures: has anything happened since?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store

_runs, _imports, _changes = schema.refresh_log, schema.import_log, schema.catalogue_change


def _of_newest_run(column: sa.Column) -> sa.ScalarSelect:
    return sa.select(column).where(_runs.c.stage == "").order_by(_runs.c.id.desc()).limit(1).scalar_subquery()


_NEWEST = sa.select(
    _of_newest_run(_runs.c.id).label("run"),
    _of_newest_run(_runs.c.status).label("status"),
    _of_newest_run(_runs.c.ended_at).label("ended_at"),
    sa.select(sa.func.max(_imports.c.id)).scalar_subquery().label("import_id"),
    sa.select(sa.func.max(_imports.c.undone_at)).scalar_subquery().label("undone_at"),
    sa.select(sa.func.max(_changes.c.id)).scalar_subquery().label("change"),
)


def whats_new(store: Store) -> tuple[Any, ...]:
    """Marks of the newest refresh, import, undo and change of the catalogue. As long as they are the same, so is
    whatever is said about them: one statement instead of one for each."""
    with store.application_reading.connect() as connection:
        return tuple(connection.execute(_NEWEST).one())

"""One file is one transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa

from database.engines.ports import Store


@contextlib.contextmanager
def all_or_nothing(store: Store, connection: sa.Connection, *, dry_run: bool) -> Iterator[None]:
    """Commits what was done on `connection` when all of it was done; takes it back on any error, and for a dry run."""
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    if dry_run:
        connection.rollback()
    else:
        store.commit(connection)

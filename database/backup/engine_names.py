"""What a backup says of the store that it was made of: one of another kind has other parts."""

from __future__ import annotations

from database.engines.ports import Store
from settings import COLUMNAR


def engine_of(store: Store) -> str:
    """The settings by which such a store is opened, as they are written."""
    database = store.settings.database
    return f"{database.engine} and summaries = {COLUMNAR}" if database.summaries == COLUMNAR else database.engine

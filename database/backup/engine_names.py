"""What a backup says of the store that it was made of: one of another kind has other parts."""

from __future__ import annotations

from database.engines.ports import Store
from settings import COLUMNAR


def engine_of(store: Store) -> str:
    """One word for the settings by which such a store is opened."""
    database = store.settings.database
    return f"{database.engine}-{COLUMNAR}" if database.summaries == COLUMNAR else database.engine


def engine_words(engine: str) -> str:
    """The settings, as they are written."""
    name, _, summaries = engine.partition("-")
    return f"[database] engine = {name}" + (f", summaries = {summaries}" if summaries else "")

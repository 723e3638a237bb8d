"""A shop with facts of three sources' worth of spelling, and the ways to join and to take back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from database.engines.ports import Store
from database.imports.undone import Undone
from database.names.joining import join_names
from database.names.report import JoinReport
from database.names.undoing import take_back
from tests.database.imports.conftest import take, write
from tests.facts import kept_open

__all__ = ["take", "write"]


@pytest.fixture
def store(store: Store) -> Iterator[Store]:
    """The same, with the file of facts open all along: no other process is to use it here."""
    with kept_open(store):
        yield store


@pytest.fixture
def join(store: Store) -> Callable[..., JoinReport]:
    """Joins names as the command does: `join("metric", "Adds", "SEM costs")`."""

    def join(kind: str, old: str, new: str, *, dry_run: bool = False) -> JoinReport:
        with store.lock("a test"):
            return join_names(store, kind, old, new, dry_run=dry_run)

    return join


@pytest.fixture
def undo(store: Store) -> Callable[[int], Undone]:
    """Takes an import or a join back, as the command does."""

    def undo(import_id: int) -> Undone:
        with store.lock("a test"):
            return take_back(store, import_id)

    return undo

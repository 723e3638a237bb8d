"""Imports that were made without the web."""

from collections.abc import Callable
from pathlib import Path

import pytest

from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from database.summaries.refresh import refresh


@pytest.fixture
def add_import(store: Store, tmp_path: Path) -> Callable[..., None]:
    """Takes a file in without the web."""

    def add(text: str, name: str) -> None:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with store.lock("a test"):
            tell_done(store, import_file(store, path, ImportOptions()), user_name=None)

    return add


@pytest.fixture
def shop_of(store: Store, add_import: Callable[..., None]) -> Callable[..., Store]:
    """The store with files, by their names, taken in and refreshed."""

    def filled(**texts: str) -> Store:
        for name, text in texts.items():
            add_import(text, f"{name}.csv")
        refresh(store)
        return store

    return filled

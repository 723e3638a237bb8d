"""Imported files or undone since the last refresh waits for the next; what did both in between does not."""

from __future__ import annotations

import pytest

from database.imports.undo import undo_import
from database.journal.import_log import tell_done, tell_undone
from database.journal.waiting import waiting_imports
from database.summaries.refresh import RefreshOptions, refresh
from domain.months import parse_month
from tests.database.imports.conftest import HEADINGS


@pytest.fixture
def take_in(take, store):
    """Takes a file in and tells the log, as the command does."""

    def take_and_tell(text: str) -> int:
        with store.lock("a test"):
            report = take(text)
            tell_done(store, report)
        return report.import_id

    return take_and_tell


def test_imports_wait_from_when_they_are_taken_in_or_back_until_the_next_refresh(store, take_in):
    def waiting() -> int:
        return waiting_imports(store, store.live_generation())

    def take_back(number: int) -> None:
        with store.lock("a test"):
            tell_undone(store, number, undo_import(store, number).undone_at)

    found = [waiting()]
    first = take_in(HEADINGS + "A1,Acme,Toys,US,CM1,2024-01,1.00\n")
    found.append(waiting())
    refresh(store)
    found.append(waiting())
    second = take_in(HEADINGS + "A1,Acme,Toys,US,CM1,2024-02,2.00\n")
    found.append(waiting())
    take_back(second)
    found.append(waiting())
    take_back(first)
    found.append(waiting())
    refresh(store, RefreshOptions(months=(parse_month("2024-01"),), force=True))
    found.append(waiting())
    refresh(store)
    found.append(waiting())
    assert found == [0, 1, 0, 1, 0, 1, 1, 0]

"""What came in wrong: a refused file until it is mended, changed totals until they are changed back."""

from __future__ import annotations

import datetime

import pytest

from database.doctor.intake import judge_refused, judge_restated
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.imports.undo import undo_import
from database.journal.import_log import tell_done, tell_refused
from database.summaries.refresh import refresh
from domain.errors import Refused
from domain.moments import utc_now

HEADINGS = "asin,brand,marketplace,metric,month,value\n"
RIGHT = HEADINGS + "B1,Alder,US,Net revenue,2024-01,10.00\n"
WRONG = HEADINGS + "B1,Alder,US,Net revenue,2024-01,1000.00\n"


@pytest.fixture
def take_in(store: Store, tmp_path):
    """Takes a file in as the command does; refused ones are written down."""

    def take(name: str, text: str) -> None:
        (tmp_path / name).write_text(text, encoding="utf-8")
        with store.lock("a test"):
            try:
                tell_done(store, import_file(store, tmp_path / name, ImportOptions()), user_name=None)
            except Refused as error:
                tell_refused(store, name, "", error, user_name=None)

    return take


@pytest.mark.parametrize("engine", ["embedded"], indirect=True)
def test_a_refused_file_is_told_until_one_of_its_name_comes_in(store, take_in):
    take_in("january.csv", HEADINGS + 'B1,Alder,US,Net revenue,2024-01,"ten"\n')
    (found,) = judge_refused(store, now=utc_now())
    assert (found.check, found.subject) == ("import-refused", "january.csv")
    assert "january.csv" in found.evidence and "ten" in found.evidence and "flask import FILE" in found.advice
    assert list(judge_refused(store, now=utc_now() + datetime.timedelta(days=8))) == []
    take_in("january.csv", RIGHT)
    assert list(judge_refused(store, now=utc_now())) == []


def test_changed_totals_are_told_with_their_cause_until_they_are_changed_back(store, take_in):
    def judged(now: datetime.datetime) -> list:
        return store.read(lambda reading: list(judge_restated(reading, now=now)))

    take_in("january.csv", RIGHT)
    refresh(store)
    assert list(judged(utc_now())) == []
    take_in("wrong.csv", WRONG)
    refresh(store)
    (found,) = judged(utc_now())
    assert found.check == "months-restated"
    assert found.evidence == (
        "2024-01; most of all Net revenue of 2024-01, from 10.00 to 1,000.00, by import 2 (wrong.csv)"
    )
    assert "flask undo-import ID" in found.advice
    assert list(judged(utc_now() + datetime.timedelta(days=2))) == []
    with store.lock("a test"):
        undo_import(store, 2)
    refresh(store)
    assert list(judged(utc_now())) == []

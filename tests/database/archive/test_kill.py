"""Archiving that is killed at any step loses no fact and counts none twice, and the next run completes it."""

import signal

import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive, unarchive
from database.facts.archived import archived_months
from database.summaries.refresh import RefreshOptions, refresh
from domain.months import parse_month
from tests.database.archive.test_archive import MARCH, facts_of, filled_by, published, shop  # noqa: F401
from tests.facts import run_on_facts
from tests.faults.processes import start


def test_a_kill_leaves_each_month_here_or_there(shop, tmp_path):  # noqa: F811
    old, before = published(shop), facts_of(shop)
    folder = tmp_path / "old"
    for step, moved in (("archive-file", 0), ("archived", 1)):
        ended = start(
            shop.settings, tmp_path, "--before", "2024-03", "--to", str(folder), command=("archive",), crash_at=step
        )
        assert ended.code == -signal.SIGKILL, (step, ended.errors)
        assert len(archived_months(shop)) == moved, step
        assert all_facts(shop) == len(before[0]), step
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == old
    assert len(archive(shop, before=MARCH, folder=folder).months) == 1
    assert sorted(path.name for path in folder.iterdir()) == [each.file.name for each in archived_months(shop)]
    for step, left in (("unarchive", 2), ("unarchived", 1)):
        ended = start(shop.settings, tmp_path, command=("unarchive",), crash_at=step)
        assert ended.code == -signal.SIGKILL, (step, ended.errors)
        assert len(archived_months(shop)) == left, step
        assert all_facts(shop) == len(before[0]), step
    refresh(shop, RefreshOptions(full=True))
    assert published(shop) == old
    unarchive(shop)
    assert facts_of(shop) == before


def all_facts(store) -> int:
    """How many facts there are, here and there."""
    return len(facts_of(store)[0]) + sum(each.facts for each in archived_months(store))


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
@pytest.mark.parametrize("step", ["archive-written", "archive-file"])
def test_nothing_is_removed_if_a_stranger_writes_meanwhile(shop, step, tmp_path):  # noqa: F811
    """Embedded, nobody else can."""
    paused = start(
        shop.settings, tmp_path, "--before", "2024-03", command=("archive",), crash_at=f"{step}:pause"
    ).stopped()
    run_on_facts(shop, sa.insert(schema.financials).values(
        asin_id=1, marketplace="US", metric="CM3", month=parse_month("2024-01"), value=1,
    ))
    before = facts_of(shop)
    assert paused.go_on().code == 4
    assert "2024-01" in paused.errors
    assert "nothing was removed" in paused.errors
    assert facts_of(shop) == before
    assert archived_months(shop) == []

"""A healthy store has no finding; each check speaks when its illness is there, and --fix cures what is safe."""

from __future__ import annotations

import dataclasses
import datetime
import socket
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from database import schema
from database.doctor.configuration import judge_schema, judge_settings
from database.doctor.examination import cure, examine, last_examination
from database.doctor.notices import judge_notices
from database.doctor.room import judge_disks, judge_share
from database.doctor.schedule import judge_leftovers, judge_schedule
from database.doctor.statements import judge_pages
from database.engines.ports import Store
from database.engines.schema_versions import VERSION_TABLE
from database.journal.run_log import RUNNING
from database.notices import outbox
from database.store import open_store
from domain.errors import LockBusy
from domain.findings import HINT, SERIOUS, WARNING, Finding, Limits
from domain.moments import utc_now
from domain.notices import Notice
from settings import MailSettings, Settings, load_settings
from tests.facts import add_facts, add_products

LONG_AGO = datetime.timedelta(hours=40)


def checks(findings) -> list[str]:
    return [found.check for found in findings]


def run(store: Store, statement) -> None:
    with store.application.begin() as connection:
        connection.execute(statement)


def test_a_healthy_store_has_no_finding_and_the_record_says_that_it_was_looked(healthy: Store) -> None:
    found = examine(healthy)

    assert found.findings == ()
    assert (found.is_serious, found.trouble) == (False, "")
    with healthy.application_reading.connect() as connection:
        assert last_examination(connection) == (found.examined_at, [])


@pytest.fixture
def late(healthy: Store) -> Iterator[Store]:
    """The store with its last good refresh 40 hours ago."""
    log = schema.refresh_log
    with healthy.application.begin() as connection:
        before = connection.execute(sa.select(log.c.id, log.c.started_at, log.c.ended_at)).all()
        moved = {"started_at": utc_now() - LONG_AGO, "ended_at": utc_now() - LONG_AGO}
        connection.execute(sa.update(log).values(**moved))
    yield healthy
    with healthy.application.begin() as connection:
        connection.execute(sa.delete(log).where(log.c.id.not_in([row.id for row in before])))
        for row in before:
            times = {"started_at": row.started_at, "ended_at": row.ended_at}
            connection.execute(sa.update(log).where(log.c.id == row.id).values(**times))


def test_a_missed_schedule_is_serious_and_what_was_found_before_keeps_its_first_time(late: Store) -> None:
    first, second = examine(late), examine(late)

    assert checks(second.findings) == ["refresh-late"]
    assert second.is_serious
    with late.application_reading.connect() as connection:
        looked, (row,) = last_examination(connection)
    assert (looked, row.first_seen_at, row.severity) == (second.examined_at, first.examined_at, SERIOUS)


def test_a_refresh_that_failed_is_told_with_its_words(late: Store) -> None:
    run(late, sa.insert(schema.refresh_log).values(
        run_id="r", stage="", refresh_type="full", started_at=utc_now(), ended_at=utc_now(), status="failed",
        error_message="the disk is full",
    ))

    found = list(judge_schedule(late, now=utc_now()))

    assert checks(found) == ["refresh-failed", "refresh-late"]
    assert found[0].evidence.startswith("the disk is full; the last good one ended ")


def test_a_store_without_a_generation_says_which_command_to_run(store: Store) -> None:
    found = examine(store)

    assert [(each.check, each.advice) for each in found.findings] == [("no-facts-yet", "flask import FILE --refresh")]
    assert not found.is_serious
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.50")])

    found = examine(store)

    assert [(each.check, each.advice) for each in found.findings] == [("never-refreshed", "flask refresh-summaries")]
    assert found.is_serious


@pytest.fixture
def cut_off(healthy: Store) -> Store:
    """The store with the marks of a refresh whose process is gone."""
    run(healthy, sa.insert(schema.refresh_log).values(
        run_id="dead", stage="", refresh_type="full", started_at=utc_now(), status=RUNNING, host=socket.gethostname(),
        pid=2**22,
    ))
    run(healthy, sa.insert(schema.work_lock).values(
        name="lego", purpose="refresh", host=socket.gethostname(), pid=2**22, process_start="1", started_at=utc_now(),
        connections="",
    ))
    return healthy


def test_a_run_that_was_cut_off_is_settled_by_fix(cut_off: Store) -> None:
    found = list(judge_leftovers(cut_off))

    assert checks(found) == ["run-cut-off"]
    assert found[0].evidence == f"1 runs are marked running; the lock: refresh, process {2**22} on " \
        f"{socket.gethostname()}, is gone"
    assert [line.split(" of ")[0] for line in cure(cut_off, found)] == ["run-cut-off: the run"]
    assert list(judge_leftovers(cut_off)) == []
    run(cut_off, sa.delete(schema.refresh_log).where(schema.refresh_log.c.run_id == "dead"))


def test_while_a_refresh_is_at_work_nothing_of_it_is_taken_for_a_leftover(cut_off: Store) -> None:
    run(cut_off, sa.delete(schema.work_lock))
    with cut_off.lock("refresh"):
        assert list(judge_leftovers(cut_off)) == []
    run(cut_off, sa.delete(schema.refresh_log).where(schema.refresh_log.c.run_id == "dead"))


def test_an_older_and_a_newer_schema_are_serious_and_nothing_else_is_looked_at(healthy: Store) -> None:
    with healthy.application_reading.connect() as connection:
        head = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    found = {}
    try:
        for version in ("0001", "9999"):
            run(healthy, sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))
            found[version] = [(each.check, each.severity, each.advice) for each in examine(healthy).findings]
    finally:
        run(healthy, sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{head}'"))

    assert found == {
        "0001": [("schema-version", SERIOUS, "run: flask init-db")],
        "9999": [(
            "schema-version", SERIOUS, "go on with the version of the program that made it, or put back a backup from "
            "before it: flask restore FILE --replace",
        )],
    }
    assert list(judge_schema(healthy)) == []


def test_a_disk_that_is_nearly_full_is_told_with_its_figures(healthy: Store) -> None:
    sizes = healthy.published.stored_sizes()

    found = list(judge_disks(healthy, sizes, Limits(least_free_bytes=2**62)))

    assert {(each.check, each.severity) for each in found} == {("disk-space", SERIOUS)}
    assert list(judge_disks(healthy, sizes, Limits(least_free_bytes=1))) == []


def test_summaries_that_are_large_beside_the_facts_are_told_as_a_share(healthy: Store) -> None:
    (found,) = judge_share(healthy.published.stored_sizes(), Limits(small_bytes=0, largest_share=0.001))

    assert found.check == "summaries-large"
    assert found.evidence.endswith("should be at most 0 %")
    assert list(judge_share(healthy.published.stored_sizes(), Limits(small_bytes=2**40, largest_share=0.001))) == []


@pytest.fixture
def unsent(healthy: Store) -> Iterator[Store]:
    """The store with two notices of an hour ago that a mail server is to take, the first of them refused once."""
    settings, an_hour_ago = healthy.settings, utc_now() - datetime.timedelta(hours=1)
    mail = MailSettings(host="mail.example", from_="lego@example.com", to=("ann@example.com",))
    sending = dataclasses.replace(healthy, settings=dataclasses.replace(settings, mail=mail))
    for key in ("one", "two"):
        outbox.write_down(sending, [Notice(key, "failed", f"Notice {key}", "", (), an_hour_ago)])
    with healthy.application_reading.connect() as connection:
        first, _second = outbox.due(connection, "mail", now=utc_now())
    outbox.claim(healthy, first, now=utc_now())
    outbox.settle(healthy, first, is_delivered=False, trouble="the server answered 535 no")
    yield healthy
    run(healthy, sa.delete(schema.notice_delivery))
    run(healthy, sa.delete(schema.notice))


def test_notices_that_are_not_delivered_are_told_with_the_reason(unsent: Store) -> None:
    found = list(judge_notices(unsent, now=utc_now()))
    run(unsent, sa.update(schema.notice_delivery).values(last_error=None))
    (untried,) = judge_notices(unsent, now=utc_now())
    run(unsent, sa.update(schema.notice_delivery).values(state="delivered"))

    assert [(each.check, each.severity, each.subject, each.finding) for each in found] == [
        ("notices-undelivered", WARNING, "mail", "2 notices have not been delivered by mail"),
    ]
    assert ": Notice one; 0 given up; the last attempt: the server answered 535 no" in found[0].evidence
    assert untried.advice == "look whether flask send-notices is in the crontab or among the timers"
    assert list(judge_notices(unsent, now=utc_now())) == []


def test_a_slow_statement_of_every_page_is_told(healthy: Store) -> None:
    found = judge_pages(healthy, Limits(slow_milliseconds=0))

    assert set(checks(found)) == {"page-query-slow"}
    assert {each.subject.partition(" ")[0] for each in found} == {
        "dashboard", "profitability", "categories", "products", "catalog", "filters", "brands/1", "products/B1",
        "settlements", "paid", "explain", "overheads", "figures",
    }


def test_a_config_file_that_everybody_reads_is_told_with_its_cure(tmp_path) -> None:
    file = tmp_path / "config.ini"
    file.write_text("[database]\npassword = hunter2\n")
    file.chmod(0o644)

    (found,) = judge_settings(load_settings(file, {}))

    assert (found.check, found.severity, found.evidence) == ("configuration", WARNING, str(file))
    assert found.advice == f"run: chmod 600 {file}"
    assert "hunter2" not in found.finding
    file.chmod(0o600)
    assert list(judge_settings(load_settings(file, {}))) == []


def test_defaults_without_a_config_file_are_a_hint() -> None:
    (found,) = judge_settings(Settings(warnings=("config.ini: not there, every setting has its default",)))

    assert (found.check, found.severity) == ("configuration", HINT)


def test_a_cure_waits_for_nobody_and_changes_nothing_while_another_command_works(healthy: Store) -> None:
    done = []
    finding = Finding("leftovers", HINT, "", "", "", cure=lambda: done.append("cured") or "cured")
    other = open_store(healthy.settings)
    try:
        with other.lock("import"), pytest.raises(LockBusy, match="import is running"):
            cure(healthy, [finding])
    finally:
        other.close()

    assert done == []
    assert cure(healthy, [finding]) == ["leftovers: cured"]


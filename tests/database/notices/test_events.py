"""What happened is found in what is written down: each event once, however it came about, and nothing that is over."""

from __future__ import annotations

import datetime
import json
import os
import socket
from collections.abc import Iterable
from decimal import Decimal

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.notices.events import failures, happened, illnesses, lateness, refusals
from database.notices.outbox import write_down
from database.notices.rules import add_rule, change_rule
from database.summaries.refresh import refresh
from domain.moments import utc_now
from domain.months import add_months, format_month, month_of
from domain.notices import Notice
from domain.rules import Rule
from machine.processes import process_start
from tests.facts import add_brands, add_facts, add_products
from tests.summaries_fixture import publish

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

NOBODY = 2**22 + 5
"""No process has this number."""


def hours(count: float) -> datetime.timedelta:
    return datetime.timedelta(hours=count)


def add_run(store: Store, run_id: str, *, ago: float, status: str, **values) -> None:
    """A run of five minutes that began so many hours ago."""
    began = utc_now() - hours(ago)
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.refresh_log).values({
            "run_id": run_id, "stage": "", "refresh_type": "incremental", "status": status, "started_at": began,
            "ended_at": began + datetime.timedelta(minutes=5), "host": socket.gethostname(), "pid": NOBODY, **values,
        }))


def told(found: Iterable[Notice]) -> list[tuple[str, str]]:
    return [(notice.key, notice.subject) for notice in found]


def now_told(store: Store) -> list[str]:
    """The subjects of what is new by now; it is old afterwards."""
    return [notice.subject for notice in write_down(store, happened(store, now=utc_now()))]


@EMBEDDED
def test_a_run_that_failed_is_told_with_its_words_and_what_is_live(store):
    publish(store, [(1, 1, 1, "US", "2024-01", "CM3", "1")], generation=3)
    add_run(store, "r1", ago=2, status="failed", error_message="no room on /var; free some")
    (found,) = failures(store, now=utc_now())

    assert (found.key, found.subject) == ("run:r1", "The refresh failed: no room on /var; free some")
    assert "Pages go on showing what was live before: generation 3, published 2025-11-03 06:30 UTC." in found.body
    assert "then run: flask refresh-summaries" in found.body
    assert dict(found.facts)["Reason"] == "no room on /var; free some"


@EMBEDDED
def test_what_went_well_since_or_long_ago_or_only_just_failed_is_not_told(store):
    add_run(store, "old", ago=50, status="failed")
    add_run(store, "r1", ago=3, status="failed")
    add_run(store, "r2", ago=2, status="nothing to do")
    assert told(failures(store, now=utc_now())) == []
    add_run(store, "r3", ago=0, status="failed", ended_at=utc_now())
    assert told(failures(store, now=utc_now())) == []
    assert told(failures(store, now=utc_now() + hours(0.1))) == [
        ("run:r3", "The refresh failed: no reason was written down"),
    ]


@EMBEDDED
def test_the_attempts_of_one_refresh_are_one_failure_and_a_stopped_one_is_called_so(store):
    for run, minutes in (("r1", 30), ("r2", 24), ("r3", 18)):
        add_run(store, run, ago=minutes / 60, status="failed", error_message="deadlock")
    add_run(store, "rollback", ago=0.2, status="failed", refresh_type="rollback", pid=NOBODY + 1, error_message="gone")
    add_run(store, "stopped", ago=0.1, status="failed", pid=NOBODY + 2, error_message="Terminated",
            ended_at=utc_now() - hours(0.05))
    assert told(failures(store, now=utc_now())) == [
        ("run:r3", "The refresh failed: deadlock"), ("run:rollback", "The rollback failed: gone"),
        ("run:stopped", "The refresh was stopped"),
    ]


@EMBEDDED
def test_a_run_whose_process_is_gone_is_told_before_and_after_it_is_settled_as_one_event(store):
    add_run(store, "r1", ago=1, status="running", ended_at=None)
    before = told(failures(store, now=utc_now()))
    assert before == [("run:r1", "A refresh was cut off")]
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.refresh_log).values(status="abandoned", ended_at=utc_now() - hours(0.5)))
    assert told(failures(store, now=utc_now())) == before


@EMBEDDED
def test_a_run_that_is_at_work_or_has_published_is_not_taken_for_a_dead_one(store):
    publish(store, [(1, 1, 1, "US", "2024-01", "CM3", "1")])
    add_run(store, "run-1", ago=1, status="running", ended_at=None)
    assert told(failures(store, now=utc_now())) == []
    parent = os.getppid()
    add_run(store, "r2", ago=0.5, status="running", ended_at=None, pid=parent)
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.work_lock).values(
            name="lego", purpose="a refresh", host=socket.gethostname(), pid=parent, started_at=utc_now(),
            process_start=process_start(parent), connections="",
        ))
    assert told(failures(store, now=utc_now())) == []


@EMBEDDED
def test_late_figures_are_told_once_until_they_are_fresh_again(store):
    now = utc_now()
    add_run(store, "r1", ago=40, status="success", pid=1)
    add_run(store, "r2", ago=3, status="failed")
    first, later = told(lateness(store, now=now)), told(lateness(store, now=now + hours(20)))
    assert [subject for _, subject in first + later] == [
        "Figures are late: no good refresh for 39 hours", "Figures are late: no good refresh for 59 hours",
    ]
    assert first[0][0] == later[0][0]
    add_run(store, "r3", ago=1, status="success")
    assert told(lateness(store, now=now)) == []
    (again,) = told(lateness(store, now=now + hours(40)))
    assert again[0] != first[0][0]


@EMBEDDED
def test_a_refresh_that_was_expected_and_did_not_begin_is_told_once(store):
    for day in (4, 3, 2):
        add_run(store, f"r{day}", ago=24 * day + 3, status="success")
    found = [told(lateness(store, now=utc_now() - hours(24 - more)))[0] for more in (1, 5)]
    assert found[0] == found[1] and found[0][1].startswith("The refresh of ") and "did not begin" in found[0][1]


@EMBEDDED
def test_refused_files_and_new_findings_of_the_doctor_are_told(store):
    now = utc_now()
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.import_log).values(
            source="", file_name="wrong.csv", status="refused", created_at=now,
            report=json.dumps({"error": "line 3: 'x' is not a number", "faults": ["line 4: neither"]}),
        ))
        for check, severity, seen in (
            ("", "none", now), ("disk-space", "serious", now), ("page-query-slow", "warning", now),
            ("margins", "hint", now), ("refresh-late", "serious", now), ("index-missing", "warning", now - hours(60)),
        ):
            connection.execute(sa.insert(schema.doctor_finding).values(
                examined_at=now, check_id=check, subject="", severity=severity, finding=f"Finding of {check}",
                evidence="seen", advice="do this", is_fixable=False, first_seen_at=seen,
            ))
    (refused,), (ill,) = refusals(store, now=now), illnesses(store, now=now)

    assert refused.subject == "Import refused: wrong.csv"
    assert "line 3: 'x' is not a number\n  line 4: neither" in refused.body
    assert ill.subject == "The doctor found: Finding of disk-space, and 1 more"
    assert [name for name, _ in ill.facts] == ["disk-space", "page-query-slow"]
    assert "serious: Finding of disk-space\n  seen\n  do this" in ill.body
    assert len(now_told(store)) == 2 and now_told(store) == []


def test_a_restatement_is_told_once_with_old_and_new_totals(store):
    add_brands(store, ("Alder", None, None))
    add_products(store, ("B1", 1, None))
    months = ("2024-01", "2024-02")
    add_facts(store, [("B1", "US", metric, month, "10") for month in months for metric in ("CM1", "CM3")])
    refresh(store)
    assert now_told(store) == []
    add_facts(store, [("B1", "US", "CM3", month, "2.50") for month in months])
    refresh(store)

    (found,) = happened(store, now=utc_now())
    assert found.subject == "Restated: 2 totals of 2024-01 to 2024-02"
    assert "January 2024 CM3 restated from 10.00 to 12.50 on " in found.body
    assert dict(found.facts)["Generation"] == "2"
    assert now_told(store) == ["Restated: 2 totals of 2024-01 to 2024-02"]
    add_facts(store, [("B1", "US", "CM3", "2024-02", "1")])
    refresh(store)
    assert now_told(store) == ["Restated: CM3 of 2024-02"]
    assert now_told(store) == []


# --- rules

THIS_MONTH = month_of(utc_now().date())
LAST, BEFORE, YEAR_AGO = (add_months(THIS_MONTH, -back) for back in (1, 2, 13))


def shop(*rows: tuple[int, int, datetime.date, str, str]) -> list[tuple]:
    """Rows of the ASIN level: brand, category, month, metric, value."""
    return [(brand, brand, category, "US", format_month(month), metric, value)
            for brand, category, month, metric, value in rows]


MONTHS = shop(
    (1, 5, LAST, "Net revenue", "1000"), (1, 5, LAST, "CM3", "120"), (1, 5, BEFORE, "Net revenue", "2000"),
    (1, 5, BEFORE, "CM3", "500"), (1, 5, YEAR_AGO, "Net revenue", "500"), (1, 5, THIS_MONTH, "CM3", "-9999"),
    (2, 6, LAST, "Net revenue", "3000"), (2, 6, LAST, "CM3", "900"), (2, 6, BEFORE, "Net revenue", "3000"),
)
NAMES = {"brands": {1: "Alder", 2: "Birch"}, "categories": {5: "Garden", 6: "Kitchen"}}


def keep_rules(store: Store, *rules: Rule) -> list[int]:
    with store.application.begin() as connection:
        return [add_rule(connection, rule, by="anna") for rule in rules]


def test_rules_are_looked_at_when_a_generation_is_published_and_tell_once_per_month(store):
    publish(store, MONTHS, published_at=utc_now(), **NAMES)
    margin, *_ = keep_rules(
        store, Rule("CM3 %", "below", Decimal(15), brand_id=1), Rule("CM3 %", "below", Decimal(15), brand_id=2),
        Rule("CM3 %", "below", Decimal(26)), Rule("Net revenue", "falls", Decimal(40), category_id=5),
        Rule("CM3 %", "falls", Decimal(10), category_id=5), Rule("Net revenue", "rises-year", Decimal(90), brand_id=1),
        Rule("Net revenue", "falls", Decimal(40)), Rule("Net units", "below", Decimal(5)),
    )
    assert now_told(store) == [], "they were made after it was published"
    publish(store, MONTHS, generation=2, published_at=utc_now(), **NAMES)

    last, before, year = (f"{month:%b %Y}" for month in (LAST, BEFORE, YEAR_AGO))
    assert now_told(store) == [
        f"CM3 % of Alder: 12.0 % in {last}", f"CM3 % of all brands: 25.5 % in {last}",
        f"Net revenue of category Garden: 1,000.00 USD in {last}, -50.0 % from 2,000.00 USD in {before}",
        f"CM3 % of category Garden: 12.0 % in {last}, -13.0 points from 25.0 % in {before}",
        f"Net revenue of Alder: 1,000.00 USD in {last}, 100.0 % from 500.00 USD in {year}",
    ]
    publish(store, MONTHS, generation=3, published_at=utc_now(), **NAMES)
    assert now_told(store) == []
    with store.application.begin() as connection:
        change_rule(connection, margin, Rule("CM3 %", "below", Decimal(16), brand_id=1), by="bert")
    assert now_told(store) == []
    publish(store, MONTHS, generation=4, published_at=utc_now(), **NAMES)
    (found,) = write_down(store, happened(store, now=utc_now()))
    assert "The rule: CM3 % of Alder is below 16.0 %, kept by bert." in found.body
    assert found.facts[:4] == (("Figure", "CM3 %"), ("Of", "Alder"), ("Month", last), ("Value", "12.0 %"))


@EMBEDDED
def test_the_month_in_progress_is_judged_when_it_was_over_at_publication(store):
    keep_rules(store, Rule("CM3", "below", Decimal(0)))
    rows = shop((1, 5, LAST, "CM3", "5"), (1, 5, THIS_MONTH, "CM3", "-9"))
    publish(store, rows, published_at=utc_now(), **NAMES)
    assert now_told(store) == []
    next_month = datetime.datetime.combine(add_months(THIS_MONTH, 1), datetime.time(4))
    publish(store, rows, generation=2, published_at=next_month, **NAMES)
    assert now_told(store) == [f"CM3 of all brands: -9.00 USD in {THIS_MONTH:%b %Y}"]


@EMBEDDED
def test_without_a_month_that_is_over_no_rule_is_judged(store):
    keep_rules(store, Rule("CM3", "below", Decimal(0)))
    publish(store, shop((1, 5, THIS_MONTH, "CM3", "-9")), published_at=utc_now(), **NAMES)
    assert now_told(store) == []

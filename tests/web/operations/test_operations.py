"""/operations: who sees it, what it says of good and bad nights, and refreshes that are planned, begun and stopped."""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from database.journal.slow_statements import Slow, record
from database.queries.operations import next_expected
from database.summaries.refresh import refresh
from domain.moments import utc_now
from machine.processes import process_start
from settings import COLUMNAR
from tests.web.conftest import csrf_token, text_of
from web.operations.runs import bytes_words, seconds_words

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
FIRST = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,10.50\nA1,Acme,Toys,US,CM1,2024-02,4.00\n"
SECOND = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,12.00\n"


def post(client: FlaskClient, address: str, **form: str):
    return client.post(address, data={"csrf_token": csrf_token(client)} | form)


def settled(client: FlaskClient, address: str) -> str:
    """The page of a task, once it is not at work any more."""
    deadline = time.monotonic() + 90
    while client.get(f"{address}/progress").json["state"] in ("planning", "working", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return text_of(client, address)


@pytest.fixture
def add_import(store: Store, tmp_path: Path) -> Callable[..., None]:
    """Takes a file in without the web."""

    def add(text: str, name: str) -> None:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with store.lock("a test"):
            tell_done(store, import_file(store, path, ImportOptions()), user_name=None)

    return add


def add_odd_fact(store: Store) -> None:
    """A fact of another program, of a marketplace that cannot be."""
    with store.facts() as connection:
        connection.execute(sa.insert(schema.financials).values(
            id=900, asin_id=1, marketplace="ALL", metric="Net revenue", month=datetime.date(2024, 1, 1), value=1.25,
        ))
        connection.commit()


def add_run(store: Store, **values) -> None:
    """A run as it would be written down."""
    began = values.pop("started_at")
    took = values.get("duration_seconds", 5)
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.refresh_log).values({
            "run_id": f"run {began}"[:36], "stage": "", "refresh_type": "incremental", "status": "success",
            "started_at": began, "ended_at": began + datetime.timedelta(seconds=took), "duration_seconds": took,
            "host": "vega", "pid": 1,
        } | values))


def actions(store: Store) -> list[str]:
    log = schema.audit_log
    with store.application_reading.connect() as connection:
        return list(connection.execute(
            sa.select(log.c.action).where(log.c.action.not_like("sign%")).order_by(log.c.id)
        ).scalars())


def test_a_refreshed_shop_shows_state_runs_left_out_facts_restated_months_and_sizes(
    store, engine, signed_in, add_import
):
    add_import(FIRST, "january.csv")
    add_odd_fact(store)
    refresh(store)
    add_import(SECOND, "correction.csv")
    refresh(store)
    page = text_of(signed_in("analyst"), "/operations")
    assert "Not checked yet Generation 2 published " in page
    assert "(just now) data through Feb 2024 verified to the cent" in page and "no nightly run seen yet" in page
    assert "Facts in 3 Left out 1 Published 2" in page
    assert "$1.25 List them of marketplace ALL" in page
    assert "Jan 2024 Net revenue $10.50 $12.00" in page and "import 2 (correction.csv)" in page
    assert "summing up products" in page and "comparing with the facts" in page
    assert f"{11 if engine == COLUMNAR else 10} stages" in page
    assert "financials_summary_monthly_brand" in page and "of what facts take" in page
    assert "Checks never ran They look at settings" in page
    assert "correction.csv import 2, long in" in page and "Undo import 2" in page
    assert "No statement of a page took longer than 100 ms" in page
    assert "Refresh now" not in page


def test_facts_that_are_left_out_are_listed_by_a_job_with_a_file(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    add_odd_fact(store)
    refresh(store)
    client = signed_in("analyst")
    answer = post(client, "/operations/left-out", reason="marketplace ALL")
    page = settled(client, answer.location)
    assert "Left out: marketplace ALL 1 fact is in no figure Their marketplace is called ALL" in page
    assert "A1 Acme ALL Net revenue Jan 2024 $1.25 another program" in page
    found = client.get(f"{answer.location}/file")
    assert found.headers["Content-Disposition"] == "attachment; filename=left-out.csv"
    assert list(csv.reader(io.StringIO(found.data.decode("utf-8-sig")))) == [
        ["fact", "asin", "brand", "marketplace", "metric", "month", "value", "import", "file"],
        ["900", "A1", "Acme", "ALL", "Net revenue", "2024-01-01", "1.25", "", ""],
    ]
    assert actions(store) == ["export"]
    assert "None is left out for this reason any more" in settled(
        client, post(client, "/operations/left-out", reason="no value").location
    )
    assert signed_in("admin").get(answer.location).status_code == 404


@EMBEDDED
def test_the_checks_run_as_a_job_and_the_page_of_operations_shows_what_they_found(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    refresh(store)
    client = signed_in("admin")
    answer = post(client, "/operations/check")
    deadline = time.monotonic() + 90
    while client.get(f"{answer.location}/progress").json["state"] == "running":
        assert time.monotonic() < deadline
    over = client.get(answer.location)
    assert (over.status_code, over.location) == (303, "/operations#doctor-title")
    page = text_of(client, "/operations")
    assert re.search(r"Checked: (\d+ to look at|nothing is wrong)\.", page) and "Checks never ran" not in page
    assert client.get(answer.location).status_code == 404
    assert actions(store) == ["checks run"]


def test_a_restated_month_is_one_row_from_what_it_was_first_to_what_it_is_now(store, signed_in, add_import):
    add_import(FIRST + "A1,Acme,Toys,US,Net units,2024-01,2\n", "january.csv")
    refresh(store)
    for revenue in ("11.00", "12.00"):
        add_import(SECOND.replace("12.00", revenue) + "A1,Acme,Toys,US,Net units,2024-01,3\n", f"{revenue}.csv")
        refresh(store)
    page = text_of(signed_in("analyst"), "/operations").split("Restated months", 1)[1].partition("Data nodes")[0]
    assert "Jan 2024 Net revenue $10.50 $12.00" in page and "import 3 (12.00.csv) 1 more Net units: from 2 to 3" in page
    assert page.count("Jan 2024") == 1


@EMBEDDED
def test_a_slow_statement_is_shown_with_its_plan_and_the_command_that_explains_it(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    refresh(store)
    text = "SELECT total_value FROM financials_summary_monthly_brand WHERE month > '2024-01-01'"
    record(store, Slow("products.show", "/products?brand=3&search=<b>", text, (), 0.812))
    page = text_of(signed_in("analyst"), "/operations")
    assert "Slowest statements 812 ms slow /products?brand=3&search=<b> Slowest " in page
    assert "rows looked at" in page.split("Slowest statements")[1] and text in page
    assert "Anew, on the server: flask explain products 'brand=3&search=<b>'" in page


@EMBEDDED
def test_data_nodes_are_shown_as_a_command_saw_them(store, signed_in):
    assert "Data nodes" not in text_of(signed_in("analyst"), "/operations")
    row = {
        "looked_at": datetime.datetime(2026, 3, 2, 6, 30), "months": 2, "first_month": datetime.date(2026, 1, 1),
        "last_month": datetime.date(2026, 3, 1), "row_count": 1_234_567, "bytes": 3 * 2**20, "milliseconds": 4.2,
        "lost_tables": 0, "open_transactions": 0, "trouble": "",
    }
    unknown = dict.fromkeys(("row_count", "bytes", "milliseconds", "open_transactions"))
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.node_state), [
            {**row, "name": "10.0.0.11:3306"}, {**row, "name": "10.0.0.12:3306", "lost_tables": 3},
            {**row, "name": "10.0.0.13:3306", **unknown, "trouble": "it was <frozen>"},
        ])
    page = text_of(signed_in("analyst"), "/operations")
    assert "As a command saw them at 2 March 2026, 06:30 UTC" in page.replace("Mar 2026", "March 2026")
    assert "10.0.0.11:3306 well 2, Jan 2026 to Mar 2026 1,234,567 3.0 MiB 4 ms" in page
    assert "10.0.0.12:3306 lacks 3 of its tables: flask doctor says what to do" in page
    assert "10.0.0.13:3306 does not answer: it was <frozen> 2, Jan 2026 to Mar 2026 – – –" in page


@EMBEDDED
def test_before_the_first_refresh_it_says_what_to_do(store, signed_in):
    page = text_of(signed_in("admin"), "/operations")
    assert "No figures yet" in page and "Import files, then run: flask refresh-summaries" in page
    assert "No refresh has run yet." in page and "Refresh now" in page
    assert "Conservation" not in page and "Sizes" not in page


@EMBEDDED
def test_a_failed_night_a_late_one_and_a_missed_one_are_told(store, signed_in, add_import):
    client, now = signed_in("analyst"), utc_now()
    add_import(FIRST, "january.csv")
    refresh(store)
    add_run(store, started_at=now - datetime.timedelta(minutes=3), status="failed", error_message="no room on /var")
    page = text_of(client, "/operations")
    assert "Failed Generation 1" in page and "what was live before still is. no room on /var Mend that" in page
    with store.application.begin() as connection:
        connection.execute(sa.delete(schema.refresh_log))
    for days in (3, 2):
        add_run(store, started_at=now - datetime.timedelta(days=days, hours=1, minutes=5))
    page = text_of(client, "/operations")
    assert "Look here" in page and "The last good run ended 2 days ago, more than 36 hours ago." in page
    assert "A run was expected" in page and "and none has begun." in page


@EMBEDDED
def test_the_next_run_is_expected_by_habit(store):
    now = datetime.datetime(2026, 3, 10, 12)

    def expected() -> datetime.datetime | None:
        with store.application_reading.connect() as connection:
            return next_expected(connection, now=now)

    assert expected() is None
    for day in (7, 8, 9, 10):
        add_run(store, started_at=datetime.datetime(2026, 3, day, 3, 0, day))
    add_run(store, started_at=datetime.datetime(2026, 3, 9, 11, 20))
    add_run(store, started_at=datetime.datetime(2026, 3, 10, 9, 0), refresh_type="rollback")
    assert expected() == datetime.datetime(2026, 3, 11, 3, 0)
    now = datetime.datetime(2026, 3, 20, 12)
    assert expected() is None


@EMBEDDED
def test_the_next_run_is_expected_by_the_schedule_on_this_machines_clock(store, monkeypatch):
    now = datetime.datetime(2026, 3, 29, 12)

    def expected(*at: str) -> datetime.datetime | None:
        with store.application_reading.connect() as connection:
            return next_expected(connection, now=now, at=at)

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert expected("03:00") is None
        add_run(store, started_at=datetime.datetime(2026, 3, 28, 2, 5))
        # In the night to the 29th clocks went from two to three.
        assert expected("03:00") == datetime.datetime(2026, 3, 29, 1)
        add_run(store, started_at=datetime.datetime(2026, 3, 29, 0, 50))
        assert expected("03:00") == datetime.datetime(2026, 3, 30, 1)
        assert expected("03:00", "12:30") == datetime.datetime(2026, 3, 29, 10, 30)
    finally:
        monkeypatch.undo()
        time.tzset()


@EMBEDDED
def test_the_history_is_a_file_and_goes_over_pages(store, signed_in):
    client = signed_in("analyst")
    for day in range(1, 26):
        add_run(
            store, started_at=datetime.datetime(2026, 3, day, 3), rows_read=day, rows_written=2, generation=day,
            months="2026-02,2026-01", error_message="=1+1" if day == 25 else None, duration_seconds=400 * (day == 25),
        )
    first, second = text_of(client, "/operations"), text_of(client, "/operations?page=2")
    assert "1–20 of 25" in first and "21–25 of 25" in second and "6 min 40 s acceptable" in first
    assert "page 3 is past the last one" in text_of(client, "/operations?page=3", 400)
    assert client.get("/operations?brand=1").status_code == 400
    rows = list(csv.reader(io.StringIO(client.get("/operations.csv").text.lstrip("\ufeff"))))
    assert rows[0][:6] == ["Run", "Kind", "State", "Began", "Ended", "Seconds"] and len(rows) == 26
    assert rows[1][1:] == [
        "incremental", "success", "2026-03-25T03:00:00Z", "2026-03-25T03:06:40Z", "400", "25", "2", "2026-01",
        "2026-02", "2", "25", "vega", "1", "'=1+1",
    ]
    book = openpyxl.load_workbook(io.BytesIO(client.get("/operations.xlsx").data))
    assert [len(sheet["A"]) for sheet in book.worksheets if sheet.title.startswith("Refresh")] == [26]
    assert actions(store) == ["export", "export"]


def test_an_admin_plans_a_refresh_begins_it_and_sees_its_end(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    client = signed_in("admin")
    answer = post(client, "/operations/refresh", kind="incremental")
    assert answer.status_code == 303
    page = settled(client, answer.location)
    assert "What a refresh would do" in page and "2 months are built anew; how long it takes is not known" in page
    assert "Feb 2024" in page and "Begin" in page and store.live_generation() is None
    assert post(client, answer.location).location == answer.location
    page = settled(client, answer.location)
    assert "The refresh is over" in page and "Generation 1 is live: 2 months, 2 facts, verified to the cent" in page
    assert post(client, answer.location).location == answer.location and store.live_generation().generation == 1
    planned, built = (store.settings.database.path / "commands.log").read_text(encoding="utf-8").splitlines()
    # By whose request it was begun.
    assert re.search(r" \[[0-9a-f]{16}\] \S+ refresh-summaries --plan --json --wait 0 \d+ ms$", planned)
    assert re.search(r" \[[0-9a-f]{16}\] \S+ refresh-summaries --json --wait 0 \d+ ms generation 1$", built)
    assert "planned" not in text_of(client, "/imports")
    assert client.get(answer.location.replace("/operations/refresh/", "/imports/tasks/")).status_code == 404
    assert post(client, f"{answer.location}/discard").location == "/operations"
    assert client.get(answer.location).status_code == 404
    again = post(client, "/operations/refresh", kind="full").location
    page = settled(client, again)
    assert "Everything is built anew" in page and "2 months are built anew; it should take about" in page
    assert post(client, "/operations/refresh", kind="wild").status_code == 400
    assert actions(store) == ["refresh confirmed", "summaries refreshed"]


@EMBEDDED
def test_exactly_the_process_that_runs_is_stopped(store, signed_in):
    client, lock, log = signed_in("admin"), schema.work_lock, schema.refresh_log
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        add_run(
            store, started_at=utc_now(), run_id="r1", status="running", host=socket.gethostname(), pid=process.pid,
        )
        holder = {
            "name": "lego", "purpose": "a refresh", "host": socket.gethostname(), "pid": process.pid,
            "process_start": "1", "started_at": utc_now(), "connections": "",
        }
        with store.application.begin() as connection:
            connection.execute(sa.insert(lock).values(holder))
        # Its number was given to another process.
        assert client.get("/operations/progress").json["state"] == "quiet"
        assert "is over" in text_of_flash(client, post(client, "/operations/stop", run="r1"))
        with store.application.begin() as connection:
            connection.execute(sa.update(lock).values(process_start=process_start(process.pid)))
        assert client.get("/operations/progress").json == {
            "state": "running", "run_id": "r1", "words": "Incremental refresh: planning", "seconds": 0,
        }
        assert "Stop" in text_of(client, "/operations")
        assert "is over" in text_of_flash(client, post(client, "/operations/stop", run="r0"))
        assert process.poll() is None
        assert "was told to stop" in text_of_flash(client, post(client, "/operations/stop", run="r1"))
        assert process.wait(10) == -signal.SIGTERM
        with store.application.begin() as connection:
            for table in (lock, log):
                connection.execute(sa.update(table).values(host="elsewhere"))
        page = text_of_flash(client, post(client, "/operations/stop", run="r1"))
        assert f"It runs on elsewhere; end it there: kill {process.pid}" in page
    finally:
        process.kill()
        process.wait()
    assert actions(store) == ["refresh stopped"] and process.pid != os.getpid()


def text_of_flash(client: FlaskClient, answer) -> str:
    assert (answer.status_code, answer.location) == (303, "/operations")
    return text_of(client, "/operations")


@EMBEDDED
def test_what_the_doctor_found_is_shown_with_its_cure(store, signed_in):
    client, now = signed_in("analyst"), utc_now()
    whole = {"examined_at": now, "first_seen_at": now, "finding": "", "evidence": "", "advice": "", "is_fixable": False}
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.doctor_finding).values(
            whole | {"check_id": "", "subject": "", "severity": "none"}
        ))
    assert "Nothing is wrong." in text_of(client, "/operations")
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.doctor_finding).values(whole | {
            "check_id": "rollup-index", "subject": "financials", "severity": "serious", "finding": "It is missing",
            "evidence": "SHOW INDEX", "advice": "make it", "is_fixable": True,
        }))
    assert "serious It is missing financials: SHOW INDEX make it rollup-index, since" in text_of(client, "/operations")


def test_seconds_and_bytes_are_written_short():
    assert [seconds_words(found) for found in (None, 0.42, 12.4, 252, 3780)] == [
        "–", "0.4 s", "12 s", "4 min 12 s", "1 h 3 min"
    ]
    assert [bytes_words(found) for found in (None, 12, 2048, 7_876_608, 300 << 30)] == [
        "–", "12 bytes", "2.0 KiB", "7.5 MiB", "300 GiB"
    ]

"""/imports: files are looked at first, taken in at a word, and undone after a question; who may do so, and what
hostile files get."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from commands import who_runs_this
from database import schema
from database.engines.ports import Store
from database.people import users
from domain.people import Person
from flask_app import create_app
from jobs import background, tasks
from machine.locks import try_lock
from machine.processes import start_if_running
from tests.web.conftest import csrf_token, sign_in, text_of, with_web
from web.http import incoming
from web.imports import uploads

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
FIRST = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,10.50\nA1,Acme,Toys,US,CM1,2024-02,4.00\n"
SECOND = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,12.00\n"
FILES = Path(__file__).resolve().parents[2] / "files"
HOSTILE = "../../<img src=x>\u202e=cmd.csv"


def send(client: FlaskClient, *files: tuple[str, str | bytes], **form: str) -> TestResponse:
    """Sends files as the form does."""
    sent = [(io.BytesIO(text.encode() if isinstance(text, str) else text), name) for name, text in files]
    return client.post("/imports/upload", data={"csrf_token": csrf_token(client), "file": sent} | form)


def post(client: FlaskClient, address: str, **form: str) -> TestResponse:
    return client.post(address, data={"csrf_token": csrf_token(client)} | form)


def settled(client: FlaskClient, answer: TestResponse) -> str:
    """The address that a form led to, once what it began is over."""
    assert answer.status_code == 303, answer.text
    address, deadline = answer.location, time.monotonic() + 90
    while client.get(f"{address}/progress").json["state"] in ("checking", "taking"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return address


def facts(store: Store) -> list[tuple]:
    """ASIN, metric, month and value of everything that is in."""
    fact, asin = schema.financials, schema.asin
    query = sa.select(asin.c.asin, fact.c.metric, fact.c.month, fact.c.value).join_from(
        fact, asin, asin.c.id == fact.c.asin_id
    ).order_by(asin.c.asin, fact.c.metric, fact.c.month)
    with store.facts() as connection:
        return [(row.asin, row.metric, f"{row.month:%Y-%m}", str(row.value)) for row in connection.execute(query)]


def log_rows(store: Store) -> list[tuple]:
    log = schema.import_log
    with store.application_reading.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(
            log.c.import_id, log.c.file_name, log.c.status, log.c.user_name, log.c.undone_by
        ).order_by(log.c.id))]


def audit(store: Store) -> list[tuple[str, str]]:
    log = schema.audit_log
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(log.c.user_name, log.c.action).where(
            sa.or_(*(log.c.action.like(f"{word}%") for word in ("import", "undo", "refresh", "export")))
        ).order_by(log.c.id))
        return [tuple(row) for row in rows]


def kept(store: Store) -> list[Path]:
    """Files that were sent and still lie there."""
    return sorted((store.settings.database.path / "imports").glob("*/*.csv"))


def test_a_file_is_reported_taken_in_refreshed_and_taken_back(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    client, before = signed_in("analyst"), facts(store)
    address = settled(client, send(client, ("correction.csv", SECOND)))
    page = text_of(client, address)
    assert "Review before importing" in page and "Nothing is changed yet." in page
    assert "Rows read 1 Facts imported 1 Facts replaced 1 Months Jan 2024 New products 0 New brands 0" in page
    assert "Net revenue $10.50 $12.00 +$1.50 1" in page
    assert (facts(store), len(log_rows(store)), store.live_generation()) == (before, 1, None)

    assert settled(client, post(client, address, refresh="1")) == address
    page = text_of(client, address)
    assert "Imported" in page and "Import 2" in page and "The pages show it now (generation 1)." in page
    assert before == [("A1", "CM1", "2024-02", "4.00"), ("A1", "Net revenue", "2024-01", "10.50")]
    assert facts(store) == [before[0], ("A1", "Net revenue", "2024-01", "12.00")]
    assert log_rows(store)[1] == (2, "correction.csv", "done", "analyst", None)
    assert "waiting" not in text_of(client, "/imports")
    assert "correction.csv" in text_of(client, "/imports/2")
    assert kept(store) == []

    question = text_of(client, "/imports/2/undo")
    assert "Undo import 2?" in question and "the 1 that it had replaced return" in question
    assert len(facts(store)) == 2
    page = text_of(client, settled(client, post(client, "/imports/2/undo")))
    assert "Import 2 is undone" in page and "The figures follow with the next refresh." in page
    assert "correction.csv: 1 fact gone (Jan 2024). 1 fact that it had replaced returned." in page
    assert facts(store) == before
    assert log_rows(store)[1] == (2, "correction.csv", "undone", "analyst", "analyst")
    for waiting in ("/imports", "/dashboard?period=2024"):
        assert "An import is waiting: the figures follow" in text_of(client, waiting)
    assert audit(store) == [
        ("analyst", "import uploaded"), ("analyst", "import confirmed"), ("analyst", "undo confirmed"),
        (who_runs_this(), "import undone"),
    ]


REFUSED = {
    "cut.xlsx": (
        (FILES / "cases" / "F09.xlsx").read_bytes(),
        "is a damaged workbook (its end is missing, as of a file that was cut off on its way); save or send it once "
        "more",
    ),
    "packed.csv": (gzip.compress(b"x", mtime=0), "is compressed with gzip; unpack it first: gunzip"),
    "wide.csv": (FIRST.encode("utf-32"), "is UTF-32; save it as UTF-8"),
    "nul.csv": (FIRST.encode() + b"A2,Ac\0me,Toys,US,CM1,2024-01,1\n", "line 4: a NUL byte"),
    "cells.csv": (
        (FIRST + "A2,,Toys,US,CM1,2024-01,x\nA3,,Toys,US,CM1,soon,1\n").encode(),
        "2 faults; nothing was imported line 4, column value: 'x' is not a number "
        "line 5, column month: 'soon' is not a month; write it like 2024-03",
    ),
}


@EMBEDDED
def test_each_file_stands_alone_each_refusal_says_why_and_two_words_take_in_once(store, signed_in):
    client = signed_in("analyst")
    sent = [(name, content) for name, (content, _) in REFUSED.items()]
    workbook = ("book.xls", (FILES / "workbook.xls").read_bytes())
    address = settled(client, send(client, *sent, (HOSTILE, FIRST), workbook, round="1", allow_currency="eur, INR"))
    page = text_of(client, address)
    for name, (_, words) in REFUSED.items():
        assert f"{name} not imported {words}" in page
    assert str(store.settings.database.path) not in page
    # Whatever a file is called, it lies under a number; on the page its name is words.
    assert {path.name for path in kept(store)} == {f"{number}.csv" for number in range(1, len(REFUSED) + 3)}
    assert {path.stat().st_mode & 0o777 for path in kept(store)} == {0o600}
    assert {path.parent.stat().st_mode & 0o777 for path in kept(store)} == {0o700}
    html = client.get(address).text
    assert "<img src=x" not in html and "&lt;img src=x&gt;\\u202e=cmd.csv" in html
    # Two words at once take it in once.
    first, second = post(client, address), post(client, address)
    assert (first.location, settled(client, second)) == (address, address)
    assert "Imported" in text_of(client, address)
    assert [row[1:4] for row in log_rows(store)] == [
        ("<img src=x>\\u202e=cmd.csv", "done", "analyst"), ("book.xls", "done", "analyst"),
    ]
    assert len(list((store.settings.database.path / "imports").glob("*/take-*"))) == 1
    assert [action for _, action in audit(store)] == ["import uploaded", "import confirmed"]
    # Later words, and a look again, begin nothing: it is in.
    for action in ("", "/again"):
        assert post(client, address + action).status_code == 303
    assert client.get(f"{address}/progress").json["state"] == "over"
    assert post(client, f"{address}/discard").location == "/imports"
    assert client.get(address).status_code == 404
    assert len(log_rows(store)) == 2


@EMBEDDED
def test_while_something_else_holds_the_lock_nothing_happens_and_it_can_be_tried_again(store, signed_in, monkeypatch):
    client = signed_in("analyst")
    with store.lock("refresh 7"):
        answer = send(client, ("january.csv", FIRST))
        deadline = time.monotonic() + 60
        while "Waiting: refresh 7 is running since" not in client.get(f"{answer.location}/progress").json["words"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert "Stop" in text_of(client, answer.location)
        assert post(client, f"{answer.location}/discard").location == answer.location
        assert "It is still at work; stop it first." in text_of(client, answer.location)
        post(client, f"{answer.location}/stop")
        address = settled(client, answer)
        assert "It was stopped; nothing was changed." in text_of(client, address)
        monkeypatch.setattr(background, "WAIT", 0)
        page = text_of(client, settled(client, post(client, f"{address}/again")))
        assert "An import or a refresh is running; nothing was changed. Try again in a minute." in page
    settled(client, post(client, f"{address}/again"))
    assert "Review before importing" in text_of(client, address)
    assert (facts(store), log_rows(store)) == ([], [])


@EMBEDDED
def test_only_so_much_work_is_done_at_a_time(store, signed_in):
    client = signed_in("analyst")
    folder = tasks.uploads_folder(store.settings)
    held = [try_lock(folder / f"slot-{number}") for number in range(background.AT_ONCE)]
    answer = send(client, ("january.csv", FIRST))
    assert client.get(f"{answer.location}/progress").json["words"] == "Waiting until others are done"
    assert "at work" in text_of(client, "/imports")
    while not list(folder.glob("*/check-1/state.json")):
        assert client.get(f"{answer.location}/progress").json["state"] == "checking"
    post(client, f"{answer.location}/stop")
    assert "It was not its turn." in text_of(client, settled(client, answer))
    assert "needs review" in text_of(client, "/imports")
    for handle in held:
        os.close(handle)


@EMBEDDED
def test_work_whose_supervisor_is_killed_ends_too_and_says_so(store, signed_in, real_commands):
    client = signed_in("analyst")
    with store.lock("a test"):
        answer = send(client, ("january.csv", FIRST))
        state = store.settings.database.path / "imports" / answer.location.rpartition("/")[2] / "check-1" / "state.json"
        while not (state.exists() and json.loads(state.read_text())["steps"]):
            assert client.get(f"{answer.location}/progress").json["state"] == "checking"
        found = json.loads(state.read_text())
        os.kill(found["pid"], signal.SIGKILL)
        address = settled(client, answer)
        # The command would wait for the lock; it is told to end with whoever watches it.
        deadline = time.monotonic() + 60
        while start_if_running(found["steps"][0]["pid"]):
            assert time.monotonic() < deadline
    page = text_of(client, address)
    assert "The work ended without a word" in page and "Look again" in page and "Import and refresh" not in page


@EMBEDDED
@pytest.mark.parametrize(("limit", "value", "said"), [
    ("SECONDS", -background.WAIT + 0.3, "It took longer than 0.3 seconds and was stopped; nothing was changed."),
    ("SPARE_MEMORY", -472, "It needed more than 40 MiB of memory and was stopped; nothing was changed."),
])
def test_a_file_that_needs_too_much_is_stopped_and_the_web_goes_on(
    signed_in, real_commands, monkeypatch, limit, value, said
):
    monkeypatch.setattr(background, limit, value)
    client = signed_in("analyst")
    address = settled(client, send(client, ("january.csv", FIRST)))
    page = text_of(client, address)
    assert said in page and "Look again" in page and "Import and refresh" not in page
    assert client.get("/healthz").status_code == 200


@EMBEDDED
def test_what_is_too_large_gets_413_before_it_is_read(store, add_person):
    add_person("analyst", "analyst")
    app = create_app(with_web(store.settings, upload_mib=1))
    client = app.test_client()
    assert sign_in(client, "analyst").status_code == 303

    class Body(io.BytesIO):
        def readinto(self, buffer: object) -> int:
            raise AssertionError("the body was read")

        read = readline = read1 = readinto

    answer = client.post(
        "/imports/upload", input_stream=Body(b"x" * (2 << 20)), content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 413
    assert "What was sent is larger than 1 MiB. Nothing was kept." in answer.text
    assert not (store.settings.database.path / "imports").exists()
    app.extensions["lego_store"].close()


@EMBEDDED
def test_what_the_form_cannot_mean_is_refused_and_nothing_is_kept(store, signed_in, monkeypatch):
    client = signed_in("analyst")
    for form, said in (
        ({"source": "x" * 101}, "The source is longer than 100 characters."),
        ({"brand": "a\u202eb"}, "The brand holds a character that cannot be typed."),
        ({"allow_currency": "EURO"}, "Currencies are codes of three letters, like EUR"),
    ):
        answer = send(client, ("january.csv", FIRST), **form)
        assert (answer.status_code, answer.location) == (303, "/imports")
        assert said in text_of(client, "/imports")
    assert send(client, ("", b"")).location == "/imports"
    assert "Choose a file first." in text_of(client, "/imports")
    for form in (
        {"format": "excel"}, {"mode": "--dry-run"}, {"decimal": "x"}, {"encoding": "base64"}, {"date_order": "ymd"},
    ):
        assert send(client, ("january.csv", FIRST), **form).status_code == 400
    many = [(f"{number}.csv", FIRST) for number in range(incoming.MOST_FILES + 1)]
    assert f"At most {incoming.MOST_FILES} files at a time." in send(client, *many).text
    monkeypatch.setattr(uploads, "MOST_JOBS", 0)
    assert send(client, ("january.csv", FIRST)).location == "/imports"
    assert "Too many files are being worked on." in text_of(client, "/imports")
    monkeypatch.setattr(incoming, "SPARE_ROOM", 1 << 60)
    assert send(client, ("january.csv", FIRST)).status_code == 413
    assert list((store.settings.database.path / "imports").glob("*.part")) == []
    assert list((store.settings.database.path / "imports").glob("*/")) == []


@EMBEDDED
def test_without_the_token_of_the_page_nothing_is_kept_or_changed(store, signed_in, add_import):
    add_import(FIRST, "january.csv")
    client = signed_in("admin")
    file = (io.BytesIO(FIRST.encode()), "january.csv")
    assert client.post("/imports/upload", data={"file": file}).status_code == 400
    for address in ("/imports/1/undo", "/imports/refresh", f"/imports/tasks/{'0' * 32}"):
        assert client.post(address).status_code == 400
    assert list((store.settings.database.path / "imports").glob("*/")) == []
    assert list((store.settings.database.path / "imports").glob("*.part")) == []
    assert log_rows(store)[0][2] == "done"


@EMBEDDED
def test_while_others_send_a_sender_is_asked_to_wait(store, signed_in):
    client = signed_in("analyst")
    folder = tasks.uploads_folder(store.settings)
    held = [try_lock(folder / f"arriving-{number}") for number in range(incoming.AT_ONCE)]
    answer = send(client, ("january.csv", FIRST))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    for handle in held:
        os.close(handle)
    assert send(client, ("", b"")).status_code == 303


@EMBEDDED
def test_what_died_or_is_too_old_is_swept_and_nobody_keeps_many(store, signed_in):
    client = signed_in("analyst")
    folder = tasks.uploads_folder(store.settings)
    old = time.time() - tasks.KEPT_HOURS * 3600 - 1
    (folder / f"{'a' * 32}.part").write_bytes(b"x")
    (folder / ("b" * 32)).mkdir()
    for path in (folder / f"{'a' * 32}.part", folder / ("b" * 32)):
        os.utime(path, (old, old))
    analyst = people_id(store, "analyst")
    for number in range(7):
        token = f"{number:032x}"
        (folder / token).mkdir()
        task = tasks.Task(token, "upload", analyst, old if number == 6 else time.time() + number)
        tasks.keep(store.settings, task)
    post(client, "/imports/refresh")
    assert (folder / f"{'a' * 32}.part").exists()
    assert send(client, ("", b"")).status_code == 303
    assert not (folder / f"{'a' * 32}.part").exists()
    tasks.sweep(store.settings, Person(analyst, "analyst", "analyst"))
    assert sorted(path.name for path in folder.glob("*/")) == [f"{number:032x}" for number in (2, 3, 4, 5)]


@EMBEDDED
def test_what_somebody_sent_is_theirs_alone(store, signed_in):
    folder, client = tasks.uploads_folder(store.settings), signed_in("admin")
    signed_in("analyst")
    token = "c" * 32
    (folder / token).mkdir()
    tasks.keep(store.settings, tasks.Task(token, "upload", people_id(store, "analyst"), time.time()))
    address = f"/imports/tasks/{token}"
    assert [client.get(path).status_code for path in (address, f"{address}/progress")] == [404, 404]
    for action in ("", "/again", "/stop", "/discard"):
        assert post(client, address + action).status_code == 404
    assert signed_in("analyst").get(address).status_code == 200


def people_id(store: Store, name: str) -> int:
    with store.application_reading.connect() as connection:
        return users.find_user(connection, name).id

"""/imports: files are looked at first, taken in at a word, and taken back after a question; who may do so, and what
hostile files get."""

from __future__ import annotations

import dataclasses
import gzip
import io
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from database import schema
from database.engines.base import Store
from flask_app import create_app
from tests.web.conftest import csrf_token, sign_in, text_of, with_web
from web import background, import_tasks, incoming
from web.job_supervisor import try_lock

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
FIRST = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,10.50\nA1,Acme,Toys,US,CM1,2024-02,4.00\n"
SECOND = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,12.00\n"
HOSTILE = '../../<script>alert(1)</script>\u202e=cmd"; rm -rf.csv'


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
            log.c.action.like("import%") | log.c.action.like("refresh%") | (log.c.action == "export")
        ).order_by(log.c.id))
        return [tuple(row) for row in rows]


def kept(store: Store) -> list[Path]:
    """Files that were sent and still lie there."""
    return sorted((store.settings.database.path / "imports").glob("*/*.csv"))


def test_a_file_is_reported_taken_in_refreshed_and_taken_back(store, signed_in):
    client = signed_in("analyst")
    address = settled(client, send(client, ("january.csv", FIRST), ("bad.csv", HEADINGS)))
    page = text_of(client, address)
    assert "Check what would be taken in" in page and "Nothing is changed yet." in page
    assert "Facts taken 2" in page and "Jan to Feb 2024" in page
    assert "Net revenue 1 $10.50" in page and "CM1 1 $4.00" in page
    assert "bad.csv: gives no fact: every value cell is blank, or there is no row" in page
    assert (facts(store), log_rows(store), store.live_generation()) == ([], [], None)

    assert settled(client, post(client, address, refresh="1")) == address
    page = text_of(client, address)
    assert "Taken in" in page and "Import 1" in page and "The figures follow: generation 1 is live." in page
    assert facts(store) == [("A1", "CM1", "2024-02", "4.00"), ("A1", "Net revenue", "2024-01", "10.50")]
    assert log_rows(store) == [(1, "january.csv", "done", "analyst", None)]
    assert "january.csv" in text_of(client, "/imports/1")

    address = settled(client, send(client, ("correction.csv", SECOND)))
    page = text_of(client, address)
    assert "Facts replaced 1" in page and "Net revenue 1 $12.00 1 $10.50" in page
    settled(client, post(client, address))
    assert "The figures follow with the next refresh." in text_of(client, address)
    assert "An import is waiting: the figures follow" in text_of(client, "/imports")
    assert "An import is waiting: the figures follow" in text_of(client, "/dashboard?period=2024")

    question = text_of(client, "/imports/2/undo")
    assert "Take import 2 back?" in question and "the 1 that it had replaced return" in question
    assert facts(store)[1] == ("A1", "Net revenue", "2024-01", "12.00")
    page = text_of(client, settled(client, post(client, "/imports/2/undo")))
    assert "Import 2 is taken back" in page
    assert "correction.csv: 1 fact gone (Jan 2024). 1 fact that it had replaced returned." in page
    assert facts(store)[1] == ("A1", "Net revenue", "2024-01", "10.50")
    assert log_rows(store)[1] == (2, "correction.csv", "undone", "analyst", "analyst")
    assert "waiting" not in text_of(client, "/imports")
    assert client.get("/imports/2/undo").status_code == 303
    assert audit(store) == [("analyst", f"import {word}") for word in (
        "uploaded", "confirmed", "uploaded", "confirmed", "undone"
    )]
    assert kept(store)[0].parent.name not in address

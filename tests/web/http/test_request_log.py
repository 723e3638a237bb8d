"""One line per request, and no secret in any."""

import dataclasses
import json
import re

import pytest

from database.summaries.refresh import refresh
from flask_app import create_app
from settings import LogSettings
from tests.facts import add_facts, add_products
from tests.web.conftest import PASSWORD, csrf_token, sign_in

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)


def test_a_request_is_one_line_with_id_user_status_and_time(signed_in, caplog):
    client = signed_in("viewer")
    caplog.clear()
    answer = client.get("/dashboard?period=3m")
    [line] = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert re.fullmatch(r"127\.0\.0\.1 viewer GET /dashboard\?period=3m 503 \d+\.\d ms", line)
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"])


def test_a_line_cannot_be_made_to_look_like_two(small_app, caplog):
    small_app.test_client().get("/a%0d%0a127.0.0.1 admin GET /users 200?x=%00%e2%80%ae")
    [line] = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert line.isprintable()
    assert "\\x0d\\x0a" in line


def test_no_password_token_or_key_is_in_the_log(app, signed_in, capfd, caplog):
    client = signed_in("viewer")
    with client.session_transaction() as session:
        token = session["token"]
    form_token = csrf_token(client)
    sign_in(app.test_client(), "viewer", "a wrong password, mistyped")
    client.post("/logout", data={"csrf_token": form_token})
    log = caplog.text + capfd.readouterr().err
    assert "POST /login 303" in log
    settings = app.extensions["lego_store"].settings
    for secret in (PASSWORD, "mistyped", token, form_token, app.secret_key, settings.database.password, "argon2"):
        assert not secret or secret not in log


@EMBEDDED
def test_a_request_for_figures_names_their_generation(store, signed_in, caplog):
    add_products(store, ("A1", None, None))
    add_facts(store, [("A1", "US", "Net revenue", "2024-01", "10.00")])
    refresh(store)
    client = signed_in("viewer")
    caplog.clear()
    client.get("/dashboard.csv?period=all&colour=blue")
    client.get("/dashboard.csv?period=2024")
    lines = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert [re.sub(r"\d+\.\d ms", "x ms", line) for line in lines] == [
        "127.0.0.1 viewer GET /dashboard.csv?period=all&colour=… 400 x ms generation 1",
        "127.0.0.1 viewer GET /dashboard.csv?period=2024 200 x ms generation 1",
    ]


def test_values_that_no_page_asked_for_are_not_written_down(small_app, caplog):
    client = small_app.test_client()
    client.get("/welcome/one-time-secret?period=12m&token=one-time-secret&p%61ssword=one-time-secret&one-time-secret")
    [line] = [record.getMessage() for record in caplog.records if record.name == "lego.web"]
    assert " GET /welcome/…?period=12m&token=…&p%61ssword=…&… " in line


def test_ids_are_the_programs_own(small_app):
    answer = small_app.test_client().get("/healthz", headers={"X-Request-ID": "f" * 16})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-Id"]) and answer.headers["X-Request-Id"] != "f" * 16


def test_lines_may_be_json_and_be_left_out_while_all_is_well(small_app, capfd):
    settings = small_app.extensions["lego_store"].settings
    for level, count in (("info", 2), ("warning", 1)):
        app = create_app(dataclasses.replace(settings, log=LogSettings("json", level)))
        capfd.readouterr()
        app.test_client().get("/healthz")
        app.logger.warning("two\nlines")
        lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
        app.extensions["lego_store"].close()
        assert len(lines) == count
        assert lines[-1]["message"] == "two\nlines" and lines[-1]["level"] == "WARNING"
        if count == 2:
            assert set(lines[0]) == {
                "time", "level", "request_id", "event", "address", "user", "method", "path", "status", "milliseconds",
                "generation",
            }
            assert (lines[0]["event"], lines[0]["path"], lines[0]["status"]) == ("request", "/healthz", 200)

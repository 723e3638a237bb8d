"""What a reader sees when something is wrong."""

import dataclasses
import re

import pytest
import sqlalchemy as sa
from flask import abort

from domain import errors
from flask_app import create_app
from tests.conftest import embedded_settings
from tests.ports import free_port
from tests.web.conftest import csrf_token
from web.http.access import open_to_everybody


def failing_client(app, raise_it, path="/fails"):
    app.add_url_rule(path, endpoint="fails", view_func=open_to_everybody(raise_it))
    return app.test_client()


def raising(error):
    def fails():
        raise error

    return fails


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (errors.NeverRefreshed("secret"), 503, "flask refresh-summaries"),
        (errors.SchemaError("secret"), 503, "flask init-db"),
        (errors.DatabaseUnreachable("secret"), 503, "The database does not answer"),
        (errors.LockBusy("secret"), 503, "One moment"),
        (errors.OutOfSpace("secret"), 503, "One moment"),
        (errors.SetupError("secret"), 503, "One moment"),
        (errors.GenerationGone("secret"), 410, "no longer kept"),
        (errors.Refused("period=4m is none of 3m, 6m"), 400, "period=4m is none of 3m, 6m"),
        (errors.SwapFailed("secret"), 500, "Something broke"),
        (RuntimeError("secret"), 500, "Something broke"),
        (sa.exc.OperationalError("SELECT secret", {}, Exception("secret")), 503, "The database does not answer"),
        (sa.exc.TimeoutError("secret"), 503, "The database does not answer"),
        (sa.exc.ProgrammingError("SELECT secret", {}, Exception("secret")), 500, "Something broke"),
    ],
)
def test_an_error_shows_words_and_the_id_and_nothing_of_itself(small_app, caplog, error, status, words):
    answer = failing_client(small_app, raising(error)).get("/fails")
    assert answer.status_code == status
    assert words in answer.text
    assert f"<code>{answer.headers['X-Request-Id']}</code>" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert ("Retry-After" in answer.headers) is (status == 503)
    assert "secret" in caplog.text or status == 400


def test_the_log_has_the_traceback_under_the_id_on_the_page(capfd, small_app):
    answer = failing_client(small_app, raising(RuntimeError("the rest"))).get("/fails")
    log = capfd.readouterr().err
    assert f"ERROR [{answer.headers['X-Request-Id']}]" in log
    assert "RuntimeError: the rest" in log


def test_below_api_an_error_is_json(small_app):
    client = failing_client(small_app, raising(errors.NeverRefreshed("secret")), "/api/v1/fails")
    answer = client.get("/api/v1/fails")
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.json == {
        "title": "No figures yet",
        "status": 503,
        "detail": "The summary tables have not been built. On the server, run: flask refresh-summaries",
        "error": "The summary tables have not been built. On the server, run: flask refresh-summaries",
        "request_id": answer.headers["X-Request-Id"],
    }
    assert client.get("/api/v1/nowhere").json["status"] == 404


def test_a_description_of_our_own_is_shown_and_escaped(small_app):
    def fails():
        abort(400, "sort=<b> is none of value, name")

    assert "sort=&lt;b&gt; is none of value, name" in failing_client(small_app, fails).get("/fails").text


def test_a_wrong_method_names_the_right_ones(small_app):
    answer = small_app.test_client().put("/logout")
    assert answer.status_code == 405
    assert set(re.split(", *", answer.headers["Allow"])) == {"POST", "OPTIONS"}


def test_a_form_of_two_megabytes_is_too_large(small_app):
    client = small_app.test_client()
    client.get("/login")
    answer = client.post("/login", data={"name": "x" * 2_000_000, "csrf_token": csrf_token(client)})
    assert answer.status_code == 413
    assert "Too large" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/%00", "/login/", "/\u00e9", "/" + "a" * 4000, "/static/", "/static/css", "/static/%00",
     "/static/../settings.py", "/static/%2e%2e/config.ini"],
)
def test_an_address_that_leads_nowhere_is_404(small_app, path):
    assert small_app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("settings_of", ["no tables", "no server"])
def test_without_a_database_the_app_starts_and_says_so(tmp_path, settings_of):
    settings = embedded_settings(tmp_path)
    if settings_of == "no server":
        database = dataclasses.replace(settings.database, engine="mysql", host="127.0.0.1", port=free_port())
        settings = dataclasses.replace(settings, database=database)
    app = create_app(settings)
    answer = app.test_client().get("/login")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    expected = {"no tables": "flask init-db", "no server": "The database does not answer"}[settings_of]
    assert expected in answer.text
    assert app.test_client().get("/healthz").text == "ok\n"
    app.extensions["lego_store"].close()

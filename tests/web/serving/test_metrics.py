"""/metrics: who may read it, what it counts, and that alerts and the Grafana dashboard use names that it really has."""

from __future__ import annotations

import datetime
import json
import os
import re
import signal
import time
from decimal import Decimal

import pytest
import sqlalchemy as sa
import yaml
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from database import schema
from database.doctor.examination import examine
from database.engines.ports import Store
from database.summaries.refresh import refresh
from domain.errors import SettingsError
from domain.moments import utc_now
from flask_app import create_app
from settings import ROOT, load_settings
from tests.web.conftest import with_web
from tests.web.serving.test_gunicorn import Server, prepared
from web.serving import metrics

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
TOKEN = "t" * 40
JANUARY = datetime.date(2024, 1, 1)
STRANGER = {"REMOTE_ADDR": "203.0.113.9"}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def samples(text: str) -> dict[tuple, float]:
    """(name, label values …) -> value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }


def names(text: str) -> set[str]:
    return {name for name, *_ in samples(text)}


def fill(store: Store) -> None:
    """Two facts, one of a brand that is left out."""
    store.facts_room.prepare_months([JANUARY])
    with store.facts() as connection:
        connection.execute(sa.insert(schema.brand), [
            {"id": 1, "brand": "Acme", "group": "own"}, {"id": 2, "brand": "Box", "group": "stock"},
        ])
        connection.execute(sa.insert(schema.asin), [{"id": n, "asin": f"A{n}", "brand_id": n} for n in (1, 2)])
        connection.execute(sa.insert(schema.financials), [
            {"id": n, "asin_id": n, "marketplace": "US", "metric": "Net revenue", "month": JANUARY, "value": Decimal(5)}
            for n in (1, 2)
        ])
        connection.commit()


def status(client: FlaskClient, address: str = "127.0.0.1", **headers: str) -> int:
    return client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address}).status_code


def client_with(settings, **web) -> FlaskClient:
    return create_app(with_web(settings, **web)).test_client()


@EMBEDDED
def test_it_is_for_this_machine_and_whoever_has_the_token(store):
    client = client_with(store.settings)
    assert [status(client, address) for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "203.0.113.9", "")] == [
        200, 200, 200, 401, 401
    ]
    # There is no token that an empty one could be equal to.
    assert status(client, "203.0.113.9", Authorization="Bearer ") == 401
    client = client_with(store.settings, metrics_token=TOKEN)
    given = [f"{scheme} {TOKEN}" for scheme in ("Bearer", "bearer", "Basic")]
    given += [f"Bearer {TOKEN}x", "Bearer", "Bearer \u00e4"]
    assert [status(client, "203.0.113.9", Authorization=text) for text in given] == [200, 200, 401, 401, 401, 401]
    answer = client.get("/metrics", environ_base=STRANGER)
    assert answer.headers["WWW-Authenticate"].lower() == "bearer" and "lego_" not in answer.text


@EMBEDDED
def test_behind_proxies_it_is_the_readers_own_address_that_counts(store):
    """(trusted proxies, what a request that comes from this machine's proxy tells) -> status."""
    expected = {
        (0, ""): 200, (0, "203.0.113.9"): 401, (0, "127.0.0.1"): 401,
        (1, ""): 200, (1, "203.0.113.9"): 401, (1, "127.0.0.1, 203.0.113.9"): 401, (1, "127.0.0.1"): 200,
        (2, "203.0.113.9"): 401, (2, "127.0.0.1"): 401, (2, "203.0.113.9, 10.0.0.1"): 401,
    }
    found = {}
    for proxies, told in expected:
        client = client_with(store.settings, trusted_proxies=proxies)
        found[proxies, told] = status(client, **({"X-Forwarded-For": told} if told else {}))
    assert found == expected
    for name in ("X-Real-IP", "Forwarded", "Via", "X-Forwarded-Proto"):
        assert status(client_with(store.settings), **{name: "x"}) == 401


def test_a_short_token_is_refused(tmp_path):
    (tmp_path / "config.ini").write_text("[web]\nmetrics_token = short\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\[web\] metrics_token: shorter than 32 bytes; make one with"):
        load_settings(tmp_path / "config.ini", {})


@pytest.mark.parametrize("engine", ["embedded", "mysql"], indirect=True)
def test_pages_statements_cache_and_runs_are_told(store, app, signed_in):
    fill(store)
    yesterday = utc_now() - datetime.timedelta(days=1)
    with store.application.begin() as connection:
        connection.execute(sa.insert(schema.refresh_log).values(
            run_id="yesterday's", stage="", refresh_type="incremental", started_at=yesterday, ended_at=yesterday,
            status="success",
        ))
        connection.execute(sa.insert(schema.node_state), [
            {"name": name, "looked_at": yesterday, "months": 18, "row_count": rows, "bytes": rows, "milliseconds": 2.5,
             "lost_tables": 0, "open_transactions": 1, "trouble": trouble}
            for name, rows, trouble in (("10.0.0.11:3306", 34_000_000, ""), ("10.0.0.12:3306", None, "timed out"))
        ])
    refresh(store)
    examine(store)
    client = signed_in("viewer")
    for _ in range(3):
        assert client.get("/dashboard").status_code == 200
    assert client.get("/products/nothing-of-this-name").status_code == 404
    assert client.get("/nowhere/12345").status_code == 404
    text = client.get("/metrics").text
    found = samples(text)
    assert found["lego_page_seconds_count", "dashboard.show"] == 3
    assert (found["lego_answers_total", "dashboard.show", "2xx"], found["lego_answers_total", "none", "4xx"]) == (3, 1)
    assert (found["lego_cache_answers_total", "miss"], found["lego_cache_answers_total", "hit"]) == (1, 2)
    assert found["lego_statement_seconds_count", "dashboard.show"] > 5
    assert found["lego_pool_in_use",] >= 0 and found["lego_pool_limit",] > 0
    assert (found["lego_generation",], found["lego_database_up",], found["lego_refresh_failed",]) == (1, 1, 0)
    assert found["lego_facts",] == store.live_generation().facts
    assert found["lego_left_out_facts", "excluded group"] == store.live_generation().left_out_facts
    assert 0 <= found["lego_data_age_seconds",] < 600 and found["lego_stored_bytes", "summaries"] > 0
    assert found["lego_refresh_last_rows_read", "full"] == store.live_generation().facts
    assert found["lego_refresh_last_seconds", "full"] == found["lego_refresh_median_seconds", "full"] > 0
    assert 86_000 < found["lego_refresh_expected_timestamp_seconds",] - time.time() < 87_000
    assert time.time() - found["lego_doctor_examined_timestamp_seconds",] < 600
    assert found["lego_doctor_findings", "brands-without-category", "hint"] == 1
    assert (found["lego_imports_refused",], found["lego_restated_months",]) == (0, 0)
    assert found["lego_notices_undelivered",] == 0
    assert (found["lego_node_up", "10.0.0.11:3306"], found["lego_node_up", "10.0.0.12:3306"]) == (1, 0)
    assert (found["lego_node_facts", "10.0.0.11:3306"], found["lego_node_months", "10.0.0.12:3306"]) == (34_000_000, 18)
    assert found["lego_node_open_transactions", "10.0.0.11:3306"] == 1
    assert found["lego_node_answer_seconds", "10.0.0.11:3306"] == 0.0025
    assert ("lego_node_facts", "10.0.0.12:3306") not in found
    assert "12345" not in text and "nothing-of" not in text
    with app.test_request_context():
        times = {found.page: found for found in metrics.page_times()}
    assert times["dashboard.show"].count == 3 and times["dashboard.show"].median <= times["dashboard.show"].slowest
    assert_ops_files_use(text, names(text))
    with store.application.begin() as connection:
        connection.execute(sa.update(schema.refresh_log).values(status="failed"))
    assert samples(client.get("/metrics").text)["lego_refresh_failed",] == 1


def assert_ops_files_use(text: str, exported: set[str]) -> None:
    """Every name in the alerts and on the Grafana dashboard is one of the answer's, with labels it has."""
    alerts = yaml.safe_load((ROOT / "ops/prometheus/alerts.yml").read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert {rule["alert"] for rule in rules} >= {
        "LegoRefreshFailed", "LegoDataOld", "LegoRefreshSlow", "LegoPageSlow", "LegoCacheMisses", "LegoDiskLow",
    }
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["expr"].count("(") == rule["expr"].count(")") and rule["annotations"]["description"]
    board = json.loads((ROOT / "ops/grafana/dashboard.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for rule in rules]
    used = {name for expression in expressions for name in re.findall(r"\blego_\w+", expression)}
    assert len(used) > 15 and used - exported == set()
    labels = {label for expression in expressions for label in re.findall(r"(\w+)(?:!~|=~|!=|=)\"", expression)}
    labels |= {label for part in re.findall(r"by \(([^)]*)\)", " ".join(expressions)) for label in part.split(", ")}
    assert labels - {"job"} - set(re.findall(r"(\w+)=\"", text)) == set()


@EMBEDDED
def test_a_database_that_does_not_answer_takes_no_other_metric_away(store):
    client = client_with(store.settings)
    assert client.get("/healthz").status_code == 200
    (store.settings.database.path / "application.sqlite").unlink()
    for path in store.settings.database.path.glob("application.sqlite-*"):
        path.unlink()
    found = samples(client.get("/metrics").text)
    assert found["lego_database_up",] == 0 and found["lego_page_seconds_count", "health.healthz"] == 1
    assert found["lego_disk_free_bytes",] > 0


def test_under_gunicorn_the_workers_counts_are_added_up_and_outlive_a_worker(tmp_path, empty_instance):
    server = Server(prepared(tmp_path, empty_instance), tmp_path / "log")
    folder = server.settings.database.path / "metrics" / str(server.process.pid)
    leftover = folder.parent / "999999999"
    try:
        server.wait_until(server.is_ready)
        before, asked, workers = counted(server), 0, set()
        while len(workers) < 2 or asked < 40:
            assert server.get("/healthz")[0] == 200
            asked += 1
            workers = {int(path.stem.rpartition("_")[2]) for path in folder.glob("histogram_*.db")}
            assert asked < 10_000, "one worker answers everything"
        assert [counted(server) for _ in range(6)] == [before + asked] * 6
        assert folder.stat().st_mode & 0o077 == 0
        gone = min(workers)
        os.kill(gone, signal.SIGKILL)
        server.wait_until(lambda: not list(folder.glob(f"gauge_live*_{gone}.db")))
        server.wait_until(server.is_ready)
        assert counted(server) == before + asked
        leftover.mkdir()
    finally:
        server.process.terminate()
        server.process.wait(40)
    assert not folder.exists()
    again = Server(server.settings, tmp_path / "log2")
    try:
        again.wait_until(again.is_ready)
        assert not leftover.exists() and counted(again) == 0
    finally:
        again.process.terminate()
        again.process.wait(40)


def counted(server: Server) -> float:
    """How often /healthz was asked, of whichever worker."""
    status_code, _, body = server.get("/metrics")
    assert status_code == 200
    return samples(body.decode()).get(("lego_page_seconds_count", "health.healthz"), 0)

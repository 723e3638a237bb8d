"""The web's user at the server needs no right on facts, dimensions or summaries: its pages are made from files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from database import schema
from database.engines.ports import Store
from database.summaries.refresh import refresh
from domain.people import ADMIN, Person
from flask_app import create_app
from settings import COLUMNAR, Settings
from tests.conftest import embedded_settings
from tests.database.summaries.conftest import fill
from tests.mariadb import MariadbServer
from tests.security.routes import VALUES, paths_of, routes_of
from web.http import sessions

PASSWORD = "the password of the web"


@pytest.fixture
def engine() -> str:
    return COLUMNAR


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def settings_of_web(store: Store, mariadb: MariadbServer) -> Iterator[Settings]:
    database = store.settings.database
    tables = [table.name for table in schema.tables_of(schema.APPLICATION)]
    mariadb.run(f"CREATE USER columns_web@'%' IDENTIFIED BY '{PASSWORD}'")
    for table in (*tables, "lego_schema_version"):
        mariadb.run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {database.database}.{table} TO columns_web@'%'")
    yield dataclasses.replace(
        store.settings, database=dataclasses.replace(database, user="columns_web", password=PASSWORD)
    )
    mariadb.run("DROP USER columns_web@'%'")


def test_every_page_is_made_without_a_right_on_facts_or_summaries(
    store: Store, settings_of_web: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(store)
    monkeypatch.setattr(sessions, "find_person", lambda: Person(1, "admin", ADMIN))
    values = VALUES | {"asin": ["B1"]}
    paths = [path for rule in routes_of(create_app(embedded_settings(tmp_path / "other"))) for path in
             paths_of(rule, values)]
    client = create_app(settings_of_web).test_client()
    found = {path: client.get(path).status_code for path in paths}
    assert {path: status for path, status in found.items() if status >= 500} == {}
    assert len([path for path, status in found.items() if status == 200]) > 30
    assert "23.53" in client.get("/dashboard?period=2024").text

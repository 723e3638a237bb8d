"""/healthz and /readyz: one bare word each."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import migrations
from database.engines import schema_versions
from database.engines.ports import Store
from database.summaries.refresh import refresh
from flask_app import create_app
from tests.conftest import embedded_settings, mysql_settings
from tests.databases import Templates
from tests.facts import add_facts, add_products
from tests.mariadb import MariadbServer
from tests.plain_user import as_plain_user
from tests.ports import free_port


def answer(client, path):
    response = client.get(path)
    return response.status_code, response.text, response.mimetype


def test_a_database_with_its_tables_is_ready_before_the_first_refresh(client):
    assert answer(client, "/readyz") == (200, "ready\n", "text/plain")
    assert answer(client, "/healthz") == (200, "ok\n", "text/plain")


def test_without_tables_it_is_not_ready_until_they_are_made(settings):
    app = create_app(settings)
    client = app.test_client()
    assert answer(client, "/readyz") == (503, "unavailable\n", "text/plain")
    assert answer(client, "/healthz") == (200, "ok\n", "text/plain")
    migrations.upgrade(app.extensions["lego_store"])
    assert answer(client, "/readyz") == (200, "ready\n", "text/plain")
    app.extensions["lego_store"].close()


def test_without_a_server_it_is_not_ready(tmp_path):
    settings = embedded_settings(tmp_path)
    database = dataclasses.replace(settings.database, engine="mysql", host="127.0.0.1", port=free_port())
    app = create_app(dataclasses.replace(settings, database=database))
    assert answer(app.test_client(), "/readyz") == (503, "unavailable\n", "text/plain")
    app.extensions["lego_store"].close()


def test_a_server_that_went_away_is_noticed_and_found_again(tmp_path):
    server = MariadbServer.create()
    server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
    app = create_app(mysql_settings(tmp_path, server, "lego"))
    migrations.upgrade(app.extensions["lego_store"])
    client = app.test_client()
    try:
        assert client.get("/readyz").status_code == 200
        server.kill()
        assert client.get("/readyz").status_code == 503
        assert client.get("/login").status_code == 503
        server.start()
        assert client.get("/readyz").status_code == 200
        assert client.get("/login").status_code == 200
    finally:
        app.extensions["lego_store"].close()
        server.destroy()


def publish(store: Store) -> None:
    """One generation."""
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.50")])
    refresh(store)


@pytest.fixture
def published(templates: Templates) -> Iterator[Path]:
    """An instance folder of the embedded engine with one generation, which every user may reach."""
    with tempfile.TemporaryDirectory(prefix="lego-health-") as folder:
        Path(folder).chmod(0o755)
        path = embedded_settings(Path(folder)).database.path
        shutil.copytree(templates.instance(publish), path)
        yield path


@pytest.mark.parametrize("name", ["generations/current", "generations/000001.duckdb", "application.sqlite"])
@pytest.mark.parametrize("when", ["before it started", "while it serves"])
def test_what_pages_need_and_cannot_use_makes_it_not_ready(published: Path, name: str, when: str) -> None:
    with as_plain_user():
        app = create_app(embedded_settings(published.parent))
        client = app.test_client()
        if when == "while it serves":
            assert answer(client, "/readyz") == (200, "ready\n", "text/plain")
        # Pages read a generation and write the rest.
        (published / name).chmod(0o444 if name == "application.sqlite" else 0o000)
        if name == "application.sqlite":
            app.extensions["lego_store"].application.dispose()
        assert answer(client, "/readyz") == (503, "unavailable\n", "text/plain")
        app.extensions["lego_store"].close()


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_a_web_user_without_a_right_that_pages_need_makes_it_not_ready(settings, store, mariadb):
    publish(store)
    name = settings.database.database
    mariadb.run("CREATE USER nearly@'%' IDENTIFIED BY 'may only read'")
    mariadb.run(f"GRANT SELECT ON {name}.* TO nearly@'%'")
    database = dataclasses.replace(settings.database, user="nearly", password="may only read")
    app = create_app(dataclasses.replace(settings, database=database))
    try:
        assert answer(app.test_client(), "/readyz") == (503, "unavailable\n", "text/plain")
        mariadb.run(f"GRANT DELETE ON {name}.app_session TO nearly@'%'")
        assert answer(app.test_client(), "/readyz") == (200, "ready\n", "text/plain")
    finally:
        app.extensions["lego_store"].close()
        mariadb.run("DROP USER nearly@'%'")


def test_a_schema_that_an_upgrade_made_newer_is_ready_and_an_older_one_is_not(store):
    app = create_app(store.settings)
    head = migrations.revision(store)
    versions = sa.table(schema_versions.VERSION_TABLE, sa.column("version_num"))
    for found, status in (("9999", 200), ("0001", 503), (head, 200)):
        with store.application.begin() as connection:
            connection.execute(sa.update(versions).values(version_num=found))
        assert app.test_client().get("/readyz").status_code == status, found
    app.extensions["lego_store"].close()

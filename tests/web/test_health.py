"""/healthz and /readyz: one bare word each."""

import dataclasses

from database import migrations
from flask_app import create_app
from tests.conftest import embedded_settings, mysql_settings
from tests.mariadb import MariadbServer, free_port


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

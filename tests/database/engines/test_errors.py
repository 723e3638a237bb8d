"""Whatever state a database is in, a person gets one line and the exit code of the contract."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines.mariadb.loading import load_rows
from database.store import open_store
from domain.errors import (
    Damaged,
    DatabaseUnreachable,
    GenerationLost,
    LegoError,
    LockBusy,
    NeverRefreshed,
    Refused,
    SchemaError,
    SetupError,
)
from settings import ROOT, Settings
from tests.conftest import embedded_settings, environment_of, mysql_settings
from tests.mariadb import PASSWORD, USER
from tests.ports import free_port


def ask(settings: Settings, question=lambda store: store.application_reading.connect().close()) -> LegoError:
    """The error that a question to the database of `settings` ends in."""
    store = open_store(settings)
    try:
        with pytest.raises(LegoError) as caught:
            question(store)
    finally:
        store.close()
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)
    return caught.value


def facts(store) -> None:
    with store.facts() as connection:
        connection.execute(sa.select(schema.financials.c.id)).all()


@pytest.fixture
def server_settings(mariadb, tmp_path) -> Iterator[Settings]:
    """Settings of an empty schema on the private server."""
    name = f"lego_{os.getpid()}_errors"
    mariadb.run(f"CREATE DATABASE {name}")
    yield mysql_settings(tmp_path, mariadb, name)
    mariadb.run(f"DROP DATABASE {name}")


def changed(settings: Settings, **database) -> Settings:
    return dataclasses.replace(settings, database=dataclasses.replace(settings.database, **database))


@contextlib.contextmanager
def server_user(mariadb, name: str, grant: str) -> Iterator[None]:
    """A user of the server whose password is its name."""
    with mariadb.connect(user="root", password="") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER {name}@'%' IDENTIFIED BY '{name}'")
        cursor.execute(grant)
        yield
        cursor.execute(f"DROP USER {name}@'%'")


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that accepts connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


# --- MariaDB


def test_a_value_that_the_server_would_change_is_refused(server_settings, tmp_path):
    store = open_store(server_settings)
    migrations.upgrade(store)
    rows = tmp_path / "rows.tsv"
    rows.write_text("1\tUS\tCM1\t2024-01-01\t1.50\n2\tUS\tCM1\t2024-01-01\t1.239\n", encoding="utf-8")
    refusal = "^the server changed 1 of the loaded values: Data trunc"
    with store.facts() as connection, pytest.raises(Refused, match=refusal):
        load_rows(connection, "financials", str(rows), ["asin_id", "marketplace", "metric", "month", "value"])
    with store.facts() as connection:
        assert connection.execute(sa.select(schema.financials)).all() == []
    store.close()


def test_a_read_only_server_is_called_so_and_no_grant_is_missed(server_settings, mariadb):
    database = server_settings.database
    migrations.upgrade(store := open_store(server_settings))
    store.close()

    def write(store) -> None:
        with store.application.begin() as connection:
            connection.execute(sa.delete(schema.refresh_log))

    with server_user(mariadb, "lego_writer", f"GRANT ALL ON {database.database}.* TO lego_writer@'%'"):
        mariadb.run("SET GLOBAL read_only = 1")
        try:
            error = ask(changed(server_settings, user="lego_writer", password="lego_writer"), write)
        finally:
            mariadb.run("SET GLOBAL read_only = 0")
    where = f"lego_writer@127.0.0.1:{database.port}/{database.database}"
    assert (type(error), error.exit_code, str(error)) == (
        SetupError, 2, f"{where}: the server is read-only, nothing can be written; point [database] host at the "
        "primary, or end read_only there",
    )


def test_a_server_that_is_down_is_unreachable(server_settings):
    settings = changed(server_settings, port=free_port())
    for question in (facts, lambda store: store.live_generation(), lambda store: store.work_lock.holder()):
        error = ask(settings, question)
        assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
        where = f"{USER}@127.0.0.1:{settings.database.port}/{settings.database.database}"
        assert str(error).startswith(f"{where}: Can't connect to MySQL server")
        assert str(error).endswith("(2003); check [database] in config.ini and the server")


def test_a_host_that_does_not_exist_is_unreachable(server_settings):
    error = ask(changed(server_settings, host="no-such-host.invalid"))
    assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
    assert "no-such-host.invalid" in str(error)


def test_a_wrong_password_is_never_printed(server_settings):
    settings = changed(server_settings, password="hunter2 %;")
    error = ask(settings)
    assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
    assert "Access denied" in str(error)
    ended = subprocess.run(
        [sys.executable, "-m", "flask", "init-db"], cwd=ROOT, env=environment_of(settings),
        capture_output=True, text=True, timeout=120,
    )
    assert (ended.returncode, ended.stdout) == (7, "")
    assert ended.stderr == f"init-db: {error}\n"
    assert "hunter2" not in ended.stderr


def test_an_unknown_database_is_named(server_settings):
    error = ask(changed(server_settings, database="lego_nowhere"))
    assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
    assert "Unknown database 'lego_nowhere'" in str(error)


def test_a_server_that_accepts_and_never_answers_is_given_up(server_settings, monkeypatch):
    monkeypatch.setattr("database.engines.mariadb.connections.CONNECT_SECONDS", 1)
    with silent_server() as port:
        for question in (facts, lambda store: store.live_generation()):
            error = ask(changed(server_settings, port=port), question)
            assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
            assert "timed out" in str(error)


def test_a_server_that_freezes_while_a_page_asks_is_given_up(server_settings, mariadb):
    store = open_store(changed(server_settings, statement_timeout=1))
    with store.application_reading.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        mariadb.freeze()
        try:
            with pytest.raises(DatabaseUnreachable, match="timed out"):
                connection.exec_driver_sql("SELECT 2")
        finally:
            mariadb.thaw()
    store.close()


def test_a_missing_schema_names_the_command(server_settings):
    questions = (facts, lambda store: store.live_generation(), lambda store: store.work_lock.holder(), migrations.check)
    for question in questions:
        error = ask(server_settings, question)
        assert (type(error), error.exit_code) == (SchemaError, 2)
        assert str(error).endswith("run: flask init-db")


def test_a_user_without_rights_is_shown_the_grants(server_settings, mariadb):
    name = server_settings.database.database
    with server_user(mariadb, "reader", f"GRANT SELECT ON {name}.* TO reader@'%'"):
        error = ask(changed(server_settings, user="reader", password="reader"), migrations.upgrade)
    assert (type(error), error.exit_code) == (SetupError, 2)
    assert str(error).endswith("see the GRANTs in README.md")


def test_a_server_without_a_connection_left_is_unreachable(server_settings, mariadb):
    name = server_settings.database.database
    grant = f"GRANT ALL ON {name}.* TO single@'%' WITH MAX_USER_CONNECTIONS 1"
    with server_user(mariadb, "single", grant), mariadb.connect(user="single", password="single"):
        error = ask(changed(server_settings, user="single", password="single"))
    assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
    assert "max_user_connections" in str(error)


# --- embedded


def test_a_folder_without_a_database_names_the_command(tmp_path):
    settings = embedded_settings(tmp_path)
    for question in (facts, lambda store: store.live_generation(), lambda store: store.read(lambda reading: None)):
        error = ask(settings, question)
        assert (type(error), error.exit_code) == (SchemaError, 2)
        assert str(error).endswith("there is no database yet; run: flask init-db")


def test_an_application_file_that_is_not_there_is_unreachable(tmp_path):
    error = ask(embedded_settings(tmp_path))
    assert (type(error), error.exit_code) == (DatabaseUnreachable, 7)
    assert "flask init-db" in str(error)


@pytest.mark.parametrize(
    ("file", "question", "kind", "cure"),
    [
        ("facts.duckdb", facts, Damaged, "flask restore FILE --replace"),
        ("application.sqlite", lambda store: store.work_lock.holder(), Damaged, "flask restore FILE --replace"),
        (
            "generations/000001.duckdb", lambda store: store.live_generation(), GenerationLost,
            "flask refresh-summaries --full",
        ),
    ],
)
def test_a_file_that_is_no_database_is_unreachable_and_the_error_names_its_cure(tmp_path, file, question, kind, cure):
    settings = embedded_settings(tmp_path)
    store = open_store(settings)
    migrations.upgrade(store)
    store.close()
    for leftover in settings.database.path.glob("application.sqlite-*"):
        leftover.unlink()
    (settings.database.path / "generations/current").write_text("000001.duckdb\n")
    (settings.database.path / file).write_bytes(b"this is no database " * 500)
    error = ask(settings, question)
    assert (type(error), error.exit_code) == (kind, 7)
    assert str(error).endswith(cure)


OPEN_FACTS = """
import sys
from database.store import open_store
from settings import load_settings
with open_store(load_settings()).facts() as connection:
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_facts_that_another_process_has_open_are_busy(tmp_path):
    settings = embedded_settings(tmp_path)
    store = open_store(settings)
    migrations.upgrade(store)
    store.close()
    other = subprocess.Popen(
        [sys.executable, "-c", OPEN_FACTS], cwd=ROOT, env=environment_of(settings), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout.readline() == "open\n"
        error = ask(settings, facts)
    finally:
        other.communicate("\n")
    assert (type(error), error.exit_code) == (LockBusy, 3)


# --- both


def test_summaries_that_were_never_built_name_the_command(store):
    with pytest.raises(NeverRefreshed) as caught:
        store.read(lambda reading: None)
    assert str(caught.value) == "the summaries were never built; run: flask refresh-summaries"
    assert store.live_generation() is None

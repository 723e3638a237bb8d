"""Tables change names together or not at all, whatever else is done on the server."""

import contextlib
import threading

import pymysql
import pytest
import sqlalchemy as sa

from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.renaming import _present, put_back, rename
from domain.errors import SwapFailed
from tests.conftest import next_schema
from tests.databases import mysql_settings

TABLES = [f"level{number}" for number in range(8)]
STEPS = [
    *(step for name in TABLES for step in ((f"{name}_previous", f"{name}_dropped"), (name, f"{name}_previous"))),
    *((f"{name}_staging", name) for name in TABLES),
]
SWAPS = 60


@pytest.fixture
def schema(mariadb):
    name = next_schema()
    mariadb.run(f"CREATE DATABASE {name}")
    yield name
    mariadb.run(f"DROP DATABASE {name}")


@pytest.fixture
def connection(schema, mariadb, tmp_path):
    with MysqlDoors(mysql_settings(tmp_path, mariadb, schema)).facts() as opened:
        for name in TABLES:
            for suffix in ("", "_previous"):
                make(opened, name + suffix)
        yield opened


def make(connection: sa.Connection, name: str) -> None:
    connection.exec_driver_sql(f"CREATE TABLE {name} (made_as VARCHAR(30)) SELECT '{name}' AS made_as")
    connection.commit()


def contents(connection: sa.Connection) -> dict[str, str]:
    names = [name for (name,) in connection.exec_driver_sql("SHOW TABLES")]
    return {name: connection.exec_driver_sql(f"SELECT made_as FROM {name}").scalar() for name in names}


@contextlib.contextmanager
def busy_elsewhere(mariadb, schema: str):
    """Meanwhile tables of others are made, measured, renamed and dropped on the server."""
    stop = threading.Event()

    def work(number: int) -> None:
        with mariadb.connect(database=f"{schema}_elsewhere") as other, other.cursor() as cursor:
            while not stop.is_set():
                with contextlib.suppress(pymysql.err.OperationalError):
                    for statement in (
                        f"CREATE TABLE other{number} (id INT PRIMARY KEY, key_of INT, KEY (key_of))",
                        f"INSERT INTO other{number} VALUES (1, 2)", f"ANALYZE TABLE other{number}",
                        f"RENAME TABLE other{number} TO others{number}", f"DROP TABLE others{number}",
                    ):
                        cursor.execute(statement)
                        cursor.fetchall()

    mariadb.run(f"CREATE DATABASE {schema}_elsewhere")
    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        mariadb.run(f"DROP DATABASE {schema}_elsewhere")


def test_a_swap_is_whole_while_others_alter_tables_of_their_own(mariadb, connection, schema):
    """`RENAME … NOWAIT` was left half done within the first 30 in two of three runs."""
    with busy_elsewhere(mariadb, schema):
        for swap in range(SWAPS):
            for name in TABLES:
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}_dropped")
                make(connection, f"{name}_staging")
            rename(connection, STEPS)
            found = contents(connection)
            assert {name: found[name] for name in TABLES} == {name: f"{name}_staging" for name in TABLES}, swap
            assert {f"{name}_previous" for name in TABLES} <= found.keys()


@pytest.mark.parametrize("done", range(len(STEPS)))
def test_what_a_rename_left_half_done_is_taken_back(connection, done):
    for name in TABLES:
        make(connection, f"{name}_staging")
    before, expected = _present(connection, STEPS), contents(connection)
    for old, new in STEPS[:done]:
        connection.exec_driver_sql(f"RENAME TABLE {old} TO {new}")
    put_back(connection, STEPS, before)
    assert contents(connection) == expected


def test_names_that_no_step_explains_are_told_with_what_to_run(connection):
    for name in TABLES:
        make(connection, f"{name}_staging")
    before = _present(connection, STEPS)
    connection.exec_driver_sql("RENAME TABLE level3 TO level3_dropped")
    with pytest.raises(SwapFailed, match=r"left half done by the server.*level0 TO level0_staging"):
        put_back(connection, STEPS, before)

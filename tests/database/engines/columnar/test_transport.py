"""Rows come over exactly as the server has them, or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import random
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pymysql
import pytest
import sqlalchemy as sa

from database.engines.columnar import transport
from database.engines.columnar.transport import fetch
from domain.errors import DatabaseUnreachable, OutOfSpace, Refused, SetupError
from settings import DatabaseSettings
from tests.conftest import next_schema
from tests.database.notices.receivers import certificate
from tests.databases import mysql_settings
from tests.faults.test_full_disk import small_disk
from tests.mariadb import MariadbServer

facts = sa.Table(
    "facts", sa.MetaData(),
    sa.Column("id", sa.BigInteger), sa.Column("name", sa.String(400)), sa.Column("month", sa.Date),
    sa.Column("value", sa.Numeric(15, 2)), sa.Column("moment", sa.DateTime), sa.Column("counts", sa.Boolean),
    sa.Column("asin_id", sa.Integer),
)
ON_SERVER = (
    "CREATE TABLE facts (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(400), month DATE NOT NULL, value DECIMAL(15,2), "
    "moment DATETIME(6), counts TINYINT(1), asin_id INT) CHARSET utf8mb4 COLLATE utf8mb4_nopad_bin"
)
IN_COPY = (
    "CREATE TABLE facts (id BIGINT, name VARCHAR, month DATE, value DECIMAL(15,2), moment TIMESTAMP, counts BOOLEAN, "
    "asin_id INTEGER)"
)
ODD = (
    None, "", "NULL", "null", "\\N", '"\\N"', "\\", "\\t", "\t", "\n", "\r", "\r\n", "\n\"", '"', '""', '"""', "'",
    ",", " ", " a ", "a\tb", "a\\\nb", "x\0y", "\0", "\x01\x02\xfb\xfe\xff", "Ümläut", "🐈‍⬛", "\ufeffmark", "＂",
    "%s %% %(x)s :name", "x" * 250, "y" * 251, '"' * 300, "🐈" * 400, "#", "--", ";",
)
FIRST = 2**53
"""The lowest of their ids: a float would take the next for it."""
NUMBER = 200_000
"""Of rows that take a moment to come."""


@pytest.fixture(scope="module")
def database(mariadb: MariadbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    """A schema with the odd values in `facts`, and `many` rows."""
    name = next_schema()
    mariadb.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    mariadb.run(ON_SERVER, name)
    with mariadb.connect(database=name) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO facts VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    number, text, datetime.date(2024, 1 + number % 12, 1),
                    (None, "-0.01", "12345.60", "0", "-999999999999.99")[number % 5],
                    (None, "2024-02-29 23:59:59.000001", "2024-01-01 00:00:00")[number % 3], (None, 0, 1)[number % 3],
                    (None, 2**31 - 1, -(2**31))[number % 3],
                )
                for number, text in enumerate(ODD, FIRST)
            ],
        )
    mariadb.run(
        "CREATE TABLE many (id BIGINT NOT NULL, name VARCHAR(400), value DECIMAL(15,2)) AS SELECT seq AS id, "
        f"REPEAT('long', seq MOD 90) AS name, seq / 100 AS value FROM seq_1_to_{NUMBER}", name,
    )
    yield mysql_settings(tmp_path_factory.mktemp("transport"), mariadb, name).database
    mariadb.run(f"DROP DATABASE {name}")


many = sa.Table("many", sa.MetaData(), *(facts.c[name]._copy() for name in ("id", "name", "value")))


@pytest.fixture
def copy() -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB with an open transaction and an empty `facts`; when it is over, nothing of a fetch is left."""
    threads, files = threading.active_count(), _open_files()
    with duckdb.connect(config={"memory_limit": "300MB", "threads": 2}) as connection:
        connection.execute(IN_COPY)
        connection.begin()
        yield connection
    transport.engine_for.cache_clear()
    assert threading.active_count() == threads
    assert _open_files() <= files


def _open_files() -> int:
    return sum(Path(f"/dev/fd/{number}").exists() for number in range(256))


def told_by_pymysql(mariadb: MariadbServer, database: DatabaseSettings, statement: str) -> list[tuple]:
    return mariadb.run(statement, database.database)


def test_odd_values_are_told_apart(mariadb, database, copy):
    assert fetch(database, sa.select(facts), copy, "facts") == len(ODD)
    expected = told_by_pymysql(mariadb, database, "SELECT * FROM facts ORDER BY id")
    assert copy.execute("FROM facts ORDER BY id").fetchall() == expected
    assert [row[1] for row in expected] == list(ODD)


def test_the_transaction_stays_the_callers(database, copy):
    fetch(database, sa.select(facts), copy, "facts")
    copy.rollback()
    assert copy.execute("SELECT count(*) FROM facts").fetchone() == (0,)


def test_columns_are_found_by_name_and_others_stay_empty(mariadb, database, copy):
    query = sa.select(
        facts.c.value, (facts.c.id - FIRST).label("asin_id"), sa.literal("it's %").label("name"), facts.c.id,
    ).where(facts.c.name == "\\N")
    assert fetch(database, query, copy, "facts") == 1
    number = FIRST + ODD.index("\\N")
    assert copy.execute("FROM facts").fetchall() == [
        (number, "it's %", None, Decimal("-0.01"), None, None, ODD.index("\\N"))
    ]


def test_no_row_is_one_row_too_few(database, copy):
    assert fetch(database, sa.select(facts).where(sa.false()), copy, "facts") == 0


def test_a_row_of_nothing_is_a_row(database, copy):
    assert fetch(database, sa.select(facts.c.asin_id).where(facts.c.asin_id.is_(None)), copy, "facts") > 9
    assert copy.execute("SELECT count(asin_id) FROM facts").fetchone() == (0,)


def test_sums_by_groups_come_as_they_are(mariadb, database, copy):
    query = sa.select(facts.c.month, sa.func.sum(facts.c.value).label("value"), sa.func.count().label("asin_id"))
    assert fetch(database, query.group_by(facts.c.month), copy, "facts") == 12
    told = told_by_pymysql(mariadb, database, "SELECT month, SUM(value), COUNT(*) FROM facts GROUP BY month ORDER BY 1")
    assert copy.execute("SELECT month, value, asin_id FROM facts ORDER BY 1").fetchall() == told


def test_many_rows_come_whole(mariadb, database, copy):
    assert fetch(database, sa.select(many), copy, "facts") == NUMBER
    sums = "SELECT SUM(id), SUM(value), SUM(LENGTH(name)), SUM(id * LENGTH(name)) FROM "
    of_server, = told_by_pymysql(mariadb, database, sums + "many")
    assert tuple(map(str, copy.execute(sums + "facts").fetchone())) == tuple(map(str, of_server))


def test_two_threads_fetch_at_once(database, copy):
    copy.commit()
    halves = [many.c.id <= NUMBER // 2, many.c.id > NUMBER // 2]
    found = []

    def work(half: sa.ColumnElement) -> None:
        with copy.cursor() as cursor:
            cursor.begin()
            found.append(fetch(database, sa.select(many).where(half), cursor, "facts"))
            cursor.commit()

    threads = [threading.Thread(target=work, args=(half,)) for half in halves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [NUMBER // 2] * 2
    assert copy.execute("SELECT count(DISTINCT id), count(*) FROM facts").fetchone() == (NUMBER, NUMBER)


@pytest.mark.parametrize(
    ("scale", "texts", "refused"),
    [
        (4, ("1.2300", "-0.0100"), None),
        (4, ("1.2300", "1.2399"), "1.2399"),
        (0, ("7", "-7"), None),
    ],
)
def test_amounts_of_hand_made_tables_are_exact_or_refused(mariadb, database, copy, scale, texts, refused):
    table = f"made_{next_schema()}"
    mariadb.run(f"CREATE TABLE {table} (value DECIMAL(20,{scale}))", database.database)
    for text in texts:
        mariadb.run(f"INSERT INTO {table} VALUES ({text})", database.database)
    query = sa.select(sa.column("value", sa.Numeric(15, 2))).select_from(sa.table(table))
    if refused:
        with pytest.raises(Refused, match=refused):
            fetch(database, query, copy, "facts")
        return
    assert fetch(database, query, copy, "facts") == len(texts)
    assert copy.execute("SELECT value FROM facts").fetchall() == [(Decimal(text),) for text in texts]


def test_amounts_with_four_digits_have_them_where_the_table_does(mariadb, database, copy):
    copy.execute("CREATE TABLE wide (value DECIMAL(38,6), name VARCHAR)")
    query = sa.select(sa.literal_column("CAST(-1.2345 AS DECIMAL(30,4))", sa.Numeric(30, 4)).label("value"))
    fetch(database, query, copy, "wide")
    assert copy.execute("SELECT CAST(value AS VARCHAR) FROM wide").fetchall() == [("-1.234500",)]


@pytest.mark.parametrize(
    ("column", "value", "error", "words"),
    [
        ("value DOUBLE", "0.1", SetupError, "value is a FLOAT or DOUBLE"),
        ("value DECIMAL(30,2)", "12345678901234567890", Refused, "does not fit into facts: Error when converting"),
        ("month DATETIME", "'2024-01-01 10:00:00'", Refused, "month is 2024-01-01 10:00:00"),
        ("asin_id BIGINT", "5000000000", Refused, "5000000000"),
        ("asin_id DECIMAL(5,1)", "1.5", Refused, "asin_id is 1.5, which INTEGER has no room for"),
    ],
)
def test_what_the_table_has_no_room_for_is_refused(mariadb, database, copy, column, value, error, words):
    table = f"made_{next_schema()}"
    mariadb.run(f"CREATE TABLE {table} ({column})", database.database)
    mariadb.run(f"INSERT INTO {table} VALUES ({value})", database.database)
    with pytest.raises(error, match=words) as raised:
        fetch(database, sa.select(sa.column(column.split()[0])).select_from(sa.table(table)), copy, "facts")
    assert "\n" not in str(raised.value)


def test_texts_of_other_character_sets_come_as_they_read(mariadb, database, copy):
    mariadb.run(
        "CREATE TABLE old (name VARCHAR(20) CHARSET latin1, second VARCHAR(20) COLLATE utf8mb4_unicode_ci, "
        "third VARCHAR(20) COLLATE utf8mb4_nopad_bin)", database.database,
    )
    mariadb.run("INSERT INTO old VALUES ('Käse', '＂wide＂', '🐈')", database.database)
    copy.execute("CREATE TABLE old (third VARCHAR, name VARCHAR, second VARCHAR)")
    columns = (sa.column(name, sa.String) for name in ("name", "second", "third"))
    fetch(database, sa.select(*columns).select_from(sa.table("old")), copy, "old")
    assert copy.execute("FROM old").fetchall() == [("🐈", "Käse", "＂wide＂")]


def test_a_session_has_what_our_statements_rely_on(mariadb, database, copy):
    copy.execute("CREATE TABLE said (mode VARCHAR, zone VARCHAR, isolation VARCHAR, most VARCHAR, patience VARCHAR)")
    mariadb.run("SET GLOBAL sql_select_limit = 3")
    try:
        names = {"mode": "sql_mode", "zone": "time_zone", "isolation": "tx_isolation", "most": "sql_select_limit",
                 "patience": "net_write_timeout"}
        said = [sa.literal_column(f"@@SESSION.{variable}").label(name) for name, variable in names.items()]
        fetch(database, sa.select(*said), copy, "said")
    finally:
        mariadb.run("SET GLOBAL sql_select_limit = DEFAULT")
    assert copy.execute("SELECT mode[:17], * EXCLUDE (mode) FROM said").fetchall() == [
        ("STRICT_ALL_TABLES", "+00:00", "READ-COMMITTED", str(2**64 - 1), "3600")
    ]


def connection_at_work(mariadb: MariadbServer, database: DatabaseSettings) -> int:
    """The number of the connection that sends rows, once it does."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = mariadb.run(
            "SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT concat%' AND time_ms > 300 "
            f"AND db = '{database.database}'"
        )
        if found:
            return found[0][0]
        time.sleep(0.02)
    raise AssertionError("no statement was seen")


@pytest.mark.parametrize("how", ["KILL", "KILL QUERY"])
def test_rows_that_stop_half_way_are_none(mariadb, database, copy, how):
    # The last row comes after minutes.
    query = sa.select(many, sa.literal_column(f"SLEEP(IF(id = {NUMBER}, 100, 0))").label("asin_id"))
    killer = threading.Thread(target=lambda: mariadb.run(f"{how} {connection_at_work(mariadb, database)}"))
    killer.start()
    with pytest.raises(DatabaseUnreachable, match=f"{database.user}@127.0.0.1:{database.port}") as raised:
        fetch(database, query, copy, "facts")
    killer.join()
    assert "\n" not in str(raised.value)
    # Whatever the caller does: rows that were in already cannot be kept.
    with contextlib.suppress(duckdb.Error):
        copy.commit()
    with contextlib.suppress(duckdb.Error):
        copy.rollback()
    assert copy.execute("SELECT count(*) FROM facts").fetchone() == (0,)


@pytest.fixture(scope="module")
def encrypting(database, tmp_path_factory) -> Iterator[tuple[MariadbServer, DatabaseSettings]]:
    """A server of its own that offers encryption, and listens on IPv6."""
    certificate_file, _ = certificate(tmp_path_factory.mktemp("certificate"))
    server = MariadbServer.create(
        "--innodb-buffer-pool-size=32M", "--bind-address=*", f"--ssl-cert={certificate_file}",
        f"--ssl-key={certificate_file.with_name('key.pem')}",
    )
    server.run("CREATE DATABASE lego")
    yield server, dataclasses.replace(database, host="::1", port=server.port, database="lego")
    server.destroy()


def counted_to(number: int, *columns: sa.ColumnElement) -> sa.Select:
    return sa.select(sa.column("seq").label("id"), *columns).select_from(sa.table(f"seq_1_to_{number}"))


def test_rows_come_encrypted_where_the_server_offers_it(encrypting, copy):
    _, theirs = encrypting
    cipher = "(SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher')"
    named = sa.literal_column(cipher, sa.String).label("name")
    assert fetch(theirs, counted_to(NUMBER, named), copy, "facts") == NUMBER
    (total, name, most), = copy.execute("SELECT sum(id), max(name), min(name) FROM facts").fetchall()
    assert total == NUMBER * (NUMBER + 1) // 2
    assert name == most and name.startswith("TLS_")


def test_a_server_that_ends_half_way_is_said_to(encrypting, copy):
    server, theirs = encrypting
    query = counted_to(90_000, sa.literal_column("SLEEP(IF(seq = 90000, 100, 0))").label("asin_id"))
    killer = threading.Thread(target=lambda: connection_at_work(server, theirs) and server.kill())
    killer.start()
    with pytest.raises(DatabaseUnreachable, match="lost"):
        fetch(theirs, query, copy, "facts")
    killer.join()
    with pytest.raises(DatabaseUnreachable):
        fetch(theirs, query, copy, "facts")


def test_a_wrong_password_is_one_clear_line(database, copy):
    wrong = dataclasses.replace(database, password="secret that is wrong")
    with pytest.raises(DatabaseUnreachable, match="Access denied") as raised:
        fetch(wrong, sa.select(facts), copy, "facts")
    assert "secret" not in str(raised.value) and "\n" not in str(raised.value)


def test_a_value_that_breaks_at_the_end_lets_nobody_wait(database, copy):
    query = sa.select(many.c.id, sa.case((many.c.id == NUMBER, 2**40), else_=1).label("asin_id"))
    with pytest.raises(Refused, match="asin_id"):
        fetch(database, query, copy, "facts")


def test_a_value_that_breaks_at_the_beginning_ends_the_statement(mariadb, database, copy):
    query = sa.select(many.c.id, sa.case((many.c.id == 1, 2**40), else_=1).label("asin_id"), many.c.name)
    with pytest.raises(Refused, match="asin_id"):
        fetch(database, query, copy, "facts")
    deadline = time.monotonic() + 20
    while mariadb.run("SELECT id FROM information_schema.processlist WHERE info LIKE 'SELECT concat%'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_full_disk_is_said_to_be_full(database, tmp_path):
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        connection = duckdb.connect(disk / "copy.duckdb")
        connection.execute(IN_COPY)
        connection.begin()
        with pytest.raises(OutOfSpace, match="the disk is full"):
            fetch(database, sa.select(many.c.id, sa.func.md5(many.c.id).label("name")), connection, "facts")
        connection.close()


def test_packets_are_cut_anywhere_alike():
    texts = [b"", b"a\tb\n", b"x" * 250, b"y" * 251, b"z" * 70_000, b'"\xfe\xff"'] * 3
    sent = b"".join(_packet(number, text) for number, text in enumerate(texts)) + b"\5\0\0\1\xfe\0\0\2\0"
    for cut in (*range(600), *random.Random(1).sample(range(len(sent)), 200)):
        first, end = transport._lines(sent[:cut])
        second, at = transport._lines(sent[end:])
        assert [*first, *second] == texts
        assert transport._is_ending(sent[end:][at:])


def _packet(number: int, text: bytes) -> bytes:
    """A row of one column, as the protocol has it."""
    kind, width = next(found for limit, found in ((251, (b"", 1)), (2**16, (b"\xfc", 2)), (2**24, (b"\xfd", 3)))
                       if len(text) < limit)
    body = kind + len(text).to_bytes(width, "little") + text
    return len(body).to_bytes(3, "little") + bytes([number % 256]) + body


def test_a_row_too_few_is_an_error(mariadb, database, copy, monkeypatch):
    """What is read is held against what the server says that it sent."""
    whole = transport._lines

    def without_one(data: bytes) -> tuple[list[bytes], int]:
        lines, end = whole(data)
        return lines[1:], end

    monkeypatch.setattr(transport, "_lines", without_one)
    with pytest.raises(DatabaseUnreachable, match=f"the server sent {len(ODD)} rows, and {len(ODD) - 1} of them came"):
        fetch(database, sa.select(facts), copy, "facts")


def test_pymysql_has_the_parts_that_are_used(mariadb, database):
    """An upgrade that changes them is noticed here, and says so."""
    with mariadb.connect(database=database.database) as connection:
        connection.query("SELECT 'x' UNION SELECT 'y'", unbuffered=True)
        assert isinstance(connection._result, pymysql.connections.MySQLResult) and connection._result.unbuffered_active
        connection._result.unbuffered_active = False
        received = b""
        # Two rows, and the end of all.
        while len(received) < 2 * (4 + 2) + 4 + 5:
            received += connection._rfile.read1(100)
        assert transport._lines(received)[0] == [b"x", b"y"]

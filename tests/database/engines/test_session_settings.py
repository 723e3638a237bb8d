"""A server whose global settings are hostile to our statements changes no figure and cuts off no row."""

from __future__ import annotations

import pymysql
import pytest

from database.backup.backup import back_up
from database.engines.mariadb.connections import SESSION, STRICT
from database.engines.mariadb.loading import load_rows
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Refused, SetupError
from tests.facts import add_facts, add_products, all_summary_rows

MARIADB = pytest.mark.parametrize("engine", ["mysql"], indirect=True)
HOSTILE = {
    "sql_mode": "''", "time_zone": "'+09:00'", "sql_select_limit": 2, "max_join_size": 1, "sql_big_selects": 0,
    "sql_safe_updates": 1, "group_concat_max_len": 4, "max_sort_length": 8, "div_precision_increment": 0,
    "sql_quote_show_create": 0, "sql_auto_is_null": 1, "unique_checks": 0, "foreign_key_checks": 0,
    "completion_type": 2, "sql_notes": 0, "max_error_count": 0, "default_storage_engine": "MyISAM",
}
WAITS = {"max_statement_time": 0.01, "idle_transaction_timeout": 1, "idle_write_transaction_timeout": 1}


@pytest.fixture
def hostile(store, mariadb):
    """A store of nine facts on such a server."""
    add_products(store, *((f"B{number}", None, None) for number in range(3)))
    add_facts(store, [
        (f"B{number}", "US", "CM3", month, f"{number}.50") for number in range(3)
        for month in ("2024-01", "2024-02", "2024-03")
    ])
    refresh(store)
    with mariadb.connect(user="root", password="") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        before = {name: _global(cursor, name) for name in (*HOSTILE, *WAITS)}
        try:
            for name, value in (HOSTILE | WAITS).items():
                cursor.execute(f"SET GLOBAL {name} = {value}")
            store.close()
            yield store
        finally:
            for name, value in before.items():
                cursor.execute(f"SET GLOBAL {name} = %s", (value,))


def _global(cursor: pymysql.cursors.Cursor, name: str):
    cursor.execute(f"SELECT @@GLOBAL.{name}")
    return cursor.fetchone()[0]


@MARIADB
def test_what_statements_rely_on_is_set_in_every_session(hostile):
    assert set(HOSTILE) == set(SESSION)
    wanted = SESSION | {"sql_mode": STRICT, "time_zone": "+00:00"}
    for engine in (hostile.facts_room.doors.facts_engine, hostile.application, hostile.application_reading):
        with engine.connect() as connection:
            found = {name: connection.exec_driver_sql(f"SELECT @@SESSION.{name}").scalar() for name in SESSION}
        assert sorted(found.pop("sql_mode").split(",")) == sorted(wanted["sql_mode"].split(","))
        assert found == {name: value for name, value in wanted.items() if name != "sql_mode"}
    with hostile.facts_room.doors.facts_engine.connect() as connection:
        assert [connection.exec_driver_sql(f"SELECT @@SESSION.{name}").scalar() for name in WAITS] == [0, 0, 0]


@MARIADB
def test_a_refresh_reads_and_publishes_every_row(hostile, tmp_path):
    before = all_summary_rows(hostile)
    assert sum(map(len, before.values())) > 20
    refresh(hostile, RefreshOptions(full=True))
    assert all_summary_rows(hostile) == before
    rows = tmp_path / "rows.tsv"
    rows.write_text("2\tUS\tCM1\t2024-01-01\t1.239\n", encoding="utf-8")
    with hostile.facts() as connection, pytest.raises(Refused, match="^the server changed 1 of the loaded values: "):
        load_rows(connection, "financials", str(rows), ["asin_id", "marketplace", "metric", "month", "value"])


@MARIADB
def test_a_backup_that_would_lack_rows_is_refused(hostile, tmp_path):
    words = r"^the server's sql_select_limit \(2\) would cut off tables in the backup; run there: SET GLOBAL sql_select"
    with pytest.raises(SetupError, match=words):
        back_up(hostile, tmp_path / "shop.backup")
    assert list(tmp_path.glob("*.backup*")) == []

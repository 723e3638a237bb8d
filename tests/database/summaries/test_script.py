"""The SQL files are what `--sql` prints, and a bare client that runs them gives the same tables."""

import shutil
import subprocess
from pathlib import Path

import pytest

from database import migrations
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from database.summaries.script import create_script, refresh_script
from settings import RefreshSettings
from tests.conftest import mysql_settings
from tests.facts import all_summary_rows
from tests.mariadb import PASSWORD, USER

DATABASE = Path(__file__).parents[3] / "database"


def test_the_files_are_what_the_program_prints():
    assert (DATABASE / "create_summary_tables.sql").read_text() == create_script()
    assert (DATABASE / "refresh_summary_tables.sql").read_text() == refresh_script(RefreshSettings().exclude_groups)


@pytest.fixture(params=["mysql"])
def engine(request):
    """The script is for MariaDB only."""
    return request.param


def test_a_bare_client_gives_the_same_tables_and_generation_rows(shop, mariadb):
    refresh(shop)
    expected, marks = all_summary_rows(shop), _marks(shop, mariadb)
    outcome = run_client(mariadb, shop.settings.database.database, DATABASE / "refresh_summary_tables.sql")
    assert outcome.returncode == 0, outcome.stderr
    assert all_summary_rows(shop) == expected
    assert shop.live_generation().generation == 2
    assert shop.live_generation().facts == 11
    assert _marks(shop, mariadb) == marks
    assert refresh(shop, RefreshOptions()).status == "nothing to do"


def test_a_schema_made_by_the_script_alone_can_be_refreshed(mariadb, tmp_path):
    mariadb.run("CREATE DATABASE lego_by_script")
    outcome = run_client(mariadb, "lego_by_script", DATABASE / "create_summary_tables.sql")
    assert outcome.returncode == 0, outcome.stderr
    mariadb.run("INSERT INTO asin (id, asin) VALUES (1, 'B1')", "lego_by_script")
    mariadb.run("INSERT INTO financials (asin_id, marketplace, metric, month, value) "
                "VALUES (1, 'US', 'CM3', '2024-01-01', 1.10), (1, 'US', 'CM3', '2024-01-09', 2.20)", "lego_by_script")
    outcome = run_client(mariadb, "lego_by_script", DATABASE / "refresh_summary_tables.sql")
    assert outcome.returncode == 0, outcome.stderr
    store = open_store(mysql_settings(tmp_path, mariadb, "lego_by_script"))
    migrations.upgrade(store)
    rows = all_summary_rows(store)["financials_summary_monthly_asin_marketplace"]
    assert rows == [(1, 0, 0, "US", "2024-01-01", "CM3", "3.30")]
    store.close()
    mariadb.run("DROP DATABASE lego_by_script")


def test_the_script_stops_while_another_refresh_holds_the_lock(shop, mariadb):
    with shop.lock("a refresh"):
        outcome = run_client(mariadb, shop.settings.database.database, DATABASE / "refresh_summary_tables.sql")
    assert outcome.returncode != 0
    assert "an import or a refresh is running" in outcome.stderr
    assert shop.live_generation() is None


def run_client(server, database: str, script: Path) -> subprocess.CompletedProcess:
    """Runs a script as a DBA would."""
    client = shutil.which("mariadb")
    return subprocess.run(
        [client, "--no-defaults", "--host=127.0.0.1", f"--port={server.port}", f"--user={USER}",
         f"--password={PASSWORD}", database],
        stdin=script.open(), capture_output=True, text=True,
    )


def _marks(store, server) -> tuple:
    name = store.settings.database.database
    live = "(SELECT generation FROM summary_generation WHERE live = 1)"
    return (
        server.run("SELECT month, metric, facts, value, last_fact_id, left_out_facts, left_out_value "
                   f"FROM summary_month WHERE generation = {live} ORDER BY month, metric", name),
        server.run("SELECT month, metric, reason, facts, value FROM summary_left_out "
                   f"WHERE generation = {live} ORDER BY month, metric, reason", name),
    )

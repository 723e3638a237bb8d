"""What the web's connections may do, whatever statement they were made to run."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from tests.security.worlds import World


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    return path


EMBEDDED = (
    "CREATE TABLE mine (id INTEGER)", "DELETE FROM financials_summary_monthly_brand", "UPDATE brand SET brand = 'x'",
    "SELECT * FROM read_csv('{file}')", "COPY brand TO '{folder}/out.csv'", "ATTACH '{folder}/other.duckdb'",
    "ATTACH '{instance}/facts.duckdb'", "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true",
    "SELECT * FROM '{file}'", "EXPORT DATABASE '{folder}/out'",
    "SELECT * FROM read_text('{instance}/secret_key')", "SELECT * FROM glob('/etc/*')",
)


@pytest.mark.parametrize("statement", EMBEDDED)
def test_a_published_file_is_read_and_nothing_else_of_the_machine(small_world, secret_file, statement):
    folder, instance = secret_file.parent, small_world.store.settings.database.path
    statement = statement.format(file=secret_file, folder=folder, instance=instance)

    def run(reading) -> None:
        reading.connection.exec_driver_sql(statement).fetchall()

    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(sa.exc.DBAPIError, match="Permission Error|Cannot execute statement|Cannot change config"):
        small_world.store.read(run)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_only_the_importers_connection_sends_files_to_the_server(make_world, secret_file):
    world = make_world("mysql")
    statement = f"LOAD DATA LOCAL INFILE '{secret_file}' INTO TABLE lego_nothing"
    for engine in (world.store.application, world.store.application_reading):
        with pytest.raises(sa.exc.DBAPIError, match="LOCAL|not allowed|3948|1148|4166"), engine.connect() as connection:
            connection.exec_driver_sql(statement)


def test_pages_read_one_generation_and_never_the_facts(world: World):
    """Embedded, the file of a generation has no facts; on MariaDB tests/deploy/test_grants.py takes the right away."""

    def names(reading) -> set[str]:
        return set(sa.inspect(reading.connection).get_table_names())

    found = world.store.read(names)
    assert {table.name for table in schema.SUMMARIES} <= found
    if world.store.settings.database.engine == "embedded":
        assert "financials" not in found

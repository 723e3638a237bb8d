"""A schema that another program made and filled, with keys of its own on summary tables, is taken over by init-db."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines.ports import Store
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh, roll_back
from domain.errors import Refused, SchemaError
from tests.conftest import mysql_settings
from tests.facts import add_facts, all_summary_rows
from tests.mariadb import MariadbServer

NAME = "lego_taken_over"
FACTS = 3_000
"""docs/RELIABILITY.md tells of 300,000."""
KEYED = "id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY"
SUMMED = "month DATE NOT NULL, metric VARCHAR(100) NOT NULL"
UPDATED = "updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"
MADE = [
    f"CREATE TABLE category ({KEYED}, category VARCHAR(120) NOT NULL, created_at DATETIME DEFAULT NOW(), "
    "UNIQUE KEY uq_category (category))",
    f"CREATE TABLE brand ({KEYED}, brand VARCHAR(120) NOT NULL, category_id BIGINT UNSIGNED NULL, `group` VARCHAR(40), "
    "created_at DATETIME DEFAULT NOW(), UNIQUE KEY uq_brand (brand), KEY by_group (`group`), "
    "CONSTRAINT fk_brand_category FOREIGN KEY (category_id) REFERENCES category (id))",
    f"CREATE TABLE asin ({KEYED}, asin VARCHAR(20) NOT NULL, name VARCHAR(500), brand_id BIGINT UNSIGNED NULL, "
    "category_id BIGINT UNSIGNED NULL, status VARCHAR(20), created_at DATETIME DEFAULT NOW(), "
    "UNIQUE KEY uq_asin (asin), CONSTRAINT fk_asin_brand FOREIGN KEY (brand_id) REFERENCES brand (id), "
    "CONSTRAINT fk_asin_category FOREIGN KEY (category_id) REFERENCES category (id))",
    "CREATE TABLE marketplace (code VARCHAR(10) PRIMARY KEY, country_name VARCHAR(50), currency CHAR(3), "
    "active TINYINT(1) DEFAULT 1)",
    f"CREATE TABLE financials ({KEYED}, asin_id BIGINT UNSIGNED NOT NULL, marketplace VARCHAR(10) NOT NULL, "
    "metric VARCHAR(100) NOT NULL, month DATE NOT NULL, value DECIMAL(15,2) NOT NULL, "
    "created_at DATETIME DEFAULT NOW(), UNIQUE KEY one_value (asin_id, marketplace, metric, month), "
    "KEY by_month (month), CONSTRAINT fk_fact_asin FOREIGN KEY (asin_id) REFERENCES asin (id))",
    f"CREATE TABLE financials_summary_monthly_asin_marketplace ({KEYED}, asin_id BIGINT UNSIGNED NOT NULL, "
    f"brand_id BIGINT UNSIGNED, category_id BIGINT UNSIGNED, marketplace VARCHAR(10) NOT NULL, {SUMMED}, "
    f"value DECIMAL(18,2), {UPDATED}, UNIQUE KEY one_row (asin_id, marketplace, month, metric), KEY by_month (month), "
    "CONSTRAINT fk_sum_asin FOREIGN KEY (asin_id) REFERENCES asin (id) ON DELETE CASCADE, "
    "CONSTRAINT fk_sum_asin_brand FOREIGN KEY (brand_id) REFERENCES brand (id), "
    "CONSTRAINT fk_sum_asin_category FOREIGN KEY (category_id) REFERENCES category (id))",
    f"CREATE TABLE financials_summary_monthly_brand ({KEYED}, brand_id BIGINT UNSIGNED, category_id BIGINT UNSIGNED, "
    f"marketplace VARCHAR(10) NOT NULL, {SUMMED}, total_value DECIMAL(18,2), asin_count INT, {UPDATED}, "
    "UNIQUE KEY one_row (brand_id, month, marketplace, metric), "
    "CONSTRAINT fk_sum_brand FOREIGN KEY (brand_id) REFERENCES brand (id), "
    "CONSTRAINT fk_sum_brand_category FOREIGN KEY (category_id) REFERENCES category (id))",
    f"CREATE TABLE financials_summary_monthly_category ({KEYED}, category_id BIGINT UNSIGNED, {SUMMED}, "
    f"total_value DECIMAL(18,2), brand_count INT, asin_count INT, {UPDATED}, "
    "UNIQUE KEY one_row (category_id, month, metric), "
    "CONSTRAINT fk_sum_category FOREIGN KEY (category_id) REFERENCES category (id))",
    "CREATE TABLE somebodys_notes (id INT PRIMARY KEY, text TEXT)",
    "INSERT INTO somebodys_notes VALUES (1, 'mine')",
    "INSERT INTO category (category) VALUES ('Garden'), ('Kitchen')",
    "INSERT INTO brand (brand, category_id) SELECT CONCAT('Brand ', seq), 1 + seq % 2 FROM seq_1_to_20",
    "INSERT INTO asin (asin, brand_id) SELECT CONCAT('B', seq), IF(seq % 7, 1 + seq % 20, NULL) FROM seq_1_to_100",
    "INSERT INTO marketplace VALUES ('US', 'USA', 'USD', 1)",
    "INSERT INTO financials_summary_monthly_asin_marketplace (asin_id, brand_id, category_id, marketplace, month, "
    "metric, value) SELECT id, brand_id, 1, 'US', '2020-01-01', 'CM3', 1 FROM asin",
    "INSERT INTO financials_summary_monthly_brand (brand_id, category_id, marketplace, month, metric, total_value) "
    "SELECT id, category_id, 'US', '2020-01-01', 'CM3', 1 FROM brand",
    "INSERT INTO financials_summary_monthly_category (category_id, month, metric, total_value) "
    "SELECT id, '2020-01-01', 'CM3', 1 FROM category",
]
SUMMARY_KEYS = {
    "fk_sum_asin", "fk_sum_asin_brand", "fk_sum_asin_category", "fk_sum_brand", "fk_sum_brand_category",
    "fk_sum_category",
}


def fill(server: MariadbServer, facts: int) -> None:
    """As many facts: products × months × metrics, each once."""
    server.run(
        "INSERT INTO financials (asin_id, marketplace, metric, month, value) SELECT 1 + seq % 100, 'US', "
        "CONCAT('Metric ', LPAD(seq DIV 100 % 10, 2, '0')), DATE_ADD('2024-01-01', INTERVAL seq DIV 1000 MONTH), "
        f"(seq * 7919 % 100000) / 100 - 200 FROM seq_0_to_{facts - 1}", NAME,
    )


@pytest.fixture
def others(mariadb: MariadbServer, tmp_path: Path) -> Iterator[Store]:
    """A store on such a schema, before init-db."""
    mariadb.run(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    for statement in MADE:
        mariadb.run(statement, NAME)
    fill(mariadb, FACTS)
    store = open_store(mysql_settings(tmp_path, mariadb, NAME))
    yield store
    store.close()
    mariadb.run(f"DROP DATABASE {NAME}")


def facts_of(server: MariadbServer) -> tuple:
    """Count, sum and a checksum over every column that came with them."""
    return server.run(
        "SELECT COUNT(*), SUM(value), "
        "SUM(CRC32(CONCAT_WS('|', id, asin_id, marketplace, metric, month, value, created_at))) FROM financials", NAME,
    )[0]


def keys_of(server: MariadbServer) -> dict[str, set[str]]:
    """Table -> its foreign keys."""
    rows = server.run(
        f"SELECT table_name, constraint_name FROM information_schema.referential_constraints "
        f"WHERE constraint_schema = '{NAME}' ORDER BY 1, 2"
    )
    return {table: {key for _, key in found} for table, found in itertools.groupby(rows, key=lambda row: row[0])}


def test_init_db_takes_it_over_and_touches_no_fact(others: Store, mariadb: MariadbServer) -> None:
    facts, keys = facts_of(mariadb), keys_of(mariadb)
    said = migrations.upgrade(others)
    assert {line.split()[4] for line in said if line.startswith("took the foreign key")} == SUMMARY_KEYS
    theirs = ("asin", "brand", "financials")
    assert keys_of(mariadb) == {table: found for table, found in keys.items() if table in theirs}
    assert migrations.upgrade(others) == []
    for number in (1, 2):
        result = refresh(others, RefreshOptions(full=True))
        assert (result.generation.generation, result.facts, result.left_out) == (number, FACTS, ())
        assert facts_of(mariadb) == facts
    sums = {table.name: total(others, table) for table in schema.SUMMARIES}
    assert set(sums.values()) == {facts[1]}
    add_facts(others, [("B1", "US", "CM3", "2024-01", "1.00")])
    assert refresh(others).months[0].isoformat() == "2024-01-01"
    rows = all_summary_rows(others)
    refresh(others, RefreshOptions(full=True))
    assert all_summary_rows(others) == rows
    assert mariadb.run("SELECT * FROM somebodys_notes", NAME) == [(1, "mine")]
    assert mariadb.run("SHOW KEYS FROM financials WHERE key_name = 'one_value'", NAME) != []


def total(store: Store, table: sa.Table):
    value = table.c.value if "value" in table.c else table.c.total_value
    query = sa.select(sa.func.sum(value))
    if table is schema.summary_brand:
        query = query.where(table.c.marketplace == "ALL")
    return store.read(lambda reading: reading.connection.execute(query).scalar())


def test_published_tables_that_somebody_drops_are_made_again_and_stand_for_no_figure(
    others: Store, mariadb: MariadbServer
) -> None:
    migrations.upgrade(others)
    refresh(others)
    refresh(others, RefreshOptions(full=True))
    rows, numbers = all_summary_rows(others), itertools.count(3)
    for lost in ("financials_summary_monthly_brand", "summary_month", "financials_summary_monthly_category_previous"):
        for heal in (lambda: None, lambda: migrations.upgrade(others)):
            mariadb.run(f"DROP TABLE {lost}", NAME)
            assert others.published.live_fault() == f"{lost}: not there any more; run: flask refresh-summaries --full"
            heal()
            result = refresh(others, RefreshOptions(full=True))
            assert result.generation.generation == next(numbers) and all_summary_rows(others) == rows
    mariadb.run("DROP TABLE financials_summary_monthly_brand", NAME)
    with pytest.raises(SchemaError, match="flask init-db"):
        others.read(lambda reading: reading.connection.execute(sa.select(schema.summary_brand)).all())
    with pytest.raises(Refused, match="none is live until the next refresh; run: flask refresh-summaries --full"):
        roll_back(others)
    assert refresh(others).generation.generation == next(numbers) and all_summary_rows(others) == rows
    mariadb.run("DELETE FROM summary_generation", NAME)
    mariadb.run("CREATE TABLE financials_summary_monthly_brand_staging (left_over INT)", NAME)
    assert refresh(others, RefreshOptions(full=True)).generation.generation == next(numbers)
    assert all_summary_rows(others) == rows

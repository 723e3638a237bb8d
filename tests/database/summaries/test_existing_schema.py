"""A schema that was made by hand, with rows, foreign keys and text that compares without case, works."""

import dataclasses

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from database.summaries.rollups import MonthFacts, asin_rows, of_month
from domain.errors import SetupError
from domain.months import parse_month
from tests.conftest import mysql_settings
from tests.facts import all_summary_rows, shares_of, spread_by, summary_rows

BY_HAND = [
    "CREATE TABLE category (id INT AUTO_INCREMENT PRIMARY KEY, category VARCHAR(255) UNIQUE, "
    "created_at TIMESTAMP DEFAULT NOW())",
    "CREATE TABLE brand (id INT AUTO_INCREMENT PRIMARY KEY, brand VARCHAR(255) UNIQUE, category_id INT, "
    "`group` VARCHAR(50), created_at TIMESTAMP DEFAULT NOW())",
    "CREATE TABLE asin (id INT AUTO_INCREMENT PRIMARY KEY, asin VARCHAR(20) UNIQUE, name TEXT, brand_id INT, "
    "category_id INT, status VARCHAR(20), created_at TIMESTAMP DEFAULT NOW())",
    "CREATE TABLE marketplace (code VARCHAR(10) PRIMARY KEY, country_name VARCHAR(50), currency VARCHAR(3), "
    "active TINYINT(1))",
    "CREATE TABLE financials (id BIGINT AUTO_INCREMENT PRIMARY KEY, asin_id INT, marketplace VARCHAR(10), "
    "metric VARCHAR(100), month DATE, value DECIMAL(15,2), created_at TIMESTAMP DEFAULT NOW())",
    "CREATE TABLE financials_summary_monthly_brand (brand_id INT, category_id INT, month DATE, "
    "marketplace VARCHAR(10), metric VARCHAR(100), total_value DECIMAL(20,2), asin_count INT, updated_at TIMESTAMP)",
    "CREATE TABLE refresh_log (id INT AUTO_INCREMENT PRIMARY KEY, table_name VARCHAR(100), "
    "refresh_type VARCHAR(20), started_at TIMESTAMP, status VARCHAR(20))",
    "INSERT INTO category (id, category) VALUES (1, 'Garden')",
    "INSERT INTO brand (id, brand, category_id) VALUES (1, 'Alder', 1)",
    "INSERT INTO asin (id, asin, brand_id) VALUES (1, 'B1', 1), (2, 'B2', NULL)",
    "INSERT INTO marketplace VALUES ('US', 'USA', 'USD', 1)",
    "INSERT INTO financials_summary_monthly_brand (brand_id, month, total_value) VALUES (7, '2020-01-01', 5)",
    "INSERT INTO refresh_log (table_name, status) VALUES ('brand', 'success')",
    "INSERT INTO financials (asin_id, marketplace, metric, month, value) VALUES "
    "(1, 'US', 'Net revenue', '2024-01-01', 1), (1, 'us', 'NET REVENUE', '2024-01-01', 2), "
    "(1, 'US ', 'Net revenue ', '2024-01-01', 4), (2, 'us', 'net revenue', '2024-02-01', 8), "
    "(1, 'all', 'Net revenue', '2024-01-01', 16), (1, 'US', 'CM3', NULL, 32)",
]


@pytest.fixture
def by_hand(mariadb, tmp_path):
    """A store on such a schema, before init-db."""
    mariadb.run("CREATE DATABASE lego_by_hand CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    for statement in BY_HAND:
        mariadb.run(statement, "lego_by_hand")
    store = open_store(mysql_settings(tmp_path, mariadb, "lego_by_hand"))
    yield store
    store.close()
    mariadb.run("DROP DATABASE lego_by_hand")


def test_init_db_adds_what_is_missing_and_changes_no_row(by_hand, mariadb):
    tables = (
        "category", "brand", "asin", "marketplace", "financials", "financials_summary_monthly_brand", "refresh_log",
    )
    columns = {
        table: ", ".join(f"`{row[0]}`" for row in mariadb.run(f"DESCRIBE {table}", "lego_by_hand")) for table in tables
    }
    before = {table: mariadb.run(f"SELECT {columns[table]} FROM {table}", "lego_by_hand") for table in tables}
    done = migrations.upgrade(by_hand)
    assert {table: mariadb.run(f"SELECT {columns[table]} FROM {table}", "lego_by_hand") for table in tables} == before
    assert "added column financials.import_id" in done
    assert any(line.startswith("added index ix_financials_rollup to financials in") for line in done)
    assert migrations.upgrade(by_hand) == []


def test_spellings_the_server_takes_as_equal_become_one_name_in_every_month(by_hand):
    migrations.upgrade(by_hand)
    result = refresh(by_hand)
    metrics = {row[5] for row in summary_rows(by_hand, schema.summary_asin)}
    marketplaces = {row[3] for row in summary_rows(by_hand, schema.summary_asin)}
    assert len(metrics) == len(marketplaces) == 1
    assert [(row[0], row[4], row[6]) for row in summary_rows(by_hand, schema.summary_asin)] == [
        (1, "2024-01-01", "7.00"), (2, "2024-02-01", "8.00"),
    ]
    assert {(entry.reason, str(entry.value)) for entry in result.left_out} == {
        ("marketplace ALL", "16.00"), ("no month", "32.00"),
    }


def test_a_published_name_stays_when_another_spelling_comes_first(by_hand, mariadb):
    migrations.upgrade(by_hand)
    refresh(by_hand)
    name = summary_rows(by_hand, schema.summary_asin)[0][5]
    mariadb.run("INSERT INTO financials (asin_id, marketplace, metric, month, value) VALUES "
                "(2, 'US', 'NEt revenue', '2024-03-01', 1)", "lego_by_hand")
    refresh(by_hand)
    incremental = all_summary_rows(by_hand)
    assert {row[5] for row in summary_rows(by_hand, schema.summary_asin)} == {name}
    refresh(by_hand, RefreshOptions(full=True))
    assert all_summary_rows(by_hand) == incremental


def test_shares_follow_the_names_that_spellings_get(by_hand, mariadb):
    migrations.upgrade(by_hand)
    mariadb.run("DELETE FROM financials", "lego_by_hand")
    mariadb.run("INSERT INTO asin (id, asin) VALUES (3, 'ACCOUNT')", "lego_by_hand")
    mariadb.run(
        "INSERT INTO financials (asin_id, marketplace, metric, month, value) VALUES "
        "(1, 'US', 'NET revenue', '2024-01-01', 1), (2, 'us', 'net REVENUE', '2024-01-01', 3), "
        "(3, 'us', 'sem COSTS', '2024-01-01', 2), (1, 'US', 'Net revenue', '2024-02-01', 8), "
        "(3, 'US', 'SEM costs', '2024-02-01', 5)", "lego_by_hand",
    )
    store = spread_by(by_hand, "revenue")
    refresh(store)
    assert shares_of(store) == {"SEM costs": {"B1 US": "0.50", "B2 US": "1.50", "ACCOUNT US": "-2.00"}}
    assert shares_of(store, "2024-02") == {"SEM costs": {"B1 US": "5.00", "ACCOUNT US": "-5.00"}}
    incremental = all_summary_rows(store)
    refresh(store, RefreshOptions(full=True))
    assert all_summary_rows(store) == incremental


def test_a_foreign_key_on_a_summary_table_is_refused_before_anything_is_touched(by_hand, mariadb):
    migrations.upgrade(by_hand)
    mariadb.run("ALTER TABLE financials_summary_monthly_brand ADD CONSTRAINT its_brand FOREIGN KEY (category_id) "
                "REFERENCES category (id)", "lego_by_hand")
    with pytest.raises(SetupError, match="its_brand.*; flask init-db takes it off"):
        refresh(by_hand)
    assert [line for line in migrations.upgrade(by_hand) if "its_brand" in line] == [
        "took the foreign key its_brand to category off financials_summary_monthly_brand: it would follow a table that "
        "is put aside"
    ]
    refresh(by_hand)
    mariadb.run("CREATE TABLE of_others (brand_id INT, CONSTRAINT their_row FOREIGN KEY (brand_id) "
                "REFERENCES financials_summary_monthly_brand (brand_id))", "lego_by_hand")
    with pytest.raises(SetupError, match="of_others has the foreign key their_row.*ALTER TABLE of_others DROP"):
        refresh(by_hand)
    assert migrations.upgrade(by_hand) == []


def test_a_summary_table_of_another_engine_is_refused(by_hand, mariadb):
    migrations.upgrade(by_hand)
    mariadb.run("ALTER TABLE financials_summary_monthly_category ENGINE = MyISAM", "lego_by_hand")
    with pytest.raises(SetupError, match="MyISAM.*ALTER TABLE financials_summary_monthly_category ENGINE = InnoDB"):
        refresh(by_hand)


def test_a_missing_rollup_index_is_said_and_the_refresh_works(by_hand, mariadb):
    migrations.upgrade(by_hand)
    mariadb.run("DROP INDEX ix_financials_rollup ON financials", "lego_by_hand")
    result = refresh(by_hand)
    assert any("rollup index" in note and "flask init-db" in note for note in result.notes)


def test_a_read_only_server_is_refused(by_hand, mariadb):
    migrations.upgrade(by_hand)
    mariadb.run("CREATE USER IF NOT EXISTS plain IDENTIFIED BY 'plain'")
    mariadb.run("GRANT ALL ON lego_by_hand.* TO plain")
    settings = by_hand.settings
    database = dataclasses.replace(settings.database, user="plain", password="plain")
    plain = open_store(dataclasses.replace(settings, database=database))
    mariadb.run("SET GLOBAL read_only = 1")
    try:
        with pytest.raises(SetupError, match="read-only"):
            refresh(plain)
    finally:
        mariadb.run("SET GLOBAL read_only = 0")
        plain.close()


def test_the_rollup_index_covers_the_rollup(by_hand, mariadb):
    migrations.upgrade(by_hand)
    month = parse_month("2024-01")
    rows = asin_rows(
        of_month(schema.financials.c.month, MonthFacts(month, (month,))), month=sa.literal(month),
        placement=schema.summary_placement, set_number=1, now=sa.func.now(),
    )
    with by_hand.facts() as connection:
        text = str(rows.compile(connection.engine, compile_kwargs={"literal_binds": True}))
        plan = connection.exec_driver_sql("EXPLAIN " + text.replace("%", "%%")).mappings().first()
    assert plan["key"] == "ix_financials_rollup"
    assert "Using index" in plan["Extra"]
    assert "temporary" not in plan["Extra"]

"""Generations that an earlier version published are read and built upon by this one."""

import duckdb
import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.journal.run_log import NOTHING_TO_DO, SUCCESS
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from tests.conftest import embedded_settings
from tests.facts import add_facts, add_products, all_summary_rows


@pytest.fixture
def older(tmp_path):
    """A store whose one generation lacks a table and a column."""
    store = open_store(embedded_settings(tmp_path))
    migrations.upgrade(store)
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "Net revenue", "2024-01", "10.00")])
    refresh(store)
    store.close()
    path = store.published.files.path(1)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"DROP TABLE {schema.summary_restated.name}")
        connection.execute(f"ALTER TABLE {schema.summary_generation.name} DROP COLUMN in_place")
    store = open_store(store.settings)
    yield store
    store.close()


def test_an_upgrade_completes_them_and_leaves_what_they_hold(older):
    assert migrations.upgrade(older) == ["generation 1: 2 missing tables or columns added"]
    assert migrations.upgrade(older) == []

    def question(reading):
        figures = reading.connection.execute(sa.select(schema.summary_asin.c.value)).scalars().all()
        return figures, reading.connection.execute(sa.select(schema.summary_restated)).all()

    figures, restated = older.read(question)
    assert ([str(value) for value in figures], restated) == (["10.00"], [])
    assert refresh(older).status == NOTHING_TO_DO
    assert refresh(older, RefreshOptions(full=True)).status == SUCCESS


def test_the_level_by_marketplace_is_made_from_that_by_brand(older):
    migrations.upgrade(older)
    add_facts(older, [("B1", "DE", "Net revenue", "2024-02", "-2.50")])
    refresh(older)
    before = all_summary_rows(older)
    assert before[schema.summary_marketplace.name]
    older.close()
    with duckdb.connect(str(older.published.files.path(2))) as connection:
        connection.execute(f"DROP TABLE {schema.summary_marketplace.name}")
    store = open_store(older.settings)
    assert migrations.upgrade(store) == ["generation 2: 1 missing tables or columns added"]
    assert all_summary_rows(store) == before
    store.close()


def test_whoever_has_the_old_file_open_keeps_it(older):
    path = older.published.files.path(1)
    with duckdb.connect(str(path), read_only=True) as reader:
        migrations.upgrade(older)
        assert reader.execute(f"SELECT count(*) FROM {schema.summary_asin.name}").fetchall() == [(1,)]
    assert [file.name for file in path.parent.iterdir() if file.suffix != ".duckdb"] == ["current"]

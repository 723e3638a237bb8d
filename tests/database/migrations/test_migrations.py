"""init-db makes what is missing, twice without harm, and leaves rows that were there alone."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from database import migrations, schema
from database.engines import schema_versions
from database.people import users
from database.store import open_store
from database.summaries.refresh import RefreshOptions, plan_only, refresh, roll_back
from domain.errors import SchemaError
from tests.facts import add_facts, add_products, all_summary_rows

LATER_TABLES = (
    schema.catalogue_change_cell, schema.catalogue_change, schema.totp, schema.recovery_code, schema.one_time_token,
    schema.doctor_finding, schema.stored_size, schema.slow_statement,
    schema.notice, schema.notice_delivery, schema.notice_rule,
    schema.archived_month, schema.archived_sum, schema.node_state, schema.told_name,
)
LATER_COLUMNS = (
    schema.app_user.c.is_limited, schema.app_session.c.browser, schema.import_log.c.user_name,
    schema.import_log.c.undone_by, schema.import_log.c.mode, schema.import_log.c.rows_read,
    schema.import_log.c.replaced_facts, schema.saved_view.c.is_start,
)


def test_a_fresh_database_gets_every_table(settings):
    store = open_store(settings)
    done = migrations.upgrade(store)
    for database in store.facts_room.databases():
        with database.engine.connect() as connection:
            for table in schema.tables_of(*database.rooms):
                assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() >= 0
    assert any(line.partition(" over ")[0] == "created table financials" for line in done)
    migrations.check(store)
    store.close()


def test_the_versions_that_files_are_named_after_are_those_of_alembic():
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert schema_versions.revisions() == tuple(script.revision for script in scripts.walk_revisions())[::-1]
    assert scripts.get_current_head() == schema_versions.revisions()[-1]


def test_a_second_upgrade_does_nothing(store):
    assert migrations.upgrade(store) == []


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_an_index_that_somebody_dropped_is_added_again(store, mariadb):
    (rollup,) = (index.name for index in schema.financials.indexes)
    mariadb.run(f"ALTER TABLE financials DROP INDEX {rollup}", store.settings.database.database)
    done = migrations.upgrade(store)
    assert [line.partition(" in ")[0] for line in done[1:]] == [f"added index {rollup} to financials"]
    assert migrations.upgrade(store) == []


def test_a_database_of_the_first_version_gets_what_came_since(store):
    for database in store.facts_room.databases():
        with database.engine.begin() as connection:
            for table in LATER_TABLES:
                if table.info["room"] in database.rooms:
                    connection.execute(sa.schema.DropTable(table))
            if schema.APPLICATION in database.rooms:
                for column in LATER_COLUMNS:
                    connection.execute(sa.text(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}"))
            connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '0001'"))
    with pytest.raises(SchemaError, match="run: flask init-db"):
        migrations.check(store)
    assert sorted(migrations.upgrade(store)) == sorted(
        [f"created table {table.name}" for table in LATER_TABLES]
        + [f"added column {column.table.name}.{column.name}" for column in LATER_COLUMNS]
    )
    migrations.check(store)


@pytest.mark.parametrize("engine", ["mysql"], indirect=True)
def test_what_is_published_gets_the_level_by_marketplace_the_kept_generation_too(store, mariadb):
    add_products(store, ("B1", None, None))
    for generation, month in enumerate(("2024-01", "2024-02"), 1):
        add_facts(store, [("B1", "US", "CM3", month, f"{generation}.50"), ("B1", "DE", "CM3", month, "-7.00")])
        refresh(store, RefreshOptions(full=True))

    def rows(generation):
        return store.read(
            lambda reading: [
                tuple(row)[:-1] for row in reading.connection.execute(sa.select(schema.summary_marketplace))
            ],
            generation=generation,
        )

    before = rows(1), rows(2)
    assert [len(found) for found in before] == [2, 4]
    name, database = schema.summary_marketplace.name, store.settings.database.database
    mariadb.run(f"DROP TABLE {name}, {name}_previous", database)
    mariadb.run("UPDATE lego_schema_version SET version_num = '0010'", database)
    assert migrations.upgrade(store) == [f"created table {name}", f"created table {name}_previous"]
    assert (rows(1), rows(2)) == before


def test_whoever_had_brands_is_limited_after_the_upgrade(store):
    user, brands = schema.app_user, schema.app_user_brand
    with store.application.begin() as connection:
        for name in ("anna", "bert"):
            users.add_user(connection, name=name, role="viewer", password_hash="-")
        connection.execute(sa.insert(brands).values(user_id=users.find_user(connection, "bert").id, brand_id=3))
    with store.facts_room.databases()[-1].engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE app_user DROP COLUMN is_limited"))
        connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '0002'"))
    assert migrations.upgrade(store) == ["added column app_user.is_limited"]
    with store.application_reading.connect() as connection:
        rows = connection.execute(sa.select(user.c.name, user.c.is_limited).order_by(user.c.name))
        assert [tuple(row) for row in rows] == [("anna", False), ("bert", True)]


def test_a_database_without_tables_names_the_command(settings):
    store = open_store(settings)
    for database in store.facts_room.databases():
        database.engine.connect().close()
    with pytest.raises(SchemaError, match="flask init-db"):
        migrations.check(store)
    store.close()


def test_a_newer_database_is_refused(store):
    with store.facts_room.databases()[-1].engine.begin() as connection:
        connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer than this program"):
        migrations.check(store)
    with pytest.raises(SchemaError, match="newer than this program"):
        migrations.upgrade(store)


def test_over_the_schema_of_another_version_nothing_is_imported_refreshed_or_rolled_back(store):
    add_products(store, ("B1", None, None))
    for month in ("2024-01", "2024-02"):
        add_facts(store, [("B1", "US", "CM3", month, "1.00")])
        refresh(store)
    live, rows = store.live_generation(), all_summary_rows(store)
    add_facts(store, [("B1", "US", "CM3", "2024-03", "1.00")])
    # As after a `git pull` that nobody deployed, and after a `git checkout` of the version before.
    for version, words in (("0018", "run: flask init-db"), ("9999", "newer than this program, which knows 00")):
        with store.application.begin() as connection:
            connection.execute(sa.text(f"UPDATE lego_schema_version SET version_num = '{version}'"))
        for work in (refresh, plan_only, roll_back, lambda store: store.lock("import").__enter__()):
            with pytest.raises(SchemaError, match=words):
                work(store)
        assert (store.live_generation(), all_summary_rows(store)) == (live, rows)
        assert store.work_lock.holder() is None

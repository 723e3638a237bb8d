"""init-db makes what is missing, twice without harm, and leaves rows that were there alone."""

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.engines import open_store
from domain.errors import SchemaError


def test_a_fresh_database_gets_every_table(settings):
    store = open_store(settings)
    done = migrations.upgrade(store)
    for database in store.databases():
        with database.engine.connect() as connection:
            for table in schema.tables_of(*database.rooms):
                assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() >= 0
    assert "created table financials" in done
    migrations.check(store)
    store.close()


def test_a_second_upgrade_does_nothing(store):
    assert migrations.upgrade(store) == []


def test_a_database_of_the_first_version_gets_what_came_since(store):
    for database in store.databases():
        with database.engine.begin() as connection:
            if schema.APPLICATION in database.rooms:
                connection.execute(sa.schema.DropTable(schema.catalogue_change_cell))
                connection.execute(sa.schema.DropTable(schema.catalogue_change))
            connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '0001'"))
    with pytest.raises(SchemaError, match="run: flask init-db"):
        migrations.check(store)
    assert migrations.upgrade(store) == ["created table catalogue_change", "created table catalogue_change_cell"]
    migrations.check(store)


def test_a_database_without_tables_names_the_command(settings):
    store = open_store(settings)
    for database in store.databases():
        database.engine.connect().close()
    with pytest.raises(SchemaError, match="flask init-db"):
        migrations.check(store)
    store.close()


def test_a_newer_database_is_refused(store):
    with store.databases()[-1].engine.begin() as connection:
        connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer than this program"):
        migrations.check(store)
    with pytest.raises(SchemaError, match="newer than this program"):
        migrations.upgrade(store)

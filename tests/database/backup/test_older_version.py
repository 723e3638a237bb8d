"""A backup of an earlier version of the program is upgraded while it is staged, and one from before an upgrade is the
way back from it."""

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.backup.backup import back_up
from database.backup.backup_file import Manifest, backup_file
from database.backup.fingerprints import COUNTED, fingerprints
from database.backup.restore import restore
from database.summaries.refresh import refresh
from domain.errors import SchemaError
from tests.databases import on_one_server
from tests.facts import add_facts, add_products, all_summary_rows

pytestmark = on_one_server

NEWER = (schema.archived_month, schema.archived_sum)


def test_a_backup_of_an_earlier_version_is_upgraded(store, tmp_path):
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(store)
    before = all_summary_rows(store)
    for database in store.facts_room.databases():
        with database.engine.begin() as connection:
            for table in NEWER:
                if table.info["room"] in database.rooms:
                    connection.execute(sa.schema.DropTable(table))
            connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '0008'"))
    back_up_as_it_is(store, tmp_path / "older.backup")
    store.close()
    migrations.upgrade(store)
    add_facts(store, [("B1", "US", "CM3", "2024-01", "9.00")])
    assert restore(store, tmp_path / "older.backup", replace=True).facts == 1
    migrations.check(store)
    assert refresh(store).status == "nothing to do"
    assert all_summary_rows(store) == before


def test_a_backup_from_before_an_upgrade_is_the_way_back_to_the_version_before(store, tmp_path):
    add_products(store, ("B1", None, None))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "1.00")])
    refresh(store)
    before = all_summary_rows(store)
    back_up(store, tmp_path / "before.backup")
    for database in store.facts_room.databases():
        with database.engine.begin() as connection:
            connection.execute(sa.text("UPDATE lego_schema_version SET version_num = '9999'"))
            connection.execute(sa.text("CREATE TABLE of_the_newer_version (id INTEGER)"))
            connection.execute(sa.text("ALTER TABLE lego_schema_version ADD COLUMN of_the_newer_version INTEGER"))
    add_facts(store, [("B1", "US", "CM3", "2024-01", "9.00")])
    with pytest.raises(SchemaError, match="flask restore FILE --replace"):
        refresh(store)
    store.close()
    assert restore(store, tmp_path / "before.backup", replace=True).facts == 1
    migrations.check(store)
    assert refresh(store).status == "nothing to do"
    assert all_summary_rows(store) == before


def back_up_as_it_is(store, path) -> None:
    """What the earlier version did."""
    known = set(COUNTED) - {table.name for table in NEWER}
    with backup_file(path, force=False, progress=lambda *told: None) as file, store.copying().parts() as parts:
        for part in parts:
            with part.open() as source:
                file.add(part.name, source, part.size)
        known_then = fingerprints(store, known)
        del known_then[schema.summary_marketplace.name]
        file.finish(Manifest(
            engine=store.traits.kind, schema="0008", made_at="2026-01-01T00:00:00Z", generation=1,
            fingerprints=known_then, members=file.members,
        ))

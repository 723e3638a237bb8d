"""A backup is one private file; what is restored from it is what was backed up, at one instant or not at all."""

import io
import json
import os
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.archive.archiving import archive, unarchive
from database.backup.backup import back_up
from database.backup.fingerprints import fingerprints
from database.backup.restore import restore
from database.facts.archived import archive_folder, archived_months
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.run_log import last_runs
from database.people import users
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import OutOfSpace, Refused, SetupError
from domain.months import parse_month
from tests.conftest import embedded_settings
from tests.databases import on_one_server
from tests.facts import add_facts, all_summary_rows
from tests.faults.test_full_disk import filled, small_disk

EMBEDDED = pytest.mark.parametrize("engine", ["embedded"], indirect=True)
"""For what no engine can change."""

FACTS = """asin,brand,category,marketplace,metric,month,value
B1,Alder,Garden,US,Net revenue,2024-01,10.01
B2,Birch,Garden,DE,Net revenue,2024-01,-1.50
B1,Alder,Garden,US,Ñandú €,2024-02,7.00
"""
LATER = FACTS.replace("10.01", "99.99")


def fill(store) -> None:
    """An imported file, refreshed twice, and a person."""
    with tempfile.TemporaryDirectory() as folder:
        take_in(store, Path(folder), FACTS)
    refresh(store)
    refresh(store, RefreshOptions(full=True))
    with store.application.begin() as connection:
        users.add_user(connection, name="anna", role="admin", password_hash="-")
        connection.execute(sa.insert(schema.app_session).values(
            token_hash="x", user_id=1, created_at=sa.func.current_timestamp(), last_seen_at=sa.func.current_timestamp(),
        ))


@pytest.fixture
def filled_by():
    return fill


@pytest.fixture
def shop(store):
    return store


def take_in(store, folder: Path, text: str) -> None:
    path = folder / "facts.csv"
    path.write_text(text, encoding="utf-8")
    with store.lock("an import"):
        import_file(store, path, ImportOptions())


def names_of(store) -> list[str]:
    with store.application_reading.connect() as connection:
        return list(connection.execute(sa.select(schema.app_user.c.name).order_by(schema.app_user.c.id)).scalars())


def everything(store) -> tuple:
    """Fingerprints, summaries and people."""
    return fingerprints(store), all_summary_rows(store), names_of(store)


def rows_of(store, table: sa.Table) -> list[tuple]:
    with store.application_reading.connect() as connection:
        return list(connection.execute(sa.select(table)))


@on_one_server
def test_what_is_restored_is_what_was_backed_up_and_work_goes_on(shop, tmp_path):
    file, before, raw = tmp_path / "lego.backup", everything(shop), raw_facts(shop)
    done = back_up(shop, file)
    assert (done.facts, done.generation) == (3, 2)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert rows_of(shop, schema.app_session) != []
    change_everything(shop, tmp_path)
    changed, shown = everything(shop), shop.live_generation().generation
    assert changed != before
    with pytest.raises(Refused, match="--replace"):
        restore(shop, file)
    assert everything(shop) == changed
    restored = restore(shop, file, replace=True)
    assert (restored.facts, restored.generation_before, restored.generation) == (3, 2, shown + 2)
    assert (everything(shop), raw_facts(shop)) == (before, raw)
    assert rows_of(shop, schema.app_session) == []
    assert [(run.refresh_type, run.status) for run in last_runs(shop, 1)] == [("rollback", "success")]
    assert last_runs(shop, 1)[0].error_message.startswith("restored from lego.backup, made 2")
    assert_work_goes_on(shop, tmp_path, generation=shown + 2)


def assert_work_goes_on(store, folder: Path, *, generation: int) -> None:
    """Imports, refreshes and the generation before."""
    live = store.live_generation()
    assert (live.generation, live.previous) == (generation, generation - 1)
    assert store.read(lambda reading: reading.generation.generation, generation=live.previous) == live.previous
    assert store.published.numbers() == [live.previous, live.generation]
    take_in(store, folder, LATER)
    result = refresh(store)
    assert (result.generation.generation, result.restated) == (generation + 1, ())
    rows = all_summary_rows(store)
    refresh(store, RefreshOptions(full=True))
    assert all_summary_rows(store) == rows


def raw_facts(store) -> list[tuple]:
    with store.facts() as connection:
        table = schema.financials
        return [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.id))]


def change_everything(store, folder: Path) -> None:
    take_in(store, folder, LATER)
    refresh(store)
    with store.application.begin() as connection:
        users.add_user(connection, name="bert", role="viewer", password_hash="-")


@on_one_server
def test_archived_months_come_back_with_their_files(shop, tmp_path):
    archive(shop, before=parse_month("2024-02"))
    elsewhere = archive(shop, before=parse_month("2024-03"), folder=tmp_path / "elsewhere")
    refresh(shop)
    before = everything(shop)
    done = back_up(shop, tmp_path / "lego.backup")
    assert done.note == (
        "archived facts of 2024-02 are not in the backup: their files are in "
        f"{tmp_path / 'elsewhere'}; back them up, too"
    )
    unarchive(shop, [parse_month("2024-01")])
    assert list(archive_folder(shop).iterdir()) == []
    restore(shop, tmp_path / "lego.backup", replace=True)
    assert everything(shop) == before
    rows = all_summary_rows(shop)
    refresh(shop, RefreshOptions(full=True))
    assert all_summary_rows(shop) == rows
    assert [each.file.is_file() for each in archived_months(shop)] == [True, True]
    assert archived_months(shop)[1] == elsewhere.months[0]
    assert [path.suffix for path in archive_folder(shop).iterdir()] == [".parquet"]
    unarchive(shop)
    assert sum(int(row[2]) for row in fingerprints(shop)["facts"]) == 3


@on_one_server
def test_an_empty_place_is_filled(shop, settings, tmp_path):
    file, before = tmp_path / "lego.backup", everything(shop)
    back_up(shop, file)
    shop.close()
    empty(settings)
    fresh = open_store(settings)
    restored = restore(fresh, file)
    assert restored.generation == restored.generation_before + 2
    assert everything(fresh) == before
    fresh.close()


def empty(settings) -> None:
    """No database where there was one."""
    if settings.database.engine == "embedded":
        settings.database.path.rename(settings.database.path.with_name("lost"))
        return
    store = open_store(settings)
    with store.facts() as connection:
        name = settings.database.database
        connection.exec_driver_sql(f"DROP DATABASE {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    store.close()


@EMBEDDED
def test_a_backup_is_never_overwritten_unasked(shop, tmp_path):
    file = tmp_path / "lego.backup"
    file.write_text("mine")
    with pytest.raises(Refused, match="--force"):
        back_up(shop, file)
    assert file.read_text() == "mine"
    back_up(shop, file, force=True)
    assert sorted(path.name for path in tmp_path.glob("*lego.backup*")) == ["lego.backup"]
    with pytest.raises(SetupError, match="there is no folder .*nowhere"):
        back_up(shop, tmp_path / "nowhere" / "lego.backup")


@EMBEDDED
def test_a_disk_that_is_full_leaves_no_file(shop, tmp_path):
    with small_disk(tmp_path / "disk", megabytes=1) as disk, filled(disk):
        with pytest.raises(OutOfSpace, match="disk is full"):
            back_up(shop, disk / "lego.backup")
        assert [path.name for path in disk.iterdir()] == ["spare"]


def rewritten(file: Path, target: Path, change) -> Path:
    """The backup with its members, by name, changed by `change`."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members = change(members)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def with_manifest(**changes):
    def change(members: dict[str, bytes]) -> dict[str, bytes]:
        manifest = json.loads(members["manifest.json"]) | changes
        return members | {"manifest.json": json.dumps(manifest).encode()}

    return change


def with_a_cent_less(members: dict[str, bytes]) -> dict[str, bytes]:
    manifest = json.loads(members["manifest.json"])
    manifest["fingerprints"]["facts"][0][3] = "10.00"
    return members | {"manifest.json": json.dumps(manifest).encode()}


def with_a_stranger(members: dict[str, bytes]) -> dict[str, bytes]:
    first = next(iter(members))
    manifest = json.loads(members["manifest.json"])
    manifest["members"]["../secret_key"] = manifest["members"].pop(first)
    return {"../secret_key": members[first], **members, "manifest.json": json.dumps(manifest).encode()}


def without_a_byte(members: dict[str, bytes]) -> dict[str, bytes]:
    first = next(iter(members))
    return members | {first: members[first][:-1]}


@on_one_server
def test_a_file_that_is_not_a_whole_backup_of_ours_changes_nothing(shop, engine, tmp_path):
    file = tmp_path / "lego.backup"
    back_up(shop, file)
    other = "mysql" if engine == "embedded" else "embedded"
    (tmp_path / "foreign").write_bytes(b"PK no")
    (tmp_path / "truncated").write_bytes(file.read_bytes()[:-100])
    (tmp_path / "flipped").write_bytes(flipped(file.read_bytes()))
    wrong = {
        tmp_path / "foreign": "no backup of this program",
        tmp_path / "truncated": "no backup of this program",
        tmp_path / "flipped": "no backup of this program",
        rewritten(file, tmp_path / "other-zip", lambda members: {"a.txt": b"a"}): "it has no manifest",
        rewritten(file, tmp_path / "shorter", without_a_byte): "has another length than its manifest says",
        rewritten(file, tmp_path / "stranger", with_a_stranger): "members are not those|is not part of a backup",
        rewritten(file, tmp_path / "cent", with_a_cent_less): "is not what its manifest says",
        rewritten(file, tmp_path / "newer", with_manifest(format_version=2)): "newer version of this program",
        rewritten(file, tmp_path / "schema", with_manifest(schema="9999")): "newer than this program",
        rewritten(file, tmp_path / "engine", with_manifest(engine=other)): f"made of the engine {other}",
    }
    before = everything(shop)
    if engine == "mysql":
        # What is found before anything is staged knows no engine.
        wrong = {path: words for path, words in wrong.items() if path.name in ("shorter", "cent", "engine")}
    for path, words in wrong.items():
        with pytest.raises(Refused, match=words):
            restore(shop, path, replace=True)
        assert everything(shop) == before, path
    with pytest.raises(SetupError, match="no such file"):
        restore(shop, tmp_path / "nothing")


def flipped(content: bytes) -> bytes:
    """One bit in the midst is another, where that changes what is unpacked: a run of zeros may be told in two ways."""
    for place in range(len(content) // 3, len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        try:
            with zipfile.ZipFile(io.BytesIO(changed)) as archive:
                if archive.testzip() is not None:
                    return changed
        except (zipfile.BadZipFile, zlib.error):
            return changed
    raise AssertionError("no bit matters")


@on_one_server
def test_facts_that_change_while_they_are_copied_make_no_backup(shop, tmp_path):
    told = []

    def write(*progress) -> None:
        if not told:
            told.append(progress)
            add_facts(shop, [("B1", "US", "CM3", "2024-01", "1.00")], announced=False)

    with pytest.raises(Refused, match="changed the facts"):
        back_up(shop, tmp_path / "lego.backup", progress=write)
    assert not (tmp_path / "lego.backup").exists()


def test_a_restore_without_room_changes_nothing(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=96) as disk:
        store = open_store(embedded_settings(disk))
        migrations.upgrade(store)
        take_in(store, tmp_path, FACTS)
        refresh(store)
        back_up(store, tmp_path / "lego.backup")
        before = everything(store)
        with filled(disk), pytest.raises(OutOfSpace, match="full|No space"):
            restore(store, tmp_path / "lego.backup", replace=True)
        assert everything(store) == before
        assert not (disk / "instance" / "restoring").exists()
        restore(store, tmp_path / "lego.backup", replace=True)
        store.close()


@EMBEDDED
def test_drafts_of_killed_backups_go_with_the_next_one(shop, tmp_path):
    dead = tmp_path / ".lego.backup.999999999-1.new"
    dead.touch()
    living = tmp_path / f".lego.backup.{os.getpid()}-.new"
    living.touch()
    back_up(shop, tmp_path / "lego.backup")
    assert (dead.exists(), living.exists()) == (False, True)


@EMBEDDED
def test_each_part_is_told_of_once_when_it_is_done(shop, tmp_path):
    told = []
    back_up(shop, tmp_path / "lego.backup", progress=lambda *each: told.append(each))
    parts = [part for part, done, total in told if done == total]
    assert parts == [
        "facts.duckdb", "application.sqlite", *(f"generations/00000{number}.duckdb" for number in (1, 2)),
        "generations/current",
    ]
    told.clear()
    restore(shop, tmp_path / "lego.backup", replace=True, progress=lambda *each: told.append(each))
    assert [part for part, done, total in told if done == total] == parts

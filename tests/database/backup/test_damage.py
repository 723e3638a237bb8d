"""What is damaged is neither backed up nor restored, wherever it is damaged; a good backup stays where it is."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from database import schema
from database.archive.archiving import archive
from database.backup.backup import back_up
from database.backup.backup_file import BackupReader, backup_file, open_backup
from database.backup.restore import restore
from database.doctor.examination import examine
from database.engines.ports import Store
from database.facts.archived import archived_months
from database.people import users
from database.store import open_store
from database.summaries.refresh import RefreshOptions, refresh
from domain.errors import Damaged, Refused
from domain.findings import SERIOUS
from domain.months import parse_month
from settings import Settings
from tests.conftest import embedded_settings
from tests.facts import add_facts, add_products, all_summary_rows, announce

FACTS, APPLICATION, LIVE, EARLIER = (
    "facts.duckdb", "application.sqlite", "generations/000002.duckdb", "generations/000001.duckdb",
)
PLACES = {
    FACTS: (0.0, 0.2, 0.45, 0.7, 0.95), APPLICATION: (0.0, 0.5, 0.8), LIVE: (0.0, 0.4), EARLIER: (0.4,),
    "archive": (0.5,),
}
"""Of a file: its beginning, its end, and between them."""
PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Settings:
    """An instance with facts in several blocks, two generations, an archived month and a backup."""
    settings = embedded_settings(tmp_path_factory.mktemp("whole"))
    shutil.copytree(empty_instance, settings.database.path)
    store = open_store(settings)
    add_products(store, *((f"B{n}", None, None) for n in range(400)))
    with store.facts() as connection:
        connection.exec_driver_sql(
            "INSERT INTO financials (id, asin_id, marketplace, metric, month, value, created_at) "
            "SELECT i, 1 + i % 400, 'US', 'Metric ' || (i % 7), DATE '2024-01-01' + to_months((i % 4)::INTEGER), "
            "(hash(i) % 100000) / 100, TIMESTAMP '2024-05-01' + to_seconds(i) FROM range(1, 40001) r(i)"
        )
        connection.commit()
    announce(store, [parse_month("2024-01")], cause="import")
    refresh(store)
    archive(store, before=parse_month("2024-02"))
    refresh(store, RefreshOptions(full=True))
    with store.application.begin() as connection:
        for n in range(300):
            users.add_user(connection, name=f"anna{n}", role="viewer", password_hash="-" * 200)
    back_up(store, settings.database.path / "lego.backup")
    store.close()
    return settings


@pytest.fixture
def copy(whole: Settings, tmp_path: Path) -> Callable[[], Settings]:
    """Gives a copy of it, to be damaged."""

    def made() -> Settings:
        settings = embedded_settings(tmp_path)
        shutil.rmtree(settings.database.path, ignore_errors=True)
        shutil.copytree(whole.database.path, settings.database.path)
        with open_store(settings).facts() as connection:
            table = schema.archived_month
            for month, file in connection.execute(sa.select(table.c.month, table.c.file)).all():
                moved = str(settings.database.path / "archive" / Path(file).name)
                connection.execute(sa.update(table).where(table.c.month == month).values(file=moved))
            connection.commit()
        return settings

    return made


def damage(path: Path, place: float, seed: int) -> None:
    """Other bytes than were written, a page of them, as a disk exchanges them."""
    with path.open("r+b") as file:
        file.seek(int(place * path.stat().st_size) // PAGE * PAGE)
        file.write(random.Random(seed).randbytes(PAGE))


def content(path: Path) -> dict[str, list]:
    """Every value of a file of a database, by table."""
    if path.suffix == ".sqlite":
        with sqlite3.connect(path) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in names}
    if path.suffix != ".duckdb":
        return {path.name: [path.read_bytes()]}
    with duckdb.connect(str(path), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr) for name in names}


def archived_file(settings: Settings) -> str:
    (path,) = settings.database.path.glob("archive/*.parquet")
    return str(path.relative_to(settings.database.path))


@pytest.mark.parametrize("name", PLACES)
def test_damage_anywhere_makes_no_backup_and_the_doctor_says_what_it_is(name, whole: Settings, copy) -> None:
    refused = 0
    for seed, place in enumerate(PLACES[name]):
        settings = copy()
        path = settings.database.path / (archived_file(settings) if name == "archive" else name)
        damage(path, place, seed)
        backup, store = settings.database.path / "lego.backup", open_store(settings)
        before = backup.read_bytes()
        try:
            back_up(store, backup, force=True)
        except Refused as error:
            refused += 1
            assert "No backup was made" in str(error) and backup.read_bytes() == before
            assert "restore FILE" in str(error) or "--full" in str(error) or "unzip" in str(error)
        else:
            # Nothing was damaged that means anything: room that no row takes.
            store.close()
            found, known = content(path), content(whole.database.path / path.relative_to(settings.database.path))
            assert found | {"archived_month": []} == known | {"archived_month": []}
        assert list(settings.database.path.glob(".lego.backup*")) == []
        store.close()
    # The doctor looks at the last of them, which may be told by the backup only.
    assert {found.check for found in examine(store).findings if found.severity == SERIOUS} <= {
        "file-damaged", "generation-lost",
    }
    store.close()
    assert refused * 2 > len(PLACES[name])


def test_facts_that_are_others_than_the_figures_were_made_of_make_no_backup(copy) -> None:
    settings = copy()
    store = open_store(settings)
    with store.facts() as connection:
        connection.exec_driver_sql("DELETE FROM financials WHERE id = 1")
        connection.commit()
    with pytest.raises(Refused, match="facts are not those that the live generation was made of") as refused:
        back_up(store, settings.database.path / "lego.backup", force=True)
    assert refused.value.faults[0].startswith("2024-02: 10,000 facts, sum ")
    refresh(store, RefreshOptions(full=True))
    assert back_up(store, settings.database.path / "lego.backup", force=True).note == ""
    add_facts(store, [("B1", "US", "CM3", "2024-03", "1.00")])
    assert back_up(store, settings.database.path / "lego.backup", force=True).facts == 30_000
    store.close()


def test_a_file_of_archived_facts_that_is_gone_makes_no_backup(copy) -> None:
    settings = copy()
    (settings.database.path / archived_file(settings)).unlink()
    store = open_store(settings)
    with pytest.raises(Refused, match=r"is gone; put it back: unzip -j FILE archive/2024-01-\w+\.parquet takes it out"):
        back_up(store, settings.database.path / "lego.backup", force=True)
    store.close()


@pytest.mark.parametrize("name", [FACTS, APPLICATION, LIVE, "archive"])
def test_a_backup_of_damaged_files_is_not_restored(name, copy, tmp_path) -> None:
    """As a version made it that did not look: its digests are those of the damaged bytes."""
    settings = copy()
    store = open_store(settings)
    before = (all_summary_rows(store), archived_months(store), content(settings.database.path / FACTS))
    with open_backup(settings.database.path / "lego.backup") as good:
        spoilt = respoilt(good, name, tmp_path)
    with pytest.raises(Refused, match="nothing was changed"):
        restore(store, spoilt, replace=True)
    store.close()
    store = open_store(settings)
    assert (all_summary_rows(store), archived_months(store), content(settings.database.path / FACTS)) == before
    assert not (settings.database.path / "restoring").exists()
    store.close()


def respoilt(good: BackupReader, spoilt: str, folder: Path) -> Path:
    with backup_file(folder / "spoilt", force=True, progress=lambda *told: None) as writer:
        for name in good.manifest.members:
            path = folder / "member"
            with good.member(name, lambda *told: None) as source, path.open("wb") as file:
                shutil.copyfileobj(source, file)
            if name.startswith(spoilt):
                damage(path, 0.4, 7)
            with path.open("rb") as source:
                writer.add(name, source, None)
        writer.finish(type(good.manifest)(**vars(good.manifest) | {"members": writer.members}))
    return folder / "spoilt"


def test_a_restore_takes_the_place_of_whatever_is_damaged(whole: Settings, copy) -> None:
    spoilers = {
        "facts and people": {APPLICATION: os.urandom(90_000), FACTS: os.urandom(90_000)},
        "figures": {APPLICATION: b"", "generations/current": b"\0", LIVE: b"gone"},
    }
    for spoilt in spoilers.values():
        settings = copy()
        for name, written in spoilt.items():
            (settings.database.path / name).write_bytes(written)
        store = open_store(settings)
        done = restore(store, settings.database.path / "lego.backup", replace=True)
        assert done.generation > 2
        assert store.read(lambda reading: reading.generation.generation) == done.generation
        expected = content(whole.database.path / FACTS)["financials"]
        assert content(settings.database.path / FACTS)["financials"] == expected
        with store.application_reading.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(schema.app_user)) == 300
        store.close()


def test_facts_that_are_gone_are_not_taken_for_facts_that_never_were(copy) -> None:
    settings = copy()
    (settings.database.path / FACTS).unlink()
    store: Store = open_store(settings)
    with pytest.raises(Damaged, match=r"is gone, or no file, .*flask restore FILE --replace"):
        refresh(store)
    found = [(each.check, each.advice) for each in examine(store).findings if each.severity == SERIOUS]
    assert found == [("file-damaged", "put back the last good backup: flask restore FILE --replace")]
    assert not (settings.database.path / FACTS).exists()
    store.close()

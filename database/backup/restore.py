"""Puts a backup back: examined in an empty place first, then swapped in at one instant.

1. open         the file is whole, ours, of this engine, not of a newer version
2. lock         no import and no refresh meanwhile
3. stage        every member beside what is live, its length and SHA-256 checked
4. upgrade      the staged schema, if the backup is older than the program; it only adds
5. examine      every column of every table can be read
   compare      counts and sums of what is staged with those of the manifest
6. renumber     generations get numbers that were never used here
7. swap         all of it at one instant

What is live is not touched before step 7. After it everybody signs in again: sessions are in no backup.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from database import migrations, schema
from database.backup.archived_files import ArchivedFiles
from database.backup.backup_file import BackupReader, Progress, damaged, open_backup, shown
from database.backup.fingerprints import differences, fingerprints
from database.engines.ports import Copying, Staging, Store
from database.journal.run_log import ROLLBACK, SUCCESS, RunLog, last_generation
from domain.errors import Damaged, DatabaseUnreachable, LegoError, OutOfSpace, Refused, SchemaError


@dataclass(frozen=True)
class Restored:
    """What was put back. `generation` is the live one's number now, None if there is none; it had the number
    `generation_before` in the backup."""

    made_at: str
    facts: int
    generation: int | None
    generation_before: int | None


def restore(
    store: Store, path: Path, *, replace: bool = False, wait: float = 0, progress: Progress = lambda *told: None
) -> Restored:
    """Restores the backup `path` by the steps above. Raises SetupError, Refused (the file; or there are tables already
    and `replace` is not given), LockBusy, OutOfSpace, SwapFailed, DatabaseUnreachable; whatever is raised, what was
    live before still is."""
    copying = store.copying()
    with open_backup(path) as file:
        _refuse_unfit(store, file)
        with copying.lock("a restore", wait=wait):
            if copying.has_tables() and not replace:
                raise Refused(
                    "there is a database already; with --replace the backup takes its place once it was examined. "
                    "Nothing was changed"
                )
            archived = ArchivedFiles(store)
            with archived.staging(), copying.staging() as staging:
                _stage(staging, archived, file, progress)
                _examine(staging, file)
                _examine_archived(staging, archived, file)
                generation = _renumber(store, copying, staging, file)
                archived.put_in_place(staging.store)
                staging.put_in_place()
    facts = sum(int(row[2]) for row in file.manifest.fingerprints["facts"])
    return Restored(file.manifest.made_at, facts, generation, file.manifest.generation)


def _refuse_unfit(store: Store, file: BackupReader) -> None:
    manifest, ours = file.manifest, store.traits.kind
    if manifest.engine != ours and manifest.engine.partition("-")[0] == ours.partition("-")[0]:
        raise Refused(
            f"{file.path}: was made with {_settings_of(manifest.engine)}, and this is {_settings_of(ours)}; restore it "
            "with those settings, then switch as the README says. Nothing was changed"
        )
    if manifest.engine != ours:
        raise Refused(
            f"{file.path}: was made of the engine {manifest.engine}, this is {ours}; restore it with [database] "
            f"engine = {manifest.engine}. To change engines, import the files again. Nothing was changed"
        )
    if not migrations.is_known(manifest.schema):
        raise Refused(
            f"{file.path}: has schema {manifest.schema}, which is newer than this program; upgrade the program. "
            "Nothing was changed"
        )


def _settings_of(kind: str) -> str:
    """The settings by which a store of that kind is opened, as they are written."""
    engine, _, summaries = kind.partition("-")
    return f"[database] engine = {engine}" + (f", summaries = {summaries}" if summaries else "")


def _stage(staging: Staging, archived: ArchivedFiles, file: BackupReader, progress: Progress) -> None:
    _refuse_without_room(staging.folder, file)
    for name in file.manifest.members:
        place = next((place for place in (staging, archived) if place.takes(name)), None)
        if place is None:
            raise damaged(file.path, f"{shown(name)} is not part of a backup")
        with file.member(name, progress) as source:
            place.take_in(name, source)
    staging.complete()


def _refuse_without_room(folder: Path | None, file: BackupReader) -> None:
    if folder is None:
        return
    free = shutil.disk_usage(folder).free
    if file.manifest.bytes > free:
        raise OutOfSpace(
            f"{folder}: {free / 2**20:,.0f} MiB are free, {file.path.name} unpacks to "
            f"{file.manifest.bytes / 2**20:,.0f} MiB; free some space and run it again. Nothing was changed"
        )


def _examine(staging: Staging, file: BackupReader) -> None:
    try:
        migrations.upgrade(staging.store)
        staging.store.copying().examine()
        found = fingerprints(staging.store, file.manifest.fingerprints.get("tables", ()))
    except Damaged as error:
        raise _holds_damage(file, error) from None
    except (OutOfSpace, DatabaseUnreachable):
        raise
    except LegoError as error:
        raise damaged(file.path, str(error)) from None
    known = file.manifest.fingerprints
    if schema.summary_brand.name in known and schema.summary_marketplace.name not in known:
        # A backup of an earlier version: the level came since, and follows from the brand level.
        found.pop(schema.summary_marketplace.name, None)
    wrong = differences(known, found)
    if wrong:
        raise Refused(
            f"{file.path}: what it holds is not what its manifest says; nothing was changed", tuple(wrong[:20])
        )


def _holds_damage(file: BackupReader, error: Damaged) -> Refused:
    why = str(error).partition("; ")[0]
    return damaged(file.path, f"{why}; try an earlier one")


def _examine_archived(staging: Staging, archived: ArchivedFiles, file: BackupReader) -> None:
    names = archived.differing(staging.store)
    if names:
        raise damaged(file.path, f"{', '.join(names[:5])} is not as it was archived")


def _numbers_of(store: Store) -> list[int]:
    """Every number that a generation of it had, as far as can be read: what is damaged is restored, too."""
    found = list(store.published.numbers())
    with contextlib.suppress(Damaged, SchemaError):
        found.append(last_generation(store))
    return found


def _renumber(store: Store, copying: Copying, staging: Staging, file: BackupReader) -> int | None:
    """Numbers above all that were ever given here or there, and a line in the log that keeps it so."""
    stores = [staging.store, *([store] if copying.has_tables() else [])]
    used = [number for each in stores for number in _numbers_of(each)]
    staging.renumber(max(used, default=0))
    live = staging.store.live_generation()
    run = RunLog(staging.store, ROLLBACK)
    words = f"restored from {file.path.name}, made {file.manifest.made_at}"
    run.end(SUCCESS, generation=live.generation if live else None, error_message=words)
    return live.generation if live else None

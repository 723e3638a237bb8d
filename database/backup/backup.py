"""Backs a store up: everything of one moment, into one file.

1. lock         no import and no refresh meanwhile
2. examine      every column of every table can be read, and facts are those that the live generation was made of
3. fingerprint  counts and sums of what there is
4. copy         the engine's parts, one member each, and the files of archived months, held against their digests
5. compare      the fingerprint again: another program may have written meanwhile, and then it is refused
6. finish       the manifest, and the file's own name
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from database import migrations
from database.backup.archived_files import FOLDER, files_of
from database.backup.backup_file import BackupWriter, Manifest, Progress, backup_file
from database.backup.departures import departures
from database.backup.fingerprints import differences, fingerprints
from database.engines.ports import Store
from database.facts.archived import ArchivedMonth
from domain.errors import Damaged, Refused
from domain.moments import utc_now


@dataclass(frozen=True)
class BackedUp:
    """What was written. `facts` and `generation` are those in the file, `generation` None if there was none. `note` is
    a line about what is not in it, or ''."""

    path: Path
    bytes: int
    facts: int
    generation: int | None
    note: str


def back_up(
    store: Store, path: Path, *, force: bool = False, wait: float = 0, progress: Progress = lambda *told: None
) -> BackedUp:
    """Writes the backup `path`, by the steps above. Raises LockBusy, Refused (the file is there already; something is
    damaged; facts changed meanwhile), OutOfSpace, SetupError or DatabaseUnreachable; then there is no such file, or the
    one of before."""
    try:
        return _back_up(store, path.absolute(), force=force, wait=wait, progress=progress)
    except Damaged as error:
        # A backup of it would take the place of a good one.
        raise Refused(f"{error}. No backup was made, and those of before are as they were") from None


def _back_up(store: Store, path: Path, *, force: bool, wait: float, progress: Progress) -> BackedUp:
    with store.lock("a backup", wait=wait), backup_file(path, force=force, progress=progress) as file:
        migrations.check(store)
        changed_by_others = _examine(store)
        before, live = fingerprints(store), store.live_generation()
        with store.copying().parts() as parts:
            for part in parts:
                with part.open() as source:
                    file.add(part.name, source, part.size)
        archived, note = files_of(store)
        for month in archived:
            _add_archived(file, month)
        changed = differences(before, fingerprints(store))
        if changed:
            raise Refused(
                "other programs changed the facts while they were copied; no backup was made. Run it again when they "
                "are done", tuple(changed[:20]),
            )
        generation = live.generation if live else None
        file.finish(Manifest(
            engine=store.traits.kind, schema=migrations.revision(store),
            made_at=f"{utc_now().isoformat(timespec='seconds')}Z", generation=generation,
            fingerprints=before, members=file.members,
        ))
    note = "\n".join(filter(None, (note, changed_by_others)))
    return BackedUp(path, path.stat().st_size, sum(int(row[2]) for row in before["facts"]), generation, note)


def _examine(store: Store) -> str:
    """Raises Damaged or Refused. Returns a line about what another program changed, or ''."""
    store.copying().examine()
    found = departures(store)
    if found and not store.traits.others_write_facts:
        raise Refused(
            "facts are not those that the live generation was made of, and no import, undo or archive says why: they "
            "may be damaged. No backup was made. Put back the last good one (flask restore FILE --replace), or, if "
            "they are right, run: flask refresh-summaries --full", tuple(found[:20]),
        )
    if found:
        return f"another program changed facts since the last refresh ({found[0]}); run: flask refresh-summaries --full"
    return ""


def _add_archived(file: BackupWriter, month: ArchivedMonth) -> None:
    name = f"{FOLDER}/{month.file.name}"
    try:
        with month.file.open("rb") as source:
            file.add(name, source, month.bytes)
    except FileNotFoundError:
        raise _lost(month, "is gone") from None
    if file.members[name].sha256 != month.sha256:
        raise _lost(month, "is not as it was archived")


def _lost(month: ArchivedMonth, why: str) -> Damaged:
    return Damaged(
        f"{month.file}: {why}; put it back: unzip -j FILE {FOLDER}/{month.file.name} takes it out of an earlier backup"
    )

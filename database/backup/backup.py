"""Backs a store up: everything of one moment, into one file.

1. lock         no import and no refresh meanwhile
2. fingerprint  counts and sums of what there is
3. copy         the engine's parts, one member each, and the files of archived months
4. compare      the fingerprint again: another program may have written meanwhile, and then it is refused
5. finish       the manifest, and the file's own name
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from database import migrations
from database.backup.archived_files import FOLDER, files_of
from database.backup.backup_file import Manifest, Progress, backup_file
from database.backup.fingerprints import differences, fingerprints
from database.engines.base import Store, utc_now
from domain.errors import Refused


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
    """Writes the backup `path`, by the steps above. Raises LockBusy, Refused (the file is there already; facts changed
    meanwhile), OutOfSpace, SetupError or DatabaseUnreachable; then there is no such file, or the one of before."""
    path = path.absolute()
    with store.lock("a backup", wait=wait), backup_file(path, force=force, progress=progress) as file:
        migrations.check(store)
        before, live = fingerprints(store), store.live_generation()
        with store.copying().parts() as parts:
            for part in parts:
                with part.open() as source:
                    file.add(part.name, source, part.size)
        archived, note = files_of(store)
        for month in archived:
            with month.file.open("rb") as source:
                file.add(f"{FOLDER}/{month.file.name}", source, month.bytes)
        changed = differences(before, fingerprints(store))
        if changed:
            raise Refused(
                "other programs changed the facts while they were copied; no backup was made. Run it again when they "
                "are done", tuple(changed[:20]),
            )
        generation = live.generation if live else None
        file.finish(Manifest(
            engine=store.settings.database.engine, schema=migrations.revision(store),
            made_at=f"{utc_now().isoformat(timespec='seconds')}Z", generation=generation,
            fingerprints=before, members=file.members,
        ))
    return BackedUp(path, path.stat().st_size, sum(int(row[2]) for row in before["facts"]), generation, note)

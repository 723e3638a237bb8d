"""Embedded: a copy is the files. A restore stages them in `restoring` beside those it replaces.

    instance/restoring/            a whole instance folder in the making
    instance/restoring/ready       it is decided: whoever gets the lock next finishes what was begun

Generations get numbers that were never used, so files of the old state and the new never share a name, and the
pointer decides between them. SQLite is written through its own backup, because web processes have the file open:
another file under its name would meet the old one's log.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import duckdb

from database.engines.copying import TRANSIENT, Part
from database.engines.duckdb_dialect import raw_duckdb
from database.engines.embedded.connections import RESTORE
from database.engines.embedded.copied_generations import (
    file_part,
    generation_parts,
    is_generation,
    move_files,
    pointed_name,
    read_generations,
    renumber_files,
    take_file,
)
from database.engines.embedded.doors import EmbeddedDoors, make_folders
from database.engines.embedded.reading import read_whole
from database.engines.lock import WorkLock
from database.engines.ports import Copying, Staging, Store
from domain.errors import Damaged, OutOfSpace, Refused, SchemaError
from machine.crash_points import passing
from machine.durable import make_durable
from machine.signals import signals_held_back

RESTORING = "restoring"
READY = "ready"
FACTS, APPLICATION = "facts.duckdb", "application.sqlite"


StoreBehind = Callable[[EmbeddedDoors], Store]
"""Puts a store together behind its doors."""


class EmbeddedCopying(Copying):
    """Copies of an instance folder."""

    def __init__(self, doors: EmbeddedDoors, work_lock: WorkLock, store_behind: StoreBehind) -> None:
        super().__init__(work_lock)
        self._doors, self._store_behind = doors, store_behind

    def knows_holders(self) -> bool:
        make_folders(self._doors.generations)  # where the lock's file is
        if not self._doors.application_path.is_file():
            return False
        try:
            self.work_lock.holder()
        except (Damaged, SchemaError):
            return False  # What is damaged is restored, too.
        return True

    def examine(self) -> None:
        with self._doors.facts() as connection:
            try:
                read_whole(raw_duckdb(connection))
            except duckdb.Error as error:
                raise self._doors.damaged_facts(error) from None
        _examine_sqlite(self._doors.application_path)
        read_generations(self._doors.generations, self._doors.live_generation())

    @contextlib.contextmanager
    def parts(self) -> Iterator[Iterator[Part]]:
        with self._doors.facts() as connection:
            # Nobody writes while the lock is held: afterwards the file alone is all there is.
            connection.exec_driver_sql("CHECKPOINT")
        for left in self._doors.folder.glob("backup-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a process that was killed
        # In the instance folder, which is private, and where there is room for refreshes.
        with tempfile.TemporaryDirectory(prefix="backup-", dir=self._doors.folder) as folder:
            application = Path(folder) / APPLICATION
            _copy_application(self._doors.application_path, application)
            yield self._listed(application)

    def _listed(self, application: Path) -> Iterator[Part]:
        yield file_part(FACTS, self._doors.facts_path)
        yield file_part(APPLICATION, application)
        yield from generation_parts(self._doors.generations, self._doors.live_generation())

    def has_tables(self) -> bool:
        return self._doors.facts_path.is_file() or self._doors.application_path.is_file()

    @contextlib.contextmanager
    def staging(self) -> Iterator[EmbeddedStaging]:
        folder = self._doors.folder / RESTORING
        shutil.rmtree(folder, ignore_errors=True)
        staging = EmbeddedStaging(self._doors, folder, self._store_behind)
        try:
            yield staging
        finally:
            staging.store.close()
            if not (folder / READY).is_file():
                shutil.rmtree(folder, ignore_errors=True)


class EmbeddedStaging(Staging):
    """The folder `restoring`."""

    def __init__(self, target: EmbeddedDoors, folder: Path, store_behind: StoreBehind) -> None:
        self._target = target
        self.folder = folder
        database = dataclasses.replace(target.settings.database, path=folder)
        self._doors = EmbeddedDoors(dataclasses.replace(target.settings, database=database))
        self.store = store_behind(self._doors)
        make_folders(self._doors.generations)

    def takes(self, name: str) -> bool:
        return name in (FACTS, APPLICATION) or is_generation(name)

    def take_in(self, name: str, source: BinaryIO) -> None:
        take_file(self.folder, name, source)

    def complete(self) -> None:
        """Nothing to do: files are there when they are written."""

    def renumber(self, above: int) -> None:
        renumber_files(self._doors.generations, self._doors.live_generation(), above)

    def put_in_place(self) -> None:
        """Everything is written down first; from the marker on it is only moved, and a killed process's work is done
        by whoever gets the lock next."""
        self.store.close()
        passing("restore")
        with signals_held_back():
            self._decide()
            passing("restoring")
            try:
                finish_restore(self._target)
            except (OSError, OutOfSpace) as error:
                raise OutOfSpace(
                    f"{self._target.folder}: the backup is examined and could not be put in place yet ({error}); free "
                    "some space and run any import or refresh, which finishes it"
                ) from None

    def _decide(self) -> None:
        """Writes the marker, whole or not at all."""
        kept = [self._doors.generations.path(number).name for number in self._doors.generations.numbers()]
        draft = self.folder / f"{READY}.new"
        try:
            decided = {"live": pointed_name(self._doors.generations), "kept": kept}
            draft.write_text(json.dumps(decided), encoding="ascii")
            for path in (*self.folder.rglob("*"), self.folder):
                make_durable(path)
            draft.replace(self.folder / READY)
            make_durable(self.folder)
        except OSError as error:
            raise OutOfSpace(f"{self.folder}: {error.strerror}; nothing was changed") from None


def finish_restore(doors: EmbeddedDoors) -> None:
    """Puts a decided restore in place, or clears an undecided one away; each step may have been done before. To be
    called while holding the lock."""
    folder = doors.folder / RESTORING
    if not folder.is_dir():
        return
    if (folder / READY).is_file():
        decided = json.loads((folder / READY).read_text(encoding="ascii"))
        move_files(folder / "generations", doors.generations.folder)
        if (folder / FACTS).is_file():
            # Its log belongs to the old file.
            doors.facts_path.with_name(FACTS + ".wal").unlink(missing_ok=True)
            (folder / FACTS).replace(doors.facts_path)
        _copy_over(folder / APPLICATION, doors)
        passing("restored-files")
        _point(doors, decided["live"], decided["kept"])
        passing("restored")
        (folder / READY).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _copy_over(source: Path, doors: EmbeddedDoors) -> None:
    target = doors.folder / APPLICATION
    try:
        if target.exists():
            _examine_sqlite(target)
    except Damaged:
        # Nothing can be written into it. The log of what was there does not belong to the file that comes.
        doors.application.dispose()
        for name in (APPLICATION, f"{APPLICATION}-wal", f"{APPLICATION}-shm"):
            (doors.folder / name).unlink(missing_ok=True)
    _copy_sqlite(source, target)


def _point(doors: EmbeddedDoors, live: str | None, kept: list[str]) -> None:
    """Readers see the old state before, the restored one after; generations of the old state are no past of it."""
    if live is None:
        doors.generations.pointer.unlink(missing_ok=True)
    else:
        doors.generations.point_to(live)
    for path in doors.generations.folder.glob("*.duckdb"):
        if path.name not in kept:
            path.unlink()


def _examine_sqlite(path: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise Damaged(f"{path}: cannot be read ({found.splitlines()[0]}); {RESTORE}")


def _copy_application(source: Path, target: Path) -> None:
    """All of it but what is of the moment; the room of deleted rows is given back, so nothing of them stays."""
    _copy_sqlite(source, target)
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        for table in TRANSIENT:
            connection.execute(f"DELETE FROM {table.name}")
        connection.execute("VACUUM")


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own backup: one moment of the source, one transaction of the target."""
    try:
        with (
            contextlib.closing(sqlite3.connect(source)) as reading,
            contextlib.closing(sqlite3.connect(target)) as writing,
        ):
            target.chmod(0o600)
            reading.backup(writing)
    except sqlite3.DatabaseError as error:
        if "full" in str(error):
            raise OutOfSpace(f"{target.parent}: the disk is full; free some space and run it again") from None
        raise Refused(f"{source.name}: it is no SQLite database ({error}); nothing was changed") from None

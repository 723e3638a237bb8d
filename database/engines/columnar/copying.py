"""A copy is the server's dump and the files of generations. A restore stages both, and puts both in place so that
restored facts never stand beside figures of the old state: first no generation is live, then the server's tables are
swapped, then the restored generation is pointed to. Whoever is killed in between leaves none live, and the next refresh
builds one.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from database.engines.columnar.doors import ColumnarDoors
from database.engines.copying import Part
from database.engines.embedded.copied_generations import (
    GENERATIONS,
    generation_parts,
    is_generation,
    move_files,
    pointed_name,
    read_generations,
    renumber_files,
    take_file,
)
from database.engines.mariadb.copying import MysqlCopying, MysqlStaging
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.ports import Copying, Staging, Store
from domain.errors import DatabaseUnreachable
from machine.crash_points import passing


class ColumnarCopying(Copying):
    """Copies of the dashboard's tables in a schema, and of the generations in the folder; the copy of facts is none of
    it."""

    def __init__(
        self, doors: ColumnarDoors, server: MysqlDoors, work_lock: ServerLock,
        store_behind: Callable[[MysqlDoors], Store],
    ) -> None:
        super().__init__(work_lock)
        self._doors, self._store_behind = doors, store_behind
        self._folder = doors.staging_folder
        self._server = MysqlCopying(server, work_lock, self._staged_behind)

    def knows_holders(self) -> bool:
        return self._server.knows_holders()

    def examine(self) -> None:
        read_generations(self._doors.generations, self._doors.live_generation())

    @contextlib.contextmanager
    def parts(self) -> Iterator[Iterator[Part]]:
        with self._server.parts() as of_server:
            yield itertools.chain(
                of_server, generation_parts(self._doors.generations, self._doors.live_generation())
            )

    def has_tables(self) -> bool:
        return self._server.has_tables()

    @contextlib.contextmanager
    def staging(self) -> Iterator[ColumnarStaging]:
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            with self._server.staging() as of_server:
                yield ColumnarStaging(self._doors, of_server, self._folder)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _staged_behind(self, server: MysqlDoors) -> Store:
        """The staged schema, with generations of its own."""
        database = dataclasses.replace(server.settings.database, path=self._folder)
        return self._store_behind(MysqlDoors(dataclasses.replace(server.settings, database=database)))


class ColumnarStaging(Staging):
    """The schema `…_restoring` and the folder `restoring`."""

    def __init__(self, target: ColumnarDoors, server: MysqlStaging, folder: Path) -> None:
        self._target, self._server, self.folder = target, server, folder
        self.store = server.store
        self._staged = ColumnarDoors(self.store.settings)
        (folder / GENERATIONS).mkdir(parents=True, mode=0o700)

    def takes(self, name: str) -> bool:
        return self._server.takes(name) or is_generation(name)

    def take_in(self, name: str, source: BinaryIO) -> None:
        if is_generation(name):
            take_file(self.folder, name, source)
        else:
            self._server.take_in(name, source)

    def complete(self) -> None:
        self._server.complete()

    def renumber(self, above: int) -> None:
        self._server.renumber(above)
        self.store.published.close()
        renumber_files(self._staged.generations, self._staged.live_generation(), above)

    def put_in_place(self) -> None:
        self.store.close()
        files, staged = self._target.generations, self._staged.generations
        before, restored = pointed_name(files), pointed_name(staged)
        numbers = staged.numbers()
        staged.close()
        # Higher numbers than the live one's, so that whoever clears up takes them for nobody's.
        move_files(staged.folder, files.folder)
        files.unpoint()
        passing("restored-files")
        try:
            self._server.put_in_place()
        except BaseException as error:
            # Where the server's answer was lost, nobody knows whose facts are live; and after Ctrl-C they may be the
            # restored ones. Then no generation is, until a refresh has found out.
            if not self._server.is_in_place and not isinstance(error, DatabaseUnreachable):
                if before is not None:
                    files.point_to(before)
                for number in numbers:
                    files.path(number).unlink(missing_ok=True)
            raise
        if restored is not None:
            files.point_to(restored)
        passing("restored-pointer")
        for number in set(files.numbers()) - set(numbers):
            files.path(number).unlink(missing_ok=True)
        self._target.forget_copy()

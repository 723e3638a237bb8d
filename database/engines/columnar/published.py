"""The published generations of a store whose facts are on a server: files, as the embedded engine has them."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from typing import BinaryIO

import sqlalchemy as sa

from database.engines.build import Build
from database.engines.columnar.doors import ColumnarDoors
from database.engines.columnar.tables import TablesOnServer
from database.engines.embedded.doors import make_folders
from database.engines.embedded.published import EmbeddedPublished
from database.engines.ports import Published, TakingIn
from database.engines.values import OF_SUMMARIES, Answer, Generation, GenerationFile, Reading, StoredSize, TableSize
from domain.errors import LegoError


class ColumnarPublished(Published):
    """The folder `generations`; `server` has the tables that a store without it would publish, and `tables` keeps them
    up to date, if that is wished."""

    def __init__(
        self, doors: ColumnarDoors, build: Callable[[], contextlib.AbstractContextManager[Build]], server: Published,
        tables: TablesOnServer | None,
    ) -> None:
        self._doors, self._in_files, self._on_server = doors, EmbeddedPublished(doors, build), server
        self._tables = tables
        self.files = doors.generations

    def read(self, question: Callable[[Reading], Answer], *, generation: int | None = None) -> Answer:
        return self._in_files.read(question, generation=generation)

    def live(self) -> Generation | None:
        return self._in_files.live()

    def numbers(self) -> list[int]:
        return self._in_files.numbers()

    def check_live(self) -> None:
        self._in_files.check_live()

    def examine(self) -> list[str]:
        make_folders(self.files)
        return [*self._on_server.examine(), *self._in_files.examine()]

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return self._in_files.build()

    def roll_back(self) -> Generation:
        return self._in_files.roll_back()

    def live_fault(self) -> str:
        return self._in_files.live_fault()

    def unreadable_earlier(self) -> list[str]:
        return self._in_files.unreadable_earlier()

    def fall_back(self, published_last: int | None) -> Generation | None:
        return self._in_files.fall_back(published_last)

    def clear_leftovers(self) -> list[str]:
        gone = [*self._in_files.clear_leftovers(), *self._on_server.clear_leftovers()]
        staged = self._doors.staging_folder
        if staged.is_dir():
            shutil.rmtree(staged, ignore_errors=True)
            gone.append(staged.name)
        return gone

    def take_over(self, connection: sa.Connection, note: Callable[[str], None]) -> None:
        self._on_server.take_over(connection, note)

    def complete(self) -> list[str]:
        make_folders(self.files)
        return self._in_files.complete()

    def offer(self, generation: int | None = None) -> tuple[GenerationFile, BinaryIO]:
        return self._in_files.offer(generation)

    def taking_in(self) -> contextlib.AbstractContextManager[TakingIn]:
        return self._in_files.taking_in()

    def pass_on(self) -> list[str]:
        if self._tables is None or not self._tables.behind():
            return []
        try:
            self._tables.write()
        except (sa.exc.SQLAlchemyError, LegoError, OSError) as error:
            return [f"{self._tables.behind()} ({error}); the next refresh writes them"]
        return []

    def summary_sizes(self) -> list[TableSize]:
        return self._in_files.summary_sizes()

    def stored_sizes(self) -> list[StoredSize]:
        """What is on the server, of which its summary tables are nobody's figures here, and the files."""
        on_server = [size for size in self._on_server.stored_sizes() if size.kind != OF_SUMMARIES]
        known = {size.part for size in on_server}
        return [*on_server, *(size for size in self._in_files.stored_sizes() if size.part not in known)]

    def close(self) -> None:
        self._in_files.close()

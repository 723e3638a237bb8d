"""The lock of the embedded store: a file, locked for as long as the process lives that took it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

from database.engines.embedded.doors import EmbeddedDoors
from database.engines.lock import WorkLock
from domain.errors import SchemaError, SetupError
from machine.locks import open_lock, take_if_free


class FileLock(WorkLock):
    """The file `lock`. Whoever takes it calls `settle` first, which finishes what a killed restore had decided."""

    def __init__(self, doors: EmbeddedDoors, settle: Callable[[], None]) -> None:
        super().__init__(doors.application, doors.application_reading)
        self._folder, self._settle = doors.folder, settle

    @contextlib.contextmanager
    def attempt(self) -> Iterator[bool]:
        try:
            handle = open_lock(self._folder / "lock")
        except FileNotFoundError:
            raise SchemaError(f"{self._folder}: there is no database yet; run: flask init-db") from None
        except OSError as error:
            raise SetupError(f"{self._folder / 'lock'}: {error.strerror}") from None
        try:
            is_held = take_if_free(handle)
            if is_held:
                self._settle()
            yield is_held
        finally:
            os.close(handle)

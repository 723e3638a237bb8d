"""Files of generations on their way from the machine that makes them to another one's folder."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import duckdb
import sqlalchemy as sa

from database.engines.ddl import embedded_form
from database.engines.duckdb_dialect import Dialect
from database.engines.embedded.generations import CURE, GenerationFiles, lost
from database.engines.embedded.upgrade import UPGRADING, complete_file
from database.engines.ports import TakingIn
from database.engines.schema_versions import revisions
from database.engines.values import Generation, GenerationFile, refuse_generation
from domain.errors import GenerationLost, LegoError, LockBusy, NeverRefreshed, OutOfSpace, Refused, SetupError
from machine.durable import make_durable
from machine.locks import try_lock

SPARE = 64 * 2**20
"""Bytes that stay free."""
KEPT = "what was live still is"
REMEMBERED = 8

_digests: dict[tuple[str | int, ...], str] = {}
_one_at_a_time = threading.Lock()


def offered(files: GenerationFiles, generation: Generation) -> tuple[GenerationFile, BinaryIO]:
    """A generation's file, opened, and what is told of it."""
    path = files.path(generation.generation)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # A refresh may have cleared it away since it was looked up.
        raise refuse_generation(generation.generation, files.live()[1]) from None
    except OSError as error:
        raise lost(path, error) from None
    state = os.fstat(file.fileno())
    try:
        digest = _digest(file, (str(path), state.st_ino, state.st_size, state.st_mtime_ns))
    except OSError as error:
        file.close()
        raise lost(path, error) from None
    file.seek(0)
    told = GenerationFile(
        generation.generation, generation.run_id, f"{generation.published_at.isoformat(timespec='seconds')}Z",
        revisions()[-1], state.st_size, digest,
    )
    return told, file


def _digest(file: BinaryIO, key: tuple[str | int, ...]) -> str:
    """The SHA-256 of a file. It is never written again, so it is read once for as long as it is one of the last few."""
    with _one_at_a_time:
        if key not in _digests:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
            for stale in list(_digests)[:-REMEMBERED]:
                del _digests[stale]
        return _digests[key]


class TakingInFiles(TakingIn):
    """The folder `generations` of a machine that makes none itself."""

    def __init__(self, files: GenerationFiles, keep: int) -> None:
        self._files, self._keep = files, keep

    @classmethod
    @contextlib.contextmanager
    def alone(cls, files: GenerationFiles, keep: int) -> Iterator[TakingInFiles]:
        """With the lock of the folder, which is not that of a server: other machines refresh meanwhile."""
        try:
            files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = try_lock(files.folder.parent / "lock")
        except OSError as error:
            raise SetupError(f"{files.folder}: {error.strerror}") from None
        if handle is None:
            raise LockBusy(f"{files.folder.parent}: another fetch, import or refresh is running; wait for it to end")
        try:
            yield cls(files, keep)
        finally:
            os.close(handle)

    def is_live(self, file: GenerationFile) -> bool:
        try:
            found = self._files.live()[1]
        except (NeverRefreshed, GenerationLost):
            return False
        return self._is_same(found, file)

    def go_back(self, file: GenerationFile) -> bool:
        path = self._files.path(file.generation)
        if not path.is_file():
            return False
        try:
            found = self._files.open(path.name)[1]
        except GenerationLost:
            return False
        if not self._is_same(found, file):
            raise Refused(
                f"{path}: is another generation {file.generation}, of another dashboard or another past; remove the "
                f"folder {self._files.folder} if its figures are not wanted; {KEPT}"
            )
        if self._files.trouble_with(file.generation):
            return False
        self._publish(path, found)
        return True

    def take_in(self, file: GenerationFile, pieces: Iterable[bytes]) -> None:
        self._refuse_newer(file)
        path = self._files.path(file.generation)
        draft = path.with_name(f"{path.name}.building")
        try:
            self._refuse_little_room(file)
            self._write(draft, file, pieces)
            found = self._examine(draft, file)
            make_durable(draft)
            draft.replace(path)
            make_durable(self._files.folder)
            # A damaged one of that number may be open.
            self._files.close()
            self._publish(path, found)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise OutOfSpace(f"{draft}: {error.strerror}; free some space and run it again; {KEPT}") from None
            raise SetupError(f"{draft}: {error.strerror}; {KEPT}") from None
        finally:
            for left in (draft, draft.with_name(f"{draft.name}.wal"), draft.with_name(draft.name + UPGRADING)):
                left.unlink(missing_ok=True)

    def _publish(self, path: Path, generation: Generation) -> None:
        self._files.point_to(path.name)
        self._files.clear(generation, self._keep)

    @staticmethod
    def _is_same(found: Generation, file: GenerationFile) -> bool:
        return (found.generation, found.run_id) == (file.generation, file.run_id)

    @staticmethod
    def _refuse_newer(file: GenerationFile) -> None:
        if file.version not in revisions():
            raise SetupError(
                f"generation {file.generation} was made by a newer version of the program (schema {file.version}, here "
                f"{revisions()[-1]}); bring this machine up to date first; {KEPT}"
            )

    def _refuse_little_room(self, file: GenerationFile) -> None:
        free = shutil.disk_usage(self._files.folder).free
        # A file that has to be completed is copied once.
        needed = file.bytes * (1 if file.version == revisions()[-1] else 2) + SPARE
        if free < needed:
            raise OutOfSpace(
                f"{self._files.folder}: {free / 2**20:,.0f} MiB are free, generation {file.generation} needs "
                f"{needed / 2**20:,.0f} MiB; {KEPT}"
            )

    @staticmethod
    def _write(draft: Path, file: GenerationFile, pieces: Iterable[bytes]) -> None:
        digest, written = hashlib.sha256(), 0
        with draft.open("wb") as out:
            for piece in pieces:
                digest.update(piece)
                written += len(piece)
                if written > file.bytes:
                    break
                out.write(piece)
        if written != file.bytes:
            more = "more than " if written > file.bytes else f"{written:,} of "
            raise Refused(f"generation {file.generation}: {more}{file.bytes:,} bytes came; run it again; {KEPT}")
        if digest.hexdigest() != file.sha256:
            raise Refused(
                f"generation {file.generation}: what came is not what was sent (SHA-256 differs); run it again; {KEPT}"
            )

    def _examine(self, draft: Path, file: GenerationFile) -> Generation:
        try:
            complete_file(draft, embedded_form, Dialect())
            found = self._files.examine(draft, file.generation)
        except OutOfSpace:
            raise
        except (duckdb.Error, sa.exc.SQLAlchemyError, LegoError) as error:
            words = (str(error).splitlines() or [type(error).__name__])[0].removesuffix(f"; {CURE}")
            raise Refused(f"generation {file.generation}: what came is no generation ({words}); {KEPT}") from None
        if not self._is_same(found, file):
            raise Refused(f"generation {file.generation}: what came is another one; run it again; {KEPT}")
        return found

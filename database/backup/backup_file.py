"""The backup's file: a ZIP archive whose last member, `manifest.json`, tells what the others must be.

Every member is held against its length and SHA-256, so a truncated or changed file is found before anything of it is
used; the manifest's fingerprints are held against what comes of it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from database.backup.manifest import FORMAT, FORMAT_VERSION, Manifest, Member, NewerVersion, manifest_from
from domain.errors import OutOfSpace, Refused, SetupError
from machine.processes import is_process_alive, process_start

MANIFEST = "manifest.json"
CHUNK = 2**20
LONGEST_MANIFEST = 64 * 2**20
"""Bytes: a hundred times what ten years of months and metrics take."""
MOST_MEMBERS = 100_000
DENSEST = 200
"""Times that a member over `CHUNK` may become larger by unpacking. Ours become five to twenty times as large."""
FASTEST = 1
"""Compression: more takes three times as long for a tenth less."""

BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError,
    struct.error,
)
"""What reading a file that is no whole ZIP archive raises, encrypted members and broken names included."""

Progress = Callable[[str, int, int | None], None]
"""Told the part at hand, its bytes done, and its bytes in all if they are known."""


class BackupWriter:
    """A backup in the making, under another name beside the file it becomes."""

    def __init__(self, archive: zipfile.ZipFile, progress: Progress) -> None:
        self._archive = archive
        self._progress = progress
        self.members: dict[str, Member] = {}

    def add(self, name: str, source: BinaryIO, size: int | None) -> None:
        """Adds a member, as it is read."""
        digest, done = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as target:
            while chunk := source.read(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                self._progress(name, done, size)
        if done != size:
            self._progress(name, done, done)
        self.members[name] = Member(done, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Writes the manifest, which makes it whole."""
        text = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(manifest)}
        self._archive.writestr(MANIFEST, json.dumps(text, indent=1, ensure_ascii=False))


@contextlib.contextmanager
def backup_file(path: Path, *, force: bool, progress: Progress) -> Iterator[BackupWriter]:
    """A backup that is `path` when the block has ended well, readable by its owner only; otherwise nothing is left.
    Raises Refused if the file is there already, unless `force`; OutOfSpace; SetupError if it cannot be written."""
    _refuse_existing(path, force)
    draft = path.with_name(f".{path.name}.{os.getpid()}-{process_start(os.getpid())}.new")
    try:
        _clear_drafts(path)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST) as archive:
                yield BackupWriter(archive, progress)
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(path, force)
        draft.replace(path)
    except OSError as error:
        raise _in_our_words(path, error) from None
    finally:
        draft.unlink(missing_ok=True)


class BackupReader:
    """A backup that is read. Every member is checked as it is read to its end."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._archive = archive

    @contextlib.contextmanager
    def member(self, name: str, progress: Progress) -> Iterator[BinaryIO]:
        """A member's bytes. Raises Refused, at the end of the block, if they are not what the manifest says."""
        wanted = self.manifest.members[name]
        with _damage(self.path), self._archive.open(name) as source:
            checked = _Checked(source, lambda done: progress(name, done, wanted.bytes))
            yield checked
            while checked.read(CHUNK):
                pass
            if (checked.done, checked.digest.hexdigest()) != (wanted.bytes, wanted.sha256):
                raise damaged(self.path, f"{name} is not what the manifest says")


@contextlib.contextmanager
def open_backup(path: Path) -> Iterator[BackupReader]:
    """A backup's file. Raises Refused if it is none, or not a whole one, or of a newer version of the program."""
    if not path.is_file():
        raise SetupError(f"{path}: there is no such file")
    with contextlib.ExitStack() as stack:
        with _damage(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            entries = archive.infolist()
            if MANIFEST not in (entry.filename for entry in entries):
                raise damaged(path, "it has no manifest")
            manifest = _manifest(path, archive)
            _refuse_unlike(path, entries, manifest)
        yield BackupReader(path, archive, manifest)


def damaged(path: Path, why: str) -> Refused:
    """The error for a file that is not a whole backup of ours."""
    return Refused(f"{path}: is no backup of this program, or a damaged one ({why}); nothing was changed")


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    with archive.open(MANIFEST) as file:
        content = file.read(LONGEST_MANIFEST + 1)
    if len(content) > LONGEST_MANIFEST:
        raise damaged(path, "its manifest is too long")
    try:
        return manifest_from(content)
    except NewerVersion:
        raise Refused(
            f"{path}: was made by a newer version of this program; upgrade it first. Nothing was changed"
        ) from None
    except ValueError as error:
        raise damaged(path, f"its manifest cannot be read: {error}") from None


def _refuse_unlike(path: Path, entries: list[zipfile.ZipInfo], manifest: Manifest) -> None:
    """Raises Refused for members that are not those of the manifest. Nothing was unpacked yet."""
    others = [entry for entry in entries if entry.filename != MANIFEST]
    if len(entries) > MOST_MEMBERS or len(entries) != len(others) + 1:
        raise damaged(path, "it has too many members")
    if sorted(entry.filename for entry in others) != sorted(manifest.members):
        raise damaged(path, "its members are not those of its manifest")
    for entry in others:
        if entry.file_size != manifest.members[entry.filename].bytes:
            raise damaged(path, f"{shown(entry.filename)} has another length than its manifest says")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(path, f"{shown(entry.filename)} is packed in another way than ours")
        if entry.file_size > CHUNK and entry.file_size > DENSEST * entry.compress_size:
            raise damaged(path, f"{shown(entry.filename)} would become {DENSEST} times as large and more")


def shown(name: str) -> str:
    """A name out of a file, fit for a line of a terminal and of a log."""
    return name[:60] if name.isascii() and name.isprintable() else ascii(name[:60])


class _Checked:
    """Bytes on their way, counted and digested."""

    def __init__(self, source: BinaryIO, tell: Callable[[int], None]) -> None:
        self.digest, self.done = hashlib.sha256(), 0
        self._source, self._tell = source, tell

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self.digest.update(chunk)
        self.done += len(chunk)
        if chunk:
            self._tell(self.done)
        return chunk


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        words = str(error).splitlines() or [type(error).__name__]
        raise damaged(path, shown(words[0])) from None
    except OSError as error:
        if error.errno == errno.EINVAL:
            # A member that begins before the file does, or behind its end.
            raise damaged(path, "its members are not where it says") from None
        raise _in_our_words(path, error) from None


def _refuse_existing(path: Path, force: bool) -> None:
    if not path.parent.is_dir():
        raise SetupError(f"{path}: there is no folder {path.parent}; make it, or name another file")
    if path.is_dir():
        raise SetupError(f"{path}: is a folder; name a file in it")
    if path.exists() and not force:
        raise Refused(f"{path}: is there already; name another file, or give --force to replace it")


def _clear_drafts(path: Path) -> None:
    """Those of processes that were killed."""
    for draft in path.parent.glob(f".{path.name}.*-*.new"):
        pid, _, started = draft.name.removesuffix(".new").rpartition(".")[2].partition("-")
        if pid.isdigit() and not is_process_alive(socket.gethostname(), int(pid), started):
            draft.unlink(missing_ok=True)


def _in_our_words(path: Path, error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutOfSpace(f"{error.filename or path.parent}: the disk is full; free some space and run it again")
    return SetupError(f"{error.filename or path}: {error.strerror or error}")

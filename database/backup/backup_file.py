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
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from database.engines.base import is_process_alive, process_start
from domain.errors import OutOfSpace, Refused, SetupError

FORMAT = "lego-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
CHUNK = 2**20
FASTEST = 1
"""Compression: more takes three times as long for a tenth less."""

Progress = Callable[[str, int, int | None], None]
"""Told the part at hand, its bytes done, and its bytes in all if they are known."""


@dataclass(frozen=True)
class Member:
    """One member's bytes, as they must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup tells of itself. `generation` is the live one, None if there was none; `schema` the revision of the
    tables; `fingerprints` as `fingerprints.fingerprints` makes them."""

    engine: str
    schema: str
    made_at: str
    generation: int | None
    fingerprints: dict[str, Any]
    members: dict[str, Member]


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
            names = archive.namelist()
            if MANIFEST not in names:
                raise damaged(path, "it has no manifest")
            manifest = _manifest(path, archive.read(MANIFEST))
        if sorted(names) != sorted([*manifest.members, MANIFEST]):
            raise damaged(path, "its members are not those of its manifest")
        yield BackupReader(path, archive, manifest)


def damaged(path: Path, why: str) -> Refused:
    """The error for a file that is not a whole backup of ours."""
    return Refused(f"{path}: is no backup of this program, or a damaged one ({why}); nothing was changed")


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
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise damaged(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    except OSError as error:
        raise _in_our_words(path, error) from None


def _manifest(path: Path, content: bytes) -> Manifest:
    try:
        found = json.loads(content)
        if found.pop("format") != FORMAT:
            raise damaged(path, "its manifest is another program's")
        if found.pop("format_version") > FORMAT_VERSION:
            raise Refused(f"{path}: was made by a newer version of this program; upgrade it first. Nothing was changed")
        members = {name: Member(**each) for name, each in found.pop("members").items()}
        return Manifest(**found, members=members)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(path, f"its manifest cannot be read: {type(error).__name__}") from None


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

"""Files as they arrive: straight into a private folder of the instance, under made-up names.

werkzeug would put them into the machine's temporary folder, which others may share and which may be memory.
A file that its view does not take goes when the request ends; what a dying process leaves is swept.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from flask import Request, abort, g

from domain.errors import LockBusy
from jobs.tasks import uploads_folder
from machine.locks import try_lock
from settings import Settings

AT_ONCE = 2
"""So many requests with files are received at a time, however many threads there are: a slow one holds a
thread of the web."""
MOST_FILES = 20
"""Of one request."""
STALLED = 60
"""Seconds after which a sender that sends nothing is given up."""
SPARE_ROOM = 256 << 20
"""Bytes of the disk that no upload may take."""
_LEFT_BEHIND = 3600
"""Seconds after which a file that nobody writes any more belongs to a request that died."""


class FileRequest(Request):
    """A request whose files go where `open_file` says, if its view has said so."""

    open_file: Callable[[], BinaryIO] | None = None

    def _get_file_stream(self, *arguments, **named) -> BinaryIO:
        return super()._get_file_stream(*arguments, **named) if self.open_file is None else self.open_file()


def receive(request: FileRequest, settings: Settings) -> None:
    """To be called before the request's form is looked at, and once its `max_content_length` is known. Answers 413
    if the disk has no room for it beside what is arriving already. Raises LockBusy while others are sending."""
    folder = uploads_folder(settings)
    _sweep(folder)
    # Who sends in chunks does not say how much: as much as is permitted.
    expected = request.max_content_length if request.content_length is None else request.content_length
    g.incoming_slot, promised = _take_slot(folder, expected)
    if g.incoming_slot is None:
        raise LockBusy("other uploads are arriving; try again when they have arrived")
    if shutil.disk_usage(folder).free < promised + SPARE_ROOM:
        abort(413, "The server's disk has no room for this. Tell whoever runs this dashboard.")
    g.incoming = []

    def open_file() -> BinaryIO:
        if len(g.incoming) == MOST_FILES:
            abort(400, f"At most {MOST_FILES} files at a time.")
        path = folder / f"{secrets.token_hex(16)}.part"
        file = open(path, "x+b", opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: PTH123, SIM115
        g.incoming.append((path, file))
        return file

    request.open_file = open_file
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(STALLED)


def adopt(file: BinaryIO, path: Path) -> int:
    """Puts a received file where it is to stay, and returns its size in bytes."""
    size = file.seek(0, os.SEEK_END)
    file.close()
    Path(file.name).replace(path)
    return size


def end_receiving() -> None:
    """Removes what was received and not adopted, and lets the next sender in."""
    for path, file in g.pop("incoming", []):
        file.close()
        path.unlink(missing_ok=True)
    slot = g.pop("incoming_slot", None)
    if slot is not None:
        os.ftruncate(slot, 0)
        os.close(slot)


def _take_slot(folder: Path, expected: int) -> tuple[int | None, int]:
    """A slot, None if all are taken, and the bytes that all who are sending may still bring, these `expected` ones
    with them. A slot's file holds its bytes; what a dead process left in one counts only until somebody takes it."""
    taken, promised = None, expected
    for path in (folder / f"arriving-{number}" for number in range(AT_ONCE)):
        slot = try_lock(path) if taken is None else None
        if slot is None:
            promised += int(path.read_text() or 0) if path.exists() else 0
            continue
        taken = slot
        os.ftruncate(slot, 0)
        os.write(slot, str(expected).encode())
    return taken, promised


def _sweep(folder: Path) -> None:
    for path in folder.glob("*.part"):
        try:
            if time.time() - path.stat().st_mtime > _LEFT_BEHIND:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue

"""Locks that are files: who has one is known to every thread and process of this machine, and when a holder dies the
kernel lets go for it, so that nothing has to be cleared up.

A lock belongs to the opened file: threads exclude each other, too, if each opens it anew. Closing it gives it back.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def open_lock(path: Path) -> int:
    """The opened file of a lock, which nobody holds by that; made if it is missing. Raises OSError."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def take_if_free(handle: int) -> bool:
    """Whether the lock of an opened file is held now; does not wait. Raises OSError where there are no locks."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for(handle: int) -> None:
    """Holds the lock of an opened file as soon as nobody else does."""
    fcntl.flock(handle, fcntl.LOCK_EX)


def try_lock(path: Path) -> int | None:
    """An opened file whose lock is held, or None if somebody else holds it. Raises OSError."""
    handle = open_lock(path)
    try:
        if take_if_free(handle):
            return handle
    except OSError:
        os.close(handle)
        raise
    os.close(handle)
    return None

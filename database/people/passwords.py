"""How passwords are kept: argon2id, at the cost of scrypt with N = 2^17.

One hash takes 64 MiB and three passes over it, so only two are computed at once, by all workers of the web together:
a crowd at the sign-in page waits instead of taking the memory of the pages.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.passwords import normal_form
from machine.locks import open_lock, take_if_free

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16)
AT_ONCE = 2
PAUSE = 0.01
"""Seconds between two looks for a place; a hash takes ten times as long or more."""
_two_at_once = threading.BoundedSemaphore(AT_ONCE)
_shared: list[Path] = []

NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$ubXrFZnzv4FIxI+XB13J2g$Lf9ZmV8WbKRLrX/CwNU5otqKORwcdpmhV99SnAeGDTo"
"""The hash of a password nobody has. An unknown name is checked against it, so that it takes the time
of a known one."""


def share_places(folder: Path) -> None:
    """From now on this process counts together with all others that share `folder`: a place is a lock on a file, which
    the kernel lets go of when its process dies."""
    _shared[:] = [folder / f"hash-{number}" for number in range(AT_ONCE)]


def hash_password(password: str) -> str:
    """The hash to store, its salt and cost in it."""
    with _place():
        return _hasher.hash(_bytes(password))


def is_password(password: str, stored: str) -> bool:
    """Whether `stored` is a hash of `password`."""
    with _place():
        try:
            return _hasher.verify(stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made at another cost than today's, and should be made anew at sign-in."""
    return _hasher.check_needs_rehash(stored)


def random_password() -> str:
    """A password nobody can guess: 120 bits, easy to copy."""
    return secrets.token_urlsafe(15)


@contextlib.contextmanager
def _place() -> Iterator[None]:
    with _two_at_once:
        handles = [handle for handle in map(_opened, _shared) if handle is not None]
        try:
            while handles and not any(map(take_if_free, handles)):
                time.sleep(PAUSE)
            yield
        finally:
            for handle in handles:
                os.close(handle)


def _opened(path: Path) -> int | None:
    """None where no file can be made: signing in is then limited by process."""
    try:
        return open_lock(path)
    except OSError:
        return None


def _bytes(password: str) -> bytes:
    return normal_form(password).encode("utf-8", "surrogatepass")

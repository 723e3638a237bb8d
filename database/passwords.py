"""How passwords are kept: argon2id, at the cost of scrypt with N = 2^17.

One hash takes 64 MiB and three passes over it, so only two are computed at once in a process: a crowd
at the sign-in page waits instead of taking the memory of the pages.
"""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from domain.passwords import normal_form

_hasher = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1, hash_len=32, salt_len=16)
_two_at_once = threading.BoundedSemaphore(2)

NOBODY = "$argon2id$v=19$m=65536,t=3,p=1$ubXrFZnzv4FIxI+XB13J2g$Lf9ZmV8WbKRLrX/CwNU5otqKORwcdpmhV99SnAeGDTo"
"""The hash of a password nobody has. An unknown name is checked against it, so that it takes the time
of a known one."""


def hash_password(password: str) -> str:
    """The hash to store, its salt and cost in it."""
    with _two_at_once:
        return _hasher.hash(_bytes(password))


def is_password(password: str, stored: str) -> bool:
    """Whether `stored` is a hash of `password`."""
    with _two_at_once:
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


def _bytes(password: str) -> bytes:
    return normal_form(password).encode("utf-8", "surrogatepass")

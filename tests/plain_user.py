"""Files keep root from nothing: a test that needs them to gives root's power over them up for a while.

By its capabilities, and not as another user: the repository may lie where nobody else can read it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

OVERRIDE, READ_SEARCH = 1, 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH of linux/capability.h."""
VERSION = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


@contextlib.contextmanager
def as_plain_user() -> Iterator[None]:
    """The calling thread obeys the modes of files, as every user but root does."""
    if os.geteuid() != 0:
        yield
        return
    libc, header, held = ctypes.CDLL(None, use_errno=True), _Header(VERSION, 0), (ctypes.c_uint32 * 6)()
    _check(libc.capget(ctypes.byref(header), held))
    effective = held[0]
    held[0] &= ~(1 << OVERRIDE | 1 << READ_SEARCH) & 0xFFFFFFFF
    _check(libc.capset(ctypes.byref(header), held))
    try:
        yield
    finally:
        held[0] = effective
        _check(libc.capset(ctypes.byref(header), held))


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), "capabilities")

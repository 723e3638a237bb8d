"""One maker per answer: whoever asks for what is being made waits for it instead of making it again.

The lock is one of a fixed set of files, so that it holds between threads and between processes of this
machine, and nothing has to be cleared up when one of them dies: the kernel lets go for it.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from machine.locks import open_lock, take_if_free

FILES = 64
"""So many locks; two questions that meet in one file wait for each other, which costs time and no more."""
PAUSE = 0.004
"""Seconds between two looks at a lock that somebody holds."""


@contextlib.contextmanager
def single_flight(folder: Path, key: str, *, patience: float) -> Iterator[None]:
    """Holds the lock of `key` (hexadecimal at its end), a file in `folder`, while the block runs. After `patience`
    seconds of waiting, or where no lock can be had, the block runs without it: work done twice is better than none."""
    descriptor = _opened(folder, int(key[-8:], 16) % FILES)
    try:
        if descriptor is not None:
            _wait_for(descriptor, patience)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _opened(folder: Path, number: int) -> int | None:
    """Opened anew each time: a lock belongs to the opened file, so threads exclude each other, too."""
    try:
        return open_lock(folder / f"{number:02}")
    except OSError:
        return None


def _wait_for(descriptor: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            if take_if_free(descriptor) or time.monotonic() > deadline:
                return
        except OSError:
            return
        time.sleep(PAUSE)

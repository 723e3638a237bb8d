"""A command as a process of its own, whoever waits for it: its place among others, its limits, its end.

Knows the standard library and `machine/` only, as the supervisor does.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from machine.locks import try_lock
from machine.processes import memory_of

Ended = TypeVar("Ended")

LOOK_EVERY = 0.1
GRACE = 10
"""Seconds in which a command that is told to stop may roll back."""
MIB = 1 << 20
NICENESS = 5
SPARE_ADDRESSES = (8192 + 256 * (os.cpu_count() or 1)) * MIB
"""Allocators and threads reserve many more addresses than they use; beyond this, something is wrong."""
ASKED, TIME, MEMORY = "asked", "time", "memory"
"""Why a command was stopped."""


def take_place(folder: Path, kind: str, count: int) -> int | None:
    """The lock of one of so many places for commands of a kind, to be closed when it is over; None if all are taken, in
    any process."""
    locks = (try_lock(folder / f"{kind}-{number}") for number in range(count))
    return next((lock for lock in locks if lock is not None), None)


def limit_command(pid: int, *, memory: int, seconds: float) -> None:
    """Lowers what a command's process (0: this one) may use: MiB, seconds, and its turn among others. Where the service
    allows less, or no change, that stays."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, memory * MIB + SPARE_ADDRESSES),
        (resource.RLIMIT_CPU, int(seconds) * (os.cpu_count() or 1) + GRACE),
    ):
        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, what, (most, most))


def watch(
    process: subprocess.Popen, wait: Callable[[float], Ended], *, memory: int, seconds: float,
    is_asked_to_stop: Callable[[], bool] = lambda: False,
) -> tuple[Ended | None, str]:
    """What `wait` gives at the command's end, and ''; or None and why it was stopped. `wait` raises TimeoutExpired
    after as many seconds as it is given."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return wait(min(LOOK_EVERY, seconds)), ""
        for reason, is_so in (
            (ASKED, is_asked_to_stop()),
            (TIME, time.monotonic() > deadline),
            (MEMORY, memory_of(process.pid) > memory * MIB),
        ):
            if is_so:
                # What takes too much memory goes on taking it while it rolls back.
                _end(process, wait, grace=1 if reason == MEMORY else GRACE)
                return None, reason


def _end(process: subprocess.Popen, wait: Callable[[float], object], *, grace: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            wait(grace)
            return

"""Processes of this machine: whether one is alive, and is the one that was meant."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def process_start(pid: int) -> str:
    """When process `pid` started, in the kernel's ticks, so that a reused pid is not taken for the old
    process; '' if there is no such process or the kernel does not tell."""
    try:
        with Path(f"/proc/{pid}/stat").open(encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_process_alive(host: str, pid: int, started: str) -> bool:
    """Whether the process is alive; one on another host cannot be known and counts as alive."""
    if host != socket.gethostname():
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return not started or process_start(pid) == started

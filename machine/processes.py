"""Processes of this machine, as the kernel tells of them in /proc, which nobody else reads.

psutil would tell the same; what is asked are six files, and one more package with compiled code is a dear price for
that.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import socket
from pathlib import Path

PROC = Path("/proc")
_STATE, _PARENT, _USER_TICKS, _SYSTEM_TICKS, _START = 0, 1, 11, 12, 19
"""Places in /proc/<pid>/stat behind the process's name (proc(5) counts from the front, and from 1)."""


def process_start(pid: int) -> str:
    """When process `pid` started, in the kernel's ticks, so that a reused pid is not taken for the old
    process; '' if there is no such process or the kernel does not tell."""
    return _field(pid, _START)


def start_if_running(pid: int) -> str:
    """The same; '' also for a process that is over and whose parent has not asked for it yet."""
    return "" if _field(pid, _STATE) == "Z" else _field(pid, _START)


def is_running(pid: int) -> bool:
    """Whether there is such a process, and it is not over."""
    return _field(pid, _STATE) not in ("", "Z")


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


def children_of(pid: int) -> set[int]:
    """The processes that it has begun, and that are still its own."""
    return {child for child in _all() if _field(child, _PARENT) == str(pid)}


def memory_of(pid: int) -> int:
    """Bytes that a process holds in memory; 0 if that cannot be known."""
    try:
        return int((PROC / str(pid) / "statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0


def processor_seconds(pid: int) -> float:
    """What a process has used so far, for itself and in the kernel; 0 if that cannot be known."""
    ticks = (_field(pid, _USER_TICKS), _field(pid, _SYSTEM_TICKS))
    return sum(int(text or 0) for text in ticks) / os.sysconf("SC_CLK_TCK")


def used_so_far() -> float:
    """Processor seconds that this process has used, with all its threads and those children that are over."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak_memory_of(pid: int) -> int:
    """Bytes that a process has held in memory at the most, since it became the program that it is. Raises OSError when
    it is gone; 0 once it is over."""
    found = re.search(r"^VmHWM:\s+(\d+)", (PROC / str(pid) / "status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def program_of(pid: int) -> Path:
    """The file of the program that it runs. Raises OSError."""
    return (PROC / str(pid) / "exe").resolve()


def owner_of(pid: int) -> int:
    """The number of the user whose process it is. Raises OSError."""
    return (PROC / str(pid)).stat().st_uid


def variables_of(pid: int) -> list[bytes]:
    """`NAME=value` of everything in the environment that it was started with. Raises OSError."""
    return (PROC / str(pid) / "environ").read_bytes().split(b"\0")


def folders_at_work() -> set[Path]:
    """The folders in which processes work, as far as this user may see them."""
    found = set()
    for pid in _all():
        with contextlib.suppress(OSError):
            found.add((PROC / str(pid) / "cwd").readlink())
    return found


def _all() -> list[int]:
    return [int(place.name) for place in PROC.glob("[0-9]*")]


def _field(pid: int, place: int) -> str:
    """One word of /proc/<pid>/stat behind the name of the process, which may hold anything; '' if there is none."""
    try:
        line = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        return line.rpartition(")")[2].split()[place]
    except (OSError, IndexError):
        return ""

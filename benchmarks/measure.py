"""Measuring: whole processes by the kernel's accounting, everything else by a monotonic clock."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from machine.processes import peak_memory_of
from settings import Settings
from tests.conftest import environment_of

ROOT = Path(__file__).resolve().parent.parent
PROCESSOR, PEAK = ", processor", ", peak MiB"
"""Behind the name of a figure: what its processors did meanwhile, in the same unit, and what it held in memory."""


@dataclass(frozen=True)
class Process:
    """One finished piece of work: wall and processor seconds, peak memory in MiB where it was a process."""

    seconds: float
    processor: float
    peak_mib: float = 0.0
    output: str = ""


@dataclass
class Figures:
    """What one run measures: per engine and name the single values, in their order."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, engine: str, name: str, *found: float) -> None:
        """Keeps values and says them, so that a long run shows where it is."""
        self.values.setdefault((engine, name), []).extend(found)
        shown = ", ".join(f"{value:.4g}" for value in found[:6])
        say(f"{engine:<9} {name}: {shown}" + (" …" if len(found) > 6 else ""))

    def add_process(self, engine: str, name: str, process: Process) -> None:
        """Keeps what a piece of work took, and what its processors did and it held meanwhile."""
        self.add(engine, name, process.seconds)
        self.add(engine, name + PROCESSOR, process.processor)
        if process.peak_mib:
            self.add(engine, name + PEAK, process.peak_mib)

    def median(self, engine: str, name: str) -> float | None:
        """The median; None if it was not measured."""
        found = self.values.get((engine, name))
        return statistics.median(found) if found else None

    def spread(self, engine: str, name: str) -> tuple[float, float] | None:
        """The smallest and the largest."""
        found = self.values.get((engine, name))
        return (min(found), max(found)) if found else None

    def ratio(self, engine: str, name: str, other: str, *, of_engine: str | None = None) -> float | None:
        """How many times the other's median this one's median is."""
        above, below = self.median(engine, name), self.median(of_engine or engine, other)
        return above / below if above is not None and below else None


def command_line(script: str) -> str:
    """What was called, as a report tells it: without the folders of this machine."""
    words, left_out = [], False
    for word in sys.argv[1:]:
        if not left_out and word not in ("--folder", "--report"):
            words.append(word)
        left_out = word in ("--folder", "--report")
    return " ".join([script, *words])


def whole_number(text: str) -> int:
    """`68e6` as people write it on a command line."""
    return int(float(text))


def memory_gib() -> float:
    """What this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def say(words: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')}  {words}", file=sys.stderr, flush=True)


def flask(settings: Settings, *arguments: str, expect: int = 0) -> Process:
    """Runs a command of the dashboard as a process of its own. Raises RuntimeError on another exit code."""
    return run([sys.executable, "-m", "flask", *arguments], environment_of(settings), expect)


def run(command: Sequence[str], environment: dict[str, str], expect: int = 0) -> Process:
    """Runs a command to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    peak = _Peak(process.pid)
    peak.start()
    output = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    peak.join()
    if process.returncode != expect:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{output[-3000:]}")
    return Process(seconds, used.ru_utime + used.ru_stime, peak.mib, output)


class _Peak(threading.Thread):
    """The peak memory of a process, as the kernel has it. Not that of wait4: it counts what the process was before
    it became another program, which is a copy of ours."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.mib = 0.0
        self._pid = pid

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while peak := peak_memory_of(self._pid):
                self.mib = max(self.mib, peak / (1 << 20))
                time.sleep(0.02)


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def percentile(values: Iterable[float], share: float) -> float:
    """The value that `share` of all values do not exceed: the nearest rank, no interpolation."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]

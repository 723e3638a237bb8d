"""A fixed piece of work, done in each round of a benchmark: what changes from one to the next is the machine's."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import duckdb

from benchmarks.measure import Figures, timed

MACHINE = "the machine"
COMPUTING, WRITING = "fixed work on all cores (s)", "16 MiB to the disk (s)"
_GROUPED = """
    SELECT count(*)
    FROM (SELECT hash(number) % 50000 AS part, sum(number) FROM range(6000000) numbers(number) GROUP BY part)"""
_WRITTEN = 16 << 20


def measure_noise(folder: Path, figures: Figures) -> None:
    """How long the fixed work takes now."""
    with duckdb.connect() as connection:
        figures.add(MACHINE, COMPUTING, timed(lambda: connection.execute(_GROUPED).fetchall()))
    figures.add(MACHINE, WRITING, timed(lambda: _write(folder)))


def spread_of(figures: Figures, name: str) -> str:
    """The median with how far the ends are from it; '' if nothing was measured."""
    middle, ends = figures.median(MACHINE, name), figures.spread(MACHINE, name)
    if middle is None:
        return ""
    lower, upper = (100 * (end / middle - 1) for end in ends)
    return f"{name.removesuffix(' (s)')} {middle:.2f} s ({lower:+.0f} to {upper:+.0f} %)"


def _write(folder: Path) -> None:
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\1" * _WRITTEN)
        file.flush()
        os.fsync(file.fileno())

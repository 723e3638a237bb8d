"""docs/BENCHMARKS.md: what was to be reached, what was reached, and every measured figure with its spread."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import ROOT, Figures
from benchmarks.targets import all_targets

PACKAGES = ("flask", "sqlalchemy", "duckdb", "pymysql", "gunicorn", "plotly", "flask-caching")


@dataclass(frozen=True)
class Conditions:
    """Under which a run took place."""

    facts: int
    runs: int
    long_runs: int
    command: str
    load_before: float


def write_report(path: Path, figures: Figures, conditions: Conditions) -> None:
    """Writes the report."""
    path.write_text("\n".join([*_head(conditions), *_targets(figures), *_figures(figures), *_notes(figures)]) + "\n")


def conditions_of(command: str, load_before: float) -> list[str]:
    """Where and when a run took place, as the first lines of its report."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return [
        f"Written by `{command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, of commit "
        f"`{_commit()}`. All figures are of one run on one machine, compared side by side; medians.",
        "",
        f"- {os.cpu_count()} cores ({_processor()}), {_memory_gib():.0f} GiB, Linux {platform.release()}, load average "
        f"before: {load_before:.1f}",
        f"- Python {platform.python_version()}, {versions}; {_mariadb()}",
    ]


def _head(conditions: Conditions) -> list[str]:
    return [
        "# Benchmarks",
        "",
        *conditions_of(conditions.command, conditions.load_before),
        f"- {conditions.facts:,} facts: 4,000 selling products of 43,706, 487 brands, 9 categories, 7 marketplaces, "
        "36 months, 10 metrics",
        f"- {conditions.runs} runs each, {conditions.long_runs} of the long ones",
        "",
    ]


def _targets(figures: Figures) -> list[str]:
    lines = ["## Reached", "", "| what | engine | to reach | reached | |", "| --- | --- | ---: | ---: | --- |"]
    for target in all_targets():
        found = target.value(figures)
        if found is None:
            continue
        lines.append(
            f"| {target.what} | {target.engine} | {target.judged} {written(target.bound)} {target.unit} | "
            f"{written(found)} {target.unit} | {'yes' if target.is_met(found) else '**no**'} |"
        )
    return [*lines, ""]


def _figures(figures: Figures) -> list[str]:
    lines = [
        "## Measured", "", "Seconds unless a unit is named.", "",
        "| what | engine | median | smallest | largest | values |", "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for engine, name in sorted(figures.values, key=lambda key: (key[1], key[0])):
        low, high = figures.spread(engine, name)
        lines.append(
            f"| {name} | {engine} | {written(figures.median(engine, name))} | {written(low)} | {written(high)} | "
            f"{len(figures.values[engine, name])} |"
        )
    return [*lines, ""]


def _notes(figures: Figures) -> list[str]:
    return ["## Notes", "", *(f"- {note}" for note in figures.notes)] if figures.notes else []


def written(value: float) -> str:
    """A figure with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _commit() -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _mariadb() -> str:
    found = subprocess.run(["mariadb", "--version"], capture_output=True, text=True)
    return found.stdout.strip().removeprefix("mariadb ").partition(",")[0] or "no MariaDB"

"""docs/BENCHMARKS.md: what was to be reached, what was reached, and every measured figure with its spread."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import PEAK, PROCESSOR, ROOT, Figures, memory_gib
from benchmarks.noise import COMPUTING, MACHINE, WRITING, spread_of
from benchmarks.shop import FULL_SIZE, LINES_SHARE, Shape
from benchmarks.targets import Target, targets_of_either, targets_of_shape

PACKAGES = ("flask", "sqlalchemy", "duckdb", "pymysql", "gunicorn", "plotly", "flask-caching")


@dataclass(frozen=True)
class Conditions:
    """Under which a run took place."""

    facts: int
    rounds: int
    long_rounds: int
    command: str
    load_before: float
    seconds: float


@dataclass(frozen=True)
class Measured:
    """What was measured, by shape and for either shape. `groups` are counted in the summaries."""

    shapes: Mapping[Shape, Figures]
    either: Figures
    groups: dict[Shape, int]


def write_report(path: Path, measured: Measured, conditions: Conditions) -> None:
    """Writes the report."""
    lines = [*_head(measured, conditions), "## Reached", "", *_unlike_full_size(conditions)]
    for shape, figures in measured.shapes.items():
        lines += _reached(_title(shape, measured), targets_of_shape(shape.per_group), figures)
    lines += _reached("Of either shape", targets_of_either(), measured.either)
    lines += [
        "## Measured", "",
        "The unit stands in brackets. Processor time is of all that was at work: the command or the web's processes, "
        "and the server; of a page, the mean of a round.", "",
    ]
    for shape, figures in measured.shapes.items():
        lines += _figures(_title(shape, measured), figures)
    lines += _figures("Of either shape", measured.either)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def conditions_of(command: str, load_before: float) -> list[str]:
    """Where and when a run took place, as the first lines of its report."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    return [
        f"Written by `{command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, of commit "
        f"`{_commit()}`. All figures are of one run on one machine, compared side by side; medians.",
        "",
        f"- {os.cpu_count()} cores ({_processor()}), {memory_gib():.0f} GiB, Linux {platform.release()}, load average "
        f"before: {load_before:.1f}",
        f"- Python {platform.python_version()}, {versions}; {_mariadb()}",
    ]


def written(value: float) -> str:
    """A figure with about three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _head(measured: Measured, conditions: Conditions) -> list[str]:
    noise = [
        f"{title}: {', '.join(filter(None, (spread_of(figures, name) for name in (COMPUTING, WRITING))))}"
        for title, figures in [*((shape.name, found) for shape, found in measured.shapes.items()),
                               ("either", measured.either)]
        if figures.median(MACHINE, COMPUTING) is not None
    ]
    return [
        "# Benchmarks", "", *conditions_of(conditions.command, conditions.load_before),
        "- 4,000 selling products of 43,706, 487 brands, 9 categories, 7 marketplaces, 36 months, 10 metrics; beside "
        f"the facts a settlement with a line to {LINES_SHARE} of them",
        f"- {conditions.rounds} rounds, engines and installations in turns, the first {conditions.long_rounds} of them "
        f"with what takes long, the usual way three times; {conditions.seconds / 60:.0f} minutes",
        "- a p95 is the median of those of the rounds",
        *(f"- noise of the machine, by a fixed piece of work in each round ({words})" for words in noise),
        "",
    ]


def _title(shape: Shape, measured: Measured) -> str:
    groups = f" in {measured.groups[shape]:,} groups" if shape in measured.groups else ""
    return f"{shape.name[0].upper()}{shape.name[1:]}: {shape.large:,} facts{groups}; small: {shape.small:,}"


def _unlike_full_size(conditions: Conditions) -> list[str]:
    if conditions.facts >= FULL_SIZE:
        return []
    return [
        f"Targets are meant at {FULL_SIZE:,} facts; these figures are of {conditions.facts / FULL_SIZE:.1%} of that, "
        "and say nothing yet about the full size.", "",
    ]


def _reached(title: str, targets: Sequence[Target], figures: Figures) -> list[str]:
    rows = [
        f"| {target.what} | {target.engine} | {target.judged} {written(target.bound)} {target.unit} | "
        f"{written(found)} {target.unit} | {'yes' if target.is_met(found) else '**no**'} |"
        for target in targets if (found := target.value(figures)) is not None
    ]
    head = ["| what | engine | to reach | reached | |", "| --- | --- | ---: | ---: | --- |"]
    return [f"### {title}", "", *head, *rows, ""] if rows else []


def _figures(title: str, figures: Figures) -> list[str]:
    names = [key for key in figures.values if not key[1].endswith((PROCESSOR, PEAK))]
    if not names:
        return []
    return [
        f"### {title}", "",
        "| what | engine | median | smallest | largest | processor | peak MiB | values |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(_row(figures, engine, name) for engine, name in sorted(names, key=lambda key: (key[1], key[0]))), "",
    ]


def _row(figures: Figures, engine: str, name: str) -> str:
    low, high = figures.spread(engine, name)
    cells = [figures.median(engine, name), low, high, figures.median(engine, name + PROCESSOR),
             figures.median(engine, name + PEAK)]
    shown = " | ".join("" if cell is None else written(cell) for cell in cells)
    return f"| {name} | {engine} | {shown} | {len(figures.values[engine, name])} |"


def _commit() -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _mariadb() -> str:
    found = subprocess.run(["mariadb", "--version"], capture_output=True, text=True)
    return found.stdout.strip().removeprefix("mariadb ").partition(",")[0] or "no MariaDB"

"""Writes docs/reliability-run.md from the counts of a long run: python -m tests.long_report FOLDER SECONDS"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import sqlalchemy as sa

from settings import ROOT
from tests.mariadb import _program

REPORT = ROOT / "docs" / "reliability-run.md"
DEEDS = (
    "kill -9 of the refresh", "KILL of a connection", "kill -9 of the server", "SIGTERM", "SIGINT", "crashes",
)
"""Each is counted as `<deed> at <step>` as well; a crash as `at <step>`."""


def main(folder: Path, seconds: int) -> None:
    """Adds the files of all processes up and writes the report."""
    added: Counter[str] = Counter()
    most: dict[str, float] = {}
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        added.update(found["added"])
        for name, value in found["highest"].items():
            most[name] = max(value, most.get(name, value))
    REPORT.write_text(_report(added, most, _outcome(folder / "tests.xml"), seconds), encoding="utf-8")


def _report(added: Counter[str], most: dict[str, float], outcome: str, seconds: int) -> str:
    lines = [
        "# The last long run", "",
        "Written by `tests/long.sh`; what each count proves is in [RELIABILITY.md](RELIABILITY.md).", "",
        f"- Commit `{_commit()}`, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {seconds / 60:.0f} minutes",
        f"- {outcome}",
        f"- Seed of the sequences: `LONG_SEED={os.environ['LONG_SEED']}`",
        f"- Linux {platform.release().split('-')[0]}, {os.cpu_count()} cores, {_memory()} GiB, Python "
        f"{platform.python_version()}, {_server()}, DuckDB {duckdb.__version__}, SQLAlchemy {sa.__version__}, "
        f"PyMySQL {version('pymysql')}",
        "", "## By step", "", *_by_step(added), "", "## Counts", "", "| what | how many |", "| --- | ---: |",
    ]
    lines += [f"| {name} | {added[name]:,} |" for name in sorted(added) if not _is_of_a_step(name)]
    lines += ["", "## Highest", "", "| what | highest |", "| --- | ---: |"]
    lines += [f"| {name} | {value:g} |" for name, value in sorted(most.items())]
    return "\n".join(lines) + "\n"


def _by_step(added: Counter[str]) -> list[str]:
    from machine.crash_points import STEPS

    rows = ["| step | " + " | ".join(DEEDS) + " |", "| --- |" + " ---: |" * len(DEEDS)]
    for step in STEPS:
        counts = [added[f"at {step}" if deed == "crashes" else f"{deed} at {step}"] for deed in DEEDS]
        rows.append(f"| {step} | " + " | ".join(str(found) for found in counts) + " |")
    return rows


def _is_of_a_step(name: str) -> bool:
    return name.startswith("at ") or any(name.startswith(f"{deed} at ") for deed in DEEDS)


def _outcome(xml: Path) -> str:
    suite = next(ElementTree.parse(xml).getroot().iter("testsuite"))
    wrong = int(suite.get("failures")) + int(suite.get("errors"))
    return f"{suite.get('tests')} tests, {wrong} failed, {suite.get('skipped')} skipped"


def _commit() -> str:
    return _said("git", "rev-parse", "--short=12", "HEAD")


def _server() -> str:
    words = _said(_program("mariadbd"), "--no-defaults", "--version")
    return "MariaDB " + words.partition("Ver ")[2].partition("-")[0]


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

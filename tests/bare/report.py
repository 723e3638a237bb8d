"""Writes docs/bare-run.md from what tests/bare.sh has found: report.py RESULTS REPORT"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

PARTS = {
    "root": "As root", "user": "As a user of its own", "first": "Upgrade from the first version",
    "last": "Upgrade from the version before", "mariadb": "MariaDB", "offline": "Without a network",
    "tests": "`tests/run.sh`",
}


def main(results: Path, report: Path) -> None:
    """One table per Debian, of what was played at any time."""
    lines = [
        "# The last run on bare machines", "",
        "Written by `tests/bare.sh`, which says what each part does. Each was played on a Debian as debootstrap "
        f"makes it, with git and nothing else, on {os.cpu_count()} cores. The load is that of the "
        "machine when the part began: above 2 it had to wait for others.",
    ]
    for debian in ("12", "13"):
        rows = [row for part in PARTS for row in _row(results / f"{debian}-{part}", PARTS[part])]
        if rows:
            lines += [
                "", f"## Debian {debian}", "", "| part | outcome | seconds | load | commit, day | what was seen |",
                "| --- | --- | ---: | ---: | --- | --- |", *rows,
            ]
    report.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _row(file: Path, title: str) -> Iterator[str]:
    if not file.exists():
        return
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        word, _, rest = line.partition(" ")
        found.setdefault(word, []).append(rest.replace("|", "\\|"))
    once = {word: texts[0] for word, texts in found.items()}
    cells = (
        title, once["outcome"], f"{int(once['seconds']):,}", once["load"], f"`{once['commit']}`, {once['day']}",
        "; ".join(found.get("told", [])),
    )
    yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

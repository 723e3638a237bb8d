"""The document that tells of the walks: what was asked, what was done, what the pages answered, how long it took."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.walks.shop import FINANCE, FOUNDER, MANAGER, OPERATOR

PEOPLE = {
    FOUNDER: "The founder, on a phone", MANAGER: "The brand manager", FINANCE: "The finance analyst",
    OPERATOR: "Who operates it",
}
HEAD = """# Ten questions, answered by the pages

Written by `WALKS=docs/WALKS.md .venv-tests/bin/python -m pytest tests/walks`, which walks through the pages of a
made-up seller in a real Chromium: three months of Amazon's reports (`flask demo-reports`), the history before them in
one file, and a correction. Every answer is what a page said, held against what was counted when the files were written.
The tests fail if a walk needs another step than is told here, or finds another answer.

Seconds are those of browser and server together, from the question to the answer, on a machine of two cores that had
other work as well. Whoever reads and moves a hand takes longer: what counts are the steps.
"""
COLUMNS = "| asked | did | found out | steps | s |\n| --- | --- | --- | ---: | ---: |\n"
_ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+) \| \d+ \| [\d.]+ \|$", re.MULTILINE)


@dataclass(frozen=True)
class Answered:
    """One question of a person: what they did, what they found out, in how many seconds."""

    person: str
    question: str
    steps: tuple[str, ...]
    answer: str
    seconds: float

    def told(self) -> tuple[str, str, str]:
        """As the document has it, but for the seconds."""
        return self.question, "; ".join(self.steps) or "nothing: it is there", self.answer


def write_report(path: Path, answers: Iterable[Answered]) -> None:
    """Writes the document."""
    parts = [HEAD]
    for person, found in groupby(answers, key=lambda each: each.person):
        parts.append(f"\n## {PEOPLE[person]}\n\n{COLUMNS}")
        for each in found:
            cells = (*each.told(), str(len(each.steps)), f"{each.seconds:.1f}")
            parts.append(f"| {' | '.join(cells)} |\n")
    path.write_text("".join(parts), encoding="utf-8")


def read_answers(path: Path) -> list[tuple[str, str, str]]:
    """What the document tells: question, steps, answer."""
    return _ROW.findall(path.read_text(encoding="utf-8"))

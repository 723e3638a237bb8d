"""Counts what the long tests went through, for the report of a long run.

With `LONG_COUNTS=FOLDER` every process of the tests keeps its counts in a file there; `tests/long.py` adds
them up. Without it nothing is written.
"""

from __future__ import annotations

import atexit
import json
import os
from collections import Counter
from pathlib import Path

_added: Counter[str] = Counter()
_highest: dict[str, float] = {}


def count(*names: str, by: int = 1) -> None:
    """Adds to each of the names."""
    for name in names:
        _added[name] += by


def highest(name: str, value: float) -> None:
    """Keeps the highest value seen under the name."""
    _highest[name] = max(value, _highest.get(name, value))


@atexit.register
def _write() -> None:
    folder = os.environ.get("LONG_COUNTS")
    if folder and (_added or _highest):
        text = json.dumps({"added": _added, "highest": _highest}, ensure_ascii=False)
        (Path(folder) / f"{os.getpid()}.json").write_text(text, encoding="utf-8")

"""The tests that docs/SECURITY.md names."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "SECURITY.md"


def named_tests() -> set[str]:
    """`tests/x/test_y.py`, or one test of it: `tests/x/test_y.py::test_z`."""
    return set(re.findall(r"^- `(tests/[^`]+)`$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))

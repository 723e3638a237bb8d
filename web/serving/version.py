"""A mark of this very program: it changes with any upgrade that could change a page."""

from __future__ import annotations

import functools
import hashlib

from settings import ROOT

_PARTS = ("templates", "static", "web", "charts", "database", "domain")


@functools.cache
def build_mark() -> str:
    """A short text, the same in every process that runs the same files."""
    files = sorted(
        path for part in _PARTS for path in (ROOT / part).rglob("*") if path.is_file() and path.suffix != ".pyc"
    )
    marks = [f"{path.relative_to(ROOT)} {path.stat().st_mtime_ns} {path.stat().st_size}" for path in files]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]

"""Refreshes in processes of their own, started quickly: forked from a server that has imported it all."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

from database.summaries.refresh import RefreshOptions
from settings import Settings

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([
    "tests.faults.processes", "database.engines.embedded_build", "database.engines.mysql_build", "database.migrations",
])


def killed_at(settings: Settings, step: str, options: RefreshOptions) -> int:
    """Runs a refresh that dies at `step`; returns its exit code, -9 if it did."""
    process = _context.Process(target=_refresh, args=(settings, options, step))
    process.start()
    process.join(120)
    return process.exitcode


def _refresh(settings: Settings, options: RefreshOptions, step: str) -> None:
    from database.engines import open_store
    from database.summaries.refresh import refresh

    os.environ["LEGO_CRASH_AT"] = step
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  (this process ends before anybody could close it)
    refresh(open_store(settings), options)

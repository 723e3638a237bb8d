"""Commands in processes of their own, started quickly: forked from a server that has imported it all.

A process can be told to stop itself at a named step (`step:pause`), so that a test does harm meanwhile, or
to die there as by kill -9 (`step`).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from database.summaries.refresh import RefreshOptions
from domain.errors import LegoError
from settings import ROOT, Settings, load_settings
from tests.conftest import environment_of
from tests.faults.readers import own_seconds, read_until_told

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([
    "tests.faults.processes", "tests.faults.readers", "database.engines.embedded.store",
    "database.engines.mariadb.store", "database.migrations", "flask_app",
    "commands.refresh_summaries", "commands.import_files",
])

REFRESH = ("refresh-summaries",)

_started: list[multiprocessing.process.BaseProcess] = []


@dataclass
class Command:
    """A command that runs; what it writes goes to files in `folder`."""

    process: multiprocessing.process.BaseProcess
    folder: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def errors(self) -> str:
        """What it has written to stderr."""
        return (self.folder / "stderr").read_text()

    @property
    def output(self) -> str:
        """What it has written to stdout."""
        return (self.folder / "stdout").read_text()

    @property
    def seconds(self) -> float:
        """How long it took, without the start of its process and without waiting for a core to run on."""
        return float((self.folder / "seconds").read_text())

    @property
    def code(self) -> int:
        """Its exit code, when it has ended; minus the signal's number if one killed it."""
        self.process.join(180)
        assert self.process.exitcode is not None, "it does not end"
        return self.process.exitcode

    def within(self, seconds: float) -> Command:
        """Waits so long for its end, for work that takes more than usual."""
        self.process.join(seconds)
        return self

    def signal(self, number: int) -> None:
        """Sends a signal."""
        os.kill(self.pid, number)

    def go_on(self) -> Command:
        """Lets a stopped process go on."""
        self.signal(signal.SIGCONT)
        return self

    def stopped(self) -> Command:
        """Waits until it has stopped itself."""
        while (state := _state(self.pid)) != "T":
            assert state not in ("", "Z", "X"), (self.code, self.errors)
            time.sleep(0.005)
        return self


class ReaderProcess:
    """A reader in a process of its own, which ends with the block at the latest."""

    def __init__(self, environment: dict[str, str], report: Path) -> None:
        self.report = report
        self.process = _context.Process(target=_read, args=(environment, report))
        self.process.start()

    def __enter__(self) -> ReaderProcess:
        return self

    def __exit__(self, *failure) -> None:
        self.process.kill()
        self.process.join()

    @property
    def reads(self) -> int:
        """How many reads it has told of so far."""
        try:
            return json.loads(self.report.read_text())["reads"]
        except FileNotFoundError:
            return 0

    def finish(self) -> dict:
        """Ends the reader and returns what it saw: reads, errors, empty, mixed, slowest (seconds, without
        waiting for a core)."""
        self.process.terminate()
        self.process.join(60)
        assert self.process.exitcode == 0
        return json.loads(self.report.read_text())


def start(
    settings: Settings, folder: Path, *options: str, command: Sequence[str] = REFRESH, crash_at: str = "", **constants
) -> Command:
    """Starts `flask <command> <options>`; `constants` are the refresh's (`PAUSES`) or those of asking data nodes, for
    this process alone."""
    place = folder / f"command-{len(list(folder.glob('command-*')))}"
    place.mkdir()
    environment = environment_of(settings) | ({"LEGO_CRASH_AT": crash_at} if crash_at else {})
    process = _context.Process(target=_run, args=([*command, *options], environment, place, constants))
    process.start()
    _started.append(process)
    return Command(process, place)


def end_all() -> None:
    """Kills what still runs or is stopped."""
    while _started:
        process = _started.pop()
        if process.is_alive():
            process.kill()
            process.join()


def run(settings: Settings, folder: Path, *options: str, **named) -> Command:
    """Runs the command to its end."""
    ended = start(settings, folder, *options, **named)
    assert ended.code is not None
    return ended


def killed_at(settings: Settings, step: str, options: RefreshOptions) -> int:
    """Runs a refresh that dies at `step`; returns its exit code, -9 if it did."""
    process = _context.Process(target=_refresh, args=(settings, options, step))
    process.start()
    process.join(120)
    return process.exitcode


def _refresh(settings: Settings, options: RefreshOptions, step: str) -> None:
    from database.store import open_store
    from database.summaries.refresh import refresh

    os.environ["LEGO_CRASH_AT"] = step
    try:
        refresh(open_store(settings), options)
    except LegoError as error:
        sys.exit(error.exit_code)


def _read(environment: dict[str, str], report: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    read_until_told(report, load_settings())


def _run(arguments: Sequence[str], environment: dict[str, str], folder: Path, constants: dict) -> None:
    """What `python -m flask` does, in a process that was forked a moment ago."""
    from flask.cli import ScriptInfo

    import flask_app
    from database.engines.cluster import nodes, watch
    from database.summaries import refresh

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, name in ((0, os.devnull), (1, folder / "stdout"), (2, folder / "stderr")):
        handle = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, value in constants.items():
        setattr(next(module for module in (refresh, watch, nodes) if hasattr(module, name)), name, value)
    sys.argv = ["flask", *arguments]
    app = flask_app.create_app()
    began = own_seconds()
    try:
        app.cli.main(list(arguments), prog_name="flask", obj=ScriptInfo(create_app=lambda: app))
    finally:
        (folder / "seconds").write_text(str(own_seconds() - began))


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""

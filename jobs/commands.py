"""Commands that pages start: `flask …` as a process of its own, with the app's settings and a time limit.

What writes facts or dimensions is a command, also when a page asks for it: the embedded engine lets one
process alone open the facts file, and a hostile file then cannot stall or crash the web. The child gets
none of the web's environment but what a program needs to run, and none of its secrets but the database's.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from domain.errors import DatabaseUnreachable, LockBusy, OutOfSpace, Refused
from jobs.running import MEMORY, TIME, limit_command, take_place, watch
from settings import ROOT, Settings, as_environment

COMMANDS_CONFIG = "LEGO_COMMANDS_CONFIG"
"""Names the settings of commands, where the web's own database user may not write what they write."""

AT_ONCE = 2
"""So many commands are waited for at a time, by all threads of all processes."""
SPARE_MEMORY = 1024
"""MiB beside what DuckDB may use: Python, and the words of a file that are judged in it."""

_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "TZ")
_WEB_ONLY = ("LEGO_WEB_", "LEGO_CACHE_")
_STOPPED = {TIME: "took longer than {seconds:.0f} seconds", MEMORY: "needed more than {memory:,} MiB of memory"}


@dataclass(frozen=True)
class Caller:
    """On whose behalf commands run: the app with its settings and its log, and the request that asks for them."""

    settings: Settings
    request_id: str
    log: logging.Logger


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `report` is its JSON if it was done; otherwise `words` say for a reader what
    happened and `faults` list what is wrong with a file. `exit_code` is None if its time was up."""

    exit_code: int | None
    report: Any = None
    words: str = ""
    faults: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether the command did what it was asked."""
        return self.exit_code == 0

    @property
    def is_refused(self) -> bool:
        """Whether the input was refused: trying again changes nothing."""
        return self.exit_code == Refused.exit_code


def run_command(caller: Caller, name: str, *arguments: str, seconds: float) -> Outcome:
    """Runs `flask <name> <arguments> --json` to its end, at most so many `seconds` and within the memory of
    any command that the web begins; then it is stopped, and rolls back what it had begun. Whoever asks holds a thread
    of the web meanwhile: so only `AT_ONCE` do, and others are asked to come again."""
    with _slot(caller.settings) as is_free:
        if not is_free:
            return Outcome(LockBusy.exit_code, words="Others are changing the catalogue; nothing was changed. "
                           "Try again in a minute.")
        return _run(caller, name, arguments, seconds)


def _run(caller: Caller, name: str, arguments: tuple[str, ...], seconds: float) -> Outcome:
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", name, *arguments, "--json"],
        cwd=ROOT, env=command_environment(caller), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
        # A Ctrl-C or a stop of the server is not for the command: it ends by itself.
        start_new_session=True,
    )
    memory = caller.settings.database.memory + SPARE_MEMORY
    limit_command(process.pid, memory=memory, seconds=seconds)
    written, stopped_for = watch(
        process, lambda timeout: process.communicate(timeout=timeout), memory=memory, seconds=seconds
    )
    if written is None:
        why = _STOPPED[stopped_for].format(seconds=seconds, memory=memory)
        caller.log.error("flask %s was stopped: it %s", name, why)
        return Outcome(None, words=f"It {why} and was stopped; nothing was changed.")
    out, err = written
    if process.returncode == 0 and "warning: " in err:
        caller.log.warning("flask %s: %s", name, err.strip())
    elif process.returncode not in (0, Refused.exit_code):
        log = caller.log.info if process.returncode == LockBusy.exit_code else caller.log.error
        log("flask %s ended with %s: %s", name, process.returncode, _first_line(name, err) or err[-500:])
    return outcome_of(name, process.returncode, out, err, place=f"request {caller.request_id}")


def outcome_of(name: str, exit_code: int, out: str, err: str, *, place: str) -> Outcome:
    """What a command's exit code and words mean for a reader; `place` is where the log has the rest."""
    if exit_code == 0:
        return Outcome(0, report=json.loads(out))
    if exit_code == Refused.exit_code:
        return Outcome(exit_code, words=_first_line(name, err), faults=tuple(line.strip() for line in _lines(err)[1:]))
    return Outcome(exit_code, words=_calm_words(exit_code, place))


def command_environment(caller: Caller) -> dict[str, str]:
    """The variables of a command's process: the settings of the app, or those that commands have of their own."""
    passed_on = {key: os.environ[key] for key in _PASSED_ON if key in os.environ}
    if COMMANDS_CONFIG in os.environ:
        own = {key: text for key, text in os.environ.items() if key.startswith("LEGO_") and key != COMMANDS_CONFIG}
        own["LEGO_CONFIG"] = os.environ[COMMANDS_CONFIG]
    else:
        own = as_environment(caller.settings)
        if caller.settings.source:
            own["LEGO_CONFIG"] = str(caller.settings.source)
    own = {key: text for key, text in own.items() if not key.startswith(_WEB_ONLY)}
    return passed_on | own | {
        "FLASK_APP": "flask_app:create_app", "FLASK_SKIP_DOTENV": "1", "PYTHONUTF8": "1",
        # The log of commands names the request that began it.
        "LEGO_REQUEST_ID": caller.request_id,
    }


@contextlib.contextmanager
def _slot(settings: Settings) -> Iterator[bool]:
    """Holds one of the few places for commands that somebody waits for; False if all are taken, in any process."""
    handle = take_place(settings.database.path, "command", AT_ONCE)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _lines(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.strip() and not line.startswith("warning: ")]


def _first_line(name: str, err: str) -> str:
    lines = _lines(err)
    return lines[0].removeprefix(f"{name}: ") if lines else ""


def _calm_words(exit_code: int, place: str) -> str:
    """Servers, paths and processes stay in the log."""
    said = {
        LockBusy.exit_code: "An import or a refresh is running; nothing was changed. Try again in a minute.",
        OutOfSpace.exit_code: "The database has no room left; nothing was changed. Tell whoever runs this dashboard.",
        DatabaseUnreachable.exit_code: "The database does not answer; nothing was changed. Try again in a minute.",
    }
    known = said.get(exit_code)
    return known or f"This could not be done; nothing was changed. The log has the reason, under {place}."

"""Commands that a page starts and does not wait for: begun, looked at, stopped.

`supervisor.py` runs them, outside the web and within limits of time and memory; how they go stands in a
folder of each job, so that any web process can tell, also one that was started later.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from jobs.commands import SPARE_MEMORY, Caller, Outcome, command_environment, outcome_of
from jobs.running import ASKED, MEMORY, TIME
from jobs.supervisor import PROGRAM
from machine import private_files
from machine.processes import is_process_alive, start_if_running
from settings import ROOT

AT_ONCE = 2
"""So many jobs work at a time; others wait their turn."""
SECONDS = 900
"""A file of ten million facts takes a minute or two."""
WAIT = 120
"""Seconds that a command waits for another import or refresh."""

_STARTING = 30
"""Seconds after which a supervisor that wrote nothing did not start."""
_STAGE = "stage: "
_STOPPED = {
    TIME: "It took longer than {minutes} and was stopped; nothing was changed.",
    MEMORY: "It needed more than {memory:,} MiB of memory and was stopped; nothing was changed. "
              "Try the file in parts, or have it imported on the server.",
    ASKED: "It was stopped; nothing was changed.",
}


@dataclass(frozen=True)
class Step:
    """One command of a job, `of` what: the key under which its outcome is found. The file it `removes` goes when
    it was done or refused; with `needs_done` it is run only if an earlier step was done."""

    of: str
    command: str
    arguments: tuple[str, ...]
    removes: Path | None = None
    needs_done: bool = False


@dataclass(frozen=True)
class StepState:
    """How a step goes: `pid` is its process, `stage` what it said last, `outcome` how it ended, None while it runs."""

    of: str
    pid: int | None
    stage: str
    outcome: Outcome | None


@dataclass(frozen=True)
class JobState:
    """How a job goes. `is_lost`: it ended without a word, as when the machine was switched off."""

    is_running: bool
    is_lost: bool
    began: float
    steps: tuple[StepState, ...]

    def outcome(self, of: str) -> Outcome | None:
        """How the step of that key ended, None if it did not."""
        return next((step.outcome for step in self.steps if step.of == of), None)


def start(
    folder: Path, steps: list[Step], *, caller: Caller, name: str, seconds: int | None = None
) -> None:
    """Begins the steps; `folder` is made, and holds how they go. The caller sees to it that nobody else
    begins the same. After so many `seconds` (`SECONDS` if not given), and those that it
    may wait, a step is stopped."""
    folder.mkdir(mode=0o700)
    memory = caller.settings.database.memory + SPARE_MEMORY
    order = {
        "name": name, "seconds": (SECONDS if seconds is None else seconds) + WAIT, "memory": memory,
        "slots": str(folder.parents[1]), "at_once": AT_ONCE,
        "began": time.time(),
        "steps": [
            {
                "name": step.command, "of": step.of, "removes": str(step.removes) if step.removes else None,
                "needs_done": step.needs_done,
                "command": [sys.executable, "-m", "flask", step.command, *step.arguments],
            }
            for step in steps
        ],
    }
    with private_files.create(folder / "order.json") as file:
        file.write(json.dumps(order).encode())
    subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, str(ROOT), str(folder)],
        cwd=ROOT, env=command_environment(caller), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        # A Ctrl-C or a stop of the server is not for the job: it ends by itself.
        start_new_session=True, check=True, timeout=_STARTING,
    )


def state_of(folder: Path) -> JobState | None:
    """How the job of that folder goes; None if none was begun."""
    try:
        order = json.loads((folder / "order.json").read_bytes())
    except (OSError, ValueError):
        return None
    state = _read(folder)
    is_alive = _is_alive(state, order)
    if not state["ended"] and not is_alive:
        # It may have ended between the two looks.
        state = _read(folder)
    return JobState(
        is_running=is_alive and not state["ended"], is_lost=not is_alive and not state["ended"], began=order["began"],
        steps=tuple(_step(folder, order, entry) for entry in state["steps"]),
    )


def stop(folder: Path) -> None:
    """Tells a job to stop; what it had begun is rolled back."""
    state = _read(folder)
    if state["pid"] and not state["ended"] and start_if_running(state["pid"]) == state["start"]:
        os.kill(state["pid"], signal.SIGTERM)


def _read(folder: Path) -> dict:
    try:
        return json.loads((folder / "state.json").read_bytes())
    except (OSError, ValueError):
        return {"pid": None, "start": "", "ended": False, "steps": []}


def _is_alive(state: dict, order: dict) -> bool:
    if state["pid"] is None:
        # Also one of the future did not begin: the clock was ahead, and it would be at work until then.
        return abs(time.time() - order["began"]) < _STARTING
    if not state["start"]:
        # A kernel that does not tell when processes started.
        return is_process_alive(socket.gethostname(), state["pid"], "")
    return start_if_running(state["pid"]) == state["start"]


def _step(folder: Path, order: dict, entry: dict) -> StepState:
    number = entry["number"]
    err = _text(folder / f"{number}.err")
    stages = [line.removeprefix(_STAGE) for line in err.splitlines() if line.startswith(_STAGE)]
    said = [line for line in err.splitlines() if not line.startswith(_STAGE)]
    outcome = None
    if entry["ended"]:
        outcome = _outcome(folder, order, entry, "\n".join(said))
    last = stages[-1] if stages else next((line.split()[0] for line in reversed(said) if line.split()), "")
    return StepState(order["steps"][number - 1]["of"], entry["pid"], last, outcome)


def _outcome(folder: Path, order: dict, entry: dict, err: str) -> Outcome:
    if entry["stopped_for"]:
        seconds = order["seconds"]
        words = _STOPPED[entry["stopped_for"]].format(
            memory=order["memory"], minutes=f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds:g} seconds"
        )
        return Outcome(None, words=words)
    name = order["steps"][entry["number"] - 1]["name"]
    return outcome_of(
        name, entry["exit_code"], _text(folder / f"{entry['number']}.out"), err, place=f"job {folder.parent.name[:8]}"
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

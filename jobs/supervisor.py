"""Runs commands that a page started, one after the other, and writes down how they go. A program of its own:

    python -I -c PROGRAM ROOT FOLDER

It leaves the web process that started it, so that it survives a reload, and knows the standard library and `machine/`
only, so that it starts at once. `FOLDER/order.json` says what to run and within which limits:

    {"steps": [{"command": [...], "removes": PATH or null, "needs_done": false}, ...], "seconds": 900,
     "memory": MiB, "slots": FOLDER, "at_once": 2, "name": "for the log"}

A step's output goes to `FOLDER/<number>.out` and `.err`; `FOLDER/state.json` says what has begun and ended. The
next step begins if the one before was done (0) or refused (4). A step with `needs_done` is left out unless one
before was done. The file that a step `removes` goes when it was done or refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from jobs.running import LOOK_EVERY, limit_command, take_place, watch
from machine.private_files import overwrite, replace_whole
from machine.processes import start_if_running

PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from jobs.supervisor import main; main(sys.argv[2])"
DONE, REFUSED = 0, 4
PR_SET_PDEATHSIG = 1


class Supervisor:
    """One order, carried out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.order = json.loads((folder / "order.json").read_bytes())
        self.is_asked_to_stop = False
        self.state = {"pid": os.getpid(), "start": start_if_running(os.getpid()), "ended": False, "steps": []}

    def run(self) -> None:
        """Waits for a slot, runs the steps, and says that they have ended, whatever happens."""
        signal.signal(signal.SIGTERM, self._stop)
        self._write()
        try:
            with self._slot() as is_free:
                if is_free:
                    self._run_steps()
        finally:
            self.state["ended"] = True
            self._write()

    def _run_steps(self) -> None:
        is_any_done = False
        for number, step in enumerate(self.order["steps"], start=1):
            if self.is_asked_to_stop or (step["needs_done"] and not is_any_done):
                return
            exit_code = self._run_step(number, step)
            is_any_done = is_any_done or exit_code == DONE
            if exit_code not in (DONE, REFUSED):
                return
            if step["removes"]:
                Path(step["removes"]).unlink(missing_ok=True)

    def _run_step(self, number: int, step: dict) -> int | None:
        entry = {"number": number, "pid": None, "ended": None, "exit_code": None, "stopped_for": ""}
        self.state["steps"].append(entry)
        with overwrite(self.folder / f"{number}.out") as out, overwrite(self.folder / f"{number}.err") as err:
            process = subprocess.Popen(
                step["command"], stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=self._limit,
            )
            entry["pid"] = process.pid
            self._write()
            _, entry["stopped_for"] = watch(
                process, process.wait, memory=self.order["memory"], seconds=self.order["seconds"],
                is_asked_to_stop=lambda: self.is_asked_to_stop,
            )
        entry.update(exit_code=process.returncode, ended=time.time())
        self._write()
        self._tell_log(number, entry)
        return process.returncode if not entry["stopped_for"] else None

    def _limit(self) -> None:
        """In the child: what the kernel enforces, also if this process is killed."""
        limit_command(0, memory=self.order["memory"], seconds=self.order["seconds"])
        with contextlib.suppress(AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    @contextlib.contextmanager
    def _slot(self):
        """Holds one of the few places for work; False if it was told to stop while it waited."""
        folder, count = Path(self.order["slots"]), self.order["at_once"]
        handle = None
        while not self.is_asked_to_stop and (handle := take_place(folder, "slot", count)) is None:
            time.sleep(LOOK_EVERY)
        try:
            yield handle is not None
        finally:
            if handle is not None:
                os.close(handle)

    def _stop(self, number: int, frame: object) -> None:
        self.is_asked_to_stop = True

    def _write(self) -> None:
        replace_whole(self.folder / "state.json", json.dumps(self.state).encode())

    def _tell_log(self, number: int, entry: dict) -> None:
        """What nobody expected, on stderr, which is the server's log."""
        if entry["exit_code"] in (DONE, REFUSED) and not entry["stopped_for"]:
            return
        last = (self.folder / f"{number}.err").read_bytes()[-500:].decode(errors="replace").strip()
        why = f"was stopped ({entry['stopped_for']})" if entry["stopped_for"] else f"ended with {entry['exit_code']}"
        print(f"{self.order['name']}: step {number} {why}: {' '.join(last.split())}", file=sys.stderr, flush=True)


def main(folder: str) -> None:
    """Leaves a process that carries out the order of `folder`, and is nobody's child: the web waits for this one."""
    if os.fork():
        os._exit(0)
    Supervisor(Path(folder)).run()

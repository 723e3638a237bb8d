"""What people asked for on `/imports` and what became of it: files that wait for a word, imports, undoings, refreshes;
and refreshes that were planned on `/operations`.

Each task has a private folder under a made-up name: the files that were sent, what is known of them
(`task.json`, written once), and a folder for each job that was begun for it (`check-1`, `take-1`, `take-2` …).
How a task stands follows from these, so that no process needs to remember anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from domain.people import Person
from jobs.background import JobState, state_of, stop
from machine import private_files
from machine.locks import open_lock, wait_for
from settings import Settings

UPLOAD, UNDO, REFRESH = "upload", "undo", "refresh"
PLANNED = "planned refresh"
"""Asked for on `/operations`: its check is the plan."""
LINES = "lines"
"""Asked for on a page with figures: the lines behind one of them, fetched into `LINES_FILE`."""
LINES_FILE = "lines.csv"
ROWS = "rows"
"""Asked for where a figure is explained: the facts that it is the sum of, into `ROWS_FILE`."""
ROWS_FILE = "rows.csv"
CHECKS, LEFT_OUT = "checks", "left out"
"""Asked for on `/operations`: the checks, and the facts that figures leave out for a reason, into `LEFT_OUT_FILE`."""
LEFT_OUT_FILE = "left-out.csv"
RATES = "rates"
"""Asked for on `/operations/rates`: a file of rates, or one by hand."""
ELSEWHERE = (PLANNED, LINES, ROWS, CHECKS, LEFT_OUT, RATES)
"""What has pages of its own, and is nothing of `/imports`."""
CHECK, TAKE = "check", "take"
"""What a job does: the dry run, and the thing itself."""

KEPT_HOURS = 12
KEPT_PER_PERSON = 5
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class SentFile:
    """One file: its place in the task, what its sender calls it, its size in bytes."""

    number: int
    called: str
    size: int

    @property
    def key(self) -> str:
        """Under which jobs know it."""
        return str(self.number)


@dataclass(frozen=True)
class Task:
    """What somebody asked for. `options` are the command's, `import_id` is what is to be undone."""

    token: str
    kind: str
    owner: int
    began: float
    files: tuple[SentFile, ...] = ()
    options: tuple[str, ...] = ()
    import_id: int | None = None


def uploads_folder(settings: Settings) -> Path:
    """Where files that were sent lie, with what is known of them; made if it is missing."""
    folder = settings.database.path / "imports"
    private_files.make_folder(folder)
    return folder


def new_token() -> str:
    """A name that nobody can guess."""
    return secrets.token_hex(16)


def is_token(text: str) -> bool:
    """Whether it may be such a name."""
    return _TOKEN.fullmatch(text) is not None


def keep(settings: Settings, task: Task) -> None:
    """Writes a task down: from now on it is there."""
    private_files.replace_whole(folder_of(settings, task) / "task.json", json.dumps(asdict(task)).encode())


def make_folder(settings: Settings, token: str, owner: Person) -> Path:
    """The folder of a new task; older ones of the same person make room for it."""
    sweep(settings, owner)
    folder = uploads_folder(settings) / token
    folder.mkdir(mode=0o700)
    return folder


def find(settings: Settings, token: str, *, owner: Person) -> Task | None:
    """The task of that token, if it is there and this person's."""
    task = _read(uploads_folder(settings) / token) if is_token(token) else None
    return task if task and task.owner == owner.id else None


def folder_of(settings: Settings, task: Task) -> Path:
    """Where everything of the task lies."""
    return uploads_folder(settings) / task.token


def path_of(settings: Settings, task: Task, file: SentFile) -> Path:
    """Where one of its files lies, until it was imported."""
    return folder_of(settings, task) / f"{file.number}.csv"


def jobs_of(settings: Settings, task: Task, what: str) -> list[tuple[Path, JobState]]:
    """The jobs that were begun to `what`, in order."""
    found = [(folder, state_of(folder)) for folder in _job_folders(settings, task, what)]
    return [(folder, state) for folder, state in found if state is not None]


def next_job(settings: Settings, task: Task, what: str) -> Path:
    """The folder for the next job to `what`."""
    return folder_of(settings, task) / f"{what}-{len(_job_folders(settings, task, what)) + 1}"


@contextlib.contextmanager
def deciding(settings: Settings, task: Task) -> Iterator[None]:
    """While this is held nobody else, in whichever process, begins a job of this task."""
    handle = open_lock(folder_of(settings, task) / "lock")
    try:
        wait_for(handle)
        yield
    finally:
        os.close(handle)


def running_job(settings: Settings, task: Task) -> tuple[Path, JobState] | None:
    """The job that is at work, or waits its turn."""
    jobs = [*jobs_of(settings, task, CHECK), *jobs_of(settings, task, TAKE)]
    return next((job for job in jobs if job[1].is_running), None)


def drop(settings: Settings, task: Task) -> None:
    """Stops what runs, and removes the files and what was known of them."""
    running = running_job(settings, task)
    if running:
        stop(running[0])
    shutil.rmtree(folder_of(settings, task), ignore_errors=True)


def running_count(settings: Settings) -> int:
    """How many tasks have a job at work, everybody's."""
    return sum(running_job(settings, task) is not None for task in _all(settings))


def tasks_of(settings: Settings, owner: Person) -> list[Task]:
    """This person's tasks, the newest first."""
    return [task for task in _all(settings) if task.owner == owner.id]


def sweep(settings: Settings, owner: Person) -> None:
    """Removes tasks that are too old or lost their owner's process, and the oldest of somebody who keeps many."""
    oldest = time.time() - KEPT_HOURS * 3600
    known = _all(settings)
    for task in known:
        if task.began < oldest and running_job(settings, task) is None:
            drop(settings, task)
    tokens = {task.token for task in known}
    for folder in uploads_folder(settings).iterdir():
        # A request that died between making the folder and writing the task.
        if folder.is_dir() and folder.name not in tokens and folder.stat().st_mtime < time.time() - 3600:
            shutil.rmtree(folder, ignore_errors=True)
    waiting = [task for task in known if task.owner == owner.id and running_job(settings, task) is None]
    for task in waiting[KEPT_PER_PERSON - 1:]:
        drop(settings, task)


def _job_folders(settings: Settings, task: Task, what: str) -> list[Path]:
    found = folder_of(settings, task).glob(f"{what}-*")
    return sorted(found, key=lambda folder: int(folder.name.removeprefix(f"{what}-")))


def _all(settings: Settings) -> list[Task]:
    found = [_read(path) for path in uploads_folder(settings).iterdir() if is_token(path.name)]
    return sorted(filter(None, found), key=lambda task: task.began, reverse=True)


def _read(folder: Path) -> Task | None:
    try:
        found = json.loads((folder / "task.json").read_bytes())
        files = tuple(SentFile(**file) for file in found.pop("files"))
        return Task(**found | {"files": files, "options": tuple(found["options"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None

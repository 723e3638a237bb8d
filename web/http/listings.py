"""Work that a page waits for and a job beside the web does, such as a list of rows, which is a file of its own.

A page begins it, asks how it goes, shows the first rows and has the whole file to download.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from flask import abort, flash, jsonify, send_file
from werkzeug.wrappers import Response

from jobs import background, tasks
from jobs.background import Step
from jobs.commands import Outcome
from jobs.tasks import TAKE, Task
from web.http import current, identity, trail
from web.http.parameters import takes_no_parameters

MOST_JOBS = 8
"""At work or waiting, everybody's: more would only wait for each other."""
SECONDS = 300
SHOWN = 200
"""So many rows stand on the page; the file has all."""


@dataclass(frozen=True)
class Listing:
    """How it stands: for how many seconds it is at work, or None; else how it ended, if it did; and its file."""

    seconds: int | None
    outcome: Outcome | None
    path: Path

    @property
    def is_running(self) -> bool:
        """Whether it is at work, or waits its turn."""
        return self.seconds is not None

    @property
    def is_done(self) -> bool:
        """Whether the whole file is there."""
        return not self.is_running and bool(self.outcome and self.outcome.is_done and self.path.is_file())

    def rows(self) -> list[dict[str, str]]:
        """The first rows of the file, none if it is not done."""
        if not self.is_done:
            return []
        with self.path.open(encoding="utf-8-sig", newline="") as found:
            return [row for row, _ in zip(csv.DictReader(found), range(SHOWN), strict=False)]


def begin_work(
    kind: str, command: str, arguments: Callable[[Path], tuple[str, ...]], *, options: tuple[str, ...] = ()
) -> Task | None:
    """Begins a command as a job; `arguments` are made of the task's folder. If too much is at work already, says so on
    the next page and gives None."""
    settings, person = current.settings(), identity.person()
    if tasks.running_count(settings) >= MOST_JOBS:
        flash("Too much is being worked on. Try again in a minute.", "fault")
        return None
    task = Task(tasks.new_token(), kind, person.id, time.time(), options=options)
    folder = tasks.make_folder(settings, task.token, person)
    tasks.keep(settings, task)
    background.start(
        tasks.next_job(settings, task, TAKE), [Step(kind, command, arguments(folder))], caller=current.caller(),
        name=f"job {task.token[:8]} ({kind})", seconds=SECONDS,
    )
    return task


def existing_task(token: str, kinds: Collection[str], words: str) -> Task:
    """The task of that token. Answers 404, with `words`, if it is not there, of another kind or somebody else's; 400 if
    anything is asked beside it."""
    takes_no_parameters()
    task = tasks.find(current.settings(), token, owner=identity.person())
    if task is None or task.kind not in kinds:
        abort(404, words)
    return task


def listing_of(task: Task, file_name: str) -> Listing:
    """How it stands now."""
    settings = current.settings()
    running = tasks.running_job(settings, task)
    jobs = [] if running else tasks.jobs_of(settings, task, TAKE)
    return Listing(
        max(0, int(time.time() - running[1].began)) if running else None,
        jobs[-1][1].outcome(task.kind) if jobs else None,
        tasks.folder_of(settings, task) / file_name,
    )


def progress_of(found: Listing, words: str) -> Response:
    """The same in a few words, for the page that waits."""
    return jsonify(state="running" if found.is_running else "over", words=words, seconds=found.seconds or 0)


def send_listing(found: Listing, name: str, *, noted: str, missing: str) -> Response:
    """The whole file as `name`, which the audit trail notes; 404 with the words `missing` if it is not done."""
    if not found.is_done:
        abort(404, missing)
    trail.record("export", f"{noted}, {found.outcome.report['count']} rows, as {name}")
    return send_file(found.path.absolute(), "text/csv", as_attachment=True, download_name=name, max_age=0)

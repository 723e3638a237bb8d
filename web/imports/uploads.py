"""Files that were sent to `/imports`: looked at first, then imported or let go.

1. The files are kept, and a job begins that looks at each: `flask import --dry-run`.
2. Its reports are shown, and nothing is changed yet.
3. At its owner's word a job imports what was found good, and refreshes if that is wished.

Jobs run beside the web (`jobs/background.py`); a page shows how they go, and asks again by itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

from flask import Blueprint, abort, flash, jsonify, redirect, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from database.imports.encodings import TOLD as ENCODINGS
from database.imports.files import AUTO, FORMATS
from database.imports.staging import APPEND, MODES, WHOLE_MONTHS
from database.journal.audit import escaped
from domain.people import ANALYST
from jobs import background, tasks
from jobs.background import Step
from jobs.tasks import CHECK, REFRESH, TAKE, UPLOAD, SentFile, Task
from web.http import current, identity, incoming, trail
from web.http.access import needs, needs_every_brand
from web.http.body_size import MIB, takes_files
from web.http.listings import MOST_JOBS
from web.http.parameters import takes_no_parameters
from web.imports.progress import may_be_taken, progress_of, render_task

pages = Blueprint("import_uploads", __name__)

LONGEST = {"source": 100, "brand": 255, "sheet": 100, "marketplace": 50, "currency": 5, "month": 7}
CHOICES = {"decimal": (".", ","), "date_order": ("dmy", "mdy"), "encoding": ENCODINGS}
"""Options that are one of few words."""


@pages.post("/imports/upload")
@needs(ANALYST)
@needs_every_brand
@takes_files(lambda settings: settings.web.upload_mib * MIB, keeps=True)
def upload() -> Response:
    """Keeps the files and begins to look at them. A script gets the address of what comes next as JSON."""
    sent = [file for file in request.files.getlist("file") if file.filename]
    fault = "Choose a file first." if not sent else _fault_of_options()
    if not fault and tasks.running_count(current.settings()) >= MOST_JOBS:
        fault = "Too many files are being worked on. Try again in a minute."
    if fault:
        return _answer(url_for("imports.show"), fault)
    task = _keep(sent)
    trail.record("import uploaded", f"{_names(task)} ({', '.join(task.options) or 'no options'})")
    with tasks.deciding(current.settings(), task):
        _begin_check(task)
    return _answer(url_for("import_uploads.show", token=task.token))


@pages.get("/imports/tasks/<token>")
@needs(ANALYST)
@needs_every_brand
def show(token: str) -> str:
    """How it goes, what was found, and what can be done now."""
    return render_task(existing(token))


@pages.get("/imports/tasks/<token>/progress")
@needs(ANALYST)
@needs_every_brand
def progress(token: str) -> Response:
    """The same in a few words, for the page that waits."""
    found = progress_of(existing(token))
    return jsonify(state=found.state, words=found.words, seconds=found.seconds)


@pages.post("/imports/tasks/<token>")
@needs(ANALYST)
@needs_every_brand
def confirm(token: str) -> Response:
    """Imports what was found good. A second word for the same, from another window, begins nothing."""
    task, settings = existing(token), current.settings()
    wants_refresh = request.form.get("refresh") == "1"
    with tasks.deciding(settings, task):
        good = [file for file in task.files if may_be_taken(task, file)]
        if task.kind == UPLOAD and good and tasks.running_job(settings, task) is None:
            _begin_take(task, good, wants_refresh=wants_refresh)
            also = ", and a refresh" if wants_refresh else ""
            trail.record("import confirmed", f"{', '.join(file.called for file in good)}{also}")
    return redirect(url_for("import_uploads.show", token=token), 303)


@pages.post("/imports/tasks/<token>/again")
@needs(ANALYST)
@needs_every_brand
def look_again(token: str) -> Response:
    """Looks at the files again, after something else was in the way."""
    task, settings = existing(token), current.settings()
    with tasks.deciding(settings, task):
        is_free = tasks.running_job(settings, task) is None and not tasks.jobs_of(settings, task, TAKE)
        if task.kind == UPLOAD and is_free:
            _begin_check(task)
    return redirect(url_for("import_uploads.show", token=token), 303)


@pages.post("/imports/tasks/<token>/stop")
@needs(ANALYST)
@needs_every_brand
def stop(token: str) -> Response:
    """Stops what runs; it is rolled back."""
    task = existing(token)
    running = tasks.running_job(current.settings(), task)
    if running:
        background.stop(running[0])
        trail.record("import stopped", _names(task))
    return redirect(url_for("import_uploads.show", token=token), 303)


@pages.post("/imports/tasks/<token>/discard")
@needs(ANALYST)
@needs_every_brand
def discard(token: str) -> Response:
    """Lets go of the files, or of the page about what was done."""
    task, settings = existing(token), current.settings()
    if tasks.running_job(settings, task) is not None:
        return _answer(url_for("import_uploads.show", token=token), "It is still at work; stop it first.")
    is_untouched = task.kind == UPLOAD and not tasks.jobs_of(settings, task, TAKE)
    tasks.drop(settings, task)
    if is_untouched:
        flash(f"{_names(task)}: discarded; nothing was changed.", "done")
    return redirect(url_for("imports.show"), 303)


def existing(token: str) -> Task:
    """Answers 404 for a task that is not there, or is somebody else's; 400 if anything is asked beside it."""
    takes_no_parameters()
    task = tasks.find(current.settings(), token, owner=identity.person())
    if task is None or task.kind in tasks.ELSEWHERE:
        abort(404, "There is nothing here to review; it was discarded, or is too old.")
    return task


def _keep(sent: list[FileStorage]) -> Task:
    settings, person, token = current.settings(), identity.person(), tasks.new_token()
    folder = tasks.make_folder(settings, token, person)
    files = tuple(
        SentFile(number, called_by_sender(file.filename), incoming.adopt(file.stream, folder / f"{number}.csv"))
        for number, file in enumerate(sent, start=1)
    )
    task = Task(token, UPLOAD, person.id, time.time(), files, tuple(_options()))
    tasks.keep(settings, task)
    return task


def _begin_check(task: Task) -> None:
    steps = [Step(file.key, "import", (*_arguments(task, file), "--dry-run")) for file in task.files]
    background.start(
        tasks.next_job(current.settings(), task, CHECK), steps, caller=current.caller(),
        name=f"job {task.token[:8]} (dry run)",
    )


def _begin_take(task: Task, good: Iterable[SentFile], *, wants_refresh: bool) -> None:
    settings, person = current.settings(), identity.person()
    steps = [
        Step(
            file.key, "import", (*_arguments(task, file), f"--by={person.name}"),
            removes=tasks.path_of(settings, task, file),
        )
        for file in good
    ]
    if wants_refresh:
        steps.append(refresh_step())
    background.start(
        tasks.next_job(settings, task, TAKE), steps, caller=current.caller(), name=f"job {task.token[:8]} (import)"
    )


def refresh_step() -> Step:
    """What follows an import, if it brought something."""
    return Step(REFRESH, "refresh-summaries", ("--json", f"--wait={background.WAIT}"), needs_done=True)


def _arguments(task: Task, file: SentFile) -> tuple[str, ...]:
    path = tasks.path_of(current.settings(), task, file).absolute()
    return (
        str(path), f"--called={file.called}", "--json", "--progress", f"--wait={background.WAIT}", *task.options
    )


def _options() -> Iterable[str]:
    """What the form says, as the command's options. `--name=value`, so that no value is taken for an option."""
    form = request.form
    if form.get("format", AUTO) != AUTO:
        yield f"--format={form['format']}"
    for name in LONGEST:
        if text := _text(name):
            yield f"--{name}={text}"
    if form.get("mode") == APPEND:
        yield "--append"
    elif form.get("mode") == WHOLE_MONTHS:
        yield "--whole-months"
    for name in CHOICES:
        if form.get(name):
            yield f"--{name.replace('_', '-')}={form[name]}"
    for name in ("round", "sum", "negative_costs"):
        if form.get(name) == "1":
            yield f"--{name.replace('_', '-')}"
    for name in _skipped_columns():
        yield f"--skip-column={name}"
    if form.get("update_products") == "1":
        yield "--update-products"
    for code in _currencies():
        yield f"--allow-currency={code}"


def _fault_of_options() -> str:
    form = request.form
    for word, permitted in (("format", (AUTO, *FORMATS)), ("mode", MODES), *CHOICES.items()):
        if form.get(word) and form[word] not in permitted:
            abort(400, f"{word} {form[word][:60]!r} is not one of {', '.join(permitted)}")
    for name, longest in LONGEST.items():
        if len(_text(name)) > longest:
            return f"The {name} is longer than {longest} characters."
        if not _text(name).isprintable():
            return f"The {name} holds a character that cannot be typed."
    if not all(len(name) <= 200 and name.isprintable() for name in _skipped_columns()):
        return "Columns to leave out: the name of one on each line."
    if not all(re.fullmatch(r"[A-Z]{3}", code, re.ASCII) for code in _currencies()):
        return "Currencies are codes of three letters, like EUR; separate several by commas."
    return ""


def _text(name: str) -> str:
    return " ".join(request.form.get(name, "").split())


def _currencies() -> list[str]:
    return [part.strip().upper() for part in request.form.get("allow_currency", "").split(",") if part.strip()]


def _skipped_columns() -> list[str]:
    """One a line: the name of a column may hold commas."""
    return [line.strip() for line in request.form.get("skip_columns", "").splitlines() if line.strip()]


def called_by_sender(sent: str) -> str:
    """What a file is called on pages and in the log, and never on disk."""
    return escaped(sent.replace("\\", "/").rpartition("/")[2])[:150] or "file.csv"


def _names(task: Task) -> str:
    if task.kind != UPLOAD:
        return f"{task.kind} {task.import_id or ''}".strip()
    return ", ".join(file.called for file in task.files)


def _answer(address: str, fault: str = "") -> Response:
    if request.accept_mimetypes.best == "application/json":
        return jsonify(address=address, fault=fault)
    if fault:
        flash(fault, "fault")
    return redirect(address, 303)

"""Taking an import back, after a question; and, for admins, refreshing what waits."""

from __future__ import annotations

import time

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.imports.staging import DEMO, JOIN
from database.journal.catalog_changes import waiting_changes
from database.journal.waiting import waiting_imports
from database.queries.imports import DONE, UNDONE, ImportEntry
from domain.months import moment_words, months_words
from domain.people import ADMIN, ANALYST
from jobs import background, tasks
from jobs.background import Step
from jobs.tasks import REFRESH, TAKE, UNDO, Task
from web.figures.page import formats_of_reader
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.imports.page import existing
from web.imports.uploads import refresh_step

pages = Blueprint("import_undo", __name__)


@pages.get("/imports/<id:import_id>/undo")
@needs(ANALYST)
@needs_every_brand
def ask(import_id: int) -> Response | str:
    """The question, with what would happen."""
    entry, _ = existing(import_id)
    if not may_be_undone(entry):
        return _is_out(import_id)
    formats = formats_of_reader()
    return render_template(
        "imports/undo.html", import_id=import_id, entry=entry, facts=formats.count(entry.facts),
        replaced=formats.count(entry.replaced_facts) if entry.replaced_facts else "",
        months=months_words(entry.months), moment=moment_words(entry.created_at),
        of_demo=entry.source == DEMO, is_undone=entry.status == UNDONE, is_join=entry.mode == JOIN,
    )


@pages.post("/imports/<id:import_id>/undo")
@needs(ANALYST)
@needs_every_brand
def undo(import_id: int) -> Response:
    """Begins to undo the import; of one that is undone already, to remove the names that only it made."""
    entry, _ = existing(import_id)
    if not may_be_undone(entry):
        return _is_out(import_id)
    wants_refresh = request.form.get("refresh") == "1"
    also_names = entry.mode != JOIN and (entry.status == UNDONE or request.form.get("names") == "1")
    told = ("--json", f"--by={identity.person().name}", f"--wait={background.WAIT}")
    if entry.source == DEMO and entry.status == DONE:
        step = Step(UNDO, "remove-demo", told)
    else:
        step = Step(UNDO, "undo-import", (str(import_id), *(["--names"] if also_names else []), *told))
    also = ", and a refresh" if wants_refresh else ""
    names = ", with the names that only it made" if also_names else ""
    trail.record("undo confirmed", f"import {import_id} ({entry.file_name}){names}{also}")
    return _begin(UNDO, [step, *([refresh_step()] if wants_refresh else [])], import_id)


def may_be_undone(entry: ImportEntry) -> bool:
    """Whether it is in, or left names behind that can be removed still."""
    return entry.status == DONE or (entry.status == UNDONE and entry.mode != JOIN)


def _is_out(import_id: int) -> Response:
    flash(f"Import {import_id} is not in any more.", "fault")
    return redirect(url_for("imports.report", import_id=import_id), 303)


@pages.post("/imports/refresh")
@needs(ADMIN)
@needs_every_brand
def refresh() -> Response:
    """Begins a refresh, if something waits for one."""
    store, live = current.store(), current.store().live_generation()
    if not waiting_imports(store, live) and not waiting_changes(store, live):
        flash("Nothing is waiting for a refresh.", "done")
        return redirect(url_for("imports.show"), 303)
    trail.record("refresh confirmed", "from the page of imports")
    return _begin(REFRESH, [Step(REFRESH, "refresh-summaries", ("--json", f"--wait={background.WAIT}"))])


def _begin(kind: str, steps: list[Step], import_id: int | None = None) -> Response:
    settings, person = current.settings(), identity.person()
    task = Task(tasks.new_token(), kind, person.id, time.time(), import_id=import_id)
    tasks.make_folder(settings, task.token, person)
    tasks.keep(settings, task)
    background.start(
        tasks.next_job(settings, task, TAKE), steps, caller=current.caller(), name=f"job {task.token[:8]} ({kind})"
    )
    return redirect(url_for("import_uploads.show", token=task.token), 303)

"""A refresh that an admin asks for: its plan first, then the run at their word; and stopping what runs.

It is a task like those of imports: a process beside the web does the work, so it outlives a reload of the web.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.queries.operations import read_running, read_runs
from domain.moments import utc_now
from domain.months import month_name, parse_month
from domain.people import ADMIN
from jobs import background, tasks
from jobs.background import Step
from jobs.commands import Outcome
from jobs.tasks import CHECK, PLANNED, TAKE, Task
from machine.processes import process_start
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.operations.page import RUNS_DRAWN, running_now, running_view
from web.operations.runs import seconds_words

pages = Blueprint("operations_refresh", __name__)

KINDS = {"incremental": (), "full": ("--full",)}
LONGEST = 6 * 3600
"""Seconds that a refresh may take: of a billion facts, hours."""
TERMINATED = 143
PLANNING, READY, WORKING, OVER = "planning", "planned", "working", "over"


@dataclass(frozen=True)
class PlanView:
    """What a refresh would do: in one sentence, and month by month with the causes."""

    words: str
    months: list[tuple[str, str]]
    is_idle: bool


@dataclass(frozen=True)
class Stand:
    """How a task stands: its state, what is being done, for how many seconds."""

    state: str
    words: str
    seconds: int


@pages.post("/operations/refresh")
@needs(ADMIN)
@needs_every_brand
def plan() -> Response:
    """Begins to look what a refresh would do; nothing is changed yet."""
    takes_no_parameters()
    kind = request.form.get("kind", "incremental")
    if kind not in KINDS:
        abort(400, f"kind is one of {', '.join(KINDS)}")
    settings, person = current.settings(), identity.person()
    task = Task(tasks.new_token(), PLANNED, person.id, time.time(), options=KINDS[kind])
    tasks.make_folder(settings, task.token, person)
    tasks.keep(settings, task)
    _begin(task, CHECK, ("--plan",), seconds=background.SECONDS)
    return _to(task.token)


@pages.get("/operations/refresh/<token>")
@needs(ADMIN)
@needs_every_brand
def show(token: str) -> str:
    """The plan, the work, or how it ended."""
    task = _existing(token)
    stand, ended = _stand(task), _outcome(task, TAKE)
    planned = _outcome(task, CHECK)
    return render_template(
        "operations/refresh.html", task=task, stand=stand, is_full=bool(task.options),
        is_running=stand.state in (PLANNING, WORKING), is_ready=stand.state == READY, is_over=stand.state == OVER,
        plan=_plan_view(planned.report) if planned and planned.is_done else None,
        trouble=_words(planned) if stand.state == READY and not (planned and planned.is_done) else "",
        ended=(bool(ended and ended.is_done), _ended_words(ended)) if stand.state == OVER else None,
    )


@pages.get("/operations/refresh/<token>/progress")
@needs(ADMIN)
@needs_every_brand
def progress(token: str) -> Response:
    """How it goes, for the page that waits."""
    stand = _stand(_existing(token))
    return jsonify(state=stand.state, words=stand.words, seconds=stand.seconds)


@pages.post("/operations/refresh/<token>")
@needs(ADMIN)
@needs_every_brand
def begin(token: str) -> Response:
    """Begins the refresh that was planned."""
    task, settings = _existing(token), current.settings()
    with tasks.deciding(settings, task):
        if _stand(task).state == READY:
            trail.record("refresh confirmed", "full" if task.options else "incremental")
            _begin(task, TAKE, (), seconds=LONGEST)
    return _to(token)


@pages.post("/operations/refresh/<token>/stop")
@needs(ADMIN)
@needs_every_brand
def stop(token: str) -> Response:
    """Stops the plan or the refresh; what was live stays live."""
    running = tasks.running_job(current.settings(), _existing(token))
    if running:
        trail.record("refresh stopped", "by whoever began it")
        background.stop(running[0])
    return _to(token)


@pages.post("/operations/refresh/<token>/discard")
@needs(ADMIN)
@needs_every_brand
def discard(token: str) -> Response:
    """Lets go of the plan, or of the page about the run."""
    task, settings = _existing(token), current.settings()
    if tasks.running_job(settings, task) is not None:
        flash("It is still at work; stop it first.", "fault")
        return _to(token)
    tasks.drop(settings, task)
    return redirect(url_for("operations.show"), 303)


@pages.post("/operations/stop")
@needs(ADMIN)
@needs_every_brand
def stop_running() -> Response:
    """Stops the refresh that runs, whoever began it: exactly the run and the process that the form was about."""
    takes_no_parameters()
    with current.store().application_reading.connect() as connection:
        run = running_now(read_running(connection))
    if run is None or run.run_id != request.form.get("run"):
        flash("That refresh is over.", "done")
        return redirect(url_for("operations.show"), 303)
    holder = current.store().work_lock.holder()
    fault = _terminate(holder.host, holder.pid, holder.process_start)
    if not fault:
        trail.record("refresh stopped", f"run {run.run_id}, process {run.pid} on {run.host}")
    flash(fault or "The refresh was told to stop. What was live stays live.", "fault" if fault else "done")
    return redirect(url_for("operations.show"), 303)


def _terminate(host: str, pid: int, started: str) -> str:
    """Asks a process to end; why that is not possible, or ''. The process is held by its descriptor before its
    start is compared, so that a number that was given anew is never hit."""
    if host != socket.gethostname():
        return f"It runs on {host}; end it there: kill {pid}"
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return "That refresh is over."
    try:
        if not started or process_start(pid) != started:
            return "That refresh is over."
        signal.pidfd_send_signal(handle, signal.SIGTERM)
    except ProcessLookupError:
        return "That refresh is over."
    except PermissionError:
        return f"It runs as another user of this machine; end it there: kill {pid}"
    finally:
        os.close(handle)
    return ""


def _existing(token: str) -> Task:
    takes_no_parameters()
    task = tasks.find(current.settings(), token, owner=identity.person())
    if task is None or task.kind != PLANNED:
        abort(404, "There is no plan here; it was discarded, or is too old.")
    return task


def _begin(task: Task, what: str, arguments: tuple[str, ...], *, seconds: int) -> None:
    step = Step(what, "refresh-summaries", (*arguments, *task.options, "--json", f"--wait={background.WAIT}"))
    background.start(
        tasks.next_job(current.settings(), task, what), [step], caller=current.caller(),
        name=f"job {task.token[:8]} ({what} refresh)", seconds=seconds,
    )


def _stand(task: Task) -> Stand:
    running = tasks.running_job(current.settings(), task)
    if running is None:
        return Stand(OVER if tasks.jobs_of(current.settings(), task, TAKE) else READY, "", 0)
    folder, job = running
    seconds = max(0, int(time.time() - job.began))
    if folder.name.startswith(CHECK):
        return Stand(PLANNING, "Looking what changed", seconds)
    with current.store().application_reading.connect() as connection:
        run = running_now(read_running(connection))
        runs = read_runs(connection, limit=RUNS_DRAWN) if run else []
    step = next((step for step in job.steps if step.outcome is None), None)
    if run is not None and step is not None and run.pid == step.pid:
        return Stand(WORKING, str(running_view(run, runs, now=utc_now())["words"]), seconds)
    return Stand(WORKING, "Waiting: another import or refresh is running" if run else "Beginning", seconds)


def _outcome(task: Task, what: str) -> Outcome | None:
    jobs = tasks.jobs_of(current.settings(), task, what)
    return jobs[-1][1].outcome(what) if jobs else None


def _plan_view(found: dict[str, Any]) -> PlanView:
    months, seconds = found["months"], found["predicted_seconds"]
    listed = [
        (month_name(parse_month(month)), ", ".join(found["causes"].get(month) or [found["refresh_type"]]))
        for month in reversed(months)
    ]
    takes = f"it should take about {seconds_words(seconds)}" if seconds is not None else (
        "how long it takes is not known: there is no run to go by"
    )
    if found["predicted_seconds"] == 0 and not months:
        return PlanView("There is nothing to do: no month changed since the last refresh.", [], True)
    what = f"{len(months)} {'month is' if len(months) == 1 else 'months are'} built anew" if months else (
        "Names or assignments changed, and move no month"
    )
    return PlanView(f"{what}; {takes}.", listed, False)


def _ended_words(outcome: Outcome | None) -> str:
    if outcome is None or not outcome.is_done:
        return _words(outcome)
    found = outcome.report
    if found["generation"] is None:
        return "There are no facts yet; import files first."
    if found["status"] != "success":
        return f"There was nothing to refresh; generation {found['generation']} is live."
    return (
        f"Generation {found['generation']} is live: {len(found['months'])} months, {found['facts']:,} facts, verified "
        f"to the cent, {seconds_words(found['seconds'])}."
    )


def _words(outcome: Outcome | None) -> str:
    if outcome is None:
        return "The work ended without a word, as when a machine is switched off. What was live still is."
    if outcome.exit_code == TERMINATED:
        return "It was stopped; nothing was changed."
    return " ".join([outcome.words, *outcome.faults])


def _to(token: str) -> Response:
    return redirect(url_for("operations_refresh.show", token=token), 303)

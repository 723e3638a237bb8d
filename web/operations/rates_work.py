"""What analysts do on /operations/rates: a file of rates, looked at first and then taken, one rate, one less.

It is done by a job beside the web, `flask rates`, as imports are; whether the figures are refreshed after it, they say.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from domain.currencies import CODES
from domain.months import month_name, months_words, parse_month
from domain.people import ANALYST
from jobs import background, tasks
from jobs.background import Step
from jobs.commands import Outcome
from jobs.tasks import CHECK, RATES, REFRESH, TAKE, SentFile, Task
from web.figures.formats import Formats
from web.figures.page import formats_of_reader
from web.http import current, identity, incoming, trail
from web.http.access import needs, needs_every_brand
from web.http.body_size import MIB, takes_files
from web.http.listings import MOST_JOBS, existing_task
from web.http.parameters import takes_no_parameters
from web.imports.uploads import called_by_sender, refresh_step
from web.operations.rates import UPLOAD_MIB

pages = Blueprint("rates_work", __name__)

CHECKING, CHECKED, TAKING, OVER = "checking", "checked", "taking", "over"
AT_WORK = {CHECKING: "Looking at the file", TAKING: "Writing the rates"}
LOST = "The work ended without a word, as when a machine is switched off. Nothing of it was kept."
CHOICES = {"decimal": (".", ","), "date_order": ("dmy", "mdy")}
LONGEST = 30
SHOWN = 30
"""So many rates of each kind are told one by one."""
ODD = "--force"
"""What the command names where rates look wrong."""


@dataclass(frozen=True)
class ChangeView:
    """What becomes of one rate."""

    currency: str
    month: str
    before: str
    after: str


@dataclass(frozen=True)
class ReportView:
    """What a change does, or would do."""

    counts: tuple[tuple[str, str], ...]
    changes: tuple[ChangeView, ...]
    more: str
    notes: tuple[str, ...]
    gaps: str
    rebuilds: str
    is_change: bool


@pages.post("/operations/rates/upload")
@needs(ANALYST)
@needs_every_brand
@takes_files(UPLOAD_MIB * MIB, keeps=True)
def upload() -> Response:
    """Keeps a file and begins to look at it."""
    takes_no_parameters()
    sent = [file for file in request.files.getlist("file") if file.filename]
    fault = "Choose one file first." if len(sent) != 1 else _busy()
    options = tuple(_options())
    if fault:
        return _back(fault)
    settings, person, token = current.settings(), identity.person(), tasks.new_token()
    folder = tasks.make_folder(settings, token, person)
    file = SentFile(1, called_by_sender(sent[0].filename), incoming.adopt(sent[0].stream, folder / "1.csv"))
    task = Task(token, RATES, person.id, time.time(), (file,), options)
    tasks.keep(settings, task)
    trail.record("rates uploaded", f"{file.called} ({', '.join(options) or 'no options'})")
    with tasks.deciding(settings, task):
        _begin(task, CHECK, ("--dry-run",))
    return _to(token)


@pages.post("/operations/rates/one")
@needs(ANALYST)
@needs_every_brand
def tell() -> Response:
    """Begins to set the rate of the form, or to remove it; says what is wrong with it otherwise."""
    takes_no_parameters()
    code, month, rate = (request.form.get(name, "").strip()[:LONGEST] for name in ("currency", "month", "rate"))
    removes = request.form.get("do") == "remove"
    # As a person of the Continent writes it; what else stands there is judged by the command.
    rate = rate.replace(",", ".") if rate.count(",") == 1 and "." not in rate else rate
    fault = _fault(code, month, rate, removes=removes) or _busy()
    if fault:
        return _back(fault)
    words = ("--remove", code.upper(), month) if removes else ("--set", code.upper(), month, rate)
    settings, person, token = current.settings(), identity.person(), tasks.new_token()
    tasks.make_folder(settings, token, person)
    task = Task(token, RATES, person.id, time.time(), options=words)
    tasks.keep(settings, task)
    with tasks.deciding(settings, task):
        _begin(task, TAKE, (), refreshes=request.form.get("refresh") == "1")
    return _to(token)


@pages.get("/operations/rates/work/<token>")
@needs(ANALYST)
@needs_every_brand
def show(token: str) -> str:
    """How it goes, what was found, and what can be done now."""
    task = _existing(token)
    state, seconds = _state(task)
    outcome = _outcome(task, TAKE, RATES) or _outcome(task, CHECK, RATES)
    is_done, formats = bool(outcome and outcome.is_done), formats_of_reader()
    return render_template(
        "operations/rates_work.html",
        title=_title(task, state, is_done=is_done), called=_called(task), token=token, state=state, seconds=seconds,
        words=AT_WORK.get(state, ""), is_running=state in AT_WORK, is_over=state == OVER, is_file=bool(task.files),
        report=_report(outcome.report, formats) if is_done else None,
        trouble="" if is_done or state in AT_WORK else _trouble(outcome), faults=outcome.faults if outcome else (),
        is_odd=state in (CHECKED, OVER) and _is_odd(outcome), was_forced=_was_forced(task),
        refreshed=_refreshed(task) if state == OVER else None,
    )


@pages.get("/operations/rates/work/<token>/progress")
@needs(ANALYST)
@needs_every_brand
def progress(token: str) -> Response:
    """The same in a few words, for the page that waits."""
    state, seconds = _state(_existing(token))
    return jsonify(state=state, words=AT_WORK.get(state, ""), seconds=seconds)


@pages.post("/operations/rates/work/<token>")
@needs(ANALYST)
@needs_every_brand
def confirm(token: str) -> Response:
    """Takes what was found good; or, where rates look wrong and are right, looks at the file again with that word, and
    tells a single rate with it."""
    task, settings = _existing(token), current.settings()
    wants_refresh = request.form.get("refresh") == "1"
    is_right = request.form.get("right") == "1"
    with tasks.deciding(settings, task):
        state, _ = _state(task)
        outcome = _outcome(task, TAKE, RATES) or _outcome(task, CHECK, RATES)
        if state == CHECKED and outcome and outcome.is_done:
            _begin(task, TAKE, ("--force",) if _was_forced(task) else (), refreshes=wants_refresh)
            trail.record("rates confirmed", _called(task) + (", and a refresh" if wants_refresh else ""))
        elif is_right and state in (CHECKED, OVER) and _is_odd(outcome):
            trail.record("unusual rates confirmed", _called(task))
            _begin(task, CHECK if task.files else TAKE, ("--force", *(("--dry-run",) if task.files else ())))
    return _to(token)


@pages.post("/operations/rates/work/<token>/discard")
@needs(ANALYST)
@needs_every_brand
def discard(token: str) -> Response:
    """Stops what runs, and lets go of the file, or of the page about what was done."""
    task, settings = _existing(token), current.settings()
    running = tasks.running_job(settings, task)
    if running is not None:
        background.stop(running[0])
        return _to(token)
    tasks.drop(settings, task)
    return redirect(url_for("rates.show"), 303)


def _existing(token: str) -> Task:
    return existing_task(token, (RATES,), "There is nothing here to review; it was discarded, or is too old.")


def _begin(task: Task, what: str, arguments: Sequence[str], *, refreshes: bool = False) -> None:
    settings, person = current.settings(), identity.person()
    of_file = [(str(tasks.path_of(settings, task, file).absolute()), f"--called={file.called}") for file in task.files]
    step = Step(RATES, "rates", (
        *(word for words in of_file for word in words), "--json", f"--wait={background.WAIT}", f"--by={person.name}",
        *arguments, *task.options,
    ))
    background.start(
        tasks.next_job(settings, task, what), [step, *([refresh_step()] if refreshes else [])],
        caller=current.caller(), name=f"job {task.token[:8]} ({what} rates)",
    )


def _state(task: Task) -> tuple[str, int]:
    running = tasks.running_job(current.settings(), task)
    if running is None:
        return (OVER if tasks.jobs_of(current.settings(), task, TAKE) else CHECKED), 0
    folder, job = running
    return CHECKING if folder.name.startswith(CHECK) else TAKING, max(0, int(time.time() - job.began))


def _outcome(task: Task, what: str, key: str) -> Outcome | None:
    jobs = tasks.jobs_of(current.settings(), task, what)
    return jobs[-1][1].outcome(key) if jobs else None


def _is_odd(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.is_refused and ODD in outcome.words


def _was_forced(task: Task) -> bool:
    """Whether the last look at the file was with the word that its rates are right."""
    return len(tasks.jobs_of(current.settings(), task, CHECK)) > 1


def _trouble(outcome: Outcome | None) -> str:
    if outcome is None:
        return LOST
    return outcome.words.partition("; if ")[0] + (". Nothing was changed." if _is_odd(outcome) else "")


def _title(task: Task, state: str, *, is_done: bool) -> str:
    if state in AT_WORK:
        return AT_WORK[state]
    if not is_done:
        return "Nothing was changed"
    return "Review before the rates are taken" if state == CHECKED else "Rates changed"


def _called(task: Task) -> str:
    return task.files[0].called if task.files else " ".join(task.options[1:])


def _report(found: dict[str, Any], formats: Formats) -> ReportView:
    changes = [*found["changed"], *found["removed"], *found["new"]]
    more = len(changes) - SHOWN
    gaps: dict[str, list[str]] = {}
    for gap in found["gaps"]:
        gaps.setdefault(gap["currency"], []).append(gap["month"])
    counts = (("New", len(found["new"])), ("Changed", len(found["changed"])), ("The same", found["same"]),
              ("Removed", len(found["removed"])))
    return ReportView(
        counts=tuple((label, formats.count(count)) for label, count in counts if count or label != "Removed"),
        changes=tuple(
            ChangeView(each["currency"], month_name(parse_month(each["month"])), each["from"] or "none",
                       each["to"] or "none")
            for each in changes[:SHOWN]
        ),
        more=f"and {formats.counted(more, 'more rate')}" if more > 0 else "",
        notes=tuple(found["notes"]), gaps="; ".join(f"{code}: {months_words(months)}" for code, months in gaps.items()),
        rebuilds=months_words(found["rebuilds"]), is_change=bool(changes),
    )


def _refreshed(task: Task) -> tuple[bool, str] | None:
    outcome = _outcome(task, TAKE, REFRESH)
    if outcome is None:
        return None
    if not outcome.is_done:
        return False, f"The figures were not refreshed. {outcome.words}"
    return True, f"The figures use them now (generation {outcome.report['generation']})."


def _options() -> list[str]:
    found = []
    for name, permitted in CHOICES.items():
        text = request.form.get(name, "")
        if text and text not in permitted:
            abort(400, f"{name} {text[:60]!r} is not one of {', '.join(permitted)}")
        found += [f"--{name.replace('_', '-')}={text}"] if text else []
    sheet = " ".join(request.form.get("sheet", "").split())[:100]
    return [*found, f"--sheet={sheet}"] if sheet.isprintable() and sheet else found


def _fault(code: str, month: str, rate: str, *, removes: bool) -> str:
    try:
        parse_month(month)
    except ValueError as error:
        return f"Month: {error}."
    if code.upper() not in CODES:
        return f"Currency: {code!r} is no currency’s code, like GBP."
    if not removes and not (rate and rate.isascii() and rate.replace(".", "", 1).isdigit()):
        return f"Rate: {rate!r} is no rate; write it like 1.2931."
    return ""


def _busy() -> str:
    if tasks.running_count(current.settings()) >= MOST_JOBS:
        return "Too much is being worked on. Try again in a minute."
    return ""


def _to(token: str) -> Response:
    return redirect(url_for("rates_work.show", token=token), 303)


def _back(fault: str) -> Response:
    flash(fault, "fault")
    return redirect(url_for("rates.show"), 303)

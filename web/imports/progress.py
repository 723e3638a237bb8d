"""How a task of `/imports` stands, drawn as its page: at work, waiting for a word, or over."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import render_template, url_for

from database.names.made import MadeNames
from domain.months import moment_words, months_words
from jobs import tasks
from jobs.background import JobState, StepState
from jobs.commands import Outcome
from jobs.tasks import CHECK, REFRESH, TAKE, UNDO, UPLOAD, SentFile, Task
from web.figures.formats import Formats
from web.figures.page import formats_of_reader
from web.http import current
from web.imports.report import ReportView, report_view
from web.imports.switches import fields_told

CHECKING, CHECKED, TAKING, OVER = "checking", "checked", "taking", "over"

_TITLES = {
    CHECKING: "Looking at the file", CHECKED: "Review before importing", TAKING: "Importing", OVER: "Imported",
}
_AT_WORK = {UNDO: "Undoing the import", REFRESH: "Refreshing the figures"}
_STAGES = {"writing its facts": "putting its facts in place"}
"""Words of the command that say more to a person otherwise."""
_LOST = "The work ended without a word, as when a machine is switched off. What was not finished was rolled back."


@dataclass(frozen=True)
class Progress:
    """What the waiting page shows: the task's state, what is being done, for how many seconds."""

    state: str
    words: str
    seconds: int


@dataclass(frozen=True)
class FileView:
    """One file: its report if all is well, else what is wrong, and the form's fields that help. `number` is its
    import's, once it is in."""

    called: str
    report: ReportView | None = None
    words: str = ""
    faults: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    number: int | None = None
    address: str = ""


def progress_of(task: Task) -> Progress:
    """How the task stands now."""
    running = tasks.running_job(current.settings(), task)
    if running is None:
        state = OVER if task.kind != UPLOAD or _jobs(task, TAKE) else CHECKED
        return Progress(state, "", 0)
    folder, job = running
    state = CHECKING if folder.name.startswith(CHECK) else TAKING
    return Progress(state, _words_at_work(task, job), max(0, int(time.time() - job.began)))


def render_task(task: Task) -> str:
    """The task's page."""
    progress, formats = progress_of(task), formats_of_reader()
    files = [_file_view(task, file, progress.state, formats) for file in task.files]
    running = progress.state in (CHECKING, TAKING)
    tried = [file for file in task.files if may_be_taken(task, file)]
    return render_template(
        "imports/task.html",
        task=task, progress=progress, title=_title(task, progress, files), files=files,
        called=", ".join(file.called for file in task.files) if len(files) != 1 or running else "",
        good=len(tried), may_look_again=progress.state == CHECKED and any(_is_trouble(file) for file in files),
        undone=_undone_words(task, formats) if progress.state == OVER else None,
        refreshed=_refreshed(task) if progress.state == OVER else None,
        is_over=progress.state == OVER, is_running=running,
    )


def may_be_taken(task: Task, file: SentFile) -> bool:
    """Whether its dry run was good, and it was not imported or refused since."""
    checked = _outcome(task, CHECK, file.key)
    return bool(checked and checked.is_done and tasks.path_of(current.settings(), task, file).exists())


def was_refused(task: Task) -> bool:
    """Whether its files were looked at, and each was refused."""
    found = [_outcome(task, CHECK, file.key) for file in task.files]
    return bool(found) and all(outcome is not None and outcome.is_refused for outcome in found)


def _words_at_work(task: Task, job: JobState) -> str:
    step = next((step for step in job.steps if step.outcome is None), None)
    if step is None:
        return "Ending" if job.steps else "Waiting until others are done"
    holder = current.store().work_lock.holder()
    if holder is not None and holder.pid != step.pid:
        return f"Waiting: {holder.purpose} is running since {moment_words(holder.started_at)}"
    if step.of in _AT_WORK:
        return f"{_AT_WORK[step.of]}: {step.stage}" if step.stage else _AT_WORK[step.of]
    return _file_words(task, step) if step.stage else "Beginning"


def _file_words(task: Task, step: StepState) -> str:
    file = next(file for file in task.files if file.key == step.of)
    place = f" ({file.number} of {len(task.files)})" if len(task.files) > 1 else ""
    return f"{file.called}{place}: {_STAGES.get(step.stage, step.stage)}"


def _title(task: Task, progress: Progress, files: list[FileView]) -> str:
    if progress.state == TAKING and task.kind in _AT_WORK:
        return _AT_WORK[task.kind]
    if task.kind == UNDO:
        outcome = _outcome(task, TAKE, UNDO)
        return f"Import {task.import_id} is undone" if outcome and outcome.is_done else "Nothing was undone"
    if task.kind == REFRESH:
        return "The refresh is over"
    if progress.state == CHECKED and not any(file.report for file in files):
        return "Nothing was imported"
    if progress.state == OVER and not any(file.number for file in files):
        return "Nothing was imported"
    if progress.state == CHECKING and len(files) > 1:
        return "Looking at the files"
    return _TITLES[progress.state]


def _file_view(task: Task, file: SentFile, state: str, formats: Formats) -> FileView:
    outcome = _outcome(task, CHECK, file.key)
    if state in (TAKING, OVER):
        outcome = _outcome(task, TAKE, file.key) or (outcome if outcome and not outcome.is_done else None)
    if outcome is None:
        not_reached = "It was not its turn." if state in (CHECKED, OVER) else ""
        return FileView(file.called, words=_LOST if _is_lost(task) else not_reached)
    if not outcome.is_done:
        # Its name stands above it.
        return FileView(
            file.called, words=outcome.words.removeprefix(f"{file.called}: "), faults=outcome.faults,
            fields=fields_told((outcome.words, *outcome.faults)),
        )
    report = outcome.report[0]
    number = report["import_id"]
    return FileView(
        file.called, report_view(report, formats), number=number,
        address=url_for("imports.report", import_id=number) if number else "",
    )


def _is_trouble(file: FileView) -> bool:
    """Whether something else than the file was in the way: trying again may help. A refusal counts too when the
    cause may have gone, such as an import of the same bytes that was undone."""
    return file.report is None


def _undone_words(task: Task, formats: Formats) -> tuple[bool, str] | None:
    if task.kind != UNDO:
        return None
    outcome = _outcome(task, TAKE, UNDO)
    if outcome is None or not outcome.is_done:
        return False, outcome.words if outcome else _LOST
    found = outcome.report
    if found.get("renamed_facts") is not None:
        return True, f"{found['file_name']}: parted again. {formats.counted(found['renamed_facts'], 'fact')} renamed."
    words = ""
    if found["facts"] or not found.get("names"):
        facts = formats.counted(found["facts"], "fact")
        words = f"{found['file_name']}: {facts} gone ({months_words(found['months'])})."
    if found["returned_facts"]:
        words += f" {formats.counted(found['returned_facts'], 'fact')} that it had replaced returned."
    if "names" in found:
        words += f" {_names_words(MadeNames(**found['names']))}"
    return True, words.strip()


def _names_words(names: MadeNames) -> str:
    if not (names.products or names.brands or names.categories):
        return "No product, brand or category goes: other imports name them, too."
    return f"{names.words[:1].upper()}{names.words[1:]} go from the catalogue with the next refreshes."


def _refreshed(task: Task) -> tuple[bool, str] | None:
    """How the refresh went, if one was asked for and begun."""
    outcome = _outcome(task, TAKE, REFRESH)
    if outcome is None:
        return (False, _LOST) if task.kind == REFRESH else None
    if not outcome.is_done:
        return False, f"The figures were not refreshed. {outcome.words}"
    if outcome.report["months"] or outcome.report["status"] == "success":
        return True, f"The pages show it now (generation {outcome.report['generation']})."
    return True, "There was nothing to refresh."


def _jobs(task: Task, what: str) -> list[JobState]:
    return [job for _, job in tasks.jobs_of(current.settings(), task, what)]


def _outcome(task: Task, what: str, key: str) -> Outcome | None:
    """The last word on a file: of the newest job that had one."""
    found = (job.outcome(key) for job in reversed(_jobs(task, what)))
    return next((outcome for outcome in found if outcome is not None), None)


def _is_lost(task: Task) -> bool:
    jobs = _jobs(task, TAKE) or _jobs(task, CHECK)
    return bool(jobs and jobs[-1].is_lost)

"""What the page of operations lets a job do beside the web: the checks of `flask doctor`, and the list of facts that
figures leave out. A page waits for it; then the checks are shown where they always are, and the facts as a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.summaries.fact_sums import REASONS
from domain.months import month_name, parse_month
from domain.people import ADMIN, ANALYST
from jobs import tasks
from jobs.background import WAIT
from jobs.commands import Outcome
from jobs.tasks import CHECKS, LEFT_OUT, LEFT_OUT_FILE, Task
from web.figures.formats import COUNT, MONEY, Formats, kind_of
from web.figures.page import formats_of_reader
from web.http import current, trail
from web.http.access import needs, needs_every_brand
from web.http.listings import begin_work, existing_task, listing_of, progress_of, send_listing
from web.http.parameters import takes_no_parameters
from web.operations.doctor import findings_view

pages = Blueprint("operations_work", __name__)

FOUND_SERIOUS = 1
"""How `flask doctor` ends where something is serious: it has looked all the same."""
AT_WORK = {CHECKS: "Running the checks", LEFT_OUT: "Looking for the facts"}
LOST = "The work ended without a word, as when a machine is switched off. Begin it again."
WHY = {
    "no value": "They have no value.", "no month": "They have no month.", "no metric": "They name no metric.",
    "no marketplace": "They name no marketplace.",
    "marketplace ALL": "Their marketplace is called ALL, which stands for all marketplaces together.",
    "unknown product": "They belong to a product that is not in the catalogue.",
    "excluded group": "Their brand is of a group that figures leave out; the catalogue says which.",
}
"""Reason -> what it means for the facts of the list."""


@dataclass(frozen=True)
class FactView:
    """One fact that is left out. `import_id` is that of its import, '' where another program wrote it."""

    asin: str
    brand: str
    marketplace: str
    metric: str
    month: str
    value: str
    import_id: str
    file: str


@pages.post("/operations/check")
@needs(ADMIN)
@needs_every_brand
def check() -> Response:
    """Begins the checks."""
    takes_no_parameters()
    return _to(begin_work(CHECKS, "doctor", lambda folder: ("--json",)))


@pages.post("/operations/left-out")
@needs(ANALYST)
@needs_every_brand
def left_out() -> Response:
    """Begins to list the facts that figures leave out for the reason of the form."""
    takes_no_parameters()
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        abort(400, f"reason is one of {', '.join(REASONS)}")
    return _to(begin_work(LEFT_OUT, "summaries", lambda folder: (
        f"--left-out={reason}", f"--to={(folder / LEFT_OUT_FILE).absolute()}", "--json", f"--wait={WAIT}",
    ), options=(reason,)))


@pages.get("/operations/work/<token>")
@needs(ANALYST)
@needs_every_brand
def show(token: str) -> Response | str:
    """How it goes; of what is over, what came of it."""
    task = _existing(token)
    found, formats = listing_of(task, LEFT_OUT_FILE), formats_of_reader()
    outcome = found.outcome
    if not found.is_running and task.kind == CHECKS:
        return _checked(task, outcome)
    rows, is_done = found.rows(), found.is_done
    return render_template(
        "operations/work.html",
        title=_title(task), token=token, reason="".join(task.options), why=WHY.get("".join(task.options), ""),
        is_running=found.is_running, words=AT_WORK[task.kind], seconds=found.seconds or 0,
        is_done=is_done, rows=[_fact(row, formats) for row in rows],
        count=formats.exact(Decimal(outcome.report["count"]), COUNT) if is_done else "",
        is_cut=is_done and outcome.report["count"] > len(rows),
        trouble="" if found.is_running or is_done else outcome.words if outcome else LOST,
    )


@pages.get("/operations/work/<token>/progress")
@needs(ANALYST)
@needs_every_brand
def progress(token: str) -> Response:
    """The same in a few words, for the page that waits."""
    task = _existing(token)
    return progress_of(listing_of(task, LEFT_OUT_FILE), AT_WORK[task.kind])


@pages.get("/operations/work/<token>/file")
@needs(ANALYST)
@needs_every_brand
def file(token: str) -> Response:
    """All facts of the list as CSV."""
    task = _existing(token)
    return send_listing(
        listing_of(task, LEFT_OUT_FILE), "left-out.csv", noted=f"left-out facts ({''.join(task.options)})",
        missing="These facts were not listed, or the list is not kept any more.",
    )


def _to(task: Task | None) -> Response:
    if task is None:
        return redirect(url_for("operations.show"), 303)
    return redirect(url_for("operations_work.show", token=task.token), 303)


def _checked(task: Task, outcome: Outcome | None) -> Response:
    """Back to the page of operations, which shows what the checks found."""
    has_looked = outcome is not None and outcome.exit_code in (0, FOUND_SERIOUS)
    found = findings_view() if has_looked else None
    if found is not None:
        count = len(found.findings)
        words = "Checked: nothing is wrong." if not count else f"Checked: {count} to look at."
        flash(words, "done")
    else:
        words = outcome.words if outcome else LOST
        flash(f"{words} On the server: flask doctor", "fault")
    trail.record("checks run", words)
    tasks.drop(current.settings(), task)
    return redirect(url_for("operations.show") + "#doctor-title", 303)


def _existing(token: str) -> Task:
    return existing_task(token, (CHECKS, LEFT_OUT), "This is over, or too old to be kept.")


def _title(task: Task) -> str:
    return "Checks" if task.kind == CHECKS else f"Left out: {''.join(task.options)}"


def _fact(row: dict[str, str], formats: Formats) -> FactView:
    kind = kind_of(row["metric"]) if row["metric"] else MONEY
    return FactView(
        asin=row["asin"] or "none", brand=row["brand"] or "none", marketplace=row["marketplace"] or "none",
        metric=row["metric"] or "none", month=month_name(parse_month(row["month"][:7])) if row["month"] else "none",
        value=formats.exact(Decimal(row["value"]), kind) if row["value"] else "none",
        import_id=row["import"], file=row["file"],
    )

"""/imports: what was imported, refused or undone, by whom; the way in for new files; each import's report.

Imports are of all brands at once: names of files and sums tell of brands that somebody who is limited to some
must not know of. So nothing of this is for them, neither to read nor to write.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from flask import Blueprint, Response, abort, render_template, request, send_file, url_for

from database.imports.encodings import TOLD as ENCODINGS
from database.imports.files import AUTO, FORMATS
from database.imports.staging import JOIN, MODES
from database.imports.templates import TEMPLATES, template_of
from database.journal.waiting import waiting_imports
from database.queries.imports import (
    DONE,
    REFUSED,
    REMOVED,
    UNDONE,
    ImportEntry,
    count_imports,
    read_import,
    read_imports,
)
from domain.currencies import SEVERAL
from domain.errors import SelectionError
from domain.months import moment_words, months_words, parse_month
from domain.parameters import page_number, single_values
from domain.people import ADMIN, ANALYST, Person
from jobs import tasks
from jobs.tasks import Task
from web.exports.list_files import csv_answer, xlsx_answer
from web.exports.plain_values import moment
from web.figures.formats import COUNT, MONEY, Formats
from web.figures.page import formats_of_reader
from web.figures.paging import paging_of, refuse_past_the_last
from web.figures.sheets import MONTH, TEXT, Column, ExportLink, Sheet
from web.http import current, identity
from web.http.access import needs_every_brand
from web.http.incoming import MOST_FILES
from web.http.parameters import takes_no_parameters
from web.imports.progress import CHECKED, CHECKING, OVER, TAKING, progress_of, was_refused
from web.imports.report import MODE_WORDS, report_view

pages = Blueprint("imports", __name__)

ROWS_PER_PAGE = 50
STATES = {DONE: "in", UNDONE: "undone", REMOVED: "removed", REFUSED: "refused"}
TEMPLATE_WORDS = {
    "long": "one figure per row", "wide": "months side by side", "tidy": "metrics side by side", "costs": "unit costs",
    "overheads": "overheads",
    "sku-map": "SKUs and ASINs", "products": "products", "brands": "brands",
}
"""A template -> what the file holds."""
_TASK_STATES = {
    CHECKING: "at work", TAKING: "at work", CHECKED: "needs review", OVER: "over",
}
COLUMNS = (
    Column("Import", COUNT), Column("File", TEXT), Column("Source", TEXT), Column("Format", TEXT),
    Column("Mode", TEXT), Column("Time", TEXT), Column("By", TEXT), Column("Rows", COUNT), Column("Facts", COUNT),
    Column("Sum", MONEY), Column("Currency", TEXT), Column("First month", MONTH), Column("Last month", MONTH),
    Column("Months", COUNT), Column("Replaced facts", COUNT), Column("State", TEXT), Column("Undone", TEXT),
    Column("Undone by", TEXT), Column("Fault", TEXT),
)


@dataclass(frozen=True)
class RowView:
    """One file of the list. `address` leads to its report, `undo` to the question whether to undo it."""

    number: str
    called: str
    origin: str
    moment: str
    iso: str
    who: str
    rows: str
    facts: str
    months: str
    replaced: str
    state: str
    state_words: str
    error: str
    address: str = ""
    undo: str = ""


@dataclass(frozen=True)
class TaskLink:
    """The way to something that is at work, or waits for this person's word."""

    words: str
    state: str
    address: str


@pages.get("/imports")
@needs_every_brand
def show() -> str:
    """The list, newest first, and for analysts the form for files."""
    number, formats, person = _page_number(), formats_of_reader(), identity.person()
    with current.store().application_reading.connect() as connection:
        count = count_imports(connection)
        refuse_past_the_last(number, count, ROWS_PER_PAGE)
        found = read_imports(connection, start=(number - 1) * ROWS_PER_PAGE, limit=ROWS_PER_PAGE)
    waiting = waiting_imports(current.store(), current.store().live_generation())
    is_analyst = person.may(ANALYST)
    return render_template(
        "imports/show.html",
        rows=[row_view(entry, formats, may_undo=is_analyst) for entry in found],
        paging=paging_of(number, count, ROWS_PER_PAGE, formats, _address),
        may_import=is_analyst, may_refresh=person.may(ADMIN), waiting=waiting,
        exports=[
            ExportLink("Excel (.xlsx)", url_for("imports.as_xlsx")),
            ExportLink("Imports (.csv)", url_for("imports.as_csv")),
        ],
        tasks=[_task_link(task) for task in _own_tasks(person)] if is_analyst else [],
        upload_mib=current.settings().web.upload_mib, most_files=MOST_FILES, formats=(AUTO, *FORMATS),
        modes={mode: MODE_WORDS[mode] for mode in MODES},
        currency=current.settings().dashboard.currency, encodings=ENCODINGS, templates=TEMPLATE_WORDS,
    )


@pages.get("/imports/<id:import_id>")
@needs_every_brand
def report(import_id: int) -> str:
    """One import: what it brought, what it replaced, and the way to undo it."""
    entry, found = existing(import_id)
    formats = formats_of_reader()
    return render_template(
        "imports/report.html",
        entry=row_view(entry, formats, may_undo=identity.person().may(ANALYST)), report=report_view(found, formats),
        undone=moment_words(entry.undone_at) if entry.undone_at else "", undone_by=entry.undone_by,
        mode=MODE_WORDS.get(entry.mode or "", ""), source=entry.source, is_join=entry.mode == JOIN,
        names=_names_address(entry),
    )


@pages.get("/imports.csv")
@needs_every_brand
def as_csv() -> Response:
    """The whole list as a table."""
    return csv_answer(_whole_list(), "imports.show")


@pages.get("/imports.xlsx")
@needs_every_brand
def as_xlsx() -> Response:
    """The whole list as a workbook."""
    return xlsx_answer(_whole_list(), "imports.show")


@pages.get("/imports/templates/<template>")
@needs_every_brand
def as_template(template: str) -> Response:
    """A file of that format to fill in; answers 404 for another name."""
    takes_no_parameters()
    if template not in TEMPLATES:
        abort(404, f"There is no such template; there are {', '.join(TEMPLATES)}.")
    file = io.BytesIO(template_of(template).encode())
    return send_file(file, "text/csv", as_attachment=True, download_name=f"{template}.csv")


def existing(import_id: int) -> tuple[ImportEntry, dict]:
    """An import and its report; answers 404 if there is none of that number, 400 if anything is asked beside it."""
    takes_no_parameters()
    with current.store().application_reading.connect() as connection:
        found = read_import(connection, import_id)
    if found is None:
        abort(404, f"There is no import {import_id}.")
    return found


def _names_address(entry: ImportEntry) -> str:
    """The way to remove the names that an undone import left, for whoever may."""
    has_names = entry.status == UNDONE and entry.mode != JOIN and identity.person().may(ANALYST)
    return url_for("import_undo.ask", import_id=entry.import_id) if has_names else ""


def row_view(entry: ImportEntry, formats: Formats, *, may_undo: bool) -> RowView:
    """An import as its row of a list shows it."""

    def count(number: int | None) -> str:
        return formats.count(number)

    number, origin = entry.import_id, dict.fromkeys(filter(None, (entry.source, entry.format)))
    return RowView(
        number=count(number), called=entry.file_name, origin=", ".join(origin),
        moment=moment_words(entry.created_at), iso=moment(entry.created_at), who=entry.user_name or "command line",
        rows=count(entry.rows_read), facts=count(entry.facts), months=months_words(entry.months),
        replaced=count(entry.replaced_facts), state=entry.status, state_words=STATES.get(entry.status, entry.status),
        error=entry.error.removeprefix(f"{entry.file_name}: "),
        address=url_for("imports.report", import_id=number) if number else "",
        undo=url_for("import_undo.ask", import_id=number) if number and may_undo and entry.status == DONE else "",
    )


def _page_number() -> int:
    try:
        return page_number(single_values(request.args.items(multi=True), ("page",)))
    except SelectionError as error:
        abort(400, str(error))


def _address(number: int) -> str:
    return url_for("imports.show", page=number) if number > 1 else url_for("imports.show")


def _own_tasks(person: Person) -> list[Task]:
    """But for what is asked for on other pages."""
    return [task for task in tasks.tasks_of(current.settings(), person) if task.kind not in tasks.ELSEWHERE]


def _task_link(task: Task) -> TaskLink:
    if task.kind == tasks.UPLOAD:
        words = task.files[0].called if len(task.files) == 1 else f"{len(task.files)} files"
    else:
        words = f"Undoing import {task.import_id}" if task.kind == tasks.UNDO else "A refresh"
    state = progress_of(task).state
    told = "refused" if state == CHECKED and was_refused(task) else _TASK_STATES[state]
    return TaskLink(words, told, url_for("import_uploads.show", token=task.token))


def _whole_list() -> Sheet:
    takes_no_parameters()
    with current.store().application_reading.connect() as connection:
        return Sheet("imports", "Imports", COLUMNS, [_values(entry) for entry in read_imports(connection)])


def _values(entry: ImportEntry) -> tuple:
    months = [parse_month(text) for text in entry.months]
    return (
        entry.import_id, entry.file_name, entry.source, entry.format, entry.mode, moment(entry.created_at),
        entry.user_name, entry.rows_read, entry.facts, entry.value,
        "several" if entry.value_currency == SEVERAL else entry.value_currency or None, min(months, default=None),
        max(months, default=None), len(months), entry.replaced_facts, STATES.get(entry.status, entry.status),
        moment(entry.undone_at) if entry.undone_at else None, entry.undone_by, entry.error or None,
    )

"""/operations: whether last night went well, what runs now, what was left out or restated, how large it all is.

Refreshes are of all brands at once, so nothing of this is for people who are limited to some. Analysts look,
admins also act (`refresh.py`).
"""

from __future__ import annotations

import datetime

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for

from database.engines.values import Reading
from database.journal.node_states import read_nodes
from database.journal.run_log import refresh_trouble
from database.journal.slow_statements import read_slowest
from database.queries.imports import read_imports
from database.queries.operations import (
    Run,
    count_runs,
    next_expected,
    read_running,
    read_runs,
    read_sizes,
    read_verified,
    read_volumes,
)
from database.queries.settlements import KindSum, SetAside, read_kinds, read_set_aside
from database.summaries.restatements import Restatement, net_changes
from database.summaries.state import LeftOutReason, left_out_reasons
from domain.errors import SelectionError
from domain.metrics import UNSORTED
from domain.moments import utc_now
from domain.parameters import page_number, single_values
from domain.people import ADMIN, ANALYST
from machine.processes import is_process_alive
from web.exports.list_files import csv_answer, xlsx_answer
from web.figures.page import formats_of_reader
from web.figures.paging import paging_of, refuse_past_the_last
from web.figures.sheets import ExportLink, Sheet
from web.http import current, identity
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.imports.page import row_view
from web.operations.doctor import findings_view
from web.operations.nodes import nodes_view
from web.operations.runs import COLUMNS, charts_view, run_values, run_view, stage_words
from web.operations.slow_pages import SHOWN, pages_view, statements_view
from web.operations.state import left_out_view, restated_view, set_aside_view, sizes_view, state_view
from web.pages.settlements import kind_view

pages = Blueprint("operations", __name__)

RUNS_PER_PAGE = 20
RUNS_DRAWN = 200
IMPORTS = 8
RUNNING, QUIET = "running", "quiet"


@pages.get("/operations")
@needs(ANALYST)
@needs_every_brand
def show() -> str:
    """The whole page."""
    number, formats, store, now = _page_number(), formats_of_reader(), current.store(), utc_now()
    live = store.live_generation()
    with store.application_reading.connect() as connection:
        count = count_runs(connection)
        refuse_past_the_last(number, count, RUNS_PER_PAGE)
        runs = read_runs(connection, start=(number - 1) * RUNS_PER_PAGE, limit=RUNS_PER_PAGE)
        drawn = read_runs(connection, limit=RUNS_DRAWN)
        volumes = read_volumes(connection, [run.run_id for run in drawn])
        sizes, running = read_sizes(connection), running_now(read_running(connection))
        expected = next_expected(connection, now=now, at=current.settings().refresh.expected_at)
        verified = read_verified(connection, live.run_id) if live else None
        imports, slowest = read_imports(connection, limit=IMPORTS), read_slowest(connection, limit=SHOWN)
        nodes = read_nodes(connection)
    doctor = findings_view()
    left_out, restated, unsorted, aside = store.read(_of_generation) if live else ([], [], [], [])
    return render_template(
        "operations/show.html",
        state=state_view(
            live, refresh_trouble(store, now=now), drawn[0] if drawn else None, expected=expected, verified=verified,
            doctor=doctor, now=now, formats=formats,
        ),
        running=running_view(running, drawn, now=now) if running else None,
        may_refresh=identity.person().may(ADMIN), charts=charts_view(drawn, volumes, formats),
        runs=[run_view(run, formats) for run in runs],
        paging=paging_of(number, count, RUNS_PER_PAGE, formats, _address),
        left_out=left_out_view(live, left_out, formats), restated=restated_view(restated, formats),
        unsorted=[kind_view(kind, formats) for kind in unsorted], set_aside=set_aside_view(aside, formats),
        sizes=sizes_view(sizes, volumes, formats), nodes=nodes_view(nodes, formats), page_times=pages_view(formats),
        slow_statements=statements_view(slowest, formats), doctor=doctor,
        imports=[row_view(entry, formats, may_undo=True) for entry in imports],
        exports=[
            ExportLink("Excel (.xlsx)", url_for("operations.as_xlsx")),
            ExportLink("Runs (.csv)", url_for("operations.as_csv")),
        ],
    )


@pages.get("/operations/progress")
@needs(ANALYST)
@needs_every_brand
def progress() -> Response:
    """How the running refresh goes, for the page that waits for its end."""
    takes_no_parameters()
    with current.store().application_reading.connect() as connection:
        running = running_now(read_running(connection))
        drawn = read_runs(connection, limit=RUNS_DRAWN) if running else []
    if running is None:
        return jsonify(state=QUIET, words="", seconds=0)
    return jsonify(running_view(running, drawn, now=utc_now()))


@pages.get("/operations.csv")
@needs(ANALYST)
@needs_every_brand
def as_csv() -> Response:
    """Every run, as a table."""
    return csv_answer(_history(), "operations.show")


@pages.get("/operations.xlsx")
@needs(ANALYST)
@needs_every_brand
def as_xlsx() -> Response:
    """Every run, as a workbook."""
    return xlsx_answer(_history(), "operations.show")


def running_now(run: Run | None) -> Run | None:
    """The run, if its process is the one that holds the lock and lives; a killed one stays marked running until the
    next command settles that."""
    holder = current.store().work_lock.holder() if run else None
    if holder is None or (holder.host, holder.pid) != (run.host, run.pid):
        return None
    return run if is_process_alive(holder.host, holder.pid, holder.process_start) else None


def running_view(run: Run, runs: list[Run], *, now: datetime.datetime) -> dict[str, object]:
    """Its stage in words, and the seconds since it began."""
    return {
        "state": RUNNING, "run_id": run.run_id, "words": stage_words(run, runs),
        "seconds": max(0, int((now - run.started_at).total_seconds())),
    }


def _of_generation(
    reading: Reading,
) -> tuple[list[LeftOutReason], list[Restatement], list[KindSum], list[SetAside]]:
    _generation, reasons = left_out_reasons(reading)
    kinds = read_kinds(reading.connection, reading.generation)
    return (
        reasons, net_changes(reading), [kind for kind in kinds if kind.place == UNSORTED],
        read_set_aside(reading.connection, reading.generation),
    )


def _history() -> Sheet:
    takes_no_parameters()
    with current.store().application_reading.connect() as connection:
        return Sheet("operations", "Refresh runs", COLUMNS, [run_values(run) for run in read_runs(connection)])


def _page_number() -> int:
    try:
        return page_number(single_values(request.args.items(multi=True), ("page",)))
    except SelectionError as error:
        abort(400, str(error))


def _address(number: int) -> str:
    return url_for("operations.show", page=number) if number > 1 else url_for("operations.show")

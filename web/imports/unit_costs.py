"""/unit-costs/<asin>: what a piece of one product costs, from which month on; and, for analysts, another cost.

A cost that is told here is an import of its own, as if it stood in a file of one line: it is in the list of imports and
in the audit trail, Net COGS and margins are derived anew with it, and it can be undone.
"""

from __future__ import annotations

import csv
import io
import re
import time
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.queries.product import Product, find_product
from database.queries.unit_costs import UnitCost, read_costs
from domain.moments import utc_now
from domain.months import fault_of_month, month_name, parse_month, today_utc
from domain.people import ANALYST
from jobs import background, tasks
from jobs.background import Step
from jobs.tasks import TAKE, UPLOAD, SentFile, Task
from machine import private_files
from web.figures.page import selectable_of
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.imports.uploads import MOST_JOBS, refresh_step

pages = Blueprint("unit_costs", __name__)

_COST = re.compile(r"\d{1,12}(\.\d{1,4})?", re.ASCII)
HEADINGS = ("asin", "marketplace", "valid from", "unit cost", "told")


@dataclass(frozen=True)
class CostRow:
    """A cost, from the month on. `report` leads to the import that told it, '' for who may not see imports."""

    valid_from: str
    marketplace: str
    cost: str
    report: str
    import_id: int


@pages.get("/unit-costs/<text:asin>", merge_slashes=False)
def show(asin: str) -> str:
    """The product's costs, and for analysts the form for another one; 404 if it is not there, or not one of theirs."""
    takes_no_parameters()
    return current.store().read(lambda reading: _render(reading, asin))


@pages.post("/unit-costs/<text:asin>", merge_slashes=False)
@needs(ANALYST)
@needs_every_brand
def tell(asin: str) -> Response:
    """Begins to take a cost in, and to refresh the figures; says what is wrong with it otherwise."""
    product, marketplaces = current.store().read(lambda reading: (_found(reading, asin), _marketplaces(reading)))
    month, cost, marketplace = (request.form.get(name, "").strip() for name in ("valid_from", "cost", "marketplace"))
    fault = _fault(month, cost, marketplace, marketplaces)
    if not fault and tasks.running_count(current.settings()) >= MOST_JOBS:
        fault = "Too many files are being worked on. Try again in a minute."
    if fault:
        flash(fault, "fault")
        return redirect(url_for("unit_costs.show", asin=product.asin), 303)
    told = _file_of((product.asin, marketplace, month, cost))
    where = f" in {marketplace}" if marketplace else ""
    task = _begin(f"Unit cost of {product.asin} from {month}.csv", told)
    trail.record("unit cost told", f"{product.asin}: {cost}{where} from {month}")
    return redirect(url_for("import_uploads.show", token=task.token), 303)


def _found(reading: Reading, asin: str) -> Product:
    person = identity.person()
    scope = None if person.brands is None else tuple(sorted(person.brands))
    known = len(asin) <= 64 and "\0" not in asin
    product = find_product(reading.connection, asin, scope=scope) if known else None
    if product is None:
        abort(404)
    return product


def _marketplaces(reading: Reading) -> dict[str, str]:
    return selectable_of(reading).marketplace_names


def _render(reading: Reading, asin: str) -> str:
    product, person, marketplaces = _found(reading, asin), identity.person(), _marketplaces(reading)
    costs = read_costs(reading.connection, reading.generation.generation, product.key)
    return render_template(
        "imports/unit_costs.html",
        asin=product.asin, name=product.name or product.asin, marketplaces=marketplaces,
        rows=[_row(cost, marketplaces, sees_imports=person.brands is None) for cost in costs],
        may_tell=person.may(ANALYST) and person.brands is None, month=f"{today_utc():%Y-%m}",
        currency=current.settings().dashboard.currency,
    )


def _row(cost: UnitCost, marketplaces: dict[str, str], *, sees_imports: bool) -> CostRow:
    return CostRow(
        month_name(cost.valid_from), marketplaces.get(cost.marketplace, cost.marketplace), cost.words,
        url_for("imports.report", import_id=cost.import_id) if sees_imports else "", cost.import_id,
    )


def _fault(month: str, cost: str, marketplace: str, marketplaces: dict[str, str]) -> str:
    """What is wrong with what was typed, '' if nothing is."""
    try:
        impossible = fault_of_month(parse_month(month), today_utc())
    except ValueError as error:
        return f"Valid from: {error}."
    if impossible:
        return f"Valid from: {month} {impossible}."
    if not _COST.fullmatch(cost):
        return f"Unit cost: {cost[:40]!r} is no cost; write it with a point and up to four decimals, like 4.20."
    if marketplace and marketplace not in marketplaces:
        return f"There is no marketplace {marketplace[:40]!r}."
    return ""


def _file_of(cells: tuple[str, str, str, str]) -> bytes:
    """The file that says it. Its last column tells it from the same words at another time, which would be refused as
    the same file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerow((*cells, utc_now().isoformat()))
    return text.getvalue().encode()


def _begin(called: str, content: bytes) -> Task:
    """A task that takes the file in and refreshes. There is nothing to look at before: its one line was just typed."""
    settings, person, token = current.settings(), identity.person(), tasks.new_token()
    folder = tasks.make_folder(settings, token, person)
    file = SentFile(1, called, len(content))
    task = Task(token, UPLOAD, person.id, time.time(), (file,), ("--format=costs", "--decimal=."))
    with private_files.create(folder / "1.csv") as written:
        written.write(content)
    tasks.keep(settings, task)
    path = tasks.path_of(settings, task, file)
    arguments = (
        str(path.absolute()), f"--called={called}", "--json", "--progress", f"--wait={background.WAIT}", *task.options,
        f"--by={person.name}",
    )
    with tasks.deciding(settings, task):
        background.start(
            tasks.next_job(settings, task, TAKE), [Step(file.key, "import", arguments, removes=path), refresh_step()],
            caller=current.caller(), name=f"job {token[:8]} (unit cost)",
        )
    return task

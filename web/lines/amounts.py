"""/settlements/kinds/<id>: what a description of Amazon's is that no rule knows, said by an analyst."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.engines.values import Reading
from database.queries.settlements import KindSum, read_kinds
from domain.metrics import UNSORTED
from domain.people import ANALYST
from domain.settlements import CASH, PLACES, TAX
from jobs.commands import run_command
from web.figures.page import formats_of_reader
from web.http import current, identity, trail
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.pages.settlements import kind_view

pages = Blueprint("amounts", __name__)

SECONDS = 120
"""Facts of every month that has such amounts are derived again."""
WAIT = 30
EXPLAINED = {
    "Gross sales": "raises net revenue", "Returns": "lowers net revenue", "Promo fees": "a cost in CM3",
    "Referral fees": "a cost in CM2", "FBA fees": "a cost in CM2", "Other platform fees": "a cost in CM2",
    "SEM costs": "advertising, a cost in CM3", "Reimbursements": "raises CM2", TAX: "passed on, no profit or loss",
    CASH: "moved, no profit or loss: reserves, transfers, repayments",
}


@pages.get("/settlements/kinds/<id:kind_id>")
@needs_every_brand
def show(kind_id: int) -> str:
    """The description with its sums, and for analysts the choice."""
    takes_no_parameters()
    kinds = _existing(kind_id)
    return render_template(
        "settlements/kind.html", kinds=[kind_view(kind, formats_of_reader()) for kind in kinds], first=kinds[0],
        places=[(place, EXPLAINED[place]) for place in PLACES], kind_id=kind_id,
        may_sort=identity.person().may(ANALYST) and (kinds[0].place == UNSORTED or kinds[0].is_told),
        is_unsorted=kinds[0].place == UNSORTED,
    )


@pages.post("/settlements/kinds/<id:kind_id>")
@needs(ANALYST)
@needs_every_brand
def sort(kind_id: int) -> Response:
    """Writes down where it belongs."""
    kinds, place = _existing(kind_id), request.form.get("place", "")
    back = url_for("amounts.show", kind_id=kind_id)
    if place not in PLACES:
        flash("Choose where it belongs.", "fault")
        return redirect(back, 303)
    outcome = run_command(
        current.caller(), "sort-amounts", str(kind_id), place, f"--by={identity.person().name}", f"--wait={WAIT}",
        seconds=SECONDS + WAIT,
    )
    if not outcome.is_done:
        flash(f"{outcome.words[:1].upper()}{outcome.words[1:]}", "fault")
        return redirect(back, 303)
    number = outcome.report["import_id"]
    trail.record("amounts sorted", f"{kinds[0].words}: {place} (import {number})")
    flash(f"{kinds[0].words} belongs to {place} from now on (import {number}, which can be undone). The figures "
          "follow with the next refresh.", "done")
    return redirect(url_for("imports.report", import_id=number), 303)


def _existing(kind_id: int) -> list[KindSum]:
    """The description's sums, by currency; answers 404 if the generation has none."""

    def ask(reading: Reading) -> list[KindSum]:
        return read_kinds(reading.connection, reading.generation, kind_id)

    found = current.store().read(ask)
    if not found:
        abort(404, "There is no such description among the amounts of this generation.")
    return found

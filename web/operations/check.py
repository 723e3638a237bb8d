"""The checks of `flask doctor` at the word of an admin: a process of its own looks, the page shows what it found."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response

from domain.people import ADMIN
from jobs.commands import run_command
from web.http import current, trail
from web.http.access import needs, needs_every_brand
from web.http.parameters import takes_no_parameters
from web.operations.doctor import findings_view

pages = Blueprint("operations_check", __name__)

SECONDS = 120
FOUND_SERIOUS = 1
"""How `flask doctor` ends where something is serious: it has looked all the same."""


@pages.post("/operations/check")
@needs(ADMIN)
@needs_every_brand
def check() -> Response:
    """Runs the checks and shows what they found."""
    takes_no_parameters()
    outcome = run_command(current.caller(), "doctor", seconds=SECONDS)
    found = findings_view() if outcome.is_done or outcome.exit_code == FOUND_SERIOUS else None
    if found is not None:
        count = len(found.findings)
        words = "Checked: nothing is wrong." if not count else f"Checked: {count} to look at."
        flash(words, "done")
    else:
        words = outcome.words
        flash(f"{words} On the server: flask doctor", "fault")
    trail.record("checks run", words)
    return redirect(url_for("operations.show") + "#doctor-title", 303)

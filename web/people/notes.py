"""Notes beside figures that a reader has read: each closes for one person, until it has something else to tell."""

from __future__ import annotations

import re

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response

from database.people.accounts import hold
from database.people.users import close_note
from web.http import current, identity
from web.http.addresses import local_path

pages = Blueprint("notes", __name__)

NAMES = ("corrections", "currencies")
_MARK = re.compile(r"[A-Z0-9,]{1,500}", re.ASCII)


@pages.post("/notes/close")
def close() -> Response:
    """Closes a note for who asks. Of what is closed nothing is lost: it tells again as soon as there is more."""
    name, _, mark = request.form.get("note", "").partition(":")
    if name not in NAMES or not _MARK.fullmatch(mark):
        abort(400, f"note is not one of {', '.join(NAMES)}, with its mark behind a colon")
    person = identity.person()
    with current.store().application.begin() as connection:
        hold(connection, person.id)
        close_note(connection, person.id, name, mark)
    return redirect(local_path(request.form.get("address", "")) or "/", 303)

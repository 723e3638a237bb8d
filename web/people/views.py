"""/views: what a person has named: to go back to, to begin with, to send to somebody.

A view is the address of a page of ours, taken apart and put together anew before it is kept and before it is followed:
it leads nowhere else, and what no page takes is not in it. What it shows is read as for any link, for who follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from database.people import views
from domain.errors import SetupError
from domain.months import month_name, parse_month
from domain.periods import period_words
from web.figures.narrowing import NAMES
from web.figures.places import Place, place_of
from web.http import current, identity
from web.http.access import still_allowed
from web.http.parameters import takes_no_parameters

pages = Blueprint("views", __name__)

LONGEST = 2000
"""Characters of an address that is kept."""
_COUNTED = {"brand": ("brand", "brands"), "category": ("category", "categories")}


@dataclass(frozen=True)
class ViewLine:
    """One view in a list: its name, what it shows in words, and where it leads ('' for nowhere any more)."""

    id: int
    name: str
    words: str
    address: str
    is_start: bool


@pages.get("/views")
def show() -> str:
    """The form that names the page at hand, and the views that there are."""
    if set(request.args) - {"address"} or len(request.args.getlist("address")) > 1:
        abort(400, "This page takes one parameter: address.")
    place = place_of(request.args.get("address", ""))
    return render_template(
        "views/show.html", views=lines_of_reader(), longest_name=views.LONGEST_NAME,
        address=place.address if place else "", words=_words(place) if place else "",
    )


@pages.post("/views")
def save() -> Response:
    """Names a page with what is chosen on it."""
    takes_no_parameters()
    place = place_of(request.form.get("page", ""))
    if place is None or len(place.kept) > LONGEST:
        abort(400, "This address cannot be kept: it is none of a page, or too long.")
    with still_allowed() as connection:
        try:
            views.save_view(
                connection, identity.person().id, request.form.get("name", ""), place.kept,
                is_start=request.form.get("start") == "1",
            )
        except SetupError as error:
            flash(str(error), "fault")
            return redirect(url_for("views.show", address=place.address), 303)
    flash("Saved." if request.form.get("start") != "1" else "Saved. You begin there from now on.", "done")
    return redirect(url_for("views.show", address=place.address), 303)


@pages.post("/views/<id:view_id>/rename")
def rename(view_id: int) -> Response:
    """Calls one of one's own views something else."""
    takes_no_parameters()
    with still_allowed() as connection:
        try:
            is_there = views.rename_view(connection, identity.person().id, view_id, request.form.get("name", ""))
        except SetupError as error:
            flash(str(error), "fault")
            return _back()
    return _done("Renamed.", is_there)


@pages.post("/views/<id:view_id>/remove")
def remove(view_id: int) -> Response:
    """Forgets one of one's own views."""
    takes_no_parameters()
    with still_allowed() as connection:
        is_there = views.remove_view(connection, identity.person().id, view_id)
    return _done("Removed.", is_there)


@pages.post("/views/<id:view_id>/start")
def begin(view_id: int) -> Response:
    """Makes one of one's own views the one that / leads to; `start=0` makes it the dashboard again."""
    takes_no_parameters()
    leaves = request.form.get("start") == "0"
    with still_allowed() as connection:
        is_there = views.begin_with(connection, identity.person().id, None if leaves else view_id)
        if not is_there:
            # Whoever begins somewhere still begins there.
            connection.rollback()
    return _done("You begin with the dashboard." if leaves else "You begin there from now on.", is_there)


def lines_of_reader() -> list[ViewLine]:
    """The views of who asks."""
    with current.store().application_reading.connect() as connection:
        found = views.views_of(connection, identity.person().id)
    lines = []
    for view in found:
        place = place_of(request.script_root + view.address)
        lines.append(ViewLine(
            view.id, view.name, _words(place) if place else "It leads to no page any more.",
            place.address if place else "", view.is_start,
        ))
    return lines


def _words(place: Place) -> str:
    """`Products · CM3 · 2025 · 2 brands`."""
    texts = dict(place.pairs)
    keys = [value for value in place.arguments.values() if isinstance(value, str)]
    parts = [place.page.title, *keys, texts.get("metric", ""), _months(texts)]
    for word, (one, many) in _COUNTED.items():
        count = len(texts.get(word, "").split(",")) if texts.get(word) else 0
        parts.append(f"{count} {one if count == 1 else many}" if count else "")
    search = texts.get("search", "")
    parts += [texts.get("marketplace", "").replace(",", ", "), f"“{search}”" if search else ""]
    parts += [NAMES[word].lower() for word in texts.get("only", "").split(",") if word in NAMES]
    return " · ".join(filter(None, parts))


def _months(texts: dict[str, str]) -> str:
    if texts.get("period"):
        return period_words(texts["period"])
    months = []
    for text in dict.fromkeys(filter(None, (texts.get("from", ""), texts.get("to", "")))):
        try:
            months.append(month_name(parse_month(text)))
        except ValueError:
            return ""
    return " – ".join(months)


def _done(words: str, is_there: bool) -> Response:
    flash(words if is_there else "That view is not there any more.", "done" if is_there else "fault")
    return _back()


def _back() -> Response:
    """To where the form stood."""
    if request.form.get("back") == "account":
        return redirect(f"{url_for('account.show')}#views", 303)
    place = place_of(request.form.get("page", ""))
    return redirect(url_for("views.show", **({"address": place.address} if place else {})), 303)

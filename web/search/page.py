"""/search: whatever a few typed letters name. Scripts show what is found while it is typed (static/js/palette.js)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, render_template, request

from domain.errors import SelectionError
from domain.parameters import search_text, single_values
from web.search.found import find_all
from web.search.ways import Group

pages = Blueprint("search", __name__)

WORDS = ("q", "here")
"""What is looked for, and the address of the page from where."""


@pages.get("/search")
def show() -> str:
    """The page, for whoever has no scripts."""
    text, here, groups = _asked()
    return render_template("search/show.html", text=text, here=here, groups=groups)


@pages.get("/search/found")
def found() -> Response:
    """What is found alone."""
    text, _, groups = _asked()
    return make_response(render_template("search/found.html", text=text, groups=groups))


def _asked() -> tuple[str, str, tuple[Group, ...]]:
    try:
        texts = single_values(request.args.items(multi=True), WORDS)
        text = search_text({"search": texts.get("q", "")})
    except SelectionError as error:
        abort(400, str(error).replace("search", "q", 1))
    here = texts.get("here", "")
    return text, here, find_all(text, here)

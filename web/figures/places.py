"""Addresses of pages of ours, taken apart: which page, what stands in its path, what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from database.people.views import start_of
from database.queries.pages import PAGES, PageSpec, choose_figures
from domain.errors import GenerationGone, SelectionError
from domain.selection import Selectable, Selection
from web.http import current, identity
from web.http.addresses import local_path
from web.http.kept_addresses import address_for

_OF_ONE_MOMENT = ("page", "generation")
"""Parameters that mean something today only: nobody comes back for them."""


@dataclass(frozen=True)
class Place:
    """A page with what its path and its query say; of the query the parameters that it takes, each once."""

    page: PageSpec
    arguments: Mapping[str, Any]
    pairs: tuple[tuple[str, str], ...]

    @property
    def address(self) -> str:
        """Path and query string, as this app is reached."""
        path = address_for(self.page.endpoint, **self.arguments)
        query = "&".join(f"{word}={quote(text, safe=',')}" for word, text in self.pairs)
        return f"{path}?{query}" if query else path

    @property
    def kept(self) -> str:
        """The same without the place that this app has below another: what is written down."""
        return self.address.removeprefix(request.script_root)


def place_of(address: str) -> Place | None:
    """The page that an address of this site leads to, or None: it is nobody's else, no file and no form. Parameters
    that the page does not take are left out."""
    path, _, query = (local_path(address) or "").partition("?")
    if not path:
        return None
    root = request.script_root
    if root and (path == root or path.startswith(f"{root}/")):
        path = path[len(root):] or "/"
    found = _route(path)
    page = next((page for page in PAGES if found and page.endpoint == found[0]), None)
    if page is None:
        return None
    words = [word for word in page.words if word not in _OF_ONE_MOMENT]
    texts: dict[str, str] = {}
    for word, text in parse_qsl(query):
        if word in words:
            texts.setdefault(word, text)
    return Place(page, found[1], tuple((word, texts[word]) for word in words if word in texts))


def selection_at(place: Place, selectable: Selectable) -> Selection | None:
    """What was chosen there; None where it cannot be chosen any more, or where nothing can."""
    if place.page.read is None or "period" not in place.page.words:
        return None
    try:
        return choose_figures(place.page, place.pairs, selectable)
    except (SelectionError, GenerationGone):
        return None


def start_of_reader() -> str:
    """The address that whoever is signed in begins with; '' for the dashboard."""
    with current.store().application_reading.connect() as connection:
        kept = start_of(connection, identity.person().id)
    place = place_of(request.script_root + kept) if kept else None
    return place.address if place else ""


def _route(path: str) -> tuple[str, Mapping[str, Any]] | None:
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter.match(unquote(path), method="GET")
    except HTTPException:
        return None

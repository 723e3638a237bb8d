"""The menu: every page that a person can go to, in order."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, request

from database.queries.pages import PAGES
from web.http import identity
from web.http.access import may_see
from web.http.kept_addresses import address_for


@dataclass(frozen=True)
class Entry:
    """One link of the menu."""

    words: str
    address: str
    is_current: bool


def entries() -> list[Entry]:
    """The menu as the page at hand sees it, with what this person may see."""
    shown = [
        page.endpoint for page in PAGES if page.is_in_menu and not page.variable
        if may_see(current_app.view_functions[page.endpoint], identity.person())
    ]
    titles = {page.endpoint: page.title for page in PAGES}
    # Rates stand below operations, and have an entry of their own: the longest address is the nearest.
    current = max(filter(_is_current, shown), key=lambda endpoint: len(address_for(endpoint)), default="")
    return [Entry(titles[endpoint], address_for(endpoint), endpoint == current) for endpoint in shown]


def _is_current(endpoint: str) -> bool:
    """Whether the request is for that page, or for one below it: a product is one of the products."""
    is_below = request.path.startswith(address_for(endpoint).removeprefix(request.script_root) + "/")
    return is_below or endpoint.partition(".")[0] == (request.endpoint or "").partition(".")[0]

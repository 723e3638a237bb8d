"""What can be done from wherever one is, for who may do it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from flask import current_app

from domain.narrowing import FALLING, LOSING, NEW, UNCOSTED
from domain.people import ADMIN, ANALYST, VIEWER
from web.figures.narrowing import ORDERS
from web.figures.places import Place
from web.figures.sheets import without_view
from web.http import identity
from web.http.access import may_see
from web.http.kept_addresses import address_for
from web.search.ways import Named, Way

PLACES = (
    ("Import files", "imports.show", ANALYST, ("upload a report", "add data")),
    ("Refresh the figures", "operations.show", ADMIN, ("run a refresh", "update")),
    ("Look for products", "products.show", VIEWER, ("search", "find a product")),
    ("Export all figures", "flat.show", VIEWER, ("excel", "csv", "download everything", "flat", "raw data")),
    ("Account", "account.show", VIEWER, ("password", "second factor", "tokens", "profile")),
    ("Users", "users.show", ADMIN, ("people", "rights")),
    ("Help", "help.show", VIEWER, ("what a word means", "glossary", "formulas")),
)
"""Words, where it is done, the role that may, and what else people call it."""
NARROWED = (
    ("Loss-making products", LOSING, ("which products lose money", "losses")),
    ("New products", NEW, ("launched products",)),
    ("Products without a cost", UNCOSTED, ("without unit cost", "missing cogs")),
    ("Falling products", FALLING, ("which products sell less", "declining products")),
)
"""Lists of products, and what else people call them."""
_FILTERS = ("period", "from", "to", "brand", "category", "marketplace", "compare")
FORMS = (("xlsx", "Export this page to Excel"), ("csv", "Export this page as CSV"))
PRESSED = (
    ("Copy the link to this page", "[data-copy-address]", ("share", "send")),
    ("Change the theme", "[data-theme-switch]", ("dark", "light", "night")),
    ("Sign out", "[data-sign-out]", ("log out", "leave")),
)
"""What a script does, and the button that it presses."""


def actions_at(place: Place | None) -> list[Named]:
    """What the reader may do on a page of ours, None for any."""
    person, views = identity.person(), current_app.view_functions
    return [
        *(Named(Way(words, address=address_for(endpoint)), names) for words, endpoint, role, names in PLACES
          if person.may(role) and may_see(views[endpoint], person)),
        *([Named(Way("Save this view", address=f"{address_for('views.show')}?{urlencode({'address': place.address})}"),
                 ("name this page", "bookmark", "start page"))] if place else []),
        *_files(place),
        *(Named(Way(words, press=press), names) for words, press, names in PRESSED),
        *_narrowed(place),
    ]


def _narrowed(place: Place | None) -> Iterator[Named]:
    """Lists of products within what is chosen on the page, the worst first."""
    pairs = [pair for pair in place.pairs if pair[0] in _FILTERS] if place else []
    if place and "brand_id" in place.arguments:
        pairs.append(("brand", str(place.arguments["brand_id"])))
    for words, word, names in NARROWED:
        order = zip(("sort", "order"), ORDERS.get(word, ()), strict=False)
        query = urlencode([*pairs, ("only", word), *order], safe=",")
        yield Named(Way(words, address=f"{address_for('products.show')}?{query}"), names)


def _files(place: Place | None) -> Iterator[Named]:
    """The page's files, with what is chosen on it."""
    for form, words in FORMS if place else ():
        endpoint = f"{place.page.endpoint}.{form}"
        view = current_app.view_functions.get(endpoint)
        if view is None or not may_see(view, identity.person()):
            continue
        # Files hold every view of a P&L.
        query = urlencode([pair for pair in place.pairs if pair[0] in without_view(place.page)], safe=",")
        address = address_for(endpoint, **place.arguments)
        yield Named(Way(words, address=f"{address}?{query}" if query else address), ("download", "spreadsheet", form))

"""What a few typed letters lead to, with the filters of the page at hand, and for nobody more than they may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from database.engines.values import Reading
from database.queries.pages import BRAND, CATEGORIES, DASHBOARD, PAGES, PRODUCT
from database.queries.search import find_products
from domain.months import today_utc
from domain.period_texts import periods_named
from domain.periods import MOST_DRAWN
from domain.selection import Selection, parse_selection
from web import menu
from web.figures.page import address_elsewhere, address_of, scope_of_reader, selectable_of
from web.figures.places import Place, place_of, selection_at
from web.http import current
from web.http.kept_addresses import address_for
from web.people.views import lines_of_reader
from web.search.actions import actions_at
from web.search.ways import MOST, Group, Named, Way, matching

PRODUCTS_SHOWN = 8
MOST_ACTIONS = 14
OTHER_NAMES = {
    "Dashboard": ("home", "start", "overview"), "Profitability": ("p&l", "profit and loss", "margins"),
    "Products": ("asins",), "Settlements": ("deposits", "payouts", "payments"),
    "Catalogue": ("catalog", "brands", "assign"), "Imports": ("files", "upload"),
    "Rates": ("exchange rates", "currencies"), "Operations": ("health", "doctor", "runs"),
}
"""A page -> what else people call it."""


@dataclass(frozen=True)
class Here:
    """Where the reader is: the page, and what is chosen on it; the dashboard as it opens, where nothing is."""

    place: Place
    selection: Selection

    def to(self, endpoint: str, changes: Mapping[str, Any] | None = None, **arguments) -> str:
        """Another page with what is chosen here, parts of it changed. Its table starts in its own order."""
        return address_elsewhere(endpoint, self.selection, {"generation": None, **(changes or {})}, **arguments)


def find_all(text: str, address: str) -> tuple[Group, ...]:
    """Everything that `text` names, for a reader of the page at `address`. Without a text: what there is to do."""
    store = current.store()
    live = store.live_generation()
    if live is None or live.last_month is None:
        return _groups(
            ("Pages", matching(text, _pages(None))), ("Views", _views(text)),
            ("Actions", matching(text, actions_at(None), limit=MOST if text else MOST_ACTIONS)),
        )
    return store.read(lambda reading: _found(reading, text, address))


def _found(reading: Reading, text: str, address: str) -> tuple[Group, ...]:
    selectable = selectable_of(reading)
    place = place_of(address) or Place(DASHBOARD, {}, ())
    selection = selection_at(place, selectable)
    if selection is None:
        selection = parse_selection((), selectable, today=today_utc())
    here = Here(place, replace(selection, most_months=MOST_DRAWN))
    products = find_products(reading, text, scope=scope_of_reader(), limit=PRODUCTS_SHOWN)
    return _groups(
        ("Pages", matching(text, _pages(here))),
        ("Views", _views(text)),
        ("Periods", _periods(text, here)),
        ("Brands", _named(text, selectable.brands, lambda key: here.to(BRAND.endpoint, {"brands": ()}, brand_id=key))),
        ("Categories", _named(
            text, selectable.categories, lambda key: here.to(CATEGORIES.endpoint, {"categories": (key,)})
        )),
        ("Products", tuple(
            Way(product.name or product.asin,
                " · ".join(filter(None, (product.sku, product.asin, selectable.brands.get(product.brand_id)))),
                here.to(PRODUCT.endpoint, {"brands": (), "categories": ()}, asin=product.asin))
            for product in products
        )),
        ("Actions", matching(text, actions_at(place), limit=MOST if text else MOST_ACTIONS)),
    )


def _groups(*found: tuple[str, tuple[Way, ...]]) -> tuple[Group, ...]:
    return tuple(Group(title, ways) for title, ways in found if ways)


def _pages(here: Here | None) -> list[Named]:
    """Those of the menu, with what is chosen where they take it."""
    takes_months = {address_for(page.endpoint): page.endpoint for page in PAGES
                    if "period" in page.words and not page.variable}
    found = []
    for entry in menu.entries():
        endpoint = takes_months.get(entry.address) if here else None
        address = here.to(endpoint) if endpoint else entry.address
        found.append(Named(Way(entry.words, address=address), OTHER_NAMES.get(entry.words, ())))
    return found


def _views(text: str) -> tuple[Way, ...]:
    """What the reader has named, by its name."""
    found = [Named(Way(view.name, view.words, view.address)) for view in lines_of_reader() if view.address]
    return matching(text, found)


def _periods(text: str, here: Here) -> tuple[Way, ...]:
    """Other months on the page at hand, or on the dashboard where it has none."""
    page = here.place.page

    def address(changes: Mapping[str, Any]) -> str:
        if "period" not in page.words:
            return here.to(DASHBOARD.endpoint, changes)
        selection = here.selection.changed(**changes, page=1, generation=None)
        return address_of(page.endpoint, selection, **here.place.arguments)

    return tuple(
        Way(found.words, found.more, address(found.changes))
        for found in periods_named(text, here.selection.calendar, limit=MOST)
    )


def _named(text: str, known: Mapping[int, str], address_of_key: Callable[[int], str]) -> tuple[Way, ...]:
    """Brands or categories; none without a text: they are listed on their own pages."""
    if not text:
        return ()
    ways = matching(text, [Named(Way(name, address=str(key))) for key, name in known.items()])
    return tuple(replace(way, address=address_of_key(int(way.address))) for way in ways)

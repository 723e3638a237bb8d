"""What a reader must know of costs of no product, where these are shared out: whether what is shown bears them.

They stand in one place, usually under no brand and no category. So what adds up all places holds these costs; a brand
or a product bears its part only where shares are shown.
"""

from __future__ import annotations

from database.queries.pages import DRIVERS, PROFITABILITY
from domain.amazon import is_account
from domain.metrics import OVERHEADS
from domain.selection import Selectable
from web.figures.page import Page

SPREAD_BY = {"revenue": "net revenue", "units": "units sold"}

IN = "in"
WITH_OVERHEADS = "in, with overheads"
IN_TOTALS = "in totals only"
NOT_IN = "not in"
STATES = (IN, WITH_OVERHEADS, IN_TOTALS, NOT_IN)


def shared_costs_state(page: Page) -> str:
    """One of these words, for files and programs; '' where nothing is shared out."""
    spread = page.selectable.spread
    if spread is None:
        return ""
    if page.selection.shared:
        return WITH_OVERHEADS if spread.overheads else IN
    return IN_TOTALS if _holds_all(page) else NOT_IN


def shared_costs_sentence(page: Page) -> str:
    """What a page says of it; '' where nothing is shared out."""
    state = shared_costs_state(page)
    if state in (IN, WITH_OVERHEADS):
        return f"Shared costs are in: {_words_of_what_is_in(page.selectable)}"
    if state == IN_TOTALS:
        return (
            "Shared costs are not in: totals hold the costs that belong to no product, margins of single brands and "
            "products do not bear them."
        )
    return "Shared costs are not in: these margins are without costs that belong to no product." if state else ""


def _words_of_what_is_in(selectable: Selectable) -> str:
    by = SPREAD_BY[selectable.spread.by]
    where = f"shared out by {by} among the products that were sold in the same marketplace and month."
    if selectable.spread.overheads:
        return (
            f"costs of no product, overheads too, {where} Overheads of no marketplace are shared among those of all, a "
            "brand's own among its products."
        )
    return f"costs of no product, {where}" + (" Overheads are not." if OVERHEADS in selectable.metrics else "")


def shared_costs_way(page: Page) -> tuple[str, str]:
    """The words of the link to the P&L that shows it otherwise, and where it leads."""
    if page.endpoint not in (PROFITABILITY.endpoint, DRIVERS.endpoint):
        return "Profit and loss with shared costs", page.elsewhere(PROFITABILITY.endpoint, {"shared": True})
    if page.selection.shared:
        return "Without shared costs", page.address(shared=False)
    return "With shared costs", page.address(shared=True)


def _holds_all(page: Page) -> bool:
    """Whether the place of the product that stands for none is among what the page adds up."""
    selection, arguments = page.selection, page.arguments
    brand, category = page.selectable.place_of_nobody
    if "asin" in arguments:
        return is_account(arguments["asin"])
    chosen = ((selection.scope, brand), (selection.brands or None, brand), (selection.categories or None, category))
    return (
        all(keys is None or place in keys for keys, place in chosen) and not selection.search
        and arguments.get("brand_id", brand) == brand
    )

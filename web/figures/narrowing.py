"""What a list of products may be narrowed to, in words: the rule, as it is for the selection at hand, or why it cannot
be held against these figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.metrics import CM3, NET_REVENUE
from domain.months import month_name
from domain.narrowing import FALL, FALLING, FLOOR, LOSING, NARROWINGS, NEW, UNCOSTED
from web.figures.formats import MONEY, PERCENT
from web.figures.page import Page

NAMES = {LOSING: "Loss-making", NEW: "New", UNCOSTED: "Without cost", FALLING: "Falling"}
ORDERS = {LOSING: ("cm3", "asc"), FALLING: ("change", "asc")}
"""How a list that is narrowed to it begins: with the worst."""
_USUAL_ORDER = ("value", "desc")
_AMOUNTS = {
    LOSING: "CM3 together", NEW: "Net revenue together", UNCOSTED: "Net revenue of it", FALLING: "Change together",
}


@dataclass(frozen=True)
class Rule:
    """A rule that is asked for: its name and words; `obstacle` says why it finds nobody, where it cannot find anybody;
    `amount` is the sum of what it speaks of."""

    word: str
    name: str
    words: str
    obstacle: str
    amount: str = ""


@dataclass(frozen=True)
class Toggle:
    """A way to narrow the list, or back; `rule` says what it would leave."""

    name: str
    address: str
    is_on: bool
    rule: str


def rules_of(page: Page, narrowed: dict[str, Decimal | None] | None = None) -> tuple[Rule, ...]:
    """The rules of the selection at hand, with what they come to if that is known."""
    amounts = narrowed or {}
    return tuple(
        Rule(
            word, NAMES[word], rule_words(word, page), obstacle(word, page),
            f"{_AMOUNTS[word]}: {page.formats.exact(amounts[word], MONEY)}" if amounts.get(word) is not None else "",
        )
        for word in page.selection.only
    )


def toggles_of(page: Page) -> tuple[Toggle, ...]:
    """A link for each rule: several may be on."""
    return tuple(
        Toggle(NAMES[word], _toggled(word, page), word in page.selection.only, rule_words(word, page))
        for word in NARROWINGS
    )


def _toggled(word: str, page: Page) -> str:
    """With the rule and in its order, unless another was chosen; or without both."""
    chosen, order = page.selection.only, (page.selection.sort, page.selection.order)
    if word in chosen:
        left = tuple(each for each in chosen if each != word)
        sort, direction = _USUAL_ORDER if order == ORDERS.get(word) else order
        return page.address(only=left, sort=sort, order=direction)
    sort, direction = ORDERS.get(word, order) if order == _USUAL_ORDER else order
    more = tuple(each for each in NARROWINGS if each in chosen or each == word)
    return page.address(only=more, sort=sort, order=direction)


def rule_words(word: str, page: Page) -> str:
    """`CM3 of Nov 2024 – Oct 2025 is below zero`: when a product is so."""
    selection = page.selection
    span = selection.span.words()
    if word == LOSING:
        return f"{CM3} of {span} is below zero"
    if word == NEW:
        return f"sold in {span}, and in no month before, as far as figures go back: to {_beginning(page)}"
    if word == UNCOSTED:
        if selection.costs_of is None:
            return f"sold in {span}, without any Net COGS in these months"
        return f"sold in a month and marketplace of {span} for which there is neither Net COGS nor a unit cost"
    compared = selection.comparison.words() if selection.comparison else "the months that are compared with"
    floor = page.formats.whole(Decimal(FLOOR), MONEY)
    return (
        f"net revenue is down by more than {page.formats.tick(FALL, PERCENT)} against {compared}, where it was "
        f"{floor} a month or more"
    )


def obstacle(word: str, page: Page) -> str:
    """Why nobody can say which products are so; '' where that can be said."""
    selection, metrics = page.selection, page.selectable.metrics
    if word == LOSING and CM3 not in metrics:
        return "These figures have no CM3: it needs net revenue, costs of goods, fees and advertising."
    if word != LOSING and NET_REVENUE not in metrics:
        return "These figures have no net revenue."
    if word == NEW and selection.span.first <= selection.calendar.first_month:
        return f"Nothing is known of before {_beginning(page)}, where the figures begin. Choose later months."
    if word == FALLING and selection.complete is None:
        return "No chosen month is over yet. Choose one that is."
    if word == FALLING and selection.comparison is None:
        return "There is nothing to compare with: choose what to compare with, or later months."
    return ""


def counted(count: int, page: Page) -> str:
    """`3 products`, or `3 loss-making, new products without cost`."""
    chosen = [word for word in page.selection.only if word != UNCOSTED]
    words = f"{', '.join(chosen)} product".lstrip()
    behind = " without cost" if UNCOSTED in page.selection.only else ""
    return page.formats.counted(count, words) + behind


def _beginning(page: Page) -> str:
    return month_name(page.selection.calendar.first_month)

"""What a file or an answer says about itself: whose selection, which generation, when."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from domain.columns import words_of
from domain.moments import utc_now
from domain.months import format_month
from domain.periods import Span
from domain.selection import Selection
from web.exports.plain_values import moment
from web.figures.conversion import conversion_words, unrated_words
from web.figures.filters import period_name
from web.figures.narrowing import rules_of
from web.figures.page import Page
from web.figures.shared_costs import shared_costs_state
from web.figures.sheets import Offer

_SHOWN = 12
"""So many names are listed where every row repeats them."""


@dataclass(frozen=True)
class About:
    """Where the figures of one page come from. `selection` is label -> words, in reading order."""

    title: str
    address: str
    selection: tuple[tuple[str, tuple[str, ...]], ...]
    generation: int
    last_month: str
    published: datetime.datetime
    exported: datetime.datetime
    currency: str

    @property
    def in_a_line(self) -> str:
        """The selection for a cell that stands in every row: long lists are cut, and say so."""
        return "; ".join(f"{label}: {_listed(words)}" for label, words in self.selection)

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Label and words of everything, nothing cut."""
        return (
            ("Page", self.title),
            *((label, ", ".join(words)) for label, words in self.selection),
            ("Data through", self.last_month),
            ("Generation", str(self.generation)),
            ("Published", moment(self.published)),
            ("Exported", moment(self.exported)),
            ("Currency", self.currency),
            ("Address", self.address),
        )


def about(page: Page, offer: Offer, address: str) -> About:
    """About the page at hand, now."""
    found = page.generation
    return About(
        title=offer.page.title, address=address, selection=tuple(_selection(page, offer)), generation=found.generation,
        last_month=format_month(found.last_month) if found.last_month else "", published=found.published_at,
        exported=utc_now(), currency=page.settings.dashboard.currency,
    )


def selection_values(selection: Selection, offer: Offer) -> dict[str, Any]:
    """The selection as JSON: the words of addresses, with the months that a period stands for."""
    span, comparison = selection.span, offer.compared(selection)
    values = {
        "period": selection.period or None,
        "from": format_month(span.first),
        "to": format_month(span.last),
        "metric": selection.metric,
        "brand": list(selection.brands),
        "category": list(selection.categories),
        "marketplace": list(selection.marketplaces),
        "asin": selection.asin,
        "search": selection.search,
        "compare": selection.compared_with,
        "shared": "in" if selection.shared else "out",
        "columns": words_of(selection.columns).split(",") if selection.columns is not None else None,
        "only": list(selection.only),
        "sort": selection.sort,
        "order": selection.order,
    }
    compared = {
        "compare_from": format_month(comparison.first) if comparison else None,
        "compare_to": format_month(comparison.last) if comparison else None,
    }
    return {word: values[word] for word in values if word in offer.taking().words} | compared


def _selection(page: Page, offer: Offer) -> Iterable[tuple[str, tuple[str, ...]]]:
    selection, selectable = page.selection, page.selectable
    span, comparison = selection.span, offer.compared(selection)
    has_months = "period" in offer.taking().words
    if has_months:
        yield "Period", (period_name(selection),)
        yield "Months", (f"{format_month(span.first)} to {format_month(span.last)}",)
    if has_months and selection.in_progress:
        yield "In progress", (f"{_months(selection.in_progress)} counts in totals and is left out of changes",)
    if "metric" not in offer.without:
        yield "Metric", (selection.metric,)
    for label, chosen, known in (
        ("Brand", selection.brands, selectable.brands),
        ("Category", selection.categories, selectable.categories),
        ("Marketplace", selection.marketplaces, selectable.marketplace_names),
    ):
        if chosen:
            yield label, tuple(known[key] for key in chosen)
    if selection.asin:
        yield "Product", (selection.asin,)
    if selection.search:
        yield "Search", (selection.search,)
    if rules := rules_of(page):
        yield "Only", tuple(f"{rule.name} ({rule.obstacle or rule.words})" for rule in rules)
    if selection.scope is not None:
        yield "Limited to", tuple(selectable.brands.values()) or ("no brand with figures",)
    if has_months and (state := shared_costs_state(page)):
        yield "Shared costs", (state,)
    if has_months and (words := conversion_words(page)):
        yield "Converted", (words,)
    if has_months and (lacking := unrated_words(page)):
        yield "Left out without a rate", lacking
    if comparison:
        yield "Compared with", (f"{format_month(comparison.first)} to {format_month(comparison.last)}",)


def _months(span: Span) -> str:
    return " to ".join(dict.fromkeys((format_month(span.first), format_month(span.last))))


def _listed(words: tuple[str, ...]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more

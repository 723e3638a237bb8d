"""What a reader must know of figures that were converted: from which currencies, and what has no rate."""

from __future__ import annotations

import datetime
from dataclasses import replace

from flask import url_for

from database.queries.conversion import Unrated, read_unrated
from domain.metrics import NET_REVENUE
from domain.months import format_month, months_words, runs_of_months
from domain.rates import converted_currencies, unrated_months
from web.figures.formats import MONEY
from web.figures.page import Page

MOST_LINES = 12


def converted_from(page: Page) -> tuple[str, ...]:
    """The currencies that figures of the page were converted from, of the months it shows and compares with."""
    comparison = page.selection.comparison
    return converted_currencies(
        page.selectable.rates, frozenset((*page.selection.span.months, *(comparison.months if comparison else ())))
    )


def conversion_words(page: Page) -> str:
    """`EUR and GBP at monthly rates`; '' where nothing was converted."""
    codes = converted_from(page)
    return f"{listed(codes)} at monthly rates" if codes else ""


def unrated(page: Page) -> dict[str, tuple[datetime.date, ...]]:
    """Currency -> the chosen months that lack a rate of it."""
    return unrated_months(page.selectable.rates, frozenset(page.selection.span.months))


def unrated_words(page: Page) -> tuple[str, ...]:
    """`GBP 2025-03 to 2025-05`, of each currency."""
    return tuple(f"{code} {runs_of_months(months)}" for code, months in unrated(page).items())


def conversion_way(page: Page) -> tuple[str, str]:
    """The words of the link to the rates, and where it leads; for somebody limited to some brands there is none."""
    return ("Rates", url_for("rates.show")) if page.selection.scope is None else ("", "")


def converted_sentence(page: Page) -> str:
    """What a page says of it."""
    codes = converted_from(page)
    if not codes:
        return ""
    base = page.settings.dashboard.currency
    return f"Amounts in {listed(codes)} are converted to {base} at monthly rates."


def unrated_sentence(page: Page) -> str:
    """That amounts are missing, '' where none are."""
    found = unrated(page)
    if not found:
        return ""
    places = [f"{code} ({months_words([format_month(month) for month in months])})" for code, months in found.items()]
    return f"Amounts without an exchange rate are in no figure: {listed(places)}."


def unrated_lines(page: Page) -> tuple[str, ...]:
    """How much that is, in its own currency. What is left out is known of all brands together: so it is nothing for
    somebody who is limited to some, and says so where the page is of less."""
    selection = page.selection
    if selection.scope is not None or not unrated(page):
        return ()
    metrics = list(dict.fromkeys((*selection.sums, NET_REVENUE)))
    found = read_unrated(page.connection, page.generation, selection, metrics)
    is_narrower = (
        selection.brands or selection.categories or selection.marketplaces or selection.asin or page.arguments
    )
    whose = ", of all brands and marketplaces" if is_narrower else ""
    return tuple(_line(each, page, whose) for each in found[:MOST_LINES])


def _line(found: Unrated, page: Page, whose: str) -> str:
    months = months_words([format_month(month) for month in found.months])
    if not found.currency:
        count = page.formats.counted(found.facts, "figure")
        return f"{found.metric}, {months}: {count} left out whose parts lack a rate{whose}."
    amount = replace(page.formats, currency=found.currency).exact(found.value, MONEY)
    return f"{found.currency}: {amount} of {found.metric}, {months}{whose}."


def listed(names: tuple[str, ...] | list[str]) -> str:
    """`EUR, GBP and SEK`"""
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else names[0]


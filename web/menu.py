"""The menu: every page that a person can go to, in order."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

PAGES = (
    ("dashboard.show", "Dashboard"),
    ("profitability.show", "Profitability"),
    ("categories.show", "Categories"),
    ("catalog.show", "Catalogue"),
)
"""Endpoint and words of each page."""


@dataclass(frozen=True)
class Entry:
    """One link of the menu."""

    words: str
    address: str
    is_current: bool


def entries() -> list[Entry]:
    """The menu as the page at hand sees it."""
    current = (request.endpoint or "").partition(".")[0]
    return [
        Entry(words, url_for(endpoint), endpoint.partition(".")[0] == current) for endpoint, words in PAGES
    ]

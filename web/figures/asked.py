"""What a figure on a page is of, in words of `/explain`: static/js/explain.js composes its address of them.

Said once for a table, a column, a row or a figure alone (`data-about`), because a link in each cell would weigh more
than the figures do.
"""

from __future__ import annotations

import datetime
from urllib.parse import quote

from domain.months import format_month
from domain.periods import Span

NOTHING = "none"
"""A row or column whose figures cannot be asked about by themselves: what all others are together."""


def of_metric(name: str) -> str:
    """`metric=CM3`"""
    return f"metric={quote(name)}"


def of_month(month: datetime.date) -> str:
    """`from=2025-03&to=2025-03`"""
    return of_span(Span(month, month))


def of_span(span: Span) -> str:
    """From the first to the last of its months."""
    return f"from={format_month(span.first)}&to={format_month(span.last)}"


def of_period(metric: str, period: str) -> str:
    """`metric=CM3&period=ytd&compare=year`: a metric in a period, against the year before."""
    return f"{of_metric(metric)}&period={period}&compare=year"


def of_product(asin: str | None) -> str:
    """Nobody can ask about a product that is not in the catalogue any more."""
    return f"asin={quote(asin)}" if asin else NOTHING


def of_group(word: str, key: int | str) -> str:
    """`brand=7`, `marketplace=DE`"""
    return f"{word}={quote(str(key))}"

"""Small drawings of a figure by month, and the words for who cannot see them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal

from domain.months import month_name


def trend_words(
    months: Sequence[datetime.date], values: Sequence[Decimal | None], write: Callable[[Decimal], str]
) -> str:
    """`from $1.2K in Oct 2024 to $900 in Oct 2025`."""
    known = [(month, value) for month, value in zip(months, values, strict=True) if value is not None]
    if not known:
        return "no figures"
    (first, start), (last, end) = known[0], known[-1]
    return f"from {write(start)} in {month_name(first)} to {write(end)} in {month_name(last)}"

"""What a list of products may be narrowed to: those that lose money, are new, have no cost, or sell less."""

from __future__ import annotations

from decimal import Decimal

from domain.errors import SelectionError
from domain.parameters import quoted

LOSING, NEW, UNCOSTED, FALLING = "loss-making", "new", "without-cost", "falling"
NARROWINGS = (LOSING, NEW, UNCOSTED, FALLING)
"""The words of `only=`, in the order in which they stand; of several, products are each of them."""

FALL = Decimal("0.2")
"""A product falls whose net revenue is down by more than this part of what it was."""
FLOOR = 100
"""And only if that was at least so much a month, in the reporting currency: below it, an order more or less decides."""


def parse_narrowings(text: str) -> tuple[str, ...]:
    """The words that a parameter names. Raises SelectionError on one that there is not."""
    words = {word for word in text.split(",") if word}
    for word in sorted(words):
        if word not in NARROWINGS:
            raise SelectionError(f"only {quoted(word)} is not one of {', '.join(NARROWINGS)}")
    return tuple(word for word in NARROWINGS if word in words)

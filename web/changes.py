"""Changes as readers see them: a shape and a figure, and good or bad where that is known."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from domain.periods import Span
from domain.ratios import relative_change
from web.formats import Formats

UP = "up"
DOWN = "down"
SAME = "same"


@dataclass(frozen=True)
class Change:
    """`direction` is up, down, same or '' where there is nothing to compare; `tone` good, bad or ''."""

    direction: str
    tone: str
    figure: str
    words: str = ""
    months: str = ""


def change_of(
    now: Decimal | None, before: Decimal | None, *, formats: Formats, words: str = "", span: Span | None = None,
    rise_is_bad: bool = False,
) -> Change:
    """The relative change of sums."""
    return written_change(relative_change(now, before), formats=formats, words=words, span=span, rise_is_bad=rise_is_bad)


def written_change(
    fraction: Decimal | None, *, formats: Formats, words: str = "", span: Span | None = None, rise_is_bad: bool = False
) -> Change:
    """A relative change that is known already."""
    return _change(fraction, formats.change(fraction), _smallest(3), words, span, rise_is_bad)


def difference_of(
    now: Decimal | None, before: Decimal | None, *, formats: Formats, words: str = "", span: Span | None = None,
    rise_is_bad: bool = False,
) -> Change:
    """The change of a percentage, in percentage points."""
    difference = None if now is None or before is None else now - before
    return _change(difference, formats.points(difference), _smallest(3), words, span, rise_is_bad)


def _change(
    size: Decimal | None, figure: str, smallest: Decimal, words: str, span: Span | None, rise_is_bad: bool
) -> Change:
    months = span.words() if span else ""
    if size is None:
        return Change("", "", figure, words, months)
    # What is written as 0.0 % has neither risen nor fallen.
    if abs(size) < smallest:
        return Change(SAME, "", figure, words, months)
    is_rise = size > 0
    return Change(UP if is_rise else DOWN, "bad" if is_rise == rise_is_bad else "good", figure, words, months)


def _smallest(digits: int) -> Decimal:
    """Half of the last digit that is written."""
    return Decimal(5).scaleb(-digits - 1)

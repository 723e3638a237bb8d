"""Changes as readers see them: a shape and a figure, and good or bad where that is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from database.queries.figures import Figure
from domain.measures import Measured
from domain.metrics import rise_of
from domain.periods import Span
from domain.ratios import relative_change
from web.figures.formats import Formats

UP = "up"
DOWN = "down"
SAME = "same"

SMALLEST = Decimal("0.0005")
"""Less than this is written as 0.0 %, and so has neither risen nor fallen."""

_OPPOSITE = {"good": "bad", "bad": "good", "": ""}


@dataclass(frozen=True)
class Change:
    """`direction` is up, down, same or '' where there is nothing to compare; `tone` good, bad or '';
    `words` say what it is compared with, `months` which months those are."""

    direction: str
    tone: str
    figure: str
    words: str = ""
    months: str = ""

    def against(self, words: str, span: Span) -> Change:
        """The same change, told what it is compared with."""
        return replace(self, words=words, months=span.words())


def relative(fraction: Decimal | None, *, formats: Formats, rise: str) -> Change:
    """A relative change as a fraction; `rise` is what a rise is: good, bad or ''."""
    return _change(fraction, formats.change(fraction), rise)


def change_heading(chosen: Measured) -> str:
    """What a column of changes is called in files, where no sign says that they are points."""
    return "Change in points" if chosen.ratio else "Change"


def measured(size: Decimal | None, chosen: Measured, *, formats: Formats) -> Change:
    """A change of the chosen metric: relative, or of a ratio in points."""
    if chosen.ratio:
        return _change(size, formats.points(size), chosen.ratio.rise)
    return relative(size, formats=formats, rise=rise_of(chosen.metric))


def in_points(now: Decimal | None, before: Decimal | None, *, formats: Formats, rise: str) -> Change:
    """The change of a percentage, in percentage points."""
    difference = None if now is None or before is None else now - before
    return _change(difference, formats.points(difference), rise)


def by_amount(size: Decimal, *, figure: str, rise: str) -> Change:
    """A change told as an amount, which `figure` writes without its sign."""
    if not size:
        return Change(SAME, "", figure)
    return Change(UP, rise, figure) if size > 0 else Change(DOWN, _OPPOSITE[rise], figure)


def change_of(figure: Figure, before: Decimal | None, *, formats: Formats) -> Change:
    """The change of a figure's complete months since `before`: of percentages in points, else relative."""
    if figure.ratio and figure.ratio.percent:
        return in_points(figure.complete, before, formats=formats, rise=figure.ratio.rise)
    rise = figure.ratio.rise if figure.ratio else rise_of(figure.name)
    return relative(relative_change(figure.complete, before), formats=formats, rise=rise)


def _change(size: Decimal | None, figure: str, rise: str) -> Change:
    if size is None:
        return Change("", "", figure)
    if abs(size) < SMALLEST:
        return Change(SAME, "", figure)
    return Change(UP, rise, figure) if size > 0 else Change(DOWN, _OPPOSITE[rise], figure)

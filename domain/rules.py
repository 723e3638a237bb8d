"""Rules: figures that should not cross a line, judged on one complete month.

A sum that has no row in the month counts as 0 if it had one in the twelve months before: a brand that stops selling
falls to nothing. A ratio without its base is no figure, and crosses no line.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain import ratios
from domain.metrics import is_money
from domain.months import add_months
from domain.ratios import OPERATING, Ratio, relative_change

RATIOS = {
    ratio.name: ratio for ratio in (
        ratios.CM1_MARGIN, ratios.CM2_MARGIN, ratios.CM3_MARGIN, ratios.TACOS, ratios.ROI, ratios.AVERAGE_PRICE,
    )
}

BELOW, ABOVE = "below", "above"
FALLS, RISES = "falls", "rises"
FALLS_IN_A_YEAR, RISES_IN_A_YEAR = "falls-year", "rises-year"

COMPARISONS = {
    BELOW: "is below",
    ABOVE: "is above",
    FALLS: "falls, against the month before, by more than",
    RISES: "rises, against the month before, by more than",
    FALLS_IN_A_YEAR: "falls, against a year ago, by more than",
    RISES_IN_A_YEAR: "rises, against a year ago, by more than",
}
"""How a figure crosses its line -> the words between the two."""

MONTHS_BACK = {FALLS: 1, RISES: 1, FALLS_IN_A_YEAR: 12, RISES_IN_A_YEAR: 12}

MONEY, COUNT, PERCENT, POINTS = "money", "count", "percent", "points"
"""What a figure or a line is; percent and points are fractions: 0.15 is 15 %."""

_NUMBER = re.compile(r"-?\d{1,13}(\.\d{1,2})?", re.ASCII)

MonthSums = Mapping[datetime.date, Mapping[str, Decimal]]
"""Month -> metric -> sum."""


@dataclass(frozen=True)
class Rule:
    """`figure` is a metric or a ratio of one brand, of one category, or of everything together. `threshold` is written
    as people write it: an amount, or 15 for 15 % and for 15 points."""

    figure: str
    comparison: str
    threshold: Decimal
    brand_id: int | None = None
    category_id: int | None = None

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose sums it needs."""
        if self.figure == OPERATING.name:
            return (OPERATING.name, *OPERATING.metrics, OPERATING.shown_by)
        ratio = RATIOS.get(self.figure)
        return ratio.metrics if ratio else (self.figure,)

    @property
    def is_change(self) -> bool:
        """Whether it is about a change, not about the figure itself."""
        return self.comparison in MONTHS_BACK

    @property
    def kind(self) -> str:
        """How values of its figure are written."""
        ratio = RATIOS.get(self.figure)
        if ratio:
            return PERCENT if ratio.percent else MONEY
        return MONEY if is_money(self.figure) else COUNT

    @property
    def line_kind(self) -> str:
        """How its line is written: a change of a percentage is in points, any other in percent."""
        if not self.is_change:
            return self.kind
        return POINTS if self.kind == PERCENT else PERCENT

    @property
    def line(self) -> Decimal:
        """The threshold in the unit of what is compared with it."""
        return self.threshold / 100 if self.line_kind in (PERCENT, POINTS) else self.threshold


@dataclass(frozen=True)
class Standing:
    """How a rule stands in a month: its figure, the one it is compared with (None: nothing to compare with), the
    change between them, and whether the line is crossed."""

    rule: Rule
    month: datetime.date
    value: Decimal | None
    before: Decimal | None
    change: Decimal | None
    is_crossed: bool


def judge(rule: Rule, month: datetime.date, sums: MonthSums) -> Standing:
    """How the rule stands in `month`, by the sums of that month and of the twelve before."""
    value = _value(rule, sums, month)
    if not rule.is_change:
        crossed = value is not None and (value < rule.line if rule.comparison == BELOW else value > rule.line)
        return Standing(rule, month, value, None, None, crossed)
    before = _value(rule, sums, add_months(month, -MONTHS_BACK[rule.comparison]))
    change = _difference(value, before) if rule.line_kind == POINTS else relative_change(value, before)
    falls = rule.comparison in (FALLS, FALLS_IN_A_YEAR)
    crossed = change is not None and (change < -rule.line if falls else change > rule.line)
    return Standing(rule, month, value, before, change, crossed)


def rule_words(rule: Rule, whose: str, write: Callable[[Decimal, str], str]) -> str:
    """`CM3 % of Alder is below 15.0 %`; `write` makes texts of values and kinds."""
    return f"{rule.figure} of {whose} {COMPARISONS[rule.comparison]} {write(rule.line, rule.line_kind)}"


def threshold_from(text: str, comparison: str) -> Decimal:
    """A threshold as it was typed, with a point before decimals. Raises ValueError with a sentence."""
    typed = text.strip().replace("\N{MINUS SIGN}", "-").removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(typed):
        raise ValueError("The line is a number like 15, 12.5 or -2000, with at most two decimals.")
    value = Decimal(typed)
    if comparison in MONTHS_BACK and not 0 < value <= 100_000:
        raise ValueError("A change is a positive number: by more than how many percent, or points.")
    return value


def plain_words(value: Decimal | None, kind: str, currency: str) -> str:
    """A figure for a letter, the same for every reader: `1,234.50 USD`, `12.4 %`, `1.2 points`."""
    if value is None:
        return "no figure"
    if kind == PERCENT:
        return f"{value * 100:,.1f} %"
    if kind == POINTS:
        return f"{value * 100:,.1f} points"
    if kind == MONEY:
        return f"{value:,.2f} {currency}"
    return f"{value:,.2f}".removesuffix(".00")


def _value(rule: Rule, sums: MonthSums, month: datetime.date) -> Decimal | None:
    found = sums.get(month, {})
    ratio: Ratio | None = RATIOS.get(rule.figure)
    if ratio:
        return ratio.of(found)
    if rule.figure in found:
        return found[rule.figure]
    if rule.figure == OPERATING.name:
        return OPERATING.of(found)
    return Decimal(0) if any(rule.figure in of_month for of_month in sums.values()) else None


def _difference(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before

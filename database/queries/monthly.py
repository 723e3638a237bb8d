"""The chosen metric month by month, beside the months that it is compared with."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

from database.queries.figures import MonthSums
from domain.months import add_months
from domain.ratios import relative_change
from domain.selection import Selection


@dataclass(frozen=True)
class MonthRow:
    """The chosen metric in one month, and in the month it is compared with. One that is not chosen is drawn beside the
    one that is."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None
    before: Decimal | None
    in_progress: bool
    is_chosen: bool = True
    is_ratio: bool = False

    @property
    def change(self) -> Decimal | None:
        """As a fraction, or the difference of a ratio; a month in progress is not compared."""
        if self.in_progress or self.value is None or self.before is None:
            return None
        return self.value - self.before if self.is_ratio else relative_change(self.value, self.before)


def month_rows(by_month: MonthSums, selection: Selection) -> tuple[MonthRow, ...]:
    """One row per month that is drawn. Months in progress, and those around a chosen one, have no counterpart in the
    comparison."""
    span, comparison = selection.span, selection.comparison
    shift = _months_apart(span.first, comparison.first) if comparison else 0
    rows = []
    for month in selection.drawn.months:
        in_progress = month >= selection.calendar.current
        is_chosen = span.first <= month <= span.last
        is_compared = comparison and is_chosen and not in_progress
        before = add_months(month, -shift) if is_compared else None
        rows.append(
            MonthRow(
                month=month,
                value=selection.value_of(by_month.get(month, {})),
                before_month=before,
                before=selection.value_of(by_month.get(before, {})) if before else None,
                in_progress=in_progress,
                is_chosen=is_chosen,
                is_ratio=selection.ratio is not None,
            )
        )
    return tuple(rows)


def _months_apart(later: datetime.date, earlier: datetime.date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month

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
    """The chosen metric in one month, and in the month it is compared with."""

    month: datetime.date
    value: Decimal | None
    before_month: datetime.date | None
    before: Decimal | None
    in_progress: bool

    @property
    def change(self) -> Decimal | None:
        """As a fraction; a month in progress is not compared."""
        return None if self.in_progress else relative_change(self.value, self.before)


def month_rows(by_month: MonthSums, selection: Selection) -> tuple[MonthRow, ...]:
    """One row per chosen month. Months in progress have no counterpart in the comparison."""
    span, comparison = selection.span, selection.comparison
    shift = _months_apart(span.first, comparison.first) if comparison else 0
    rows = []
    for month in span.months:
        in_progress = month >= selection.calendar.current
        before = add_months(month, -shift) if comparison and not in_progress else None
        rows.append(
            MonthRow(
                month=month,
                value=by_month.get(month, {}).get(selection.metric),
                before_month=before,
                before=by_month.get(before, {}).get(selection.metric) if before else None,
                in_progress=in_progress,
            )
        )
    return tuple(rows)


def _months_apart(later: datetime.date, earlier: datetime.date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month

"""What a year will come to: an estimate, and how far off it would have been a year ago."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal

from domain.metrics import CM3, NET_REVENUE
from domain.months import months_between
from domain.periods import Span

LEAST = 3
"""Of fewer months nothing is estimated: one good January is no year."""

RULE = (
    "Net revenue: the months that are over, and the months left as a year before, grown as those that are over have. "
    "CM3: at the CM3 % of the months that are over."
)

MonthSums = Mapping[datetime.date, Mapping[str, Decimal]]


def year_estimate(by_month: MonthSums, through: datetime.date) -> dict[str, Decimal]:
    """Net revenue, and CM3 if there is one, that the year of the month `through`, the last one that is over, will come
    to; empty where nobody can tell: after less than LEAST months, in a year that is over, or where the year before has
    a month without net revenue."""
    so_far = Span(datetime.date(through.year, 1, 1), through)
    rest = months_between(through, datetime.date(through.year, 12, 1))[1:]
    before = [month.replace(year=month.year - 1) for month in (*so_far.months, *rest)]
    if so_far.count < LEAST or not rest or any(NET_REVENUE not in by_month.get(month, {}) for month in before):
        return {}
    revenue = _sum(by_month, so_far.months, NET_REVENUE)
    was, left = (_sum(by_month, months, NET_REVENUE) for months in (before[:so_far.count], before[so_far.count:]))
    if revenue <= 0 or was <= 0:
        return {}
    whole = revenue + left * revenue / was
    found = {NET_REVENUE: whole}
    if all(CM3 in by_month.get(month, {}) for month in so_far.months):
        found[CM3] = whole * _sum(by_month, so_far.months, CM3) / revenue
    return found


def missed_by(by_month: MonthSums, through: datetime.date) -> dict[str, Decimal]:
    """By which part of what the year before came to the same rule would have missed it, a year before `through`."""
    then = through.replace(year=through.year - 1)
    months = months_between(datetime.date(then.year, 1, 1), datetime.date(then.year, 12, 1))
    found = {}
    for metric, value in year_estimate(by_month, then).items():
        actual = _sum(by_month, months, metric)
        if actual:
            found[metric] = (value - actual) / abs(actual)
    return found


def _sum(by_month: MonthSums, months: list[datetime.date], metric: str) -> Decimal:
    return sum((by_month.get(month, {}).get(metric, Decimal(0)) for month in months), Decimal(0))

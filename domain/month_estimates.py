"""What the month in progress will come to: an estimate, and how good the same rule would have been on the same day of
earlier months.

Days are those of Amazon's reports, by each marketplace's own clock. "The same day" is as far into the month: day 14 of
28 is day 15 of 30, and of a day that is reached half, half is taken.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from domain.metrics import CM3, NET_REVENUE, NET_UNITS
from domain.months import add_months, last_day, months_between

MONTHS = 6
"""So many months before it a month is measured by, and so many the rule is tried on."""
LEAST = 2
"""Of fewer months nobody can say what is usual."""

ESTIMATED = (CM3, NET_REVENUE, NET_UNITS)
BY_DAY = (NET_REVENUE, NET_UNITS)
"""What days are known of."""

RULE = (
    "What had come through this day, divided by the part that had come by the same day of the six months before "
    "(the middle one of these parts). Where fewer than two of them have days, as if each day of the month brought the "
    "same. CM3: at the CM3 % of the six months before (the middle one), so that costs that are not told yet are in it; "
    "or of this month so far where there are fewer than two."
)

NO_FIGURES, NO_DAYS, NOTHING_BY_THEN, TOO_FEW = (
    "no figures", "not all of it has days", "nothing by that day", "too few months before"
)
"""Why the rule cannot be tried on a month."""

MonthSums = Mapping[datetime.date, Mapping[str, Decimal]]
"""Month -> metric -> sum."""


@dataclass(frozen=True)
class DaySums:
    """What the days of a month add up to, and those of them that are as far into it as the month in progress is."""

    whole: Decimal
    so_far: Decimal


@dataclass(frozen=True)
class Reached:
    """A marketplace in the month in progress: the last day that is over and that its lines reach; what its days of
    each month add up to, by month and metric; its figures, whatever they follow from."""

    through: datetime.date
    days: Mapping[datetime.date, Mapping[str, DaySums]]
    figures: MonthSums

    def is_of_days(self, month: datetime.date, metric: str) -> bool:
        """Whether a figure of a month is what its days add up to."""
        days = self.days.get(month, {}).get(metric)
        return (days.whole if days else Decimal(0)) == self.figures.get(month, {}).get(metric, Decimal(0))


@dataclass(frozen=True)
class Trial:
    """The rule on the same day of an earlier month: what it would have said, what came; `off` is the difference as a
    part of that. Without an `estimate` `why` says why."""

    month: datetime.date
    estimate: Decimal | None
    actual: Decimal | None
    why: str = ""

    @property
    def off(self) -> Decimal | None:
        """By which part of what came the estimate would have been off; None where nothing came."""
        if self.estimate is None or not self.actual:
            return None
        return (self.estimate - self.actual) / abs(self.actual)


@dataclass(frozen=True)
class Estimate:
    """What `metric` of the month will come to. `so_far` is what had come through the day, None where no days are known
    of the metric; `rests_on` so many earlier months, 0 for none."""

    metric: str
    value: Decimal
    so_far: Decimal | None
    rests_on: int
    trials: tuple[Trial, ...]

    @property
    def misses(self) -> list[Decimal]:
        """By how much the trials were off, whichever way."""
        return sorted(abs(trial.off) for trial in self.trials if trial.off is not None)

    @property
    def typical(self) -> Decimal | None:
        """By how much the middle one of the trials was off; None where there are too few."""
        return median(self.misses) if len(self.misses) >= LEAST else None


@dataclass(frozen=True)
class MonthEstimate:
    """What the month in progress will come to, by metric; without `figures` nobody can tell. `through` is the last day
    of each marketplace that is in it, `left_out` says of each other one that has figures why it is not."""

    month: datetime.date
    figures: tuple[Estimate, ...]
    through: Mapping[str, datetime.date]
    left_out: Mapping[str, str]


def month_estimate(
    month: datetime.date, reached: Mapping[str, Reached], figures: Mapping[str, MonthSums]
) -> MonthEstimate:
    """What `month`, which is in progress, will come to. `reached` are the marketplaces whose days reach it, `figures`
    has those of all."""
    inside = {name: each for name, each in reached.items() if each.is_of_days(month, NET_REVENUE)}
    recent = months_between(add_months(month, -MONTHS), month)
    left_out = {
        name: "figures without days" if name in reached else "no day yet"
        for name, sums in sorted(figures.items())
        if name not in inside and any(sums.get(each, {}).get(NET_REVENUE) for each in recent)
    }
    found = []
    if inside:
        whole = _Together(month, tuple(inside.values()))
        found = [each for metric in ESTIMATED if (each := _estimate(metric, month, whole)) is not None]
    return MonthEstimate(
        month, tuple(found), {name: each.through for name, each in sorted(inside.items())}, left_out
    )


@dataclass(frozen=True)
class _Together:
    """Marketplaces as one, each through its own day."""

    month: datetime.date
    parts: Sequence[Reached]

    def figure(self, month: datetime.date, metric: str) -> Decimal | None:
        values = [each.figures.get(month, {}).get(metric) for each in self.parts]
        known = [value for value in values if value is not None]
        return sum(known, Decimal(0)) if known else None

    def is_of_days(self, month: datetime.date, metric: str) -> bool:
        return all(each.is_of_days(month, metric) for each in self.parts)

    def so_far(self, month: datetime.date, metric: str) -> Decimal:
        return sum((days.so_far for _, days in self._days(month, metric)), Decimal(0))

    def evenly(self, month: datetime.date, metric: str) -> Decimal:
        """As if each day brought the same."""
        length = last_day(self.month).day
        return sum((days.so_far * length / each.through.day for each, days in self._days(month, metric)), Decimal(0))

    def part(self, month: datetime.date, metric: str) -> Decimal | None:
        """Which part of a month's figure had come by then."""
        whole = self.figure(month, metric)
        return self.so_far(month, metric) / whole if whole and whole > 0 and self.is_of_days(month, metric) else None

    def margin(self, month: datetime.date) -> Decimal | None:
        revenue, margin = self.figure(month, NET_REVENUE), self.figure(month, CM3)
        return margin / revenue if revenue and revenue > 0 and margin is not None else None

    def _days(self, month: datetime.date, metric: str) -> list[tuple[Reached, DaySums]]:
        found = ((each, each.days.get(month, {}).get(metric)) for each in self.parts)
        return [(each, days) for each, days in found if days is not None]


def _estimate(metric: str, month: datetime.date, whole: _Together) -> Estimate | None:
    value, rests_on = _told(metric, month, whole)
    if value is None or (metric in BY_DAY and not whole.is_of_days(month, metric)):
        return None
    return Estimate(
        metric, value, whole.so_far(month, metric) if metric in BY_DAY else None, rests_on,
        tuple(_trial(metric, add_months(month, -back), whole) for back in range(1, MONTHS + 1)),
    )


def _trial(metric: str, month: datetime.date, whole: _Together) -> Trial:
    actual = whole.figure(month, metric)
    if actual is None:
        return Trial(month, None, None, NO_FIGURES)
    if not whole.is_of_days(month, NET_REVENUE if metric == CM3 else metric):
        return Trial(month, None, actual, NO_DAYS)
    value, _ = _told(metric, month, whole, is_over=True)
    if value is None:
        return Trial(month, None, actual, TOO_FEW if whole.so_far(month, NET_REVENUE) > 0 else NOTHING_BY_THEN)
    return Trial(month, value, actual)


def _told(
    metric: str, month: datetime.date, whole: _Together, *, is_over: bool = False
) -> tuple[Decimal | None, int]:
    """What the rule says of a month that is as far as the one in progress, and on how many months before it rests.
    Of a month that is over nobody knows what its CM3 % was by then."""
    before = [add_months(month, -back) for back in range(1, MONTHS + 1)]
    if metric == CM3:
        revenue, _ = _told(NET_REVENUE, month, whole)
        margins = [found for each in before if (found := whole.margin(each)) is not None]
        margin = median(margins) if len(margins) >= LEAST else None if is_over else whole.margin(month)
        return (None if revenue is None or margin is None else revenue * margin), _counted(margins)
    parts = [found for each in before if (found := whole.part(each, metric)) is not None]
    so_far = whole.so_far(month, metric)
    if so_far <= 0:
        return None, 0
    if len(parts) < LEAST:
        return whole.evenly(month, metric), 0
    usual = median(parts)
    return (so_far / usual if usual > 0 else None), len(parts)


def _counted(found: Sequence[Decimal]) -> int:
    return len(found) if len(found) >= LEAST else 0

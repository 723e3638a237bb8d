"""The periods that are looked at first: net revenue, CM3 and its margin of each, and what these were a year before."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from database.queries.figures import MonthSums, total_over
from domain.estimates import missed_by, year_estimate
from domain.metrics import CM3, NET_REVENUE
from domain.periods import Calendar, Span, glanced_at, span_of
from domain.ratios import CM3_MARGIN, Measure, Ratio, metrics_of, relative_change, value_of

ASKED: tuple[Measure, ...] = (CM3, CM3_MARGIN, NET_REVENUE)


@dataclass(frozen=True)
class GlanceFigure:
    """One figure of a period: a ratio is a fraction. `before` is that of the same months a year before; of a month in
    progress that of the whole month, which it is not compared with."""

    name: str
    ratio: Ratio | None
    value: Decimal | None
    before: Decimal | None
    in_progress: bool

    @property
    def change(self) -> Decimal | None:
        """As a fraction, of a margin the difference."""
        if self.in_progress or self.value is None or self.before is None:
            return None
        return self.value - self.before if self.ratio else relative_change(self.value, self.before)


@dataclass(frozen=True)
class Glance:
    """A period: its word in addresses, its months, and those of the year before, if figures reach back that far."""

    period: str
    span: Span
    before: Span | None
    in_progress: bool
    figures: tuple[GlanceFigure, ...]


@dataclass(frozen=True)
class YearEstimate:
    """What `year` will come to, by metric, told from its months through `through`; `missed` is by which part the same
    rule would have missed the year before, empty where the figures do not reach back so far."""

    year: int
    through: datetime.date
    values: Mapping[str, Decimal]
    missed: Mapping[str, Decimal]


def glance_months(calendar: Calendar) -> Span | None:
    """Every month that the periods and the estimate are made of, with two years before; None if there are less than two
    periods: a single one says what the page says anyway."""
    spans = [span_of(period, calendar) for period in glanced_at(calendar)]
    if len(spans) < 2:
        return None
    return Span(min(span.first for span in spans), max(span.last for span in spans)).with_months_before(24)


def estimate_of(by_month: MonthSums, calendar: Calendar) -> YearEstimate | None:
    """What the year will come to; None where nobody can tell."""
    through = calendar.end
    values = year_estimate(by_month, through) if through < calendar.current else {}
    return YearEstimate(through.year, through, values, missed_by(by_month, through)) if values else None


def glances_of(by_month: MonthSums, calendar: Calendar, metrics: Collection[str]) -> tuple[Glance, ...]:
    """The periods, of sums by month; what was never imported, as `metrics` tell, is not among their figures."""
    if glance_months(calendar) is None:
        return ()
    asked = [each for each in ASKED if all(metric in metrics for metric in metrics_of(each))]
    return tuple(_glance(period, by_month, calendar, asked) for period in glanced_at(calendar)) if asked else ()


def _glance(period: str, by_month: MonthSums, calendar: Calendar, asked: list[Measure]) -> Glance:
    span = span_of(period, calendar)
    before = span.shifted(-12) if span.shifted(-12).first >= calendar.first_month else None
    in_progress = span.last >= calendar.current

    def value(measure: Measure, months: Span | None) -> Decimal | None:
        return value_of(measure, total_over(by_month, months, metrics_of(measure))) if months else None

    return Glance(period, span, before, in_progress, tuple(
        GlanceFigure(
            name=each if isinstance(each, str) else each.name, ratio=each if isinstance(each, Ratio) else None,
            value=value(each, span), before=value(each, before), in_progress=in_progress,
        )
        for each in asked
    ))

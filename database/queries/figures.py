"""Figures over the chosen months: sums and ratios, month by month and against earlier months."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from database.queries.sums import MONTH, by_grain, sums_by
from domain.periods import Span
from domain.ratios import Measure, Ratio, metrics_of, share, value_of
from domain.selection import Selection

MonthSums = Mapping[datetime.date, Mapping[str, Decimal]]
"""Month -> metric -> sum."""


@dataclass(frozen=True)
class Figure:
    """One figure over the chosen months. Ratios are fractions, money and pieces are sums.

    `complete` is the figure without the month in progress: it is what `previous` and `year_before`,
    where there is anything to compare with, compare to. `months` holds the figure of each chosen month, `around`
    that of each month that is drawn where these are more than the chosen one.
    """

    name: str
    ratio: Ratio | None
    value: Decimal | None
    complete: Decimal | None
    previous: Decimal | None
    year_before: Decimal | None
    months: tuple[Decimal | None, ...]
    around: tuple[Decimal | None, ...] = ()

    @property
    def drawn(self) -> tuple[Decimal | None, ...]:
        """The figure of each month that is drawn."""
        return self.around or self.months

    def per(self, base: Figure) -> Figure:
        """The same divided by what `base` has over the same months; None wherever that is not above zero: a loss per
        piece that came back is no figure."""
        def each(name: str) -> Decimal | None:
            return share(getattr(self, name), getattr(base, name))

        return replace(
            self, **{name: each(name) for name in ("value", "complete", "previous", "year_before")},
            months=tuple(map(share, self.months, base.months)), around=tuple(map(share, self.around, base.around)),
        )


def read_months(
    connection: sa.Connection, selection: Selection, asked: Iterable[Measure], *, also: Span | None = None
) -> MonthSums:
    """The sums behind what is `asked`, for the chosen months and those before them
    that they are compared with, and for the months of `also`: one statement, or two where these lie far apart."""
    spans = needed_spans(selection)
    metrics: set[str] = set()
    for figure in asked:
        metrics.update(metrics_of(figure))
    whole = _around(spans)
    parts = [whole, *filter(None, [also])]
    asked_of = [_around(parts)] if also and whole.meets(also) else parts
    found: dict[datetime.date, Mapping[str, Decimal]] = {}
    for span in asked_of:
        found |= by_grain(sums_by(connection, selection, MONTH, span=span, metrics=metrics))
    return found


def _around(spans: Sequence[Span]) -> Span:
    return Span(min(span.first for span in spans), max(span.last for span in spans))


def needed_spans(selection: Selection) -> list[Span]:
    """The months that are drawn, which hold the chosen ones, and those that these are compared with."""
    return [span for span in (selection.drawn, selection.previous, selection.year_before) if span]


def figure_of(asked: Measure, by_month: MonthSums, selection: Selection) -> Figure:
    """A metric, a ratio or a balance over the months of the selection."""

    metrics = metrics_of(asked)

    def over(span: Span | None) -> Decimal | None:
        return value_of(asked, total_over(by_month, span, metrics)) if span else None

    def each(span: Span) -> tuple[Decimal | None, ...]:
        return tuple(value_of(asked, by_month.get(month, {})) for month in span.months)

    return Figure(
        name=asked if isinstance(asked, str) else asked.name,
        ratio=asked if isinstance(asked, Ratio) else None,
        value=over(selection.span),
        complete=over(selection.complete),
        previous=over(selection.previous),
        year_before=over(selection.year_before),
        months=each(selection.span),
        around=() if selection.drawn == selection.span else each(selection.drawn),
    )


def total_over(by_month: MonthSums, span: Span, metrics: Iterable[str] | None = None) -> dict[str, Decimal]:
    """Metric -> sum over the months of `span`, of these metrics or of all; what has no row in any of them is not
    there."""
    totals: dict[str, Decimal] = {}
    for month in span.months:
        sums = by_month.get(month, {})
        for metric in sums if metrics is None else metrics:
            value = sums.get(metric)
            if value is not None:
                before = totals.get(metric)
                totals[metric] = value if before is None else before + value
    return totals

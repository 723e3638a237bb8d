"""What changed CM3 from the months that are compared with to the chosen ones: by products, and by lines of the P&L."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.engines.whole_numbers import cents_of
from database.queries.product_level import conditions
from database.queries.sums import MONTH, sums_over
from database.schema import summary_asin, summary_rate
from domain.drivers import (
    ENDED,
    KEPT,
    NEW,
    UNPRICED,
    Change,
    Converted,
    Sold,
    change_between,
    effects_of_rates,
)
from domain.metrics import CM1, CM2, CM3, DOWN_TO_CM3, NET_REVENUE, NET_UNITS
from domain.periods import Span
from domain.selection import Selection
from domain.shared_costs import SHARED, with_shares

SUMS = ("revenue_before", "units_before", "revenue", "units")
PARTS_OF_CM3 = tuple(metric for metric in DOWN_TO_CM3 if metric not in (NET_REVENUE, CM1, CM2, CM3))


@dataclass(frozen=True)
class Drivers:
    """What changed CM3 from the months `before` to the months `now`, None for what there is nothing of; `sold` are the
    products of each kind. A month in progress is in neither."""

    before: Span | None
    now: Span | None
    change: Change | None
    sold: Mapping[str, Sold]


def read_drivers(connection: sa.Connection, selection: Selection) -> Drivers:
    """The change within the selection's brands, categories and marketplaces, with shared costs if these are chosen."""
    before, now = selection.comparison, selection.complete
    if before is None or now is None:
        return Drivers(before, now, None, {})
    metrics = (*DOWN_TO_CM3, *SHARED) if selection.shared else DOWN_TO_CM3
    sums = [
        _added(by_month.values(), is_shared=selection.shared)
        for by_month in sums_over(connection, selection, MONTH, [(span, metrics) for span in (before, now)])
    ]
    sold = {
        row.kind: Sold(
            row.products, *(getattr(row, name) for name in SUMS), Decimal(row.cents or 0).scaleb(-2)
        )
        for row in connection.execute(sold_statement(selection, before, now)).all()
    }
    exchanged = _exchanged(connection, selection, before, now) if KEPT in sold else {}
    return Drivers(before, now, change_between(*sums, sold, exchanged), sold)


def sold_statement(selection: Selection, before: Span, now: Span) -> sa.Select:
    """The products by kind: how many, what they sold before and now, and of those sold in both the net revenue of the
    units now at each product's price before, in cents."""
    kinds = _kinds(selection, before, now)
    of = kinds.c
    cents = sa.case((of.kind == KEPT, cents_of(of.revenue_before, of.units, of.units_before)))
    return (
        sa.select(
            of.kind,
            sa.func.count().label("products"),
            *(sa.func.sum(of[name]).label(name) for name in SUMS),
            sa.func.sum(cents).label("cents"),
        )
        .group_by(of.kind)
        .order_by(of.kind)
    )


def _kinds(selection: Selection, before: Span, now: Span) -> sa.Subquery:
    """asin_id and kind of every product that sold before or now, with its four sums."""
    # Each sum on its own: one pass with a CASE for each of the four takes twice as long.
    parts = sa.union_all(*(
        _part(selection, number, metric, span)
        for number, (metric, span) in enumerate(
            [(NET_REVENUE, before), (NET_UNITS, before), (NET_REVENUE, now), (NET_UNITS, now)]
        )
    )).subquery("parts")
    by_product = (
        sa.select(
            parts.c.asin_id,
            *(
                sa.func.sum(sa.case((parts.c.part == number, parts.c.value), else_=0)).label(name)
                for number, name in enumerate(SUMS)
            ),
        )
        .group_by(parts.c.asin_id)
        .subquery("by_product")
    )
    found = by_product.c
    was, is_now = (sa.or_(*(column != 0 for column in pair)) for pair in (
        (found.revenue_before, found.units_before), (found.revenue, found.units),
    ))
    kind = sa.case(
        (~was, NEW), (~is_now, ENDED), ((found.units_before > 0) & (found.units > 0), KEPT), else_=UNPRICED,
    )
    return sa.select(kind.label("kind"), *found).where(was | is_now).subquery("kinds")


def _exchanged(connection: sa.Connection, selection: Selection, before: Span, now: Span) -> dict[str, Decimal]:
    """What other exchange rates did to each metric's amounts of now (`effects_of_rates`); nothing where none of these
    months has a rate. What was added up of several currencies is not known in any."""
    rated = sa.select(summary_rate.c.month).where(
        is_one_of(summary_rate.c.month, _with_rows(now, selection)), summary_rate.c.rate.is_not(None)
    )
    if connection.execute(rated.limit(1)).first() is None:
        return {}
    kinds = _kinds(selection, before, now)
    kept = sa.select(kinds.c.asin_id).where(kinds.c.kind == KEPT)
    revenue = _stated(selection, now, [NET_REVENUE]).where(summary_asin.c.asin_id.in_(kept))
    parts = _stated(selection, now, PARTS_OF_CM3)
    amounts = {
        (row.metric, row.currency): Converted(row.value, row.stated)
        for query in (revenue, parts) for row in connection.execute(query)
    }
    then = {
        row.currency: Converted(row.value, row.stated)
        for row in connection.execute(_stated(selection, before, [NET_REVENUE]))
    }
    return effects_of_rates(amounts, then)


def _stated(selection: Selection, span: Span, metrics: Sequence[str]) -> sa.Select:
    """Sums of what was converted from one currency, by metric and currency: converted, and as stated there."""
    columns = summary_asin.c
    return (
        sa.select(
            columns.metric, columns.currency, sa.func.sum(columns.value).label("value"),
            sa.func.sum(columns.local_value).label("stated"),
        )
        .where(
            is_one_of(columns.month, _with_rows(span, selection)), columns.metric.in_(metrics),
            columns.local_value.is_not(None), *conditions(selection),
        )
        .group_by(columns.metric, columns.currency)
        .order_by(columns.metric, columns.currency)
    )


def _part(selection: Selection, number: int, metric: str, span: Span) -> sa.Select:
    """One of the four sums of each product."""
    columns = summary_asin.c
    return (
        sa.select(
            columns.asin_id, sa.literal_column(str(number)).label("part"), sa.func.sum(columns.value).label("value")
        )
        .where(
            is_one_of(columns.month, _with_rows(span, selection)), columns.metric == metric, *conditions(selection)
        )
        .group_by(columns.asin_id)
    )


def _with_rows(span: Span, selection: Selection) -> list:
    calendar = selection.calendar
    return [month for month in span.months if calendar.first_month <= month <= calendar.last_month]


def _added(months: Iterable[Mapping[str, Decimal]], *, is_shared: bool) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for sums in months:
        for metric, value in sums.items():
            totals[metric] = totals.get(metric, Decimal(0)) + value
    return with_shares(totals) if is_shared else totals

"""What was converted: which figures of a product, from what in its own currency, and what has no rate."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.values import Generation, Reading
from database.rates.needed import live_rates
from database.schema import summary_asin, summary_left_out
from database.summaries.fact_sums import MARGIN_WITHOUT_RATE, NO_RATE
from domain.metrics import PROFIT_TREE, UNITS
from domain.rates import LiveRate
from domain.selection import Selection

SEVERAL = "*"
"""What stands for the currency of a figure that was converted from more than one."""
_ORDER = {metric: place for place, metric in enumerate((*PROFIT_TREE, *UNITS))}


@dataclass(frozen=True)
class Unrated:
    """Amounts of a metric that are in no figure, in their own currency; without one, margins of which a part has no
    rate."""

    currency: str
    metric: str
    months: tuple[datetime.date, ...]
    facts: int
    value: Decimal


@dataclass(frozen=True)
class ConvertedFigure:
    """A product's figure, and what it was before: amount and rate are None where it is of several currencies."""

    month: datetime.date
    marketplace: str
    metric: str
    currency: str
    local_value: Decimal | None
    rate: Decimal | None
    value: Decimal


def read_conversions(reading: Reading, *, scope: Collection[int] | None = None) -> tuple[LiveRate, ...]:
    """The rates of the generation that is read. For somebody who is limited to the brands of `scope`, those of
    currencies that figures of these were converted from, and what has no rate at all."""
    rates = live_rates(reading)
    if scope is None or not rates:
        return rates
    columns = summary_asin.c
    seen = {tuple(row) for row in reading.connection.execute(
        sa.select(columns.month, columns.currency).distinct()
        .where(columns.brand_id.in_(scope), columns.currency.is_not(None))
    )}
    # Which currencies a sum of several holds is not known: those that stand there by themselves are told first.
    by_name = {month for month, currency in seen if currency != SEVERAL}
    return tuple(
        each for each in rates
        if each.rate is None or (each.month, each.currency) in seen
        or ((each.month, SEVERAL) in seen and each.month not in by_name)
    )


def read_unrated(
    connection: sa.Connection, generation: Generation, selection: Selection, metrics: Sequence[str]
) -> list[Unrated]:
    """What of these metrics has no rate in the chosen months, of all brands."""
    table = summary_left_out.c
    query = (
        sa.select(table.reason, table.metric, table.month, table.facts, table.value)
        .where(
            table.generation == generation.generation, table.metric.in_(metrics),
            table.month.between(selection.span.first, selection.span.last),
            table.reason.like(f"{NO_RATE} %") | (table.reason == MARGIN_WITHOUT_RATE),
        )
        .order_by(table.reason, table.metric, table.month)
    )
    found: dict[tuple[str, str], Unrated] = {}
    for reason, metric, month, facts, value in connection.execute(query):
        currency = "" if reason == MARGIN_WITHOUT_RATE else reason.removeprefix(f"{NO_RATE} ")
        before = found.get((currency, metric), Unrated(currency, metric, (), 0, Decimal(0)))
        found[currency, metric] = Unrated(
            currency, metric, (*before.months, month), before.facts + facts, before.value + (value or 0)
        )
    return list(found.values())


def read_converted(
    connection: sa.Connection, rates: Sequence[LiveRate], selection: Selection, product: int
) -> tuple[ConvertedFigure, ...]:
    """A product's figures of the chosen months and marketplaces that were converted: the chosen metric first, then in
    the order of the P&L, the newest month first."""
    columns, span = summary_asin.c, selection.span
    conditions = [
        columns.asin_id == product, columns.month.between(span.first, span.last), columns.currency.is_not(None),
    ]
    for column, values in ((columns.brand_id, selection.scope), (columns.marketplace, selection.marketplaces or None)):
        conditions += [] if values is None else [column.in_(values)]
    of_month = {(each.month, each.currency): each.rate for each in rates}
    query = sa.select(
        columns.month, columns.marketplace, columns.metric, columns.currency, columns.local_value, columns.value
    ).where(*conditions)
    found = [
        ConvertedFigure(
            row.month, row.marketplace, row.metric, row.currency, row.local_value,
            of_month.get((row.month, row.currency)), row.value,
        )
        for row in connection.execute(query)
    ]
    return tuple(sorted(found, key=lambda each: (
        each.metric not in selection.sums, _ORDER.get(each.metric, len(_ORDER)), each.metric,
        -each.month.toordinal(), each.marketplace,
    )))

"""What a generation changed in the past: old and new totals of months that were published complete.

A month that was still running when it was published is not restated by its own end. Totals are kept
per metric and brand, and for all brands together.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.engines.values import Generation, Reading
from database.schema import ALL_BRANDS, ALL_MARKETPLACES
from database.summaries import rollups
from domain.months import month_of
from domain.shared_costs import SHARED

restated = schema.summary_restated


@dataclass(frozen=True)
class Restatement:
    """A total that one generation replaced. `brand_id` None stands for all brands together."""

    generation: int
    month: datetime.date
    metric: str
    brand_id: int | None
    old_value: Decimal
    new_value: Decimal
    published_at: datetime.datetime
    cause: str


def restatements(
    reading: Reading, *, brands: Collection[int] | None = None, metric: str | None = None,
    months: tuple[datetime.date, datetime.date] | None = None, since: datetime.datetime | None = None,
    limit: int | None = None,
) -> list[Restatement]:
    """What the generations up to the one that is read restated, newest first, within `months` (first and
    last) and published `since` then. `brands` None: totals of all brands together; else one entry per brand of
    these."""
    chosen = restated.c.brand_id == ALL_BRANDS if brands is None else restated.c.brand_id.in_(sorted(brands))
    query = sa.select(restated).where(restated.c.generation <= reading.generation.generation, chosen)
    if metric is not None:
        query = query.where(restated.c.metric == metric)
    if months is not None:
        query = query.where(restated.c.month.between(*months))
    if since is not None:
        query = query.where(restated.c.published_at >= since)
    query = query.order_by(
        restated.c.generation.desc(), restated.c.month.desc(), restated.c.metric, restated.c.brand_id
    ).limit(limit)
    return [
        Restatement(
            row.generation, row.month, row.metric, None if row.brand_id == ALL_BRANDS else row.brand_id,
            row.old_value, row.new_value, row.published_at, row.cause,
        )
        for row in reading.connection.execute(query)
    ]


def net_changes(reading: Reading, *, since: datetime.datetime | None = None) -> list[Restatement]:
    """Totals of all brands together that are not what they were `since` then, or as they were first published: each
    month and metric once, with the value of then, the value of now and the newest cause. What was changed and changed
    back is none of them."""
    query = (
        sa.select(restated)
        .where(restated.c.generation <= reading.generation.generation, restated.c.brand_id == ALL_BRANDS,
               *([] if since is None else [restated.c.published_at >= since]))
        .order_by(restated.c.generation, restated.c.month, restated.c.metric)
    )
    return _net(reading.connection.execute(query))


def net_corrections(
    reading: Reading, *, metric: str, months: tuple[datetime.date, datetime.date], brands: Collection[int] | None,
    after: int, since: datetime.datetime,
) -> list[Restatement]:
    """How a metric's totals of `months` (first and last) differ from what they were in generation `after`, newest month
    first; of what was published `since` then. `brands` None: of all brands together; else each brand of these apart."""
    chosen = restated.c.brand_id == ALL_BRANDS if brands is None else restated.c.brand_id.in_(sorted(brands))
    query = (
        sa.select(restated)
        .where(restated.c.generation > after, restated.c.generation <= reading.generation.generation, chosen,
               restated.c.metric == metric, restated.c.month.between(*months), restated.c.published_at >= since)
        .order_by(restated.c.generation, restated.c.month, restated.c.brand_id)
    )
    return sorted(_net(reading.connection.execute(query)), key=lambda change: (change.month, -(change.brand_id or 0)),
                  reverse=True)


def _net(rows: Iterable[sa.Row]) -> list[Restatement]:
    """Each month, metric and brand of rows in the order of their generations once: from what it was first to what it
    is now. What was changed and changed back is none of them."""
    found: dict[tuple, Restatement] = {}
    for row in rows:
        key = (row.month, row.metric, row.brand_id)
        found[key] = Restatement(
            row.generation, row.month, row.metric, None if row.brand_id == ALL_BRANDS else row.brand_id,
            found[key].old_value if key in found else row.old_value, row.new_value, row.published_at, row.cause,
        )
    return [change for change in found.values() if change.old_value != change.new_value]


def restatement_words(change: Restatement) -> str:
    """March 2025 Net revenue restated from 1,204,311.20 to 1,198,020.15 on 2026-11-20 by import 41 (c.csv)"""
    return (
        f"{change.month:%B %Y} {change.metric} restated from {change.old_value:,} to {change.new_value:,} "
        f"on {change.published_at:%Y-%m-%d} by {change.cause}"
    )


def complete_months(months: Sequence[datetime.date], live: Generation) -> list[datetime.date]:
    """The months of a plan that were over when the live generation was published."""
    return [month for month in months if month < month_of(live.published_at.date())]


def insert_restated(
    live: sa.Table, staged: sa.Table, *, target: sa.Table, generation: int, months: Collection[datetime.date],
    now: datetime.datetime, cause: str,
) -> list[sa.Insert]:
    """Statements that compare two brand levels over `months` and write down what differs, per brand and
    for all brands. MariaDB has no full join, so both sides are added up, each in its own column."""

    def side(table: sa.Table, old: sa.ColumnElement, new: sa.ColumnElement) -> sa.Select:
        return sa.select(
            table.c.month, table.c.metric, table.c.brand_id, old.label("old_value"), new.label("new_value")
        ).where(table.c.month.in_(months), table.c.marketplace == ALL_MARKETPLACES)

    nothing = sa.cast(sa.literal(0), schema.Sum)
    both = sa.union_all(
        side(live, live.c.total_value, nothing), side(staged, nothing, staged.c.total_value)
    ).subquery("both_sides")
    old, new = sa.func.sum(both.c.old_value), sa.func.sum(both.c.new_value)

    def rows(brand: sa.ColumnElement, *grain: sa.ColumnElement) -> sa.Select:
        return (
            sa.select(
                sa.literal(generation).label("generation"), both.c.month, both.c.metric, brand.label("brand_id"),
                old.label("old_value"), new.label("new_value"), sa.literal(now).label("published_at"),
                sa.literal(cause[:255]).label("cause"),
            )
            .where(both.c.metric.not_in(SHARED))
            .group_by(both.c.month, both.c.metric, *grain)
            .having(old != new)
        )

    return [
        rollups.into(target, rows(both.c.brand_id, both.c.brand_id)),
        rollups.into(target, rows(sa.literal(ALL_BRANDS))),
    ]

"""The level of products as the statements of several pages read it: what of it counts, and sums by product."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.schema import asin, summary_asin
from domain.periods import Span
from domain.ratios import Balance, Measure, Ratio, metrics_of
from domain.selection import Selection


def conditions(selection: Selection, table: sa.FromClause = summary_asin) -> list[sa.ColumnElement[bool]]:
    """What of the ASIN level, or of a table like it, belongs to the selection's brands, categories and marketplaces."""
    columns = table.c
    asked = (
        (columns.brand_id, selection.brands or None), (columns.brand_id, selection.scope),
        (columns.category_id, selection.categories or None), (columns.marketplace, selection.marketplaces or None),
    )
    return [column.in_(values) for column, values in asked if values is not None]


def searched(search: str) -> list[sa.ColumnElement[bool]]:
    """Every word must stand in the ASIN or in the name."""
    return [
        asin.c.asin.icontains(word, autoescape=True) | asin.c.name.icontains(word, autoescape=True)
        for word in search.split()
    ]


def within(span: Span | None) -> sa.ColumnElement[bool]:
    """Whether a month of the ASIN level is one of `span`."""
    return sa.false() if span is None else summary_asin.c.month.between(span.first, span.last)


def amount_of(asked: Measure) -> sa.ColumnElement:
    """A row of the ASIN level as it counts in a metric, or in a balance, or above the line of a ratio."""
    columns = summary_asin.c
    minus = (asked.minus,) if isinstance(asked, Balance) else asked.minus if isinstance(asked, Ratio) else ()
    return sa.case((columns.metric.in_(minus), -columns.value), else_=columns.value) if minus else columns.value


def rows_months(selection: Selection, span: Span | None = None) -> list[datetime.date]:
    """The months of a span (None: the chosen ones) that can have rows, so that no range of years makes a long list."""
    calendar, span = selection.calendar, span or selection.span
    return [month for month in span.months if calendar.first_month <= month <= calendar.last_month]


def totals(selection: Selection, asked: str | Balance, span: Span, name: str) -> sa.Subquery:
    """The sum of a metric, or of a balance, over one span, by product. Each that an order needs is added up on its own
    and joined: one pass over all of them, with a CASE for each, takes half as long again."""
    return totals_statement(selection, asked, span).subquery(name)


def totals_statement(selection: Selection, asked: str | Balance, span: Span) -> sa.Select:
    """The statement behind `totals`."""
    columns, months = summary_asin.c, rows_months(selection, span)
    metric = columns.metric
    return (
        sa.select(columns.asin_id, sa.func.sum(amount_of(asked)).label("value"))
        .where(
            is_one_of(columns.month, months),
            metric == asked if isinstance(asked, str) else metric.in_(metrics_of(asked)),
            *conditions(selection),
        )
        .group_by(columns.asin_id)
    )


def ratio_totals(selection: Selection, ratio: Ratio, span: Span, name: str) -> sa.Subquery:
    """A ratio by product, and its two sums beside it. What has no base has no ratio."""
    columns = summary_asin.c
    part, base = (
        sa.func.sum(sa.case((columns.metric.in_(metrics), amount_of(ratio))))
        for metrics in ((*ratio.parts, *ratio.minus), (ratio.base,))
    )
    sums = (
        sa.select(columns.asin_id, part.label("part"), base.label("base"))
        .where(
            is_one_of(columns.month, rows_months(selection, span)), columns.metric.in_(ratio.metrics),
            *conditions(selection),
        )
        .group_by(columns.asin_id)
        .subquery(f"{name}_sums")
    )
    return sa.select(
        sums.c.asin_id, sums.c.part, sums.c.base, (sums.c.part / sa.func.nullif(sums.c.base, 0)).label("value")
    ).subquery(name)

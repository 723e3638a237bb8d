"""What a list of products is narrowed to, as sums by product: who loses money, is new, has no cost, sells less.

Each has the products that are so, whether the chosen metric has a figure of them or not, and a `value`: the amount that
its rule speaks of. Where a rule cannot be held against figures, there are none (`web/figures/narrowing.py` says why).
"""

from __future__ import annotations

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.product_level import conditions, rows_months, totals, totals_statement
from database.schema import summary_asin, summary_uncosted
from domain.metrics import CM3, NET_COGS, NET_REVENUE, NET_UNITS
from domain.months import add_months
from domain.narrowing import FALL, FALLING, FLOOR, LOSING, NEW, UNCOSTED
from domain.periods import Span
from domain.selection import Selection


def narrowed_to(selection: Selection) -> dict[str, sa.Subquery]:
    """Word -> its products (`asin_id`) with the amount that the rule speaks of, of the words that were chosen."""
    return {word: _NARROWED[word](selection) for word in selection.only}


def _losing(selection: Selection) -> sa.Subquery:
    """CM3 of the chosen months below zero."""
    found = totals_statement(selection, CM3, selection.span)
    return found.having(sa.func.sum(summary_asin.c.value) < 0).subquery("losing")


def _new(selection: Selection) -> sa.Subquery:
    """Net revenue or net units in the chosen months, and none in any month before."""
    earlier = months_before(selection)
    if earlier is None:
        return _nobody("new")
    sold = _sold(selection, selection.span).subquery("sold")
    known = _sold(selection, earlier).subquery("known")
    return (
        sa.select(sold.c.asin_id, sold.c.value)
        .select_from(sold.outerjoin(known, known.c.asin_id == sold.c.asin_id))
        .where(known.c.asin_id.is_(None))
        .subquery("new")
    )


def months_before(selection: Selection) -> Span | None:
    """The months with figures before the chosen ones; None if there are none."""
    first = selection.calendar.first_month
    return Span(first, add_months(selection.span.first, -1)) if first < selection.span.first else None


def _sold(selection: Selection, span: Span) -> sa.Select:
    """The net revenue of all products that sold, or took back, anything."""
    columns = summary_asin.c
    return (
        sa.select(
            columns.asin_id, sa.func.sum(sa.case((columns.metric == NET_REVENUE, columns.value))).label("value")
        )
        .where(
            is_one_of(columns.month, rows_months(selection, span)), columns.metric.in_((NET_REVENUE, NET_UNITS)),
            columns.value != 0, *conditions(selection),
        )
        .group_by(columns.asin_id)
    )


def _uncosted(selection: Selection) -> sa.Subquery:
    """Net revenue of a month and marketplace of which nobody knows what the goods cost. Where no generation tells of
    that, as nobody counts with unit costs: sold in the chosen months, without any cost of goods in them."""
    if selection.costs_of is None:
        sold = _sold(selection, selection.span).subquery("sold")
        costs = totals(selection, NET_COGS, selection.span, "costs")
        return (
            sa.select(sold.c.asin_id, sold.c.value)
            .select_from(sold.outerjoin(costs, costs.c.asin_id == sold.c.asin_id))
            .where(costs.c.asin_id.is_(None))
            .subquery("uncosted")
        )
    table = summary_uncosted.c
    return (
        sa.select(table.asin_id, sa.func.sum(table.revenue).label("value"))
        .where(
            table.generation == selection.costs_of, table.month.in_(rows_months(selection)),
            *conditions(selection, summary_uncosted),
        )
        .group_by(table.asin_id)
        .subquery("uncosted")
    )


def _falling(selection: Selection) -> sa.Subquery:
    """Net revenue that was worth speaking of and is down by more than a part of it; the amount is the change."""
    before, complete = selection.comparison, selection.complete
    if before is None or complete is None:
        return _nobody("falling")
    was, now = totals(selection, NET_REVENUE, before, "was"), totals(selection, NET_REVENUE, complete, "now_sold")
    left = sa.func.coalesce(now.c.value, 0)
    # By whole numbers: the part times 100 and 100, so that no engine rounds.
    kept = int((1 - FALL) * 100)
    return (
        sa.select(was.c.asin_id, (left - was.c.value).label("value"))
        .select_from(was.outerjoin(now, now.c.asin_id == was.c.asin_id))
        .where(was.c.value >= FLOOR * before.count, left * 100 < was.c.value * kept)
        .subquery("falling")
    )


def _nobody(name: str) -> sa.Subquery:
    columns = summary_asin.c
    return sa.select(columns.asin_id, columns.value).where(sa.false()).subquery(name)


_NARROWED = {LOSING: _losing, NEW: _new, UNCOSTED: _uncosted, FALLING: _falling}

"""What facts in several currencies give in the reporting one, for verification: by other statements than those that
build the levels, and another way of rounding half to even."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import sqlalchemy as sa

from database import schema
from database.summaries.conversion import Conversion, Converted, Rate, is_derived_margin
from domain.metrics import (
    ADVERTISING,
    CM1,
    CM2,
    CM3,
    COUNTS,
    NET_COGS,
    NET_REVENUE,
    PLATFORM_FEES,
    REIMBURSEMENTS,
    UNSORTED,
)

facts, archived = schema.financials, schema.archived_sum

_HALF = sa.literal_column("0.005", sa.Numeric(4, 3))
_CENT = sa.literal_column("0.01", sa.Numeric(3, 2))
_NOTHING = sa.literal_column("0.00", schema.Sum)


def converted_groups(
    condition: sa.ColumnElement[bool], conversion: Conversion, archived_month: datetime.date | None
) -> sa.Select | sa.CompoundSelect:
    """Facts by metric, marketplace, product and currency: how many, how many of them have a value, the sum in the
    reporting currency (where the currency has no rate: as it stands, with its code as `lacking`, else ''), the highest
    id, and `is_partial`: 1 for a margin that follows from an amount without a rate."""
    amount = _amounts(condition, conversion, archived_month).cte("amount")
    counted = [amount.c[name] for name in ("metric", "marketplace", "asin_id", "facts", "valued", "value")]
    rest = [amount.c.last_fact_id, amount.c.lacking]
    given = sa.select(*counted, *rest, sa.literal(0).label("is_partial")).where(amount.c.derived == 0)
    if not conversion.derives:
        return given
    cell = _margins_of_cells(amount).cte("cell")
    same = sa.and_(cell.c.asin_id == amount.c.asin_id, cell.c.marketplace == amount.c.marketplace)
    partial = (
        sa.select(*counted, *rest, sa.literal(1)).join_from(amount, cell, same)
        .where(amount.c.derived == 1, cell.c.lacking > 0)
    )
    made = sa.case(*((amount.c.metric == name, cell.c[name]) for name in (CM1, CM2, CM3)))
    whole = (
        sa.select(
            amount.c.metric, amount.c.marketplace, amount.c.asin_id, sa.func.sum(amount.c.facts),
            sa.func.sum(amount.c.valued), sa.func.max(made), sa.func.max(amount.c.last_fact_id), sa.literal(""),
            sa.literal(0),
        )
        .join_from(amount, cell, same).where(amount.c.derived == 1, cell.c.lacking == 0)
        .group_by(amount.c.metric, amount.c.marketplace, amount.c.asin_id)
    )
    return sa.union_all(given, partial, whole)


def _amounts(
    condition: sa.ColumnElement[bool], conversion: Conversion, archived_month: datetime.date | None
) -> sa.Select:
    """Groups of facts, each in one currency, with the amount in the reporting one; `derived` 1 for margins that follow
    from lines."""
    code, is_derived = sa.func.coalesce(facts.c.currency, ""), sa.case((is_derived_margin(facts), 1), else_=0)
    keys = (facts.c.metric, facts.c.marketplace, facts.c.asin_id)
    groups = (
        sa.select(
            *keys, code.label("currency"), is_derived.label("derived"), sa.func.count().label("facts"),
            sa.func.count(facts.c.value).label("valued"), sa.func.sum(facts.c.value).label("local"),
            sa.func.max(facts.c.id).label("last_fact_id"),
        )
        .where(condition).group_by(*keys, code, is_derived)
    )
    if archived_month is not None:
        kept = sa.select(
            *(archived.c[key.name] for key in keys), archived.c.currency,
            archived.c.derived, archived.c.facts, archived.c.valued, archived.c.value,
            archived.c.last_fact_id,
        ).where(archived.c.month == archived_month)
        groups = sa.union_all(groups, kept)
    found = groups.subquery("found")
    grain = (found.c.metric, found.c.marketplace, found.c.asin_id, found.c.currency, found.c.derived)
    summed = sa.select(
        *grain, *(sa.func.sum(found.c[name]).label(name) for name in ("facts", "valued")),
        sa.cast(sa.func.sum(found.c.local), schema.Sum).label("local"),
        sa.func.max(found.c.last_fact_id).label("last_fact_id"),
    ).group_by(*grain).subquery("summed")
    lacks = conversion.lacks_rate(summed.c.currency, sa.func.coalesce(summed.c.metric, ""))
    is_foreign = conversion.is_foreign(summed.c.currency, sa.func.coalesce(summed.c.metric, ""))
    value = sa.case(
        (sa.or_(sa.not_(is_foreign), lacks), summed.c.local),
        *(
            (summed.c.currency == code, _rounded(summed.c.local * sa.literal(rate, Rate)))
            for code, rate in conversion.known
        ),
    )
    return sa.select(
        *(summed.c[name] for name in ("metric", "marketplace", "asin_id", "derived", "facts", "valued")),
        value.label("value"), summed.c.last_fact_id,
        sa.case((lacks, summed.c.currency), else_="").label("lacking"),
    )


def _rounded(amount: sa.ColumnElement) -> sa.ColumnElement:
    """Half to even: ROUND goes away from zero where exactly half a cent is left, so an odd cent is taken back."""
    exact = sa.cast(amount, Converted)
    rounded = sa.cast(sa.func.round(exact, 2), schema.Sum)
    is_odd = sa.func.mod(sa.func.abs(rounded) * 100, 2) == 1
    back = sa.case((sa.and_(sa.func.abs(rounded - exact) == _HALF, is_odd), _CENT), else_=_NOTHING)
    return sa.cast(rounded - sa.func.sign(exact) * back, schema.Sum)


def _margins_of_cells(amount: sa.CTE) -> sa.Select:
    """The margins of each product and marketplace that has derived ones, from their parts, and how many of its amounts
    they cannot count for lack of a rate."""

    def summed(metrics: Sequence[str]) -> sa.ColumnElement:
        counts = sa.and_(amount.c.derived == 0, amount.c.lacking == "", amount.c.metric.in_(metrics))
        return sa.func.sum(sa.case((counts, sa.func.coalesce(amount.c.value, _NOTHING)), else_=_NOTHING))

    def is_given(metric: str) -> sa.ColumnElement[bool]:
        is_there = sa.and_(amount.c.derived == 0, amount.c.lacking == "", amount.c.metric == metric)
        return sa.func.sum(sa.case((is_there, amount.c.valued), else_=0)) > 0

    def given(metric: str, otherwise: sa.ColumnElement) -> sa.ColumnElement:
        return sa.case((is_given(metric), summed((metric,))), else_=otherwise)

    def made(metric: str, value: sa.ColumnElement) -> sa.Label:
        # Where facts give the margin beside a derived one, theirs is taken as it is.
        return sa.cast(sa.case((is_given(metric), _NOTHING), else_=value), schema.Sum).label(metric)

    cm1 = given(CM1, summed((NET_REVENUE,)) - summed((NET_COGS,)))
    cm2 = given(CM2, cm1 + summed((REIMBURSEMENTS,)) - summed((*PLATFORM_FEES, UNSORTED)))
    cm3 = cm2 - summed(ADVERTISING)
    lacks = sa.and_(amount.c.derived == 1, amount.c.lacking != "")
    return (
        sa.select(
            amount.c.asin_id, amount.c.marketplace, made(CM1, cm1), made(CM2, cm2), made(CM3, cm3),
            sa.func.sum(sa.case((lacks, 1), else_=0)).label("lacking"),
        )
        .group_by(amount.c.asin_id, amount.c.marketplace)
        .having(sa.func.sum(amount.c.derived) > 0)
    )


def convert_group(
    connection: sa.Connection, condition: sa.ColumnElement[bool], conversion: Conversion,
    archived_month: datetime.date | None, group: sa.Row,
) -> Decimal | None:
    """The value of one row of the ASIN level, from its facts, converted by Python; None for a margin that follows
    from others."""
    mine = (("metric", group.metric), ("marketplace", group.marketplace), ("asin_id", group.asin_id))
    query = sa.select(
        sa.func.coalesce(facts.c.currency, "").label("currency"), facts.c.value,
        sa.case((is_derived_margin(facts), 1), else_=0).label("derived"),
    ).where(condition, facts.c.value.is_not(None), *(facts.c[name] == value for name, value in mine))
    if archived_month is not None:
        kept = sa.select(archived.c.currency, archived.c.value, archived.c.derived).where(
            archived.c.month == archived_month, archived.c.value.is_not(None),
            *(archived.c[name] == value for name, value in mine),
        )
        query = sa.union_all(query, kept)
    found = connection.execute(query).all()
    if any(derived for _, _, derived in found):
        return None
    sums: dict[str, Decimal] = {}
    for currency, value, _ in found:
        sums[currency] = sums.get(currency, Decimal(0)) + value
    rates = {"": Decimal(1), conversion.base: Decimal(1), **dict(conversion.known)}
    if group.metric in COUNTS:
        rates = dict.fromkeys(sums, Decimal(1))
    return sum(
        ((value * rates[code]).quantize(Decimal("0.01"), ROUND_HALF_EVEN) for code, value in sums.items()
         if code in rates), Decimal(0),
    )

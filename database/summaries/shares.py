"""Costs of nobody (the product `ACCOUNT`), shared out among the products of the same marketplace and month.

Each share is a whole number of cents in proportion to net revenue, its positive part, or to units; what is left over
goes, a cent each, to the largest remainders, of equal ones to the lowest product id. Shares stand in the ASIN level
under names of their own (domain/shared_costs.py), and so in every level above it. Where nothing was sold, costs stay.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from domain.amazon import ACCOUNT
from domain.metrics import NET_REVENUE, NET_UNITS
from domain.shared_costs import BORNE, PREFIX, SHAREABLE, SHARED, shared_name

WEIGHTS = {"revenue": NET_REVENUE, "units": NET_UNITS}
"""What `[costs] spread` says -> the metric that costs are shared out by."""

_Whole = sa.Numeric(38, 0)
_CENT = sa.literal_column("0.01", sa.Numeric(3, 2))


def shares(month: datetime.date, *, level: sa.Table, spread: str, now: datetime.datetime) -> list[sa.Insert]:
    """The statements that share out a month's costs, one after the other, once the other rows of `level`, an ASIN
    level, are there; none unless costs are to be spread."""
    if spread not in WEIGHTS:
        return []
    rows = [
        _of_products(month, level, WEIGHTS[spread], now), _of_account(month, level, now),
        *(_of_margin(month, level, margin, now) for margin in BORNE),
        *(_margin_of_account(month, level, margin, now) for margin in BORNE),
    ]
    return [sa.insert(level).from_select([column.name for column in each.selected_columns], each) for each in rows]


def account() -> sa.ScalarSelect:
    """The id of the product that stands for nobody's costs."""
    return sa.select(schema.asin.c.id).where(schema.asin.c.asin == ACCOUNT).scalar_subquery()


def pots(month: datetime.date, level: sa.Table) -> sa.Select:
    """What there is to share out: marketplace, metric, amount."""
    pot = level.alias("pot")
    return sa.select(pot.c.marketplace, pot.c.metric, pot.c.value.label("amount")).where(
        pot.c.month == month, pot.c.asin_id == account(), pot.c.metric.in_(SHAREABLE), pot.c.value != 0
    )


def weights(month: datetime.date, level: sa.Table, metric: str) -> sa.Select:
    """What it is shared out by: the rows of products that sold something there, with their amount as `weight`."""
    sold = level.alias("sold")
    return sa.select(
        sold.c.asin_id, sold.c.brand_id, sold.c.category_id, sold.c.marketplace, sold.c.value.label("weight")
    ).where(
        sold.c.month == month, sold.c.metric == metric, sold.c.value > 0,
        sa.func.coalesce(sold.c.asin_id != account(), sa.true()),
    )


def _of_products(month: datetime.date, level: sa.Table, metric: str, now: datetime.datetime) -> sa.Select:
    pot, sold = pots(month, level).subquery("pot"), weights(month, level, metric).subquery("sold")
    whole = sa.func.sum(sold.c.weight).over(partition_by=(pot.c.marketplace, pot.c.metric))
    proportion = (
        sa.select(
            sold.c.asin_id, sold.c.brand_id, sold.c.category_id, sold.c.marketplace, pot.c.metric, pot.c.amount,
            _cents(sa.func.abs(pot.c.amount)).label("cents"),
            sa.cast(_cents(sa.func.abs(pot.c.amount)) * _cents(sold.c.weight), _Whole).label("upper"),
            _cents(whole).label("lower"),
        ).join_from(pot, sold, sold.c.marketplace == pot.c.marketplace).subquery("proportion")
    )
    guess = sa.cast(sa.func.floor(proportion.c.upper / proportion.c.lower), _Whole)
    guessed = sa.select(*proportion.c, guess.label("guess")).subquery("guessed")
    # A division may be rounded: the guess is one too high or too low then.
    exact = guessed.c.guess + sa.case(
        (guessed.c.guess * guessed.c.lower > guessed.c.upper, -1),
        ((guessed.c.guess + 1) * guessed.c.lower <= guessed.c.upper, 1),
        else_=0,
    )
    floored = sa.select(*guessed.c, sa.cast(exact, _Whole).label("floored")).subquery("floored_shares")
    same = (floored.c.marketplace, floored.c.metric)
    rest = floored.c.upper - floored.c.floored * floored.c.lower
    ranked = sa.select(
        *floored.c,
        sa.func.row_number().over(partition_by=same, order_by=(rest.desc(), floored.c.asin_id)).label("place"),
        (floored.c.cents - sa.func.sum(floored.c.floored).over(partition_by=same)).label("left_over"),
    ).subquery("ranked")
    cents = ranked.c.floored + sa.case((ranked.c.place <= ranked.c.left_over, 1), else_=0)
    return sa.select(
        ranked.c.asin_id, ranked.c.brand_id, ranked.c.category_id, ranked.c.marketplace,
        sa.literal(month, sa.Date).label("month"), _named(ranked.c.metric),
        sa.cast(cents * _CENT * sa.func.sign(ranked.c.amount), schema.Sum).label("value"), _moment(now),
    ).where(cents > 0)


def _of_account(month: datetime.date, level: sa.Table, now: datetime.datetime) -> sa.Select:
    """As much as the products bear, taken off."""
    share = level.alias("share")
    names = [shared_name(metric) for metric in SHAREABLE]
    borne = sa.select(
        share.c.marketplace, share.c.metric, (-sa.func.sum(share.c.value)).label("value")
    ).where(share.c.month == month, share.c.metric.in_(names)).group_by(share.c.marketplace, share.c.metric)
    return _on_account(month, level, borne, now)


def _of_margin(month: datetime.date, level: sa.Table, margin: str, now: datetime.datetime) -> sa.Select:
    """What shares take off a margin, of the products that have one."""
    share, has = level.alias("share"), level.alias("has")
    names = [shared_name(metric) for metric in BORNE[margin]]
    grain = (share.c.asin_id, share.c.brand_id, share.c.category_id, share.c.marketplace)
    is_there = sa.exists().where(
        has.c.month == month, has.c.metric == margin, has.c.marketplace == share.c.marketplace,
        has.c.asin_id == share.c.asin_id,
    )
    return (
        sa.select(
            *grain, sa.literal(month, sa.Date).label("month"), sa.literal(shared_name(margin)).label("metric"),
            sa.cast(-sa.func.sum(share.c.value), schema.Sum).label("value"), _moment(now),
        )
        .where(
            share.c.month == month, share.c.metric.in_(names),
            sa.func.coalesce(share.c.asin_id != account(), sa.true()), is_there,
        )
        .group_by(*grain)
    )


def _margin_of_account(month: datetime.date, level: sa.Table, margin: str, now: datetime.datetime) -> sa.Select:
    share = level.alias("share")
    taken = sa.select(
        share.c.marketplace, share.c.metric, (-sa.func.sum(share.c.value)).label("value")
    ).where(share.c.month == month, share.c.metric == shared_name(margin)).group_by(
        share.c.marketplace, share.c.metric
    )
    return _on_account(month, level, taken, now)


def _on_account(month: datetime.date, level: sa.Table, sums: sa.Select, now: datetime.datetime) -> sa.Select:
    """Rows of the product that stands for nobody, where it has costs in that marketplace."""
    found, own = sums.subquery("sums"), level.alias("own")
    place = (
        sa.select(own.c.asin_id, own.c.brand_id, own.c.category_id, own.c.marketplace).distinct()
        .where(own.c.month == month, own.c.asin_id == account(), own.c.metric.in_(SHAREABLE)).subquery("place")
    )
    return sa.select(
        place.c.asin_id, place.c.brand_id, place.c.category_id, place.c.marketplace,
        sa.literal(month, sa.Date).label("month"), found.c.metric,
        sa.cast(found.c.value, schema.Sum).label("value"), _moment(now),
    ).join_from(found, place, place.c.marketplace == found.c.marketplace)


@dataclass(frozen=True)
class WrongShare:
    """A share, or several together, that is not what it must be; `what` names them."""

    metric: str
    what: str
    wanted: Decimal
    found: Decimal


Found = Mapping[str, Mapping[int, Decimal]]
"""Metric -> product -> amount, of one marketplace and month."""


def wrong_shares(
    connection: sa.Connection, month: datetime.date, *, level: sa.Table, spread: str
) -> list[WrongShare]:
    """Shares that are not as they must be, by Python's arithmetic and not by the statements that made them: the sum of
    all is the cost, each within a cent of its proportion, and margins bear what their products bear."""
    if spread not in WEIGHTS:
        return []
    nobody = connection.execute(sa.select(account())).scalar()
    by_marketplace: dict[str, dict[str, dict[int, Decimal]]] = {}
    for marketplace in sorted(_marketplaces(connection, month, level)):
        rows = connection.execute(
            sa.select(level.c.metric, level.c.asin_id, level.c.value).where(
                level.c.month == month, level.c.marketplace == marketplace,
                level.c.metric.in_([*SHARED, *SHAREABLE, *BORNE, WEIGHTS[spread]]),
            )
        )
        found = by_marketplace.setdefault(marketplace, defaultdict(dict))
        for metric, asin_id, value in rows:
            found[metric][asin_id] = value
    return [
        wrong for marketplace, found in by_marketplace.items() for wrong in (
            *_wrong_costs(found, nobody, WEIGHTS[spread], marketplace), *_wrong_margins(found, nobody, marketplace),
        )
    ]


def _marketplaces(connection: sa.Connection, month: datetime.date, level: sa.Table) -> set[str]:
    """Where there are costs to share out, or shares."""
    shared = sa.select(level.c.marketplace).distinct().where(level.c.month == month, level.c.metric.in_(SHARED))
    return {
        *(row.marketplace for row in connection.execute(pots(month, level))), *connection.execute(shared).scalars()
    }


def _wrong_costs(found: Found, nobody: int, weight: str, marketplace: str) -> Iterator[WrongShare]:
    sold = {key: value for key, value in found.get(weight, {}).items() if value > 0 and key != nobody}
    whole = sum(sold.values(), Decimal(0))
    for metric in SHAREABLE:
        cost = found.get(metric, {}).get(nobody, Decimal(0)) if whole else Decimal(0)
        borne = dict(found.get(shared_name(metric), {}))
        taken, name = borne.pop(nobody, Decimal(0)), shared_name(metric)
        if taken != -cost or sum(borne.values(), Decimal(0)) != cost:
            yield WrongShare(name, f"all shares in {marketplace}", cost, sum(borne.values(), Decimal(0)))
        for key in sorted(sold.keys() | borne.keys() if cost or borne else ()):
            wanted = cost * sold.get(key, Decimal(0)) / whole if whole else Decimal(0)
            if abs(borne.get(key, Decimal(0)) - wanted) >= Decimal("0.01"):
                yield WrongShare(name, f"share of product {key} in {marketplace}", wanted, borne.get(key, Decimal(0)))


def _wrong_margins(found: Found, nobody: int, marketplace: str) -> Iterator[WrongShare]:
    for margin, metrics in BORNE.items():
        costs = [found.get(shared_name(metric), {}) for metric in metrics]
        on_margin, name = found.get(shared_name(margin), {}), shared_name(margin)
        for key in sorted({key for each in costs for key in each} - {nobody}):
            borne = sum((each.get(key, Decimal(0)) for each in costs), Decimal(0))
            wanted, there_is = -borne if key in found.get(margin, {}) else Decimal(0), on_margin.get(key, Decimal(0))
            if there_is != wanted:
                yield WrongShare(name, f"share of product {key} in {marketplace}", wanted, there_is)
        if sum(on_margin.values(), Decimal(0)):
            yield WrongShare(name, f"all shares in {marketplace}", Decimal(0), sum(on_margin.values(), Decimal(0)))


def _cents(amount: sa.ColumnElement) -> sa.ColumnElement:
    return sa.cast(amount * sa.literal(100, sa.Integer), _Whole)


def _named(metric: sa.ColumnElement) -> sa.Label:
    return sa.func.concat(PREFIX, metric).label("metric")


def _moment(now: datetime.datetime) -> sa.Label:
    return sa.literal(now).label("updated_at")

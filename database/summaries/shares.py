"""Costs that belong to no product, shared out among the products that were sold.

A pot is an amount of one metric that stands under an account: `ACCOUNT`, which is nobody's, or `ACCOUNT-7`, which holds
what brand 7 pays as a whole. Who bears it:

- a cost of nobody (domain/shared_costs.py): products that sold something in the same marketplace and month;
- overheads, where these are shared out: the same; those of no marketplace, products that sold something anywhere;
- overheads of a brand: the same, but its own products only.

Each share is a whole number of cents in proportion to net revenue, its positive part, or to units; what is left over
goes, a cent each, to the largest remainders, of equal ones to the lowest product id. Shares stand in the ASIN level
under names of their own, and so in every level above it: of several pots of one metric a product has one row. Where
nothing was sold, costs stay. What is nothing has no row.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import sqlalchemy as sa

from database import schema
from domain.amazon import ACCOUNT
from domain.marketplaces import NOWHERE
from domain.metrics import NET_REVENUE, NET_UNITS, OPERATING_PROFIT, OVERHEADS
from domain.shared_costs import BORNE, NAMES, SHARED, Spread
from settings import CostSettings

WEIGHTS = {"revenue": NET_REVENUE, "units": NET_UNITS}
"""What `[costs] spread` says -> the metric that costs are shared out by."""

_Whole = sa.Numeric(38, 0)
_CENT = sa.literal_column("0.01", sa.Numeric(3, 2))
_POT = ("account_id", "account_brand", "account_category", "place", "metric", "amount")
_PRODUCT = ("asin_id", "brand_id", "category_id", "marketplace")


def shares(month: datetime.date, *, level: sa.Table, spread: Spread | None, now: datetime.datetime) -> list[sa.Insert]:
    """The statements that share out a month's costs, one after the other, once the other rows of `level`, an ASIN
    level, are there and have the names that they keep; none unless costs are to be spread."""
    if spread is None:
        return []
    claims = _claims(month, level, spread)
    rows = [_of_products(claims), _off_accounts(claims), _margins_of_products(month, level)]
    if spread.overheads:
        stays = [margin for margin in BORNE if margin != OPERATING_PROFIT]
        rows += [_margins_of_nobody(month, level, spread, stays), _profit_of_accounts(month, level, claims)]
    else:
        rows.append(_margins_of_nobody(month, level, spread, list(BORNE)))
    return [_insert(level, month, each, now) for each in rows]


def spread_of(costs: CostSettings) -> Spread | None:
    """How the settings have costs shared out; None if they are not."""
    return None if costs.spread == "none" else Spread(costs.spread, costs.spread_overheads == "yes")


def account() -> sa.ScalarSelect:
    """The id of the product that stands for nobody's costs."""
    return sa.select(schema.asin.c.id).where(schema.asin.c.asin == ACCOUNT).scalar_subquery()


def accounts() -> sa.Select:
    """The ids of all products that stand for none."""
    return sa.select(schema.asin.c.id).where(
        sa.or_(schema.asin.c.asin == ACCOUNT, schema.asin.c.asin.like(f"{ACCOUNT}-%"))
    )


def pots(month: datetime.date, level: sa.Table, spread: Spread) -> sa.Select:
    """What there is to share out; `nobodys` is 1 for what no brand pays alone."""
    pot = level.alias("pot")
    is_nobodys = pot.c.asin_id == account()
    return sa.select(
        pot.c.asin_id.label("account_id"), pot.c.brand_id.label("account_brand"),
        pot.c.category_id.label("account_category"), pot.c.marketplace.label("place"), pot.c.metric,
        pot.c.value.label("amount"), sa.case((is_nobodys, 1), else_=0).label("nobodys"),
    ).where(
        pot.c.month == month, pot.c.metric.in_(spread.costs), pot.c.value != 0, pot.c.asin_id.in_(accounts()),
        sa.or_(is_nobodys, sa.and_(pot.c.metric == OVERHEADS, pot.c.brand_id != 0)),
    )


def weights(month: datetime.date, level: sa.Table, spread: Spread) -> sa.Select:
    """What it is shared out by: the rows of products that sold something, with their amount as `weight`."""
    sold = level.alias("sold")
    return sa.select(
        *(sold.c[name] for name in _PRODUCT), sold.c.value.label("weight")
    ).where(
        sold.c.month == month, sold.c.metric == WEIGHTS[spread.by], sold.c.value > 0, sold.c.asin_id.not_in(accounts())
    )


def _claims(month: datetime.date, level: sa.Table, spread: Spread) -> sa.Select | sa.CompoundSelect:
    """Every pot with every product that bears a part of it."""
    pot, sold = pots(month, level, spread).subquery("pot"), weights(month, level, spread).subquery("sold")
    is_nobodys, is_here = pot.c.nobodys == 1, sold.c.marketplace == pot.c.place
    is_everywhere = sa.and_(pot.c.metric == OVERHEADS, pot.c.place == NOWHERE)
    is_same_brand = sold.c.brand_id == pot.c.account_brand
    reaches = [sa.and_(is_here, is_nobodys, sa.not_(is_everywhere))]
    if spread.overheads:
        reaches += [
            sa.and_(is_nobodys, is_everywhere),
            sa.and_(is_here, is_same_brand, sa.not_(is_nobodys), sa.not_(is_everywhere)),
            sa.and_(is_same_brand, sa.not_(is_nobodys), is_everywhere),
        ]
    columns = [pot.c[name] for name in _POT] + [sold.c[name] for name in (*_PRODUCT, "weight")]
    found = [sa.select(*columns).join_from(pot, sold, reach) for reach in reaches]
    return sa.union_all(*found) if len(found) > 1 else found[0]


def _apportioned(claims: sa.Select | sa.CompoundSelect) -> sa.Subquery:
    """Each pot's claims with their `share`."""
    claim = claims.subquery("claim")
    pot = (claim.c.account_id, claim.c.place, claim.c.metric)
    amount, weight = _cents(sa.func.abs(claim.c.amount)), _cents(claim.c.weight)
    proportion = sa.select(
        *(claim.c[name] for name in (*_POT, *_PRODUCT)), amount.label("cents"),
        sa.cast(amount * weight, _Whole).label("upper"),
        _cents(sa.func.sum(claim.c.weight).over(partition_by=pot)).label("lower"),
    ).subquery("proportion")
    guess = sa.cast(sa.func.floor(proportion.c.upper / proportion.c.lower), _Whole)
    guessed = sa.select(*proportion.c, guess.label("guess")).subquery("guessed")
    # A division may be rounded: the guess is one too high or too low then.
    exact = guessed.c.guess + sa.case(
        (guessed.c.guess * guessed.c.lower > guessed.c.upper, -1),
        ((guessed.c.guess + 1) * guessed.c.lower <= guessed.c.upper, 1),
        else_=0,
    )
    floored = sa.select(*guessed.c, sa.cast(exact, _Whole).label("floored")).subquery("floored_shares")
    same = (floored.c.account_id, floored.c.place, floored.c.metric)
    rest = floored.c.upper - floored.c.floored * floored.c.lower
    order = (rest.desc(), floored.c.asin_id, floored.c.marketplace)
    ranked = sa.select(
        *floored.c, sa.func.row_number().over(partition_by=same, order_by=order).label("rank_of_rest"),
        (floored.c.cents - sa.func.sum(floored.c.floored).over(partition_by=same)).label("left_over"),
    ).subquery("ranked")
    cents = ranked.c.floored + sa.case((ranked.c.rank_of_rest <= ranked.c.left_over, 1), else_=0)
    return sa.select(
        *(ranked.c[name] for name in (*_POT, *_PRODUCT)),
        sa.cast(cents * _CENT * sa.func.sign(ranked.c.amount), schema.Sum).label("share"),
    ).where(cents > 0).subquery("apportioned")


def _of_products(claims: sa.Select | sa.CompoundSelect) -> sa.Select:
    part = _apportioned(claims)
    grain = [part.c[name] for name in (*_PRODUCT, "metric")]
    whole = sa.func.sum(part.c.share)
    return sa.select(*grain[:-1], _named(part.c.metric), whole.label("value")).group_by(*grain).having(whole != 0)


def _off_accounts(claims: sa.Select | sa.CompoundSelect) -> sa.Select:
    """As much as is shared out, taken off where it stood."""
    claim = claims.subquery("claim")
    grain = [claim.c[name] for name in _POT]
    return sa.select(*_of_account(claim), _named(claim.c.metric), (-claim.c.amount).label("value")).group_by(*grain)


def _margins_of_products(month: datetime.date, level: sa.Table) -> sa.Select:
    """What shares take off the margins that products have."""
    share = level.alias("share")
    has = _margins(month, level)
    grain = [share.c[name] for name in _PRODUCT]
    whole = sa.func.sum(share.c.value)
    lowers = sa.or_(*(
        sa.and_(has.c.margin == margin, share.c.metric.in_([NAMES[metric] for metric in metrics]))
        for margin, metrics in BORNE.items()
    ))
    return (
        sa.select(*grain, _named(has.c.margin), (-whole).label("value"))
        .join_from(share, has, sa.and_(
            has.c.asin_id == share.c.asin_id, has.c.marketplace == share.c.marketplace, lowers
        ))
        .where(share.c.month == month, share.c.metric.in_(SHARED), share.c.asin_id.not_in(accounts()))
        .group_by(*grain, has.c.margin).having(whole != 0)
    )


def _margins_of_nobody(
    month: datetime.date, level: sa.Table, spread: Spread, margins: Sequence[str]
) -> sa.Select:
    """As much as shares take off margins in a marketplace, added to nobody there: for costs that stay there."""
    pot, share = pots(month, level, spread).subquery("pot"), level.alias("share")
    place = sa.select(*_of_account(pot)).distinct().where(pot.c.nobodys == 1).subquery("place")
    taken = sa.select(
        share.c.marketplace, share.c.metric, (-sa.func.sum(share.c.value)).label("value")
    ).where(
        share.c.month == month, share.c.metric.in_([NAMES[margin] for margin in margins])
    ).group_by(share.c.marketplace, share.c.metric).subquery("taken")
    return sa.select(*(place.c[name] for name in _PRODUCT), taken.c.metric, taken.c.value).join_from(
        taken, place, place.c.marketplace == taken.c.marketplace
    ).where(taken.c.value != 0)


def _profit_of_accounts(
    month: datetime.date, level: sa.Table, claims: sa.Select | sa.CompoundSelect
) -> sa.Select:
    """As much as shares take off operating profits, added where the costs stood: overheads may come from elsewhere."""
    part, has = _apportioned(claims), _margins(month, level)
    grain = [part.c[name] for name in ("account_id", "account_brand", "account_category", "place")]
    whole = sa.func.sum(part.c.share)
    return (
        sa.select(*_of_account(part), sa.literal(NAMES[OPERATING_PROFIT]).label("metric"), whole.label("value"))
        .join_from(part, has, sa.and_(
            has.c.asin_id == part.c.asin_id, has.c.marketplace == part.c.marketplace, has.c.margin == OPERATING_PROFIT,
            part.c.metric.in_(BORNE[OPERATING_PROFIT]),
        ))
        .group_by(*grain).having(whole != 0)
    )


def _margins(month: datetime.date, level: sa.Table) -> sa.Subquery:
    """Which product has which margin where."""
    own = level.alias("own")
    return sa.select(own.c.asin_id, own.c.marketplace, own.c.metric.label("margin")).where(
        own.c.month == month, own.c.metric.in_(list(BORNE))
    ).subquery("has")


def _of_account(rows: sa.FromClause) -> list[sa.ColumnElement]:
    return [
        rows.c.account_id.label("asin_id"), rows.c.account_brand.label("brand_id"),
        rows.c.account_category.label("category_id"), rows.c.place.label("marketplace"),
    ]


def _insert(level: sa.Table, month: datetime.date, rows: sa.Select, now: datetime.datetime) -> sa.Insert:
    row = rows.subquery("new_rows")
    whole = sa.select(
        *(row.c[name] for name in _PRODUCT), sa.literal(month, sa.Date).label("month"), row.c.metric,
        sa.cast(row.c.value, schema.Sum).label("value"), sa.literal(now).label("updated_at"),
    )
    return sa.insert(level).from_select([column.name for column in whole.selected_columns], whole)


def _cents(amount: sa.ColumnElement) -> sa.ColumnElement:
    return sa.cast(amount * sa.literal(100, sa.Integer), _Whole)


def _named(metric: sa.ColumnElement) -> sa.Label:
    return sa.case(*((metric == plain, name) for plain, name in NAMES.items())).label("metric")

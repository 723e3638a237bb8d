"""Holds shares of costs that belong to no product against what they must be, for verification: not by the statements
that made them. What each pot costs by unit of weight is worked out in Python; the database compares, so that of
hundreds of thousands of products only those come back that are wrong.

What is taken off an account is its pot, to the cent, and so are all shares of a metric together, in each marketplace if
it stays there. A product's share is less than a cent for each pot away from its proportion. Margins bear what their
products bear.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa

from database.summaries.shares import WEIGHTS, accounts, pots, weights
from domain.marketplaces import NOWHERE
from domain.metrics import CM2, CM3, OVERHEADS
from domain.shared_costs import BORNE, NAMES, SHAREABLE, SHARED, Spread

NOTHING = Decimal(0)
_CENT = 0.01
_NOISE, _ROUNDING = 1e-9, 1e-14
"""What adding up floating point may be off by: at all, and of an amount."""
_MOST_TOLD = 20


@dataclass(frozen=True)
class WrongShare:
    """A share, or several together, that is not what it must be; `what` names them."""

    metric: str
    what: str
    wanted: Decimal
    found: Decimal


@dataclass
class _Due:
    """What a unit of weight costs of one metric in a marketplace, from how many pots: of nobody, and by brand."""

    of_all: float = 0.0
    pots: int = 0
    of_brand: dict[int, tuple[float, int]] = field(default_factory=dict)

    def add(self, brand: int | None, rate: float) -> None:
        if brand is None:
            self.of_all, self.pots = self.of_all + rate, self.pots + 1
        else:
            before, count = self.of_brand.get(brand, (0.0, 0))
            self.of_brand[brand] = (before + rate, count + 1)


Dues = dict[str, dict[str, _Due]]
"""Marketplace -> metric -> what is due."""


def wrong_shares(
    connection: sa.Connection, month: datetime.date, *, level: sa.Table, spread: Spread | None
) -> list[WrongShare]:
    """Shares of a month that are not as they must be."""
    if spread is None:
        return []
    found = connection.execute(pots(month, level, spread)).all()
    cells = _weight_of_cells(connection, month, level, spread)
    shared: list[tuple[sa.Row, dict[tuple[str, int], Decimal]]] = []
    for pot in found:
        reached = {key: weight for key, weight in cells.items() if _bears(pot, *key)}
        if reached:
            shared.append((pot, reached))
    return [
        *_wrong_sums(connection, month, level, [pot for pot, _ in shared]),
        *_wrong_products(connection, month, level, spread, _dues(shared)),
        *_wrong_margins(connection, month, level),
    ]


def _bears(pot: sa.Row, marketplace: str, brand: int) -> bool:
    """Whether products of a brand in a marketplace bear a part of the pot."""
    if pot.metric == OVERHEADS and pot.place == NOWHERE:
        return bool(pot.nobodys) or brand == pot.account_brand
    return marketplace == pot.place and (bool(pot.nobodys) or brand == pot.account_brand)


def _weight_of_cells(
    connection: sa.Connection, month: datetime.date, level: sa.Table, spread: Spread
) -> dict[tuple[str, int], Decimal]:
    """Marketplace and brand -> what costs are shared out by, of all its products together."""
    sold = weights(month, level, spread).subquery("sold")
    key = (sold.c.marketplace, sold.c.brand_id)
    rows = connection.execute(sa.select(*key, sa.func.sum(sold.c.weight)).group_by(*key))
    return {(marketplace, brand): Decimal(weight) for marketplace, brand, weight in rows}


def _dues(shared: Iterable[tuple[sa.Row, dict[tuple[str, int], Decimal]]]) -> Dues:
    dues: Dues = defaultdict(lambda: defaultdict(_Due))
    for pot, reached in shared:
        rate = float(pot.amount / sum(reached.values(), NOTHING))
        brand = None if pot.nobodys else pot.account_brand
        for marketplace in {marketplace for marketplace, _ in reached}:
            dues[marketplace][pot.metric].add(brand, rate)
    return dues


def _wrong_sums(
    connection: sa.Connection, month: datetime.date, level: sa.Table, shared: list[sa.Row]
) -> Iterator[WrongShare]:
    """What is taken off the accounts, and what all products bear together."""
    is_account = level.c.asin_id.in_(accounts())
    of_month = sa.and_(level.c.month == month, level.c.metric.in_(SHARED))
    taken = {
        (row.metric, row.marketplace, row.asin_id): row.value for row in connection.execute(
            sa.select(level.c.metric, level.c.marketplace, level.c.asin_id, level.c.value).where(of_month, is_account)
        )
    }
    borne = {
        (row.metric, row.marketplace): Decimal(row.value) for row in connection.execute(
            sa.select(level.c.metric, level.c.marketplace, sa.func.sum(level.c.value).label("value"))
            .where(of_month, sa.not_(is_account)).group_by(level.c.metric, level.c.marketplace)
        )
    }
    wanted = {(NAMES[pot.metric], pot.place, pot.account_id): -pot.amount for pot in shared}
    costs = {NAMES[metric] for metric in (*SHAREABLE, OVERHEADS)}
    for key in sorted(wanted.keys() | {key for key in taken if key[0] in costs}):
        if wanted.get(key, NOTHING) != taken.get(key, NOTHING):
            yield WrongShare(
                key[0], f"taken off product {key[2]} in {key[1]}", wanted.get(key, NOTHING), taken.get(key, NOTHING)
            )
    stays = {NAMES[metric] for metric in (*SHAREABLE, CM2, CM3)}
    off, on = defaultdict(Decimal), defaultdict(Decimal)
    for (name, marketplace, _), value in taken.items():
        off[name, marketplace if name in stays else ""] -= value
    for (name, marketplace), value in borne.items():
        on[name, marketplace if name in stays else ""] += value
    for name, marketplace in sorted(off.keys() | on.keys()):
        if off[name, marketplace] != on[name, marketplace]:
            where = f" in {marketplace}" if marketplace else ""
            yield WrongShare(name, f"all shares{where}", off[name, marketplace], on[name, marketplace])


def _wrong_products(
    connection: sa.Connection, month: datetime.date, level: sa.Table, spread: Spread, dues: Dues
) -> Iterator[WrongShare]:
    names = [NAMES[metric] for metric in (*SHAREABLE, OVERHEADS)]
    there = sa.select(level.c.marketplace).distinct().where(level.c.month == month, level.c.metric.in_(names))
    for marketplace in sorted({*dues, *connection.execute(there).scalars()}):
        here = sa.and_(
            level.c.month == month, level.c.marketplace == marketplace, level.c.asin_id.not_in(accounts())
        )
        nothing = sa.literal(0.0, sa.Double)
        parts = [
            sa.select(
                level.c.metric.label("name"), level.c.asin_id, nothing.label("wanted"), nothing.label("within"),
                sa.cast(level.c.value, sa.Double).label("found"),
            ).where(here, level.c.metric.in_(names))
        ]
        for metric, due in sorted(dues.get(marketplace, {}).items()):
            parts += _wanted(level, sa.and_(here, level.c.metric == WEIGHTS[spread.by]), NAMES[metric], due)
        each = sa.union_all(*parts).subquery("each_share")
        sums = {name: sa.func.sum(each.c[name]) for name in ("wanted", "within", "found")}
        wrong = (
            sa.select(each.c.name, each.c.asin_id, sums["wanted"].label("wanted"), sums["found"].label("found"))
            .group_by(each.c.name, each.c.asin_id)
            .having(sa.func.abs(sums["found"] - sums["wanted"]) > sums["within"] + _NOISE)
            .order_by(each.c.name, each.c.asin_id).limit(_MOST_TOLD)
        )
        for name, asin_id, wanted, found in connection.execute(wrong):
            yield WrongShare(
                name, f"share of product {asin_id} in {marketplace}", _in_cents(wanted), _in_cents(found)
            )


def _wanted(
    level: sa.Table, sold: sa.ColumnElement[bool], name: str, due: _Due
) -> Iterator[sa.Select]:
    """The proportions of one metric, and how far from it a share may be."""
    dues = [(due.of_all, due.pots, sa.true())] if due.pots else []
    dues += [(rate, count, level.c.brand_id == brand) for brand, (rate, count) in sorted(due.of_brand.items())]
    for rate, count, whose in dues:
        wanted = sa.cast(level.c.value, sa.Double) * sa.literal(rate, sa.Double)
        yield sa.select(
            sa.literal(name), level.c.asin_id, wanted, sa.func.abs(wanted) * _ROUNDING + _CENT * count,
            sa.literal(0.0, sa.Double),
        ).where(sold, level.c.value > 0, whose)


def _wrong_margins(connection: sa.Connection, month: datetime.date, level: sa.Table) -> Iterator[WrongShare]:
    """Where what a margin bears is not what its product bears; one that has none bears nothing."""

    def summed(metrics: Iterable[str]) -> sa.ColumnElement:
        return sa.func.sum(sa.case((level.c.metric.in_(list(metrics)), level.c.value), else_=0))

    for margin, metrics in BORNE.items():
        has = sa.func.max(sa.case((level.c.metric == margin, 1), else_=0))
        wanted, found = -summed(NAMES[metric] for metric in metrics) * has, summed([NAMES[margin]])
        names = [margin, NAMES[margin], *(NAMES[metric] for metric in metrics)]
        wrong = (
            sa.select(level.c.marketplace, level.c.asin_id, wanted.label("wanted"), found.label("found"))
            .where(level.c.month == month, level.c.metric.in_(names), level.c.asin_id.not_in(accounts()))
            .group_by(level.c.marketplace, level.c.asin_id).having(wanted != found)
            .order_by(level.c.marketplace, level.c.asin_id).limit(_MOST_TOLD)
        )
        for marketplace, asin_id, due, borne in connection.execute(wrong):
            yield WrongShare(
                NAMES[margin], f"share of product {asin_id} in {marketplace}", Decimal(due), Decimal(borne)
            )


def _in_cents(amount: float) -> Decimal:
    return round(Decimal(amount), 2)

"""Ordered against paid, by marketplace and month: what order reports and payments tell of the same orders."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator
from decimal import Decimal

import sqlalchemy as sa

from database import schema
from database.lines.counting import CountingRules, choices_of
from database.lines.scope import Cell, by_marketplace, cells_of
from domain.amazon import ORDERS, PAYMENTS, includes_tax
from domain.bridge import Bridge
from domain.marketplaces import OTHER
from domain.metrics import GROSS_SALES
from domain.orders import CANCELLED, PRICES, RETURNED, SOLD, TAXES

line, kind = schema.amazon_line, schema.amazon_kind
REFUNDS, PROMOTIONS = "Returns", "Promo fees"
_NOTHING = sa.literal(0, sa.Numeric(27, 6))


def read_bridges(connection: sa.Connection, rules: CountingRules) -> dict[Cell, Bridge]:
    """The bridge of each marketplace and month in which orders were placed, where there are payments, too. Amounts are
    exact, as lines have them."""
    ordered_cells = cells_of(connection, sa.and_(line.c.report == ORDERS, line.c.counts == sa.true()))
    paid_cells = cells_of(connection, sa.and_(line.c.report.in_(PAYMENTS), line.c.counts == sa.true()))
    both = {each for each, _ in ordered_cells} & {each for each, _ in paid_cells} - {OTHER}
    if not both:
        return {}
    choices = choices_of(connection, {cell for cell in paid_cells if cell[0] in both}, rules.sales_from)
    counted = [
        (report, cell) for cell, choice in choices.items() for report in PAYMENTS if choice.rest == report
    ]
    orders, sales = _orders(both, rules), _payments(counted, (GROSS_SALES,))
    found: dict[Cell, dict[str, Decimal]] = {}
    for statement in (
        _ordered(both), _by_order(orders, sales), _by_sale(orders, sales),
        _paid(counted, (REFUNDS,), "refunds"), _paid(counted, (PROMOTIONS,), "promotions"),
        _paid(counted, (GROSS_SALES, REFUNDS, PROMOTIONS), "paid"),
    ):
        for row in connection.execute(statement).mappings():
            amounts = {name: Decimal(value or 0) for name, value in row.items() if name not in ("marketplace", "month")}
            of_cell = found.setdefault((row["marketplace"], row["month"]), {})
            of_cell |= {name: of_cell.get(name, Decimal(0)) + value for name, value in amounts.items()}
    return {
        cell: Bridge(**{name: amounts.get(name, Decimal(0)) for name in Bridge.__dataclass_fields__})
        for cell, amounts in sorted(found.items()) if "ordered" in amounts
    }


def _of_orders(marketplaces: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        line.c.report == ORDERS, line.c.counts == sa.true(), line.c.marketplace.in_(sorted(marketplaces)),
        kind.c.transaction_type.in_((SOLD, RETURNED, CANCELLED)),
    )


def _sum(condition: sa.ColumnElement[bool], amount: sa.ColumnElement, name: str) -> sa.Label:
    return sa.func.sum(sa.case((condition, amount), else_=_NOTHING)).label(name)


def _first_month() -> sa.ColumnElement[datetime.date]:
    return sa.func.min(line.c.month).label("month")


def _orders(marketplaces: Collection[str], rules: CountingRules) -> sa.Subquery:
    """An order each: its month, what was sold, the tax in it, what was cancelled."""
    is_cancelled, is_price = kind.c.transaction_type == CANCELLED, kind.c.description.in_(PRICES)
    with_tax = [each for each in sorted(marketplaces) if includes_tax(each, rules.prices_include_tax)]
    is_tax = sa.and_(kind.c.description.in_(TAXES), line.c.marketplace.in_(with_tax), sa.not_(is_cancelled))
    return (
        sa.select(
            line.c.marketplace, line.c.order_id, _first_month(),
            _sum(sa.and_(is_price, sa.not_(is_cancelled)), line.c.amount, "sold"), _sum(is_tax, line.c.amount, "tax"),
            _sum(sa.and_(is_price, is_cancelled), line.c.amount, "cancelled"),
        )
        .join_from(line, kind, kind.c.id == line.c.kind_id)
        .where(_of_orders(marketplaces)).group_by(line.c.marketplace, line.c.order_id).subquery("placed")
    )


def _of_payments(counted: Collection[tuple[str, Cell]], places: Collection[str]) -> sa.ColumnElement[bool]:
    """Lines of the payments that count, of these places."""
    cells = [
        sa.and_(line.c.report == report, line.c.marketplace == marketplace, line.c.month.in_(months))
        for report in PAYMENTS
        for marketplace, months in by_marketplace(cell for each, cell in counted if each == report)
    ]
    return sa.and_(line.c.counts == sa.true(), kind.c.place.in_(places), sa.or_(sa.false(), *cells))


def _payments(counted: Collection[tuple[str, Cell]], places: Collection[str]) -> sa.Subquery:
    """What was paid for each order in each month; lines without an order are one."""
    return (
        sa.select(
            line.c.marketplace, line.c.month, line.c.order_id, sa.func.sum(line.c.amount).label("amount")
        )
        .join_from(line, kind, kind.c.id == line.c.kind_id)
        .where(_of_payments(counted, places))
        .group_by(line.c.marketplace, line.c.month, line.c.order_id).subquery("payment")
    )


def _paid(counted: Collection[tuple[str, Cell]], places: Collection[str], name: str) -> sa.Select:
    """Without a look at orders: what the steps must lead to is not made of the steps."""
    return (
        sa.select(line.c.marketplace, line.c.month, sa.func.sum(line.c.amount).label(name))
        .join_from(line, kind, kind.c.id == line.c.kind_id)
        .where(_of_payments(counted, places)).group_by(line.c.marketplace, line.c.month)
    )


def _ordered(marketplaces: Collection[str]) -> sa.Select:
    """What was ordered, by the month of each order's first line."""
    of_order = (
        sa.select(
            line.c.marketplace, line.c.order_id, _first_month(),
            _sum(kind.c.description.in_(PRICES), line.c.amount, "amount"),
        )
        .join_from(line, kind, kind.c.id == line.c.kind_id)
        .where(_of_orders(marketplaces)).group_by(line.c.marketplace, line.c.order_id).subquery("each_order")
    )
    grain = (of_order.c.marketplace, of_order.c.month)
    return sa.select(*grain, sa.func.sum(of_order.c.amount).label("ordered")).group_by(*grain)


def _by_order(orders: sa.Subquery, sales: sa.Subquery) -> sa.Select:
    """Of the orders of a month: what was cancelled, what is paid in another month or not at all, the tax in what is
    paid in its own month, and what of that no payment explains."""
    own, other = _of_order(orders, sales, "own_month"), _of_order(orders, sales, "other_month")
    is_paid = own.c.amount.is_not(None)
    later = sa.func.coalesce(other.c.amount, _NOTHING)
    grain = (orders.c.marketplace, orders.c.month)
    return sa.select(
        *grain,
        sa.func.sum(-orders.c.cancelled).label("cancelled"),
        sa.func.sum(sa.case((is_paid, -later), else_=-orders.c.sold)).label("not_yet_paid"),
        _sum(is_paid, -orders.c.tax, "tax"),
        _sum(is_paid, own.c.amount + later - orders.c.sold + orders.c.tax, "unexplained"),
    ).select_from(
        orders.outerjoin(own, sa.and_(own.c.marketplace == orders.c.marketplace, own.c.order_id == orders.c.order_id))
        .outerjoin(other, sa.and_(
            other.c.marketplace == orders.c.marketplace, other.c.order_id == orders.c.order_id
        ))
    ).group_by(*grain)


def _of_order(orders: sa.Subquery, sales: sa.Subquery, name: str) -> sa.Subquery:
    """What was paid for each order in the month of its order, or in all others."""
    is_own = sales.c.month == orders.c.month
    grain = (sales.c.marketplace, sales.c.order_id)
    return (
        sa.select(*grain, sa.func.sum(sales.c.amount).label("amount"))
        .join_from(sales, orders, sa.and_(
            orders.c.marketplace == sales.c.marketplace, orders.c.order_id == sales.c.order_id
        ))
        .where(is_own if name == "own_month" else sa.not_(is_own)).group_by(*grain).subquery(name)
    )


def _by_sale(orders: sa.Subquery, sales: sa.Subquery) -> sa.Select:
    """Of the payments of a month: those for orders of other months, and for orders that no report tells of."""
    is_unknown = orders.c.order_id.is_(None)
    grain = (sales.c.marketplace, sales.c.month)
    return sa.select(
        *grain, _sum(is_unknown, sales.c.amount, "unknown"),
        _sum(orders.c.month != sales.c.month, sales.c.amount, "earlier"),
    ).select_from(sales.outerjoin(orders, sa.and_(
        orders.c.marketplace == sales.c.marketplace, orders.c.order_id == sales.c.order_id
    ))).group_by(*grain)


def wrong_bridges(bridges: dict[Cell, Bridge]) -> Iterator[str]:
    """Bridges whose steps do not lead from one side to the other."""
    for (marketplace, month), bridge in bridges.items():
        if bridge.missing:
            yield (
                f"ordered against paid, {marketplace} {month:%Y-%m}: the steps lack {bridge.missing:,} of leading from "
                f"{bridge.ordered:,} to {bridge.paid:,}"
            )

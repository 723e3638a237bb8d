"""What a piece of a product costs in a marketplace and month."""

from __future__ import annotations

import datetime

import sqlalchemy as sa

from database import schema
from database.lines.scope import Cell
from database.lines.skus import known_skus
from domain.derived import PARTS

cost, fact, product = schema.unit_cost, schema.financials, schema.asin


def costs_of_products() -> sa.Subquery:
    """Product, marketplace ('' for all), first month -> the cost that the last import told."""
    own, general = known_skus("cost_own"), known_skus("cost_general")
    product = sa.func.coalesce(cost.c.asin, own.c.asin, general.c.asin, sa.literal("SKU-").concat(cost.c.sku))
    newest = sa.func.row_number().over(
        partition_by=(product, cost.c.marketplace, cost.c.valid_from),
        order_by=(cost.c.import_id.desc(), cost.c.line.desc()),
    )
    told = (
        sa.select(
            product.label("asin"), cost.c.marketplace, cost.c.valid_from, cost.c.cost, cost.c.currency,
            cost.c.import_id, newest.label("newest"),
        )
        .select_from(
            cost
            .outerjoin(own, sa.and_(own.c.sku == cost.c.sku, own.c.marketplace == cost.c.marketplace))
            .outerjoin(general, sa.and_(general.c.sku == cost.c.sku, general.c.marketplace == ""))
        )
        .subquery("told_cost")
    )
    return (
        sa.select(
            told.c.asin, told.c.marketplace, told.c.valid_from, told.c.cost, told.c.currency, told.c.import_id
        )
        .where(told.c.newest == 1).subquery("product_cost")
    )


def valid_cost(cells: sa.Subquery) -> sa.Subquery:
    """Each row of `cells` (asin, marketplace, month) that a cost is known for, with the one that is valid there."""
    costs = costs_of_products()
    best = sa.func.row_number().over(
        partition_by=(cells.c.asin, cells.c.marketplace, cells.c.month),
        order_by=(costs.c.marketplace.desc(), costs.c.valid_from.desc()),
    )
    fitting = (
        sa.select(
            cells.c.asin, cells.c.marketplace, cells.c.month, costs.c.cost, costs.c.currency, best.label("best")
        )
        .join_from(cells, costs, is_valid(costs, cells.c.asin, cells))
        .subquery("fitting_cost")
    )
    return (
        sa.select(fitting.c.asin, fitting.c.marketplace, fitting.c.month, fitting.c.cost, fitting.c.currency)
        .where(fitting.c.best == 1).subquery("valid_cost")
    )


COSTS = "costs"
"""The format of files that tell them."""


def month_to_publish(connection: sa.Connection, file_format: str) -> set[datetime.date]:
    """The last month with facts, if a file of this format tells of costs: a refresh that rebuilds it publishes them,
    also where they change no figure."""
    if file_format != COSTS:
        return set()
    last = connection.execute(sa.select(sa.func.max(fact.c.month))).scalar()
    return {last.replace(day=1)} if last else set()


def cells_of_costs(connection: sa.Connection, import_id: int) -> set[Cell]:
    """Where products have figures in months for which an import tells their cost."""
    told = costs_of_products()
    query = (
        sa.select(fact.c.marketplace, fact.c.month)
        .join_from(fact, product, product.c.id == fact.c.asin_id)
        .join(told, is_valid(told, product.c.asin, fact))
        .where(told.c.import_id == import_id, fact.c.metric.in_(PARTS)).distinct()
    )
    return {(row.marketplace, row.month.replace(day=1)) for row in connection.execute(query)}


def is_valid(costs: sa.Subquery, asin: sa.ColumnElement[str], figure: sa.FromClause) -> sa.ColumnElement[bool]:
    """The condition that a row of `costs` holds for a product in the marketplace and month of `figure`."""
    return sa.and_(
        costs.c.asin == asin, costs.c.marketplace.in_((figure.c.marketplace, "")), costs.c.valid_from <= figure.c.month
    )

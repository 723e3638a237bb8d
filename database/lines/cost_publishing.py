"""What a generation tells of unit costs, so that pages need not read them: each product's, and net revenue of which
nobody knows what the goods cost."""

from __future__ import annotations

import datetime
from collections.abc import Collection

import sqlalchemy as sa

from database import schema
from database.lines.costs import costs_of_products, valid_cost
from database.lines.publishing import Target, has_lines
from domain.metrics import NET_COGS, NET_REVENUE

product = schema.asin


def tells_of_costs(connection: sa.Connection) -> bool:
    """Whether anybody counts with unit costs: there are some, or lines that a margin is derived from."""
    known = sa.select(schema.unit_cost.c.import_id).limit(1)
    return connection.execute(known).first() is not None or has_lines(connection)


def forget_costs(connection: sa.Connection, target: Target) -> None:
    """Takes away what a run that died wrote under the same number."""
    for table in map(target.staged, schema.COST_SUMMARIES):
        connection.execute(sa.delete(table).where(table.c.generation == target.generation))


def publish_unit_costs(connection: sa.Connection, target: Target) -> None:
    """Every product's costs."""
    costs, table = costs_of_products(), target.staged(schema.summary_unit_cost)
    rows = sa.select(
        target.label, product.c.id.label("asin_id"), costs.c.marketplace, costs.c.valid_from, costs.c.cost,
        sa.func.coalesce(costs.c.currency, "").label("currency"), costs.c.import_id,
    ).join_from(costs, product, product.c.asin == costs.c.asin)
    connection.execute(sa.insert(table).from_select([column.name for column in rows.selected_columns], rows))


def publish_uncosted(
    connection: sa.Connection, target: Target, figures: sa.Table, *,
    months: Collection[datetime.date] | None = None, but: Collection[datetime.date] = (),
) -> None:
    """Net revenue without a cost, of the rows of `figures` (an ASIN level) in these months (None: all), but not of
    others."""
    costs = figures.alias("cogs")
    in_months = sa.true() if months is None else figures.c.month.in_(sorted(months))
    is_given = sa.exists().where(
        costs.c.month == figures.c.month, costs.c.metric == NET_COGS, costs.c.marketplace == figures.c.marketplace,
        costs.c.asin_id == figures.c.asin_id,
    )
    sold = (
        sa.select(
            product.c.asin, figures.c.asin_id, figures.c.brand_id, figures.c.category_id, figures.c.marketplace,
            figures.c.month, figures.c.value.label("revenue"),
        )
        .join_from(figures, product, product.c.id == figures.c.asin_id)
        .where(figures.c.metric == NET_REVENUE, figures.c.value != 0, in_months, figures.c.month.not_in(sorted(but)),
               sa.not_(is_given))
        .subquery("sold")
    )
    cost, table = valid_cost(sold), target.staged(schema.summary_uncosted)
    rows = sa.select(
        target.label, *(sold.c[name] for name in
                        ("asin_id", "brand_id", "category_id", "marketplace", "month", "revenue"))
    ).select_from(sold.outerjoin(cost, sa.and_(
        cost.c.asin == sold.c.asin, cost.c.marketplace == sold.c.marketplace, cost.c.month == sold.c.month
    ))).where(cost.c.cost.is_(None))
    connection.execute(sa.insert(table).from_select([column.name for column in rows.selected_columns], rows))

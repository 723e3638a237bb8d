"""The level that another level gives whole: rows by category and marketplace, from rows by brand.

A refresh makes it like any other; a state that an earlier version published gets it from what stands there.
"""

from __future__ import annotations

import sqlalchemy as sa

from database.schema import ALL_MARKETPLACES


def marketplace_rows(brand: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> sa.Select:
    """The rows of `summary_marketplace` that those of the brand level give which meet the conditions. A product has one
    brand and one category, so products and brands add up without being counted twice."""
    return (
        sa.select(
            brand.c.category_id, brand.c.marketplace, brand.c.month, brand.c.metric,
            sa.func.sum(brand.c.total_value).label("total_value"),
            sa.func.count().label("brand_count"),
            sa.func.sum(brand.c.asin_count).label("asin_count"),
            sa.func.max(brand.c.updated_at).label("updated_at"),
        )
        .where(*conditions, brand.c.marketplace != ALL_MARKETPLACES)
        .group_by(brand.c.month, brand.c.metric, brand.c.marketplace, brand.c.category_id)
    )


def fill_marketplace_level(target: sa.Table, brand: sa.Table) -> sa.Insert:
    """INSERT of all rows that `brand` gives."""
    rows = marketplace_rows(brand)
    return sa.insert(target).from_select([column.name for column in rows.selected_columns], rows)

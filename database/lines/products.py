"""The product of each line."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.lines.skus import known_skus
from domain.amazon import ACCOUNT

line, posting = schema.amazon_line, schema.amazon_posting


def product_of(own: sa.FromClause, general: sa.FromClause) -> sa.ColumnElement[str]:
    """The product of a line: its own ASIN, that of its SKU there or anywhere, the SKU itself, or nobody's."""
    return sa.func.coalesce(
        line.c.asin, own.c.asin, general.c.asin, sa.literal("SKU-").concat(line.c.sku), sa.literal(ACCOUNT)
    )


def lines_with_products() -> tuple[sa.FromClause, sa.ColumnElement[str]]:
    """Lines joined to their postings and to what is known of their SKUs; and the product of each."""
    own, general = known_skus("own"), known_skus("general")
    source = (
        line.join(posting, posting.c.kind_id == line.c.kind_id)
        .outerjoin(own, sa.and_(own.c.sku == line.c.sku, own.c.marketplace == line.c.marketplace))
        .outerjoin(general, sa.and_(general.c.sku == line.c.sku, general.c.marketplace == ""))
    )
    return source, product_of(own, general)

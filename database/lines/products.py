"""The product of each line."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.lines.skus import known_skus
from domain.amazon import ACCOUNT

line, posting = schema.amazon_line, schema.amazon_posting


def _product_of(lines: sa.FromClause, own: sa.FromClause, general: sa.FromClause) -> sa.ColumnElement[str]:
    """The product of a line: its own ASIN, that of its SKU there or anywhere, the SKU itself, or nobody's."""
    return sa.func.coalesce(
        lines.c.asin, own.c.asin, general.c.asin, sa.literal("SKU-").concat(lines.c.sku), sa.literal(ACCOUNT)
    )


def lines_with_products(lines: sa.FromClause = line) -> tuple[sa.FromClause, sa.ColumnElement[str]]:
    """Lines, or sums of them, joined to their postings and to what is known of their SKUs; and the product of each."""
    own, general = known_skus("own"), known_skus("general")
    source = (
        lines.join(posting, posting.c.kind_id == lines.c.kind_id)
        .outerjoin(own, sa.and_(own.c.sku == lines.c.sku, own.c.marketplace == lines.c.marketplace))
        .outerjoin(general, sa.and_(general.c.sku == lines.c.sku, general.c.marketplace == ""))
    )
    return source, _product_of(lines, own, general)

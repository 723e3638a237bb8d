"""What a generation tells of SKUs, so that whoever types one finds its product without a question to the facts."""

from __future__ import annotations

import sqlalchemy as sa

from database import schema
from database.lines.publishing import Target
from database.lines.skus import known_skus


def publish_skus(connection: sa.Connection, target: Target) -> None:
    """Writes down which product each SKU is, in place of what a run that died wrote under the same number."""
    table, known, product = target.staged(schema.summary_sku), known_skus("known"), schema.asin
    connection.execute(sa.delete(table).where(table.c.generation == target.generation))
    # Embedded, a transaction writes to one file, and what comes next may write to that of the facts.
    connection.commit()
    rows = sa.select(
        target.label, known.c.sku, known.c.marketplace, product.c.id.label("asin_id")
    ).join_from(known, product, product.c.asin == known.c.asin)
    connection.execute(sa.insert(table).from_select([column.name for column in rows.selected_columns], rows))
    connection.commit()

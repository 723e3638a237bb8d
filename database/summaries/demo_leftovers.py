"""Forgets the brands, categories and products of demo data once nothing published names them.

The first real import takes the demo's facts out, but not its dimensions: the live summaries still name
them. A refresh then publishes a generation without them, and they can go. A product that a real import
names as well was made that import's own, so it is none of these.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from database import schema

asin, brand, category = schema.asin, schema.brand, schema.category


def forget_demo_dimensions(connection: sa.Connection, named_by: Sequence[sa.Table]) -> int:
    """Deletes dimensions that a removed demo import made and no table of `named_by` (ASIN levels) names.
    Returns how many went; the caller commits."""
    imports = schema.financials_import
    removed = sa.select(imports.c.id).where(imports.c.source == "demo", imports.c.status == "removed")
    of_demo = list(connection.execute(removed).scalars())
    if not of_demo or not _has_any(connection, of_demo):
        return 0
    gone = 0
    for dimension, users in (
        (asin, [(table, "asin_id") for table in named_by]),
        (brand, [*((table, "brand_id") for table in named_by), (asin, "brand_id")]),
        (category, [*((table, "category_id") for table in named_by), (asin, "category_id"), (brand, "category_id")]),
    ):
        unused = [
            ~sa.exists().where(table.c[column] == dimension.c.id) for table, column in users
        ]
        gone += connection.execute(sa.delete(dimension).where(dimension.c.import_id.in_(of_demo), *unused)).rowcount
    return gone


def _has_any(connection: sa.Connection, imports: Sequence[int]) -> bool:
    return any(
        connection.execute(sa.select(table.c.id).where(table.c.import_id.in_(imports)).limit(1)).first()
        for table in (asin, brand, category)
    )

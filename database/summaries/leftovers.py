"""Forgets the brands, categories and products of demo data, and of names that were joined, once nothing published
names them.

The first real import takes the demo's facts out, but not its dimensions: the live summaries still name
them. A refresh then publishes a generation without them, and they can go. A product that a real import
names as well was made that import's own, so it is none of these. A row that a join of names emptied bears the join's
import id (database/names/rows.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from database import schema
from database.imports.staging import JOIN

asin, brand, category = schema.asin, schema.brand, schema.category

AT_ONCE = 2000
"""Ids in one statement."""


def forget_demo_dimensions(connection: sa.Connection, named_by: Sequence[sa.Table]) -> int:
    """Deletes dimensions that a removed demo import made and no table of `named_by` (ASIN levels) names.
    Returns how many went; the caller commits."""
    imports = schema.financials_import
    return _forget_of(connection, (imports.c.source == "demo") & (imports.c.status == "removed"), named_by)


def forget_joined_rows(connection: sa.Connection, named_by: Sequence[sa.Table]) -> int:
    """Deletes rows that a join of names emptied and no table of `named_by` (ASIN levels) names, but for the highest
    id: it would be given again, and somebody may be limited to it. Returns how many went; the caller commits."""
    imports = schema.financials_import
    return _forget_of(connection, imports.c.mode == JOIN, named_by, spare_highest=True)


def _forget_of(
    connection: sa.Connection, which: sa.ColumnElement[bool], named_by: Sequence[sa.Table], *,
    spare_highest: bool = False,
) -> int:
    imports = schema.financials_import
    found = list(connection.execute(sa.select(imports.c.id).where(which)).scalars())
    if not found or not _has_any(connection, found):
        return 0
    return sum(
        _forget(connection, dimension, found, users, spared=_highest(connection, dimension) if spare_highest else None)
        for dimension, users in (
            (asin, [table.c.asin_id for table in named_by]),
            (brand, [*(table.c.brand_id for table in named_by), asin.c.brand_id]),
            (category, [*(table.c.category_id for table in named_by), asin.c.category_id, brand.c.category_id]),
        )
    )


def _highest(connection: sa.Connection, dimension: sa.Table) -> int | None:
    return connection.execute(sa.select(sa.func.max(dimension.c.id))).scalar()


def _forget(
    connection: sa.Connection, dimension: sa.Table, imports: Sequence[int], users: Sequence[sa.Column], *,
    spared: int | None,
) -> int:
    """Deletes what these imports made of a dimension and no column of `users` names."""
    made_there = sa.select(dimension.c.id).where(dimension.c.import_id.in_(imports))
    unused = set(connection.execute(made_there).scalars()) - {spared}
    for column in users:
        if unused:
            # Each is read once. A DELETE with subqueries would look every id up, on MariaDB by reading the table.
            unused -= set(connection.execute(sa.select(column).group_by(column)).scalars())
    listed = sorted(unused)
    for first in range(0, len(listed), AT_ONCE):
        connection.execute(sa.delete(dimension).where(dimension.c.id.in_(listed[first:first + AT_ONCE])))
    return len(listed)


def _has_any(connection: sa.Connection, imports: Sequence[int]) -> bool:
    return any(
        connection.execute(sa.select(table.c.id).where(table.c.import_id.in_(imports)).limit(1)).first()
        for table in (asin, brand, category)
    )

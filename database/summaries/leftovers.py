"""Forgets the brands, categories and products of demo data and of other imports that were removed, and of names that
were joined, once nothing published names them.

The first real import takes the demo's facts out, but not its dimensions: the live summaries still name
them. A refresh then publishes a generation without them, and they can go. A product that a real import
names as well was made that import's own, so it is none of these; nor is a brand or category that people are limited to
or a rule watches: its id would be given again. A row that a join of names emptied bears the join's
import id (database/names/rows.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.staging import JOIN
from database.names.made import REMOVED, own_nobody, products_in_facts

asin, brand, category = schema.asin, schema.brand, schema.category

AT_ONCE = 2000
"""Ids in one statement."""


@dataclass(frozen=True)
class NamedBy:
    """What still names products, brands and categories: `levels` (ASIN levels), which `connection` sees."""

    connection: sa.Connection
    levels: Sequence[sa.Table]

    def users(self, column: str) -> list[User]:
        """That column of every level."""
        return [(self.connection, table.c[column]) for table in self.levels]


User = tuple[sa.Connection, sa.Column]
"""A column that may name rows of a dimension, and where it is read."""
Watched = Mapping[sa.Table, Collection[int]]
"""Brands and categories that people are limited to, or rules watch."""


def read_watched(store: Store) -> Watched:
    """They stand in another room than the dimensions."""
    rule, permitted = schema.notice_rule, schema.app_user_brand
    with store.application_reading.connect() as connection:
        def ids(column: sa.Column) -> set[int]:
            return set(connection.execute(sa.select(column).where(column.is_not(None)).distinct()).scalars())

        return {brand: ids(permitted.c.brand_id) | ids(rule.c.brand_id), category: ids(rule.c.category_id)}


def forget_removed_names(
    connection: sa.Connection, named_by: NamedBy, watched: Watched = MappingProxyType({})
) -> int:
    """Deletes dimensions that a removed import made, the demo's or another, that nothing of `named_by`
    names and nobody has `watched`. Returns how many went; the caller commits."""
    _keep_left_out(connection, named_by)
    return _forget_of(connection, schema.financials_import.c.status == REMOVED, named_by, watched)


def _keep_left_out(connection: sa.Connection, named_by: NamedBy) -> None:
    """Products that no summary names and that have facts all the same, which figures leave out, are no import's."""
    imports = schema.financials_import
    removed = list(connection.execute(sa.select(imports.c.id).where(imports.c.status == REMOVED)).scalars())
    unnamed = _unused(connection, asin, removed, named_by.users("asin_id")) if removed else set()
    own_nobody(connection, asin, products_in_facts(connection, unnamed))


def forget_joined_rows(connection: sa.Connection, named_by: NamedBy) -> int:
    """Deletes rows that a join of names emptied and nothing of `named_by` names, but for the highest
    id: it would be given again, and somebody may be limited to it. Returns how many went; the caller commits."""
    imports = schema.financials_import
    return _forget_of(connection, imports.c.mode == JOIN, named_by, {}, spare_highest=True)


def _forget_of(
    connection: sa.Connection, which: sa.ColumnElement[bool], named_by: NamedBy, watched: Watched, *,
    spare_highest: bool = False,
) -> int:
    imports = schema.financials_import
    found = list(connection.execute(sa.select(imports.c.id).where(which)).scalars())
    if not found or not _has_any(connection, found):
        return 0
    return sum(
        _forget(connection, dimension, found, users, spared={
            *watched.get(dimension, ()), *([_highest(connection, dimension)] if spare_highest else []),
        })
        for dimension, users in (
            (asin, named_by.users("asin_id")),
            (brand, [*named_by.users("brand_id"), (connection, asin.c.brand_id)]),
            (category, [
                *named_by.users("category_id"), (connection, asin.c.category_id), (connection, brand.c.category_id),
            ]),
        )
    )


def _highest(connection: sa.Connection, dimension: sa.Table) -> int | None:
    return connection.execute(sa.select(sa.func.max(dimension.c.id))).scalar()


def _forget(
    connection: sa.Connection, dimension: sa.Table, imports: Sequence[int], users: Sequence[User], *,
    spared: set[int | None],
) -> int:
    """Deletes what these imports made of a dimension, but for the `spared`, and none of `users` names."""
    listed = sorted(_unused(connection, dimension, imports, users) - spared)
    for first in range(0, len(listed), AT_ONCE):
        connection.execute(sa.delete(dimension).where(dimension.c.id.in_(listed[first:first + AT_ONCE])))
    return len(listed)


def _unused(
    connection: sa.Connection, dimension: sa.Table, imports: Sequence[int], users: Sequence[User]
) -> set[int]:
    """What these imports made of a dimension and none of `users` names."""
    made_there = sa.select(dimension.c.id).where(dimension.c.import_id.in_(imports))
    unused = set(connection.execute(made_there).scalars())
    for reading, column in users:
        if unused:
            # Each is read once. A DELETE with subqueries would look every id up, on MariaDB by reading the table.
            unused -= set(reading.execute(sa.select(column).group_by(column)).scalars())
    return unused


def _has_any(connection: sa.Connection, imports: Sequence[int]) -> bool:
    return any(
        connection.execute(sa.select(table.c.id).where(table.c.import_id.in_(imports)).limit(1)).first()
        for table in (asin, brand, category)
    )

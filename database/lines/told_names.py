"""What reports call products: kept with the import that told it, and given to products that have no name.

A name that a product has stays, because a person may have written it. Of several that reports tell, that of listings
goes before that of orders, these before any other, and of equal ones the newest. Undoing an import takes away what it
told; a name that a product was given by then stays, as the product itself does.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from domain.amazon import LISTINGS, ORDERS

told, product = schema.told_name, schema.asin
AT_ONCE = 500
"""So many names are written by one statement."""
_FIRST = sa.case((told.c.report == LISTINGS, 0), (told.c.report == ORDERS, 1), else_=2)
IS_NAMELESS = sa.func.coalesce(product.c.name, "") == ""


def keep_names(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, *, report: str, import_id: int
) -> None:
    """Notes, under an import, the names in TEMP table `staged_name`."""
    store.facts_room.bulk_insert(
        connection, told, scratch=scratch,
        query=f"SELECT asin, {import_id} AS import_id, '{report}' AS report, name FROM staged_name",
    )


def give_names(connection: sa.Connection) -> int:
    """Gives each product that has no name the best of those that reports tell; returns how many got one."""
    if not connection.execute(sa.select(sa.literal(1)).select_from(told).limit(1)).first():
        return 0
    best = sa.func.row_number().over(partition_by=product.c.id, order_by=(_FIRST, told.c.import_id.desc()))
    ranked = (
        sa.select(product.c.id, told.c.name, best.label("best"))
        .join_from(product, told, told.c.asin == product.c.asin).where(IS_NAMELESS).subquery("ranked")
    )
    rows = connection.execute(sa.select(ranked.c.id, ranked.c.name).where(ranked.c.best == 1)).all()
    write_names(connection, {row.id: row.name for row in rows})
    return len(rows)


def replace_names(connection: sa.Connection, import_id: int) -> tuple[tuple[str, str, str, str], ...]:
    """Gives products that have another name the one that an import tells. Returns what changed: product, the word
    `name`, the name before, the name now."""
    rows = connection.execute(
        sa.select(product.c.id, product.c.asin, product.c.name.label("stored"), told.c.name)
        .join_from(product, told, told.c.asin == product.c.asin)
        .where(told.c.import_id == import_id, ~IS_NAMELESS, told.c.name != product.c.name)
        .order_by(product.c.asin)
    ).all()
    write_names(connection, {row.id: row.name for row in rows})
    return tuple((row.asin, "name", row.stored, row.name) for row in rows)


def write_names(connection: sa.Connection, names: Mapping[int, str]) -> None:
    """Writes the names of products, by their ids."""
    ids = list(names)
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        given = sa.case({number: names[number] for number in part}, value=product.c.id)
        connection.execute(sa.update(product).where(product.c.id.in_(part)).values(name=given))

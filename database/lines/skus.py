"""The map from SKU to product: learned from every report that has both, or told. What was learned last counts."""

from __future__ import annotations

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.lines.scope import Cell, cells_of

line, sku = schema.amazon_line, schema.sku_asin


def known_skus(name: str) -> sa.Subquery:
    """SKU and marketplace ('' for all) -> the ASIN that was learned last."""
    newest = sa.func.row_number().over(
        partition_by=(sku.c.sku, sku.c.marketplace), order_by=(sku.c.learned_at.desc(), sku.c.import_id.desc())
    )
    ranked = sa.select(sku.c.sku, sku.c.marketplace, sku.c.asin, newest.label("newest")).subquery(f"ranked_{name}")
    return (
        sa.select(ranked.c.sku, ranked.c.marketplace, ranked.c.asin).where(ranked.c.newest == 1).subquery(name)
    )


def learn_skus(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, import_id: int
) -> int:
    """Notes, under an import, what TEMP table `staged_sku` says and is not known so yet; returns how many."""
    if not is_staged(scratch, "staged_sku"):
        return 0
    known = known_skus("known")
    query = sa.select(known.c.sku, known.c.marketplace, known.c.asin)
    store.facts_room.mirror(connection, query, scratch=scratch, name="sku_known")
    return store.facts_room.bulk_insert(
        connection, sku, scratch=scratch,
        query=f"SELECT sku, marketplace, asin, {import_id} AS import_id, (now() AT TIME ZONE 'UTC') AS learned_at "
        "FROM staged_sku s WHERE NOT EXISTS (FROM sku_known k WHERE k.sku = s.sku AND k.marketplace = s.marketplace "
        "AND k.asin = s.asin)",
    )


def cells_of_skus(connection: sa.Connection, import_id: int) -> set[Cell]:
    """Where lines stand whose product is that of an SKU which the import told of."""
    told = sa.and_(
        sku.c.import_id == import_id, sku.c.sku == line.c.sku, sku.c.marketplace.in_((line.c.marketplace, ""))
    )
    return cells_of(connection, sa.and_(line.c.counts == sa.true(), line.c.asin.is_(None)), (sku, told))


def is_staged(scratch: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a report had anything for this TEMP table."""
    query = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ? AND temporary"
    return scratch.execute(query, [table]).fetchone()[0] > 0

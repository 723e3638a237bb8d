"""The demo imported like a file: products first, then facts, all in one transaction, as the source `demo`.

1. refuse where facts are in already: demo data never mixes with a seller's own, nor with other demo data;
2. make the facts, month by month, in a TEMP table;
3. write categories, brands and products that are not there yet, names and groups included;
4. hand the facts to `take_in`, which writes import and ledger and commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import duckdb
import sqlalchemy as sa

from database import schema
from database.demo.catalog import DemoBrand, DemoProduct, make_brands, make_listings, make_products
from database.demo.facts import LISTINGS, STAGED, stage_facts
from database.demo.shape import DemoShape
from database.engines.ports import Store
from database.imports.batch import next_import_id, take_in
from database.imports.dimensions import Entry, add_names, mirror_dimensions
from database.imports.report import ImportReport
from database.imports.staging import DEMO, ImportOptions, Staged
from domain.errors import Refused
from domain.moments import utc_now


def load_demo(store: Store, shape: DemoShape) -> ImportReport:
    """Makes the facts of `shape` and imports them. Raises Refused if there are facts already, LockBusy if
    another import or refresh is running."""
    with store.lock("the making of demo data"), store.facts() as connection:
        _refuse_beside_facts(connection)
        # Whoever has looked at facts in a transaction keeps months from being given a place.
        connection.rollback()
        with store.facts_room.scratch(connection) as scratch:
            brands = make_brands(shape)
            products = make_products(shape, brands)
            rows = stage_facts(scratch, shape, make_listings(shape, products))
            _write_products(store, connection, scratch, brands, products)
            return take_in(store, connection, scratch, _staged(scratch, shape, rows), ImportOptions(source=DEMO))


def _refuse_beside_facts(connection: sa.Connection) -> None:
    table = schema.financials_import
    first = connection.execute(
        sa.select(table.c.id, table.c.source, table.c.file_name)
        .where(table.c.status == "done")
        .order_by(table.c.source != DEMO, table.c.id)
        .limit(1)
    ).first()
    if first is not None and first.source == DEMO:
        raise Refused("demo data is in already; to make it anew, first run: flask remove-demo")
    if first is not None:
        raise Refused(f"facts are in already (import {first.id}, {first.file_name}); {_ELSEWHERE}")
    if connection.execute(sa.select(schema.financials.c.id).limit(1)).first() is not None:
        raise Refused(f"table financials holds facts already; {_ELSEWHERE}")


_ELSEWHERE = "demo data never mixes with your own: name another path or database in [database] to try it"


def _write_products(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection,
    brands: Sequence[DemoBrand], products: Sequence[DemoProduct],
) -> None:
    """Adds what is not there yet; what is there keeps what it says."""
    entry = Entry(next_import_id(connection), utc_now())
    stamps = f"TIMESTAMP '{entry.created_at:%Y-%m-%d %H:%M:%S.%f}' AS created_at, {entry.import_id} AS import_id"
    _put(scratch, "demo_brand", brand=[b.name for b in brands], category=[b.category for b in brands],
         grouping=[b.group for b in brands])
    _put(scratch, "demo_product", asin=[p.asin for p in products], name=[p.name for p in products],
         brand=[p.brand.name if p.brand else None for p in products],
         category=[p.own_category for p in products], status=[p.status for p in products])
    mirror_dimensions(store, connection, scratch)
    names = "SELECT category FROM demo_brand UNION SELECT category FROM demo_product"
    add_names(store, connection, scratch, schema.category, names=names, entry=entry)
    store.facts_room.bulk_insert(
        connection, schema.brand, scratch=scratch,
        query="SELECT (position + (SELECT coalesce(max(id), 0) FROM known_brand))::INTEGER AS id, d.brand, "
        f"c.id AS category_id, d.grouping AS \"group\", {stamps} "
        "FROM demo_brand d LEFT JOIN known_category c ON c.category = d.category "
        "WHERE d.brand NOT IN (SELECT brand FROM known_brand) ORDER BY position",
    )
    mirror_dimensions(store, connection, scratch)
    store.facts_room.bulk_insert(
        connection, schema.asin, scratch=scratch,
        query="SELECT (position + (SELECT coalesce(max(id), 0) FROM known_asin))::INTEGER AS id, d.asin, d.name, "
        f"b.id AS brand_id, c.id AS category_id, d.status, {stamps} "
        "FROM demo_product d LEFT JOIN known_brand b ON b.brand = d.brand "
        "LEFT JOIN known_category c ON c.category = d.category "
        "WHERE d.asin NOT IN (SELECT asin FROM known_asin) ORDER BY position",
    )


def _put(scratch: duckdb.DuckDBPyConnection, table: str, **columns: list[str | None]) -> None:
    listed = ", ".join(f"unnest(${name}::VARCHAR[]) AS {name}" for name in columns)
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT row_number() OVER () AS position, * FROM (SELECT {listed})",
        columns,
    )


def _staged(scratch: duckdb.DuckDBPyConnection, shape: DemoShape, rows: int) -> Staged:
    # What is known of the products stands in their tables already: the facts only name them.
    scratch.execute(
        "CREATE OR REPLACE TEMP VIEW demo_sold AS SELECT DISTINCT asin, NULL::VARCHAR AS brand, "
        f"NULL::VARCHAR AS category, NULL::VARCHAR AS status, 1 AS n FROM {LISTINGS}"
    )
    return Staged(
        format=DEMO, file_name=f"demo data, seed {shape.seed}", sha256=hashlib.sha256(repr(shape).encode()).hexdigest(),
        rows_read=rows, relation=STAGED, products="demo_sold",
    )

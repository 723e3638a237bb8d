"""The products, brands and categories a file names: found, or made, in the import's own transaction.

Names meet in the stored one that is the same but for case, spaces and what nobody sees (`domain/spelling.py`).
What is stored wins over what a file says, unless the person asks for `--update-products`; what is not stored yet is
filled in. A product's own category is only written where it differs from its brand's, so that moving a brand later
moves its products.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.facts.import_sums import mark_moved
from database.imports.meeting import rename
from database.imports.report import LISTED, Difference, NewNames
from database.imports.staging import Met, Staged
from database.lines.told_names import write_names
from domain.errors import Refused
from domain.spelling import meet, tidy

PRODUCTS = "import_product"
"""TEMP table (asin, asin_id) that the facts are joined with."""

SUMS = "import_placed"
"""TEMP table of what the facts add up to."""

_KEPT = ("id", "asin", "name", "brand", "category", "brand_id", "category_id", "group", "status")


@dataclass(frozen=True)
class Placement:
    """What placing a file's products found and did."""

    new: NewNames
    differences: tuple[Difference, ...]
    difference_count: int
    warnings: tuple[str, ...]
    met: tuple[Met, ...] = ()


@dataclass(frozen=True)
class Entry:
    """The import that new rows are written down for. `import_id` None: made by hand, by `products`."""

    import_id: int | None
    created_at: datetime.datetime


def place_products(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged, *,
    entry: Entry, update: bool,
) -> Placement:
    """Makes the products, brands and categories that `staged` names and the database lacks, and leaves the
    TEMP table `import_product` (asin, asin_id). With `update`, what the file says wins."""
    mirror_dimensions(store, connection, scratch)
    met = _meet(scratch, staged)
    _gather(scratch, staged)
    scratch.execute(_ASSIGNMENT, {"update": update})
    names = "SELECT category, brand FROM import_assignment"
    categories = add_names(store, connection, scratch, schema.category, names=names, entry=entry)
    brands = add_names(store, connection, scratch, schema.brand, names=names, entry=entry)
    products = _add_products(store, connection, scratch, staged, entry)
    filled, have_moved = _write_changes(connection, scratch)
    if have_moved:
        mark_moved(connection)
    differences = scratch.execute(_DIFFERENCES + f" ORDER BY asin, what LIMIT {LISTED}", {"update": update}).fetchall()
    count = scratch.execute(f"SELECT count(*) FROM ({_DIFFERENCES})", {"update": update}).fetchone()[0]
    return Placement(
        new=NewNames(categories, brands, products, filled if not update else 0),
        differences=tuple(Difference(*row) for row in differences),
        difference_count=count,
        warnings=_torn(scratch),
        met=met,
    )


def add_up(scratch: duckdb.DuckDBPyConnection, relation: str, *, foreign: bool) -> None:
    """Leaves TEMP table `import_placed`: what staged facts add up to by month, metric, marketplace and currency, where
    their products stand by now; after `place_products`. `foreign`: whether any of them names a currency."""
    code = "coalesce(s.currency, '')" if foreign else "''"
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE {SUMS} AS SELECT s.month, s.metric, s.marketplace, p.brand_id, p.category_id, "
        f"{code} AS currency, count(*) AS facts, sum(s.value)::DECIMAL(25,2) AS value FROM {relation} s JOIN ("
        "SELECT p.asin, coalesce(b.id, 0)::INTEGER AS brand_id, coalesce(c.id, 0)::INTEGER AS category_id "
        f"FROM {PRODUCTS} p JOIN product_key k ON k.asin_id = p.asin_id JOIN import_assignment a ON a.asin = k.asin "
        "LEFT JOIN known_brand b ON b.brand = a.brand LEFT JOIN known_category c ON c.category = a.category"
        ") p ON p.asin = s.asin GROUP BY ALL"
    )


def mirror_dimensions(store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection) -> None:
    """Copies the stored dimensions into the scratch connection: known_category, known_brand, known_asin."""
    brand = schema.brand
    columns = [brand.c.group.label("grouping") if c is brand.c.group else c for c in brand.c if c.name in _KEPT]
    for name, query in (
        ("known_category", sa.select(*(c for c in schema.category.c if c.name in _KEPT))),
        ("known_brand", sa.select(*columns)),
        ("known_asin", sa.select(*(c for c in schema.asin.c if c.name in _KEPT))),
    ):
        store.facts_room.mirror(connection, query, scratch=scratch, name=name)


def add_names(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, table: sa.Table, *,
    names: str, entry: Entry,
) -> int:
    """Adds to `category` or `brand` the names that the query `names` gives and the table lacks, and to the
    mirror too. Returns how many."""
    word = table.name
    new = [row[0] for row in scratch.execute(
        f"SELECT DISTINCT {word} FROM ({names}) WHERE {word} IS NOT NULL "
        f"AND {word} NOT IN (SELECT {word} FROM known_{word}) ORDER BY {word}"
    ).fetchall()]
    if not new:
        return 0
    _refuse_twins(connection, table.c[word], new)
    last = scratch.execute(f"SELECT coalesce(max(id), 0) FROM known_{word}").fetchone()[0]
    scratch.execute(
        f"INSERT INTO known_{word} BY NAME SELECT unnest($names::VARCHAR[]) AS {word}, unnest($ids::INTEGER[]) AS id",
        {"names": new, "ids": list(range(last + 1, last + 1 + len(new)))},
    )
    columns = f"id, {word}" + (", category_id" if word == "brand" else "")
    return store.facts_room.bulk_insert(
        connection, table, scratch=scratch,
        query=f"SELECT {columns}, {_written(entry)} FROM known_{word} WHERE id > {last} ORDER BY id",
    )


def meet_names(
    scratch: duckdb.DuckDBPyConnection, column: str, rows: str, *, known: str, table: str
) -> tuple[Met, ...]:
    """Leaves TEMP table `table` (text, name): in which name each text of `column` in the relation `rows` (with counts
    n) meets, of those that the query `known` gives or of its own. Tells which met in another."""
    counts = dict(scratch.execute(
        f"SELECT {column}, sum(n)::BIGINT FROM {rows} WHERE {column} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall())
    stored = [name for (name,) in scratch.execute(known).fetchall() if name is not None]
    # A text that nobody can see is no name.
    names = {text: name or None for text, name in meet(counts, stored).items()}
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($names::VARCHAR[]) AS name", {"texts": list(names), "names": list(names.values())},
    )
    return tuple(Met(column, text, name) for text, name in sorted(names.items()) if name and tidy(text) != name)


def _meet(scratch: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[Met, ...]:
    """Leaves TEMP table `named_product` (asin, brand, category, status, n) with the names that the file's meet in."""
    rows = staged.products or (
        f"(SELECT asin, brand, category, status, count(*) AS n FROM {staged.relation} GROUP BY ALL)"
    )
    met: list[Met] = []
    for column in ("brand", "category"):
        met += meet_names(
            scratch, column, rows, known=f"SELECT {column} FROM known_{column}", table=f"{column}_name"
        )
    # Keys are upper case, and a stored one may be of a time when they were not.
    products = dict(scratch.execute(
        "SELECT f.asin, min(k.asin) FROM (SELECT DISTINCT asin::VARCHAR AS asin FROM "
        f"{rows}) f JOIN known_asin k ON upper(replace(k.asin, ' ', '')) = f.asin "
        "WHERE f.asin NOT IN (SELECT asin FROM known_asin WHERE asin IS NOT NULL) GROUP BY f.asin ORDER BY f.asin"
    ).fetchall())
    rename(scratch, staged, "asin", products)
    met += [Met("product", asin, stored) for asin, stored in products.items()]
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE product_name AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($names::VARCHAR[]) AS name", {"texts": list(products), "names": list(products.values())},
    )
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE named_product AS SELECT coalesce(p.name, r.asin::VARCHAR) AS asin, "
        f"b.name AS brand, c.name AS category, r.status, r.n FROM {rows} r "
        "LEFT JOIN product_name p ON p.text = r.asin::VARCHAR LEFT JOIN brand_name b ON b.text = r.brand "
        "LEFT JOIN category_name c ON c.text = r.category"
    )
    return tuple(met)


def _gather(scratch: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """One row per product of the file. Where its rows disagree, the most frequent name wins; ties go by
    the alphabet, so that the same file always gives the same products."""
    best = ", ".join(
        f"first({c} ORDER BY n DESC, {c}) FILTER ({c} IS NOT NULL) AS {c}, count(DISTINCT {c}) AS {c}_count"
        for c in ("brand", "category", "status")
    )
    products, name = f"(SELECT asin, {best} FROM named_product GROUP BY asin) f", "NULL::VARCHAR"
    if staged.names:
        name = "t.name"
        products += (
            f" LEFT JOIN (SELECT coalesce(p.name, s.asin) AS asin, s.name FROM {staged.names} s "
            "LEFT JOIN product_name p ON p.text = s.asin) t ON t.asin = f.asin"
        )
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE file_product AS SELECT f.*, {name} AS name FROM {products}")


_ASSIGNMENT = """
CREATE OR REPLACE TEMP TABLE import_assignment AS
WITH stored AS (
    SELECT k.id, k.asin, nullif(k.name, '') AS name, b.brand, b.id AS brand_id, k.category_id, c.category,
        bc.category AS brand_category, k.status
    FROM known_asin k
    LEFT JOIN known_brand b ON b.id = k.brand_id
    LEFT JOIN known_category c ON c.id = k.category_id
    LEFT JOIN known_category bc ON bc.id = b.category_id
)
SELECT
    f.asin,
    s.id AS asin_id,
    f.name AS file_name, f.brand AS file_brand, f.category AS file_category, f.status AS file_status,
    s.name AS stored_name, s.brand AS stored_brand, s.category AS own_category, s.status AS stored_status,
    coalesce(s.category, s.brand_category) AS stored_category,
    CASE WHEN $update THEN coalesce(f.name, s.name) ELSE coalesce(s.name, f.name) END AS name,
    CASE WHEN $update THEN coalesce(f.brand, s.brand) ELSE coalesce(s.brand, f.brand) END AS brand,
    CASE
        WHEN s.id IS NOT NULL AND f.category IS NOT DISTINCT FROM coalesce(s.category, s.brand_category) THEN s.category
        WHEN $update THEN coalesce(f.category, s.category)
        WHEN coalesce(s.category, s.brand_category) IS NOT NULL THEN s.category
        ELSE nullif(f.category, nbc.category)
    END AS category,
    CASE WHEN $update THEN coalesce(f.status, s.status) ELSE coalesce(s.status, f.status) END AS status
FROM file_product f
LEFT JOIN stored s ON s.asin = f.asin
LEFT JOIN known_brand nb ON nb.brand = f.brand
LEFT JOIN known_category nbc ON nbc.id = nb.category_id
"""

_DIFFERENCES = " UNION ALL ".join(
    f"SELECT asin, '{what}' AS what, stored_{what} AS stored, file_{what} AS file, $update AS taken "
    f"FROM import_assignment WHERE asin_id IS NOT NULL AND stored_{what} <> file_{what}"
    for what in ("name", "brand", "category", "status")
)


def _add_products(
    store: Store, connection: sa.Connection, scratch: duckdb.DuckDBPyConnection, staged: Staged, entry: Entry
) -> int:
    new = [row[0] for row in scratch.execute("SELECT asin FROM import_assignment WHERE asin_id IS NULL").fetchall()]
    last = scratch.execute("SELECT coalesce(max(id), 0) FROM known_asin").fetchone()[0]
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE product_key AS SELECT asin, coalesce(asin_id, {last} + row_number() OVER ("
        "PARTITION BY asin_id IS NULL ORDER BY asin))::INTEGER AS asin_id FROM import_assignment"
    )
    # The facts are joined by the staged column's own type: an enumeration joins by its number, not its text.
    scratch.execute(
        f"CREATE OR REPLACE TEMP TABLE {PRODUCTS} AS SELECT s.asin, k.asin_id "
        f"FROM (SELECT DISTINCT asin FROM {staged.relation}) s JOIN product_key k ON k.asin = s.asin::VARCHAR"
    )
    if not new:
        return 0
    _refuse_twins(connection, schema.asin.c.asin, new)
    return store.facts_room.bulk_insert(
        connection, schema.asin, scratch=scratch,
        query="SELECT p.asin_id AS id, a.asin, a.name, b.id AS brand_id, c.id AS category_id, a.status, "
        f"{_written(entry)} "
        "FROM import_assignment a JOIN product_key p ON p.asin = a.asin "
        "LEFT JOIN known_brand b ON b.brand = a.brand LEFT JOIN known_category c ON c.category = a.category "
        "WHERE a.asin_id IS NULL ORDER BY id",
    )


def _write_changes(connection: sa.Connection, scratch: duckdb.DuckDBPyConnection) -> tuple[int, bool]:
    """Products that were there and got a name, brand, category or status they lacked (or that was updated): how many,
    and whether brands or categories were among that."""
    moves = "a.brand IS DISTINCT FROM a.stored_brand OR a.category IS DISTINCT FROM a.own_category"
    found = scratch.execute(
        f"SELECT a.asin_id AS row_id, b.id AS brand_id, c.id AS category_id, a.status, {moves} "
        "FROM import_assignment a "
        "LEFT JOIN known_brand b ON b.brand = a.brand LEFT JOIN known_category c ON c.category = a.category "
        f"WHERE a.asin_id IS NOT NULL AND ({moves} OR a.status IS DISTINCT FROM a.stored_status)"
    ).fetchall()
    rows = [row[:-1] for row in found]
    if rows:
        change = sa.update(schema.asin).where(schema.asin.c.id == sa.bindparam("row_id")).values(
            brand_id=sa.bindparam("new_brand"), category_id=sa.bindparam("new_category"),
            status=sa.bindparam("new_status"),
        )
        names = ("row_id", "new_brand", "new_category", "new_status")
        connection.execute(change, [dict(zip(names, row, strict=True)) for row in rows])
    named = dict(scratch.execute(
        "SELECT asin_id, name FROM import_assignment WHERE asin_id IS NOT NULL AND name IS DISTINCT FROM stored_name "
        "ORDER BY asin_id"
    ).fetchall())
    write_names(connection, named)
    return len(named.keys() | {row[0] for row in rows}), any(row[-1] for row in found)


def _torn(scratch: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    words = []
    for what in ("brand", "category", "status"):
        rows = scratch.execute(
            f"SELECT asin, {what} FROM file_product WHERE {what}_count > 1 ORDER BY asin"
        ).fetchall()
        if rows:
            shown = ", ".join(f"{asin} ({name})" for asin, name in rows[:LISTED])
            words.append(
                f"{len(rows)} products have more than one {what} in the file; the most frequent counts: {shown}"
            )
    return tuple(words)


def _refuse_twins(connection: sa.Connection, column: sa.Column, names: list[str]) -> None:
    """An existing table may compare text without case; then a name that is new to us is not to it."""
    for start in range(0, len(names), 1000):
        chunk = names[start : start + 1000]
        twin = connection.execute(sa.select(column).where(column.in_(chunk)).limit(1)).scalar()
        if twin is not None:
            mine = next((name for name in chunk if name.strip().casefold() == twin.strip().casefold()), chunk[0])
            raise Refused(
                f"{column.table.name} {mine!r}: the database takes it as equal to {twin!r}, which is there already; "
                "write it the same way in the file"
            )


def _written(entry: Entry) -> str:
    number = "NULL" if entry.import_id is None else str(int(entry.import_id))
    return f"TIMESTAMP '{entry.created_at:%Y-%m-%d %H:%M:%S.%f}' AS created_at, {number}::INTEGER AS import_id"

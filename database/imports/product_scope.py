"""A products or brand file of somebody who is limited to some brands: it may name those and nothing else.

What belongs to others and what does not exist at all get the same words, so that nothing can be learned.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from database.imports.faults import LISTED, Fault, refusal

_PERMITTED = {
    "asin": "SELECT asin FROM known_asin WHERE brand_id IN (SELECT id FROM permitted)",
    "brand": "SELECT brand FROM known_brand WHERE id IN (SELECT id FROM permitted)",
    "category": """SELECT category FROM known_category WHERE id IN (
        SELECT category_id FROM known_brand WHERE id IN (SELECT id FROM permitted)
        UNION SELECT category_id FROM known_asin WHERE brand_id IN (SELECT id FROM permitted)
    )""",
}
_RULES = {
    "asin": "is not one of your products",
    "brand": "is not one of your brands",
    "category": "is not a category of your brands",
}


def permit(scratch: duckdb.DuckDBPyConnection, only_brands: Collection[int]) -> None:
    """Leaves TEMP table `permitted` with the ids of these brands."""
    ids = ", ".join(f"({int(number)})" for number in sorted(only_brands)) or "(NULL)"
    scratch.execute(f"CREATE OR REPLACE TEMP TABLE permitted AS SELECT * FROM (VALUES {ids}) AS of_person (id)")


def names_query(column: str, *, is_limited: bool) -> str:
    """SQL: the stored names of products, brands or categories; `is_limited` says that only those of `permitted` are
    anybody's business. The dimensions are mirrored in the same connection."""
    return _PERMITTED[column] if is_limited else f"SELECT {column} FROM known_{column}"


def refuse_outside(
    scratch: duckdb.DuckDBPyConnection, file_name: str, *, key: str, only_brands: Collection[int]
) -> None:
    """Raises Refused if `given` names a product, brand or category that is not of these brands. `key` is the
    file's first column, `asin` or `brand`; the dimensions are mirrored in `scratch`."""
    permit(scratch, only_brands)
    faults: list[Fault] = []
    total = 0
    for column in dict.fromkeys((key, "brand", "category")):
        permitted = f"{_PERMITTED[column]} AND {column} IS NOT NULL"
        outside = f"FROM given WHERE {column} IS NOT NULL AND {column} NOT IN ({permitted})"
        total += scratch.execute(f"SELECT count(DISTINCT {column}) {outside}").fetchone()[0]
        names = scratch.execute(f"SELECT DISTINCT {column} {outside} ORDER BY {column} LIMIT {LISTED}").fetchall()
        faults += [Fault(_RULES[column], None, column, name) for (name,) in names]
    if faults:
        raise refusal(file_name, faults[:LISTED], total)

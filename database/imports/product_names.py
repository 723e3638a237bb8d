"""The names of a products or brand file meet in those that are stored, as the names of facts do.

Whoever is limited to some brands is offered the names of these and no others: what differs by case only from somebody
else's is then refused like any other name that is not theirs.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from database.imports.dimensions import meet_names
from database.imports.product_scope import names_query, permit
from database.imports.staging import Met
from domain.spelling import product_key, tidy


def meet_given(
    scratch: duckdb.DuckDBPyConnection, *, only_brands: Collection[int] | None = None
) -> tuple[Met, ...]:
    """Gives the rows of `given` the names that are stored already; columns that it has not are left alone. Tells what
    met in what."""
    if only_brands is not None:
        permit(scratch, only_brands)
    columns = {row[0] for row in scratch.execute("DESCRIBE given").fetchall()}
    met: list[Met] = []
    if "asin" in columns:
        met += _meet_products(scratch, names_query("asin", is_limited=only_brands is not None))
    for column in ("brand", "category"):
        met += meet_names(
            scratch, column, f"(SELECT {column}, count(*) AS n FROM given GROUP BY ALL)",
            known=names_query(column, is_limited=only_brands is not None), table=f"{column}_name",
        )
        _rename(scratch, column)
    return tuple(met)


def _meet_products(scratch: duckdb.DuckDBPyConnection, known: str) -> list[Met]:
    stored = sorted(asin for (asin,) in scratch.execute(known).fetchall() if asin is not None)
    exact, there = set(stored), {product_key(asin): asin for asin in reversed(stored)}
    texts = [asin for (asin,) in scratch.execute("SELECT DISTINCT asin FROM given WHERE asin IS NOT NULL").fetchall()]
    names = {
        text: text if text in exact else there.get(product_key(text), product_key(text)) or None for text in texts
    }
    scratch.execute(
        "CREATE OR REPLACE TEMP TABLE asin_name AS SELECT unnest($texts::VARCHAR[]) AS text, "
        "unnest($names::VARCHAR[]) AS name", {"texts": list(names), "names": list(names.values())},
    )
    _rename(scratch, "asin")
    return [Met("product", text, name) for text, name in sorted(names.items()) if name and tidy(text) != name]


def _rename(scratch: duckdb.DuckDBPyConnection, column: str) -> None:
    scratch.execute(
        f"UPDATE given SET {column} = n.name FROM {column}_name n "
        f"WHERE n.text = given.{column} AND n.name IS DISTINCT FROM n.text"
    )

"""Products, brands and categories that an import made and that nothing else stands under: they go after it, if its
user says so.

Undoing an import takes its facts out and leaves its names: somebody may have sorted them since. Let go, they bear its
id still, and it is `removed`: a refresh drops them once nothing published names them, the generation before included
(database/summaries/leftovers.py). What the facts, costs or SKUs of others name is no import's any more, and stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.engines.values import Facts
from database.imports.staging import JOIN
from database.imports.undo import refuse_unless_in
from database.names.archived import archived_products
from database.names.facts import all_months, aside, book, fact
from domain.errors import Refused

asin, brand, category = schema.asin, schema.brand, schema.category
REMOVED = "removed"
"""The status of an import whose facts are out and whose names go, too."""
AT_ONCE = 2000
"""Ids in one statement."""


@dataclass(frozen=True)
class MadeNames:
    """How many names go, and how many of those that the import made `stay`, because something else names them."""

    products: int
    brands: int
    categories: int
    stay: int

    @property
    def words(self) -> str:
        """`12 products, 3 brands and 1 category`; `no product, brand or category`."""
        counted = (
            (self.products, "product", "products"), (self.brands, "brand", "brands"),
            (self.categories, "category", "categories"),
        )
        told = [f"{count:,} {one if count == 1 else many}" for count, one, many in counted if count]
        if not told:
            return "no product, brand or category"
        return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else told[0]

    def as_dict(self) -> dict[str, int]:
        """As JSON can hold it."""
        return {"products": self.products, "brands": self.brands, "categories": self.categories, "stay": self.stay}


def is_taken_back(store: Store, import_id: int) -> bool:
    """Whether the facts of the import are out, and its names are still there to be let go. Raises Refused for a join,
    which made none."""
    with store.facts() as connection:
        entry = connection.execute(sa.select(book.c.status, book.c.mode).where(book.c.id == import_id)).first()
    if entry is not None and entry.mode == JOIN:
        raise Refused(f"import {import_id} joined two names and made none; undo it without --names")
    return entry is not None and entry.status == "undone"


def remove_names_of(store: Store, import_id: int) -> MadeNames:
    """Lets the names of an import go that was undone, in one transaction; the caller holds `store.lock()`. Raises
    Refused if it is in, or was removed before."""
    with store.facts() as connection:
        entry = connection.execute(sa.select(book).where(book.c.id == import_id)).first()
        if entry is None or entry.status == REMOVED:
            refuse_unless_in(import_id, entry)
        elif entry.status != "undone":
            raise Refused(f"import {import_id} ({entry.file_name}) is in; undo it first")
        found = let_names_go(store, connection, [import_id])
        store.commit(connection)
    return found


def let_names_go(store: Store, connection: sa.Connection, import_ids: Sequence[int]) -> MadeNames:
    """Marks these imports, whose facts are out, as removed, in `connection`'s transaction; the caller commits. From
    then on their names wait for the refresh that drops them."""
    products = _made(connection, asin, import_ids)
    used = _used_products(store, connection, products)
    brands, categories = (_made(connection, table, import_ids) for table in (brand, category))
    told = set(connection.execute(sa.select(schema.overhead.c.brand_id).distinct()).scalars()) if brands else set()
    used_brands = _used(connection, brands, ((asin, "brand_id", products - used),)) | brands & told
    used_categories = _used(connection, categories, (
        (asin, "category_id", products - used), (brand, "category_id", brands - used_brands),
    ))
    for table, kept in ((asin, used), (brand, used_brands), (category, used_categories)):
        own_nobody(connection, table, kept)
    connection.execute(sa.update(book).where(book.c.id.in_(import_ids)).values(status=REMOVED))
    return MadeNames(
        len(products - used), len(brands - used_brands), len(categories - used_categories),
        len(used) + len(used_brands) + len(used_categories),
    )


def own_nobody(connection: sa.Connection, table: sa.Table, ids: Collection[int]) -> None:
    """Makes these rows no import's: they stay, whatever becomes of the one that made them."""
    listed = sorted(ids)
    for first in range(0, len(listed), AT_ONCE):
        connection.execute(
            sa.update(table).where(table.c.id.in_(listed[first:first + AT_ONCE])).values(import_id=None)
        )


def products_in_facts(part: sa.Connection | Facts, products: Collection[int]) -> set[int]:
    """Which of these products have a fact, or one that undo keeps."""
    found: set[int] = set()
    for table in (fact, aside) if products else ():
        query = sa.select(table.c.asin_id).distinct()
        if len(products) <= AT_ONCE:
            query = query.where(table.c.asin_id.in_(sorted(products)))
        found |= set(part.execute(query).scalars())
    return found & set(products)


def _made(connection: sa.Connection, table: sa.Table, import_ids: Sequence[int]) -> set[int]:
    return set(connection.execute(sa.select(table.c.id).where(table.c.import_id.in_(import_ids))).scalars())


def _used_products(store: Store, connection: sa.Connection, products: set[int]) -> set[int]:
    if not products:
        return set()
    parts = store.each_part(
        connection, all_months(store, connection), lambda part: products_in_facts(part, products)
    )
    named = {
        code for table in (schema.sku_asin, schema.unit_cost)
        for code in connection.execute(sa.select(table.c.asin).distinct()).scalars()
    }
    by_code = {
        row.id for row in connection.execute(sa.select(asin.c.id, asin.c.asin)) if row.asin in named
    }
    return products & set().union(*parts, by_code, archived_products(store, connection))


def _used(
    connection: sa.Connection, made: set[int], users: Sequence[tuple[sa.Table, str, set[int]]]
) -> set[int]:
    """Which of these brands or categories a row names that does not go itself."""
    found: set[int] = set()
    for table, column, going in users if made else ():
        rows = connection.execute(sa.select(table.c.id, table.c[column]).where(table.c[column].is_not(None)))
        found |= {value for key, value in rows if key not in going}
    return made & found

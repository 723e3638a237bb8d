"""Products that a few typed letters name: for whoever knows an ASIN, an SKU, or some words of a name."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from database.engines.values import Reading
from database.queries.product_level import searched
from database.schema import UNASSIGNED, asin, summary_sku
from domain.parameters import MOST_WORDS

FEWEST_OF_AN_SKU = 2
"""So many letters of an SKU are asked for: one letter names half of them."""


@dataclass(frozen=True)
class NamedProduct:
    """A product of the catalogue; `name` is '' for none, `sku` the SKU that named it."""

    asin: str
    name: str
    brand_id: int
    sku: str = ""


def find_products(
    reading: Reading, text: str, *, scope: tuple[int, ...] | None, limit: int
) -> tuple[NamedProduct, ...]:
    """The first `limit` products of the catalogue in whose ASIN or name every word of `text` stands, or whose SKU it
    begins: what is called so first, then what begins with it. `scope` holds the only brands that count, as the
    catalogue has them (None: all)."""
    text = " ".join(text.split()[:MOST_WORDS])
    if not text:
        return ()
    rows = reading.connection.execute(named_statement(text, scope=scope, limit=limit)).all()
    found = [NamedProduct(row.asin, row.name or "", row.brand_id) for row in rows]
    if len(text) >= FEWEST_OF_AN_SKU:
        statement = sku_statement(text, reading.generation.generation, scope=scope, limit=limit)
        skus = [NamedProduct(row.asin, row.name or "", row.brand_id, row.sku)
                for row in reading.connection.execute(statement).all()]
        is_it = [product for product in skus if product.sku.lower() == text.lower()]
        found = [*is_it, *found, *skus]
    first: dict[str, NamedProduct] = {}
    for product in found:
        first.setdefault(product.asin, product)
    return tuple(first.values())[:limit]


def named_statement(text: str, *, scope: tuple[int, ...] | None, limit: int) -> sa.Select:
    """Of equally near ones the shorter name first."""
    place = sa.case(
        (sa.func.lower(asin.c.asin) == text.lower(), 0),
        (asin.c.asin.istartswith(text, autoescape=True), 1),
        (asin.c.name.istartswith(text, autoescape=True), 2),
        (asin.c.name.icontains(f" {text}", autoescape=True), 3),
        else_=4,
    )
    return (
        sa.select(asin.c.asin, asin.c.name, _brand.label("brand_id"))
        .where(*searched(text), *_of(scope))
        .order_by(place, sa.func.length(sa.func.coalesce(asin.c.name, "")), asin.c.asin)
        .limit(limit)
    )


def sku_statement(text: str, generation: int, *, scope: tuple[int, ...] | None, limit: int) -> sa.Select:
    """Products of SKUs that begin so, whatever the marketplace."""
    sku = summary_sku.c
    return (
        sa.select(asin.c.asin, asin.c.name, _brand.label("brand_id"), sku.sku)
        .select_from(summary_sku.join(asin, asin.c.id == sku.asin_id))
        .where(sku.generation == generation, sku.sku.istartswith(text, autoescape=True), *_of(scope))
        .order_by(sa.func.length(sku.sku), sku.sku, asin.c.asin)
        .limit(limit)
    )


_brand = sa.func.coalesce(asin.c.brand_id, UNASSIGNED)


def _of(scope: tuple[int, ...] | None) -> list[sa.ColumnElement[bool]]:
    return [] if scope is None else [_brand.in_(scope)]

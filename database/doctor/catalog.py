"""The catalogue: products without brand, brands without category. Their money counts, under no name."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from database.engines.values import Reading
from database.schema import asin, brand
from domain.findings import HINT, Finding


def judge_catalog(reading: Reading) -> list[Finding]:
    """What is not sorted in, as the published generation knows it."""
    return [*_products(reading.connection), *_brands(reading.connection)]


def _products(connection: sa.Connection) -> Iterator[Finding]:
    count, names = _some(connection, asin.c.asin, asin.c.brand_id.is_(None))
    if count:
        yield Finding(
            "products-without-brand", HINT, f"{counted(count, 'product')} no brand: figures stand under (unassigned)",
            _named(names, count),
            "assign them on /catalog, or with: flask products FILE",
        )


def _brands(connection: sa.Connection) -> Iterator[Finding]:
    """A product's own category goes before its brand's: only brands with a product that has none are told."""
    lacking = sa.exists().where(asin.c.brand_id == brand.c.id, asin.c.category_id.is_(None))
    count, names = _some(connection, brand.c.brand, brand.c.category_id.is_(None) & lacking)
    if count:
        yield Finding(
            "brands-without-category", HINT,
            f"{counted(count, 'brand')} no category, nor have all of their products: figures stand under "
            "(uncategorised)",
            _named(names, count),
            "give them one on /catalog, or with: flask products FILE",
        )


def _some(
    connection: sa.Connection, name: sa.Column, condition: sa.ColumnElement[bool]
) -> tuple[int, list[str]]:
    """How many rows are so, and the first five names of them."""
    count = connection.execute(sa.select(sa.func.count()).select_from(name.table).where(condition)).scalar() or 0
    names = connection.execute(sa.select(name).where(condition).order_by(name).limit(5)).scalars()
    return count, list(names)


def counted(count: int, noun: str) -> str:
    """`'1 brand has'`, `'2 brands have'`."""
    return f"{count:,} {noun} has" if count == 1 else f"{count:,} {noun}s have"


def _named(names: list[str], count: int) -> str:
    more = f" and {count - len(names):,} more" if count > len(names) else ""
    return ", ".join(names) + more

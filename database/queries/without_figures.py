"""Products that a search names and that have no figure in the selection: whoever looks for an ASIN must not be told
that it is not there because it sold nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from database.queries.product_level import searched
from database.schema import UNASSIGNED, UNCATEGORISED, asin, brand
from domain.selection import Selection

SHOWN = 10


@dataclass(frozen=True)
class Named:
    """A product of the catalogue; `name` is its ASIN if it has no other."""

    asin: str
    name: str


@dataclass(frozen=True)
class WithoutFigures:
    """The first of them by ASIN, and how many there are."""

    products: tuple[Named, ...] = ()
    count: int = 0


def read_without_figures(
    connection: sa.Connection, selection: Selection, with_figures: Collection[int]
) -> WithoutFigures:
    """The products of the catalogue within the selection's brands and categories that the search names, but for
    the ids `with_figures`: all that were found."""
    found = connection.execute(catalog_statement(selection, with_figures)).all()
    return WithoutFigures(
        tuple(Named(row.asin, row.name or row.asin) for row in found), found[0].products if found else 0
    )


def catalog_statement(selection: Selection, but_for: Collection[int]) -> sa.Select:
    """They stand where the catalogue has them now. How many there are stands in every row."""
    brand_id = sa.func.coalesce(asin.c.brand_id, UNASSIGNED)
    category_id = sa.func.coalesce(asin.c.category_id, brand.c.category_id, UNCATEGORISED)
    asked = (
        (brand_id, selection.brands or None), (brand_id, selection.scope), (category_id, selection.categories or None),
    )
    return (
        sa.select(asin.c.asin, asin.c.name, sa.func.count().over().label("products"))
        .select_from(asin.outerjoin(brand, brand.c.id == asin.c.brand_id))
        .where(
            *searched(selection.search),
            *(column.in_(values) for column, values in asked if values is not None),
            asin.c.id.not_in(sorted(but_for)),
        )
        .order_by(asin.c.asin)
        .limit(SHOWN)
    )

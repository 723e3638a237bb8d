"""The catalogue's lists: products and brands as the published generation knows them, sorted in or not.

The dimensions are read, and no summary: a product is listed whether it has figures or not. Texts are joined
by ids, never by names. With a `scope` everything is of those brands alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from database.schema import asin, brand, category, summary_generation, summary_uncosted
from database.schema import summary_unknown_sku as sku
from domain.listing import LISTS, UNASSIGNED, UNCATEGORISED, UNCOSTED, Listing

Scope = Collection[int] | None


@dataclass(frozen=True)
class ProductPlace:
    """A product and where it stands. `category` is where its figures count: its own (`has_own_category`), or
    its brand's."""

    id: int
    asin: str
    name: str
    brand: str
    category: str
    has_own_category: bool
    status: str


@dataclass(frozen=True)
class BrandPlace:
    """A brand, where it stands, and how many products it has."""

    id: int
    brand: str
    category: str
    group: str
    products: int


@dataclass(frozen=True)
class SkuPlace:
    """An SKU of imported reports that leads to no ASIN; `marketplace` is '' if it is sold in several."""

    sku: str
    marketplace: str
    lines: int
    last_day: datetime.date


@dataclass(frozen=True)
class Rows:
    """One page of a list, and how many rows all its pages have."""

    rows: tuple[ProductPlace, ...] | tuple[BrandPlace, ...] | tuple[SkuPlace, ...]
    count: int


@dataclass(frozen=True)
class CatalogPage:
    """What `/catalog` shows of a generation: one page of a list, how many rows each list has, and the names that
    there are (`brand`, `category`, `group`)."""

    listed: Rows
    counts: Mapping[str, int]
    choices: Mapping[str, tuple[str, ...]]


def read_catalog_page(
    connection: sa.Connection, listing: Listing, *, per_page: int, scope: Scope = None
) -> CatalogPage:
    """Everything that `/catalog` asks of a generation."""
    return CatalogPage(
        read_list(connection, listing, per_page=per_page, scope=scope), count_lists(connection, scope),
        choices_of(connection, scope),
    )


def count_lists(connection: sa.Connection, scope: Scope = None) -> dict[str, int]:
    """How many rows each list has, without any search."""
    counts = (_count(Listing(show), scope).scalar_subquery().label(show) for show in LISTS)
    return dict(connection.execute(sa.select(*counts)).one()._mapping)


def read_list(connection: sa.Connection, listing: Listing, *, per_page: int, scope: Scope = None) -> Rows:
    """The page that is asked for, by ASIN or by the brand's name; past the last one it is empty."""
    statement, make = _statement(listing, scope)
    found = connection.execute(statement.limit(per_page).offset((listing.page - 1) * per_page))
    return Rows(tuple(make(row) for row in found), count_rows(connection, listing, scope=scope))


def read_whole_list(
    connection: sa.Connection, listing: Listing, *, start: int = 0, limit: int | None = None, scope: Scope = None
) -> list[ProductPlace] | list[BrandPlace] | list[SkuPlace]:
    """The list whatever its pages: `limit` rows (None: all) from the `start`-th, 0 being the first."""
    statement, make = _statement(listing, scope)
    return [make(row) for row in connection.execute(statement.limit(limit).offset(start))]


def count_rows(connection: sa.Connection, listing: Listing, *, scope: Scope = None) -> int:
    """How many rows all pages of the list have."""
    return connection.execute(_count(listing, scope)).scalar()


def _count(listing: Listing, scope: Scope) -> sa.Select:
    if listing.is_of_skus:
        return sa.select(sa.func.count(sku.c.sku.distinct())).where(*_of_skus(listing, scope))
    table = asin if listing.is_of_products else brand
    return sa.select(sa.func.count()).select_from(table).where(*_conditions(listing, scope))


def names_of(
    connection: sa.Connection, listing: Listing, *, ids: Iterable[int] | None, scope: Scope = None
) -> list[str]:
    """ASINs or names of brands: those of `ids`, or with None everything that the search finds. What is not
    within the scope is not there."""
    column, key = (asin.c.asin, asin.c.id) if listing.is_of_products else (brand.c.brand, brand.c.id)
    conditions = _conditions(listing, scope) if ids is None else [key.in_(sorted(ids)), *_within(listing, scope)]
    return list(connection.execute(sa.select(column).where(*conditions).order_by(column)).scalars())


def choices_of(connection: sa.Connection, scope: Scope = None) -> dict[str, tuple[str, ...]]:
    """`brand`, `category` and `group`: the names there are, in reading order."""
    brands, categories = sa.select(brand.c.brand), sa.select(category.c.category)
    groups = sa.select(brand.c.group).distinct()
    if scope is not None:
        brands, groups = brands.where(brand.c.id.in_(scope)), groups.where(brand.c.id.in_(scope))
        used = sa.union(
            sa.select(brand.c.category_id).where(brand.c.id.in_(scope)),
            sa.select(asin.c.category_id).where(asin.c.brand_id.in_(scope)),
        )
        categories = categories.where(category.c.id.in_(used))
    return {
        word: tuple(sorted({name for name in connection.execute(query).scalars() if name}, key=str.casefold))
        for word, query in (("brand", brands), ("category", categories), ("group", groups))
    }


def _statement(
    listing: Listing, scope: Scope
) -> tuple[sa.Select, Callable[[sa.Row], ProductPlace | BrandPlace | SkuPlace]]:
    if listing.is_of_skus:
        return _skus(listing, scope), _sku
    return (_products(listing, scope), _product) if listing.is_of_products else (_brands(listing, scope), _brand)


def _products(listing: Listing, scope: Scope) -> sa.Select:
    own, of_brand = category.alias("own_category"), category.alias("brand_category")
    return (
        sa.select(
            asin.c.id,
            asin.c.asin,
            asin.c.name,
            brand.c.brand,
            sa.func.coalesce(own.c.category, of_brand.c.category).label("category"),
            own.c.category.is_not(None).label("has_own_category"),
            asin.c.status,
        )
        .select_from(
            asin.outerjoin(brand, brand.c.id == asin.c.brand_id)
            .outerjoin(own, own.c.id == asin.c.category_id)
            .outerjoin(of_brand, of_brand.c.id == brand.c.category_id)
        )
        .where(*_conditions(listing, scope))
        .order_by(*((_uncosted_revenue().desc(),) if listing.show == UNCOSTED else ()), asin.c.asin)
    )


def _brands(listing: Listing, scope: Scope) -> sa.Select:
    products = sa.select(sa.func.count()).where(asin.c.brand_id == brand.c.id).scalar_subquery()
    return (
        sa.select(
            brand.c.id,
            brand.c.brand,
            category.c.category,
            brand.c.group.label("grouping"),
            products.label("products"),
        )
        .select_from(brand.outerjoin(category, category.c.id == brand.c.category_id))
        .where(*_conditions(listing, scope))
        .order_by(sa.func.lower(brand.c.brand), brand.c.brand)
    )


def _skus(listing: Listing, scope: Scope) -> sa.Select:
    in_several = sa.func.count(sku.c.marketplace.distinct()) > 1
    return (
        sa.select(
            sku.c.sku,
            sa.case((in_several, ""), else_=sa.func.min(sku.c.marketplace)).label("marketplace"),
            sa.func.sum(sku.c.line_count).label("line_count"),
            sa.func.max(sku.c.last_day).label("last_day"),
        )
        .where(*_of_skus(listing, scope))
        .group_by(sku.c.sku)
        .order_by(sku.c.sku)
    )


def _of_skus(listing: Listing, scope: Scope) -> list[sa.ColumnElement[bool]]:
    """An SKU belongs to no brand: there is none for whoever is limited to some."""
    live = sa.select(summary_generation.c.generation).where(summary_generation.c.live == sa.true()).scalar_subquery()
    found = [sku.c.generation == live] if scope is None else [sa.false()]
    return [*found, *(sku.c.sku.icontains(word, autoescape=True) for word in listing.search.split())]


def _conditions(listing: Listing, scope: Scope) -> list[sa.ColumnElement[bool]]:
    conditions = _within(listing, scope)
    if listing.show == UNASSIGNED:
        conditions.append(asin.c.brand_id.is_(None))
    if listing.show == UNCOSTED:
        conditions.append(asin.c.id.in_(sa.select(summary_uncosted.c.asin_id).where(_is_live())))
    if listing.show == UNCATEGORISED:
        conditions.append(brand.c.category_id.is_(None))
    columns = (asin.c.asin, asin.c.name) if listing.is_of_products else (brand.c.brand, brand.c.group)
    for word in listing.search.split():
        conditions.append(sa.or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return conditions


def _is_live() -> sa.ColumnElement[bool]:
    live = sa.select(summary_generation.c.generation).where(summary_generation.c.live == sa.true())
    return summary_uncosted.c.generation == live.scalar_subquery()


def _uncosted_revenue() -> sa.ColumnElement:
    """What is worth most to know comes first."""
    table = summary_uncosted.c
    return sa.select(sa.func.sum(table.revenue)).where(_is_live(), table.asin_id == asin.c.id).scalar_subquery()


def _within(listing: Listing, scope: Scope) -> list[sa.ColumnElement[bool]]:
    if scope is None:
        return []
    return [(asin.c.brand_id if listing.is_of_products else brand.c.id).in_(scope)]


def _product(row: sa.Row) -> ProductPlace:
    return ProductPlace(
        row.id, row.asin, row.name or "", row.brand or "", row.category or "", bool(row.has_own_category),
        row.status or "",
    )


def _brand(row: sa.Row) -> BrandPlace:
    return BrandPlace(row.id, row.brand, row.category or "", row.grouping or "", row.products)


def _sku(row: sa.Row) -> SkuPlace:
    return SkuPlace(row.sku, row.marketplace, int(row.line_count), row.last_day)

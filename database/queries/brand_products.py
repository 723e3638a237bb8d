"""The products of a brand: what they come to in the chosen months and in those that are compared, by one statement, and
their categories, ranking, movers and loss-makers, which are told from it. Their list is that of the page of products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries.losses import Loss, Losses, worst_of
from database.queries.movers import Movers, movers_among
from database.queries.product_level import conditions, within
from database.queries.products import ProductSums
from database.schema import asin, summary_asin
from domain.metrics import CM3
from domain.periods import Span
from domain.ratios import share
from domain.selection import Selection

MOST = Decimal("0.8")
"""The part of the whole that a ranking marks: in most shops a fifth of the products makes up this much."""


@dataclass(frozen=True)
class RankedProduct:
    """One product, the largest having rank 1. `share` of the brand and `cumulative`, the share of this and
    all products above it, are fractions, None where the brand has no positive total. `asin` is None for a
    product that is not in the catalogue any more."""

    rank: int
    key: int
    asin: str | None
    name: str
    value: Decimal
    share: Decimal | None
    cumulative: Decimal | None


@dataclass(frozen=True)
class Ranking:
    """All products with a figure of the chosen metric, largest first; `total` is their sum. A ratio has neither sum nor
    shares."""

    products: tuple[RankedProduct, ...]
    total: Decimal | None

    @property
    def reached(self) -> int | None:
        """How many products, from the largest, make up MOST of the total; None where there is no share."""
        return next(
            (row.rank for row in self.products if row.cumulative is not None and row.cumulative >= MOST), None
        )

    @property
    def below_zero(self) -> int:
        """How many products have a negative figure."""
        return sum(1 for row in self.products if row.value < 0)


@dataclass(frozen=True)
class PlacedSums(ProductSums):
    """A product that has one category in a generation, as it has one brand."""

    category_id: int


def read_product_sums(connection: sa.Connection, selection: Selection) -> tuple[PlacedSums, ...]:
    """The products of the selection's brands, in the order of their ids."""
    metrics = _metrics(selection)
    spans = [slice(first, first + len(metrics)) for first in (0, len(metrics), 2 * len(metrics))]
    return tuple(
        PlacedSums(key, code, name, brand_id, *(_known(metrics, sums[span]) for span in spans), category_id)
        for key, code, name, brand_id, category_id, *sums in connection.execute(sums_statement(selection)).all()
    )


def _known(metrics: Sequence[str], sums: Sequence[Decimal | None]) -> dict[str, Decimal]:
    return {metric: value for metric, value in zip(metrics, sums, strict=True) if value is not None}


def sums_statement(selection: Selection) -> sa.Select:
    """The statement behind `read_product_sums`: one pass over the rows of the brands, where ranking, both sides
    of the movers, loss-makers and categories would each be one of its own."""
    columns, metrics = summary_asin.c, _metrics(selection)
    spans = [span for span in (selection.span, selection.comparison) if span]
    totals = (
        sa.select(
            columns.asin_id,
            sa.func.max(columns.brand_id).label("brand_id"),
            sa.func.max(columns.category_id).label("category_id"),
            *(
                _sum(metric, span).label(f"value_{part}_{number}")
                for part, span in enumerate((selection.span, selection.complete, selection.comparison))
                for number, metric in enumerate(metrics)
            ),
        )
        .where(
            sa.or_(*(is_one_of(columns.month, span.months) for span in spans)),
            columns.metric.in_(metrics),
            *conditions(selection),
        )
        .group_by(columns.asin_id)
        .subquery("totals")
    )
    key, *others = totals.c
    return (
        sa.select(key, asin.c.asin, asin.c.name, *others)
        .select_from(totals.outerjoin(asin, asin.c.id == key))
        .order_by(key)
    )


def _sum(metric: str, span: Span | None) -> sa.ColumnElement:
    columns = summary_asin.c
    return sa.func.sum(sa.case((within(span) & (columns.metric == metric), columns.value)))


def _metrics(selection: Selection) -> list[str]:
    return sorted({*selection.sums, CM3})


def categories_of(products: Sequence[PlacedSums], selection: Selection) -> tuple[int, ...]:
    """The categories with the chosen metric, or with the base of a chosen ratio, largest first."""
    found: dict[int, Decimal] = {}
    for product in products:
        for metric in selection.counted:
            if metric in product.now:
                found[product.category_id] = found.get(product.category_id, Decimal(0)) + product.now[metric]
    return tuple(sorted(found, key=lambda category: (-found[category], category)))


def ranking_of(products: Sequence[ProductSums], selection: Selection) -> Ranking:
    """The products with a figure of the chosen metric, largest first; equal ones by their id."""
    valued = [(product, value) for product in products if (value := selection.value_of(product.now)) is not None]
    total = sum((value for _, value in valued), Decimal(0)) if valued and selection.ratio is None else None
    ranked, reached = [], Decimal(0)
    for rank, (product, value) in enumerate(sorted(valued, key=lambda pair: (-pair[1], pair[0].key)), start=1):
        reached += value
        ranked.append(
            RankedProduct(
                rank=rank, key=product.key, asin=product.asin, name=product.called, value=value,
                share=share(value, total), cumulative=share(reached, total),
            )
        )
    return Ranking(tuple(ranked), total)


def movers_of(products: Sequence[ProductSums], selection: Selection) -> Movers | None:
    """What moved the chosen metric, as `read_movers` tells it."""
    if selection.complete is None or selection.comparison is None or selection.ratio:
        return None
    named = {product.key: (product.asin or "", product.name or "") for product in products}
    now, before = (
        {key: value for key, sums in sides if (value := selection.value_of(sums)) is not None}
        for sides in (
            [(product.key, product.complete) for product in products],
            [(product.key, product.before) for product in products],
        )
    )
    return movers_among(now, before, lambda keys: named, are_products=True)


def losses_of(products: Sequence[ProductSums]) -> Losses:
    """The loss-makers, as `read_losses` tells them."""
    return worst_of(
        Loss(product.key, product.asin or "", product.name or product.asin or f"({product.key})", product.now[CM3])
        for product in products if product.now.get(CM3, 0) < 0
    )

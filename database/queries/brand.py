"""One brand's whole story: headlines, months, P&L, marketplaces, and its products in a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.engines.month_ranges import is_one_of
from database.queries import breakdown
from database.queries.breakdown import Breakdown, Groups
from database.queries.choices import UNASSIGNED_NAME
from database.queries.figures import Figure, figure_of, read_months
from database.queries.losses import Losses, read_losses
from database.queries.monthly import MonthRow, month_rows
from database.queries.movers import Movers, read_movers
from database.queries.products import Products, read_products
from database.queries.profitability import LINES, Profitability, profitability_of
from database.queries.sums import CATEGORY, MARKETPLACE, sums_by
from database.schema import UNASSIGNED, asin, brand, summary_asin
from domain.metrics import CM1, CM2, CM3, NET_REVENUE, NET_UNITS
from domain.ratios import CM1_MARGIN, CM2_MARGIN, CM3_MARGIN, Ratio, share
from domain.selection import Selectable, Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM1, CM1_MARGIN, CM2, CM2_MARGIN, CM3, CM3_MARGIN)
"""What stands at the top: metrics, and ratios of metrics."""

NO_GROUPS = Groups({}, {}, {})
"""Movers within one brand are its products."""

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
class Brand:
    """All rows of the page, of one generation. `categories` are those in which the brand has the metric,
    the largest first; `table` is one page of its products, `movers` is None where there is nothing to compare with."""

    headlines: tuple[Figure, ...]
    months: tuple[MonthRow, ...]
    categories: tuple[int, ...]
    profit: Profitability
    marketplaces: Breakdown
    products: Ranking
    table: Products
    movers: Movers | None
    losses: Losses

    @property
    def is_empty(self) -> bool:
        """Whether the chosen months hold nothing at all."""
        months = (row for row in self.months if row.is_chosen)
        return self.profit.is_empty and all(
            found.value is None for found in (*self.headlines, *months, *self.marketplaces.rows)
        )


def find_brand_name(
    connection: sa.Connection, selectable: Selectable, number: int, *, scope: tuple[int, ...] | None
) -> str | None:
    """The name of a brand, with figures or without; None if there is none, or none that may be seen."""
    if scope is not None and number not in scope:
        return None
    if number in selectable.brands:
        return selectable.brands[number]
    if number == UNASSIGNED:
        return UNASSIGNED_NAME
    return connection.execute(sa.select(brand.c.brand).where(brand.c.id == number)).scalar_one_or_none()


def read_brand(
    connection: sa.Connection, selection: Selection, selectable: Selectable, *, start: int, limit: int
) -> Brand:
    """Everything that `/brands/<id>` shows for a selection whose only brand it is: of its products `limit` from the
    `start`-th (0 is the first)."""
    # Orders that only products have leave marketplaces by value.
    by_value = selection if selection.sort in breakdown.SORTS else selection.changed(sort="value")
    by_month = read_months(connection, selection, (selection.measure, *HEADLINES, *LINES))
    return Brand(
        headlines=tuple(figure_of(asked, by_month, selection) for asked in HEADLINES),
        months=month_rows(by_month, selection),
        categories=_read_categories(connection, selection),
        profit=profitability_of(by_month, selection, LINES),
        marketplaces=breakdown.read_breakdown(
            connection, by_value, MARKETPLACE, selectable.marketplace_names
        ),
        products=read_ranking(connection, selection),
        table=read_products(connection, selection, selectable.brands, start=start, limit=limit),
        movers=read_movers(connection, selection, selectable.brands, NO_GROUPS),
        losses=read_losses(connection, selection),
    )


def read_ranking(connection: sa.Connection, selection: Selection) -> Ranking:
    """The products of the selection's brands by the chosen metric; equal ones by their id."""
    rows = _ranked(connection.execute(ranking_statement(selection)).all(), selection)
    total = sum((row.value for row in rows), Decimal(0)) if rows and selection.ratio is None else None
    products, reached = [], Decimal(0)
    for rank, row in enumerate(rows, start=1):
        reached += row.value
        products.append(
            RankedProduct(
                rank=rank, key=row.asin_id, asin=row.asin, name=row.name or row.asin or f"(product {row.asin_id})",
                value=row.value, share=share(row.value, total), cumulative=share(reached, total),
            )
        )
    return Ranking(tuple(products), total)


@dataclass(frozen=True)
class _Value:
    """The chosen metric of one product."""

    asin_id: int
    asin: str | None
    name: str | None
    value: Decimal


def _ranked(rows: Sequence[sa.Row], selection: Selection) -> list[_Value]:
    """Those with a figure, the largest first."""
    sums: dict[int, dict[str, Decimal]] = {}
    for row in rows:
        sums.setdefault(row.asin_id, {})[row.metric] = row.value
    named = {row.asin_id: row for row in rows}
    found = [
        _Value(key, named[key].asin, named[key].name, value)
        for key, of in sums.items() if (value := selection.value_of(of)) is not None
    ]
    return sorted(found, key=lambda row: (-row.value, row.asin_id))


def ranking_statement(selection: Selection) -> sa.Select:
    """The statement behind `read_ranking`: per product and metric the sums that the chosen one is made of."""
    table = summary_asin
    value = sa.func.sum(table.c.value).label("value")
    conditions = [
        table.c.brand_id.in_(selection.brands),
        is_one_of(table.c.month, selection.span.months),
        table.c.metric.in_(sorted(set(selection.sums))),
    ]
    if selection.scope is not None:
        conditions.append(table.c.brand_id.in_(selection.scope))
    if selection.categories:
        conditions.append(table.c.category_id.in_(selection.categories))
    if selection.marketplaces:
        conditions.append(table.c.marketplace.in_(selection.marketplaces))
    totals = sa.select(table.c.asin_id, table.c.metric, value).where(*conditions)
    totals = totals.group_by(table.c.asin_id, table.c.metric).subquery("totals")
    return (
        sa.select(
            totals.c.asin_id,
            asin.c.asin,
            asin.c.name,
            totals.c.metric,
            totals.c.value,
        )
        .select_from(totals.outerjoin(asin, asin.c.id == totals.c.asin_id))
        .order_by(totals.c.asin_id, totals.c.metric)
    )


def _read_categories(connection: sa.Connection, selection: Selection) -> tuple[int, ...]:
    sums = sums_by(connection, selection, CATEGORY, span=selection.span, metrics=selection.sums[-1:])
    return tuple(row.grain for row in sorted(sums, key=lambda row: (-row.value, row.grain)))

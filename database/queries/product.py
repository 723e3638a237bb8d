"""One product: who it is, and all its figures by metric, month and marketplace, from one statement."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from database.queries.breakdown import Breakdown, Groups, breakdown_of
from database.queries.figures import Figure, figure_of, needed_spans
from database.queries.monthly import MonthRow, month_rows
from database.queries.product_level import within
from database.queries.profitability import LINES, Profitability, profitability_of
from database.schema import UNASSIGNED, UNCATEGORISED, asin, brand, category, summary_asin
from domain.metrics import CM3, NET_REVENUE, NET_UNITS, OPERATING_PROFIT
from domain.periods import Span
from domain.ratios import CM3_MARGIN, Measure, Ratio
from domain.selection import Selection

HEADLINES: tuple[str | Ratio, ...] = (NET_REVENUE, NET_UNITS, CM3, CM3_MARGIN)
"""What stands at the top."""


@dataclass(frozen=True)
class Product:
    """A product of the catalogue. Its category is its own, or else its brand's; names are '' for none."""

    key: int
    asin: str
    name: str
    status: str
    brand_id: int
    brand: str
    category_id: int
    category: str


@dataclass(frozen=True)
class MarketplaceRow:
    """The chosen metric in one marketplace (`code` '' for the total): by chosen month, and over all of them."""

    code: str
    months: tuple[Decimal | None, ...]
    value: Decimal | None


@dataclass(frozen=True)
class ProductFigures:
    """All rows of a product's page, of one generation."""

    headlines: tuple[Figure, ...]
    months: tuple[MonthRow, ...]
    marketplaces: Breakdown
    by_marketplace: tuple[MarketplaceRow, ...]
    metrics: Profitability

    @property
    def is_empty(self) -> bool:
        """Whether the product has no figure at all in the chosen months and those they are compared with."""
        return not self.metrics.lines and not self.marketplaces.rows


def find_product(connection: sa.Connection, key: str, *, scope: tuple[int, ...] | None = None) -> Product | None:
    """The product whose ASIN is exactly `key`; None if it is not there, or not within the brands of `scope`:
    neither its brand nor any of its published figures is one of theirs."""
    row = connection.execute(product_statement(key)).first()
    # A schema made by hand may take ABC for abc.
    if row is None or row.asin != key:
        return None
    brand_id = row.brand_id if row.brand_id is not None else UNASSIGNED
    if scope is not None and brand_id not in scope:
        # It was moved, and the next refresh will say so: until then it stands where its figures do. The
        # brand that it was moved to is not for this reader to know.
        row = connection.execute(published_statement(row.id, scope)).first()
        if row is None:
            return None
        brand_id = row.brand_id
    return Product(
        key=row.id, asin=row.asin, name=row.name or "", status=row.status or "", brand_id=brand_id,
        brand=row.brand or "", category_id=row.category_id if row.category_id is not None else UNCATEGORISED,
        category=row.category or "",
    )


def read_product(
    connection: sa.Connection, selection: Selection, product: Product, *, metrics: Sequence[str],
    marketplace_names: Mapping[str, str],
) -> ProductFigures:
    """Everything that a product's page shows; `metrics` are all there are, in their order. The selection's
    brands and categories mean nothing here."""
    found = [tuple(row) for row in connection.execute(sums_statement(selection, product.key)).all()]
    by_month = _grouped((month, metric, value) for month, _, metric, value in found)
    return ProductFigures(
        headlines=tuple(figure_of(asked, by_month, selection) for asked in HEADLINES),
        months=month_rows(by_month, selection),
        marketplaces=_marketplaces(found, selection, marketplace_names),
        by_marketplace=_by_marketplace(found, selection),
        metrics=profitability_of(by_month, selection, _lines(metrics)),
    )


def read_last_month(connection: sa.Connection, selection: Selection, product: Product) -> datetime.date | None:
    """The last month, chosen or not, in which the product has a figure in the chosen marketplaces; None if there
    is none."""
    return connection.execute(last_month_statement(selection, product.key)).scalar()


def product_statement(key: str) -> sa.Select:
    """A product with the names of its brand and category."""
    category_id = sa.func.coalesce(asin.c.category_id, brand.c.category_id)
    return (
        sa.select(
            asin.c.id, asin.c.asin, asin.c.name, asin.c.status, asin.c.brand_id, brand.c.brand,
            category_id.label("category_id"), category.c.category,
        )
        .select_from(
            asin.outerjoin(brand, brand.c.id == asin.c.brand_id).outerjoin(category, category.c.id == category_id)
        )
        .where(asin.c.asin == key)
    )


def published_statement(product: int, scope: tuple[int, ...]) -> sa.Select:
    """The same of a product where its published figures within the brands of `scope` stand."""
    columns = summary_asin.c
    return (
        sa.select(
            asin.c.id, asin.c.asin, asin.c.name, asin.c.status, columns.brand_id, brand.c.brand,
            columns.category_id, category.c.category,
        )
        .select_from(
            summary_asin.join(asin, asin.c.id == columns.asin_id)
            .outerjoin(brand, brand.c.id == columns.brand_id)
            .outerjoin(category, category.c.id == columns.category_id)
        )
        .where(columns.asin_id == product, columns.brand_id.in_(scope))
        .limit(1)
    )


def sums_statement(selection: Selection, product: int) -> sa.Select:
    """Every figure of the product in the chosen months and those that they are compared with."""
    columns = summary_asin.c
    spans = needed_spans(selection)
    return (
        sa.select(columns.month, columns.marketplace, columns.metric, columns.value)
        .where(*_of(product, selection), sa.or_(*(within(span) for span in spans)))
        .order_by(columns.metric, columns.month, columns.marketplace)
    )


def last_month_statement(selection: Selection, product: int) -> sa.Select:
    """The last month with any of the product's figures."""
    return sa.select(sa.func.max(summary_asin.c.month)).where(*_of(product, selection))


def _of(product: int, selection: Selection) -> list[sa.ColumnElement[bool]]:
    """What of the ASIN level is the product's, in the chosen marketplaces, and this reader's."""
    columns = summary_asin.c
    asked = ((columns.brand_id, selection.scope), (columns.marketplace, selection.marketplaces or None))
    return [columns.asin_id == product, *(column.in_(values) for column, values in asked if values is not None)]


Found = tuple[datetime.date, str, str, Decimal]
"""Month, marketplace, metric, value."""


def _marketplaces(found: Iterable[Found], selection: Selection, names: Mapping[str, str]) -> Breakdown:
    def over(span: Span | None) -> dict[str, dict[str, Decimal]]:
        if span is None:
            return {}
        return _grouped(
            (code, metric, value) for month, code, metric, value in found if span.first <= month <= span.last
        )

    def chosen(sums: dict[str, dict[str, Decimal]]) -> dict[str, dict[str, Decimal]]:
        return {code: of for code, of in sums.items() if any(metric in of for metric in selection.sums)}

    now, before = over(selection.span), chosen(over(selection.comparison))
    return breakdown_of(Groups(now, over(selection.complete), before), selection, names)


def _by_marketplace(found: Iterable[Found], selection: Selection) -> tuple[MarketplaceRow, ...]:
    """The largest first, and the total last; without any figure, nothing."""
    chosen = [
        (code, (month, metric, value)) for month, code, metric, value in found
        if metric in selection.sums and selection.span.first <= month <= selection.span.last
    ]
    rows = [
        _marketplace_row(code, [each for other, each in chosen if other == code], selection)
        for code in dict.fromkeys(code for code, _ in chosen)
    ]
    rows = [row for row in rows if row.value is not None]
    rows.sort(key=lambda row: (-row.value, row.code))
    return (*rows, _marketplace_row("", [each for _, each in chosen], selection)) if rows else ()


def _marketplace_row(
    code: str, found: Sequence[tuple[datetime.date, str, Decimal]], selection: Selection
) -> MarketplaceRow:
    """`found` are month, metric and value of what the chosen metric is made of."""
    by_month = _grouped(found)
    whole = _grouped(("", metric, value) for _, metric, value in found).get("", {})
    return MarketplaceRow(
        code, tuple(selection.value_of(by_month.get(month, {})) for month in selection.span.months),
        selection.value_of(whole),
    )


def _grouped(rows: Iterable[tuple]) -> dict:
    """Two keys -> the sum of their values."""
    sums: dict = {}
    for first, second, value in rows:
        of = sums.setdefault(first, {})
        of[second] = of.get(second, Decimal(0)) + value
    return sums


def _lines(metrics: Sequence[str]) -> tuple[Measure, ...]:
    """The P&L, and below it every metric that is not part of it."""
    return (*LINES, *(metric for metric in metrics if metric not in LINES and metric != OPERATING_PROFIT))

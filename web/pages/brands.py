"""/brands/<id>: one brand's whole story."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, abort, render_template

from charts.pareto import Ranked, pareto_figure
from charts.small import SmallBar, small_bars
from database.queries.brand import MOST, RankedProduct, Ranking
from database.queries.pages import BRAND, NamedBrand, start_of
from web.figures.breakdown import Paging, breakdown_sheet, breakdown_view, count_words, paging_of
from web.figures.drawing import embedded
from web.figures.filters import filters_of, period_name
from web.figures.formats import MONEY, PERCENT, kind_of, leaves_out_cents
from web.figures.headlines import headlines_of, headlines_sheet
from web.figures.monthly import monthly_chart, months_sheet
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import profit_sheet, profit_table
from web.figures.sheets import COUNT, TEXT, Column, Offer, Sheet, export_links
from web.pages.product import product_address

pages = Blueprint("brands", __name__)

MOST_CATEGORIES = 6
"""So many stand above the brand's name."""


@dataclass(frozen=True)
class ProductLine:
    """One product of the ranking. `is_mark`: with it, the marked part of the whole is reached."""

    rank: str
    name: str
    asin: str
    address: str
    value: str
    exact: str
    is_negative: bool
    bar: SmallBar | None
    share: str
    cumulative: str
    is_mark: bool


@dataclass(frozen=True)
class RankingView:
    """The ranking: its sentence, its figure (None without a product), and one page of its rows."""

    metric: str
    sentence: str
    figure: str | None
    lines: tuple[ProductLine, ...]
    total: str
    mark: str
    paging: Paging


@pages.get("/brands/<id:brand_id>")
def show(brand_id: int) -> Response:
    """The brand's figures in the reader's selection; 404 if there is none, or none that the reader may see."""
    return figures_page(BRAND, _render, title=lambda page, brand: brand.name)


def _render(page: Page, brand: NamedBrand) -> str:
    found = brand.story
    return render_template(
        "brands/show.html",
        name=brand.name,
        categories=[
            (page.catalogue.categories[key], page.elsewhere("categories.show", {"categories": (key,)}))
            for key in found.categories[:MOST_CATEGORIES]
        ],
        more_categories=max(len(found.categories) - MOST_CATEGORIES, 0),
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page, without=("brand",)),
        notices=notices_of(page),
        is_empty=found.is_empty,
        headlines=headlines_of(found.headlines, page),
        chart=monthly_chart(found.months, page),
        profit=None if found.profit.is_empty else profit_table(found.profit, page),
        marketplaces=breakdown_view(found.marketplaces, page, title="Marketplaces", part="marketplaces"),
        ranking=_ranking(found.products, page),
    )


def _ranking(found: Ranking, page: Page) -> RankingView:
    page.check_page_number(-(-len(found.products) // BRAND.per_page))
    kind, start = kind_of(page.selection.metric), start_of(BRAND, page.selection)
    end = min(start + BRAND.per_page, len(found.products))
    values = [row.value for row in found.products]
    is_large = kind == MONEY and leaves_out_cents(values)
    write = page.formats.whole if is_large else page.formats.exact
    lines = [
        _line(row, bar, page, write(row.value, kind), row.rank == found.reached)
        for row, bar in zip(found.products[start:end], small_bars(values, slice(start, end)), strict=True)
    ]
    return RankingView(
        metric=page.selection.metric,
        sentence=_sentence(found, page),
        figure=_figure(found, page) if found.products else None,
        lines=tuple(lines),
        total=write(found.total, kind),
        mark=f"Down to here: {page.formats.tick(MOST, PERCENT)} of {page.selection.metric}",
        paging=paging_of(page, start=start, shown=len(lines), total=len(found.products)),
    )


def _line(row: RankedProduct, bar: SmallBar | None, page: Page, value: str, is_mark: bool) -> ProductLine:
    return ProductLine(
        rank=page.formats.exact(Decimal(row.rank), COUNT), name=row.name,
        asin=row.asin if row.asin and row.asin != row.name else "",
        address=_product_address(row, page), value=value,
        exact=page.formats.exact(row.value, kind_of(page.selection.metric)), is_negative=row.value < 0, bar=bar,
        share=page.formats.exact(row.share, PERCENT), cumulative=page.formats.exact(row.cumulative, PERCENT),
        is_mark=is_mark,
    )


def _product_address(row: RankedProduct, page: Page) -> str:
    return product_address(page, row.asin)


def _sentence(found: Ranking, page: Page) -> str:
    """`80% of net revenue comes from 12 of 340 products; 3 products are below zero.`"""
    count, metric = len(found.products), page.selection.metric
    if not count:
        return f"No product has a figure of {metric} here."
    products = count_words(page, count, "product", "products")
    loss = f"; {page.formats.exact(Decimal(found.below_zero), COUNT)} of them below zero" if found.below_zero else ""
    if found.reached is None:
        return f"{products} with a figure of {metric}{loss}."
    most = page.formats.tick(MOST, PERCENT)
    return f"{most} of {metric} comes from {page.formats.exact(Decimal(found.reached), COUNT)} of {products}{loss}."


def _figure(found: Ranking, page: Page) -> str:
    kind = kind_of(page.selection.metric)
    return embedded(
        pareto_figure(
            [Ranked(row.name, row.value, row.cumulative, _product_address(row, page)) for row in found.products],
            things="Products", reached=found.reached,
            exact=lambda value: page.formats.exact(value, kind), tick=lambda value: page.formats.tick(value, kind),
            percent=lambda value: page.formats.tick(value, PERCENT),
        )
    )


def _sheets(page: Page, brand_id: int) -> list[Sheet]:
    brand: NamedBrand | None = BRAND.read(page)
    if brand is None:
        abort(404)
    found = brand.story
    kind = kind_of(page.selection.metric)
    columns = (
        Column("Rank", COUNT), Column("ASIN", TEXT), Column("Product", TEXT),
        Column(page.selection.metric, kind, key="value"), Column("Share", PERCENT), Column("Cumulative share", PERCENT),
    )
    return [
        Sheet("products", "Products", columns, [
            (row.rank, row.asin, row.name, row.value, row.share, row.cumulative) for row in found.products.products
        ]),
        breakdown_sheet(found.marketplaces, page, name="marketplaces", title="Marketplaces"),
        months_sheet(found.months, page),
        profit_sheet(found.profit, page),
        headlines_sheet(found.headlines),
    ]


offer = Offer(BRAND, _sheets)

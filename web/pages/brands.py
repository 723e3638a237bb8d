"""/brands/<id>: one brand's whole story."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, abort, render_template

from database.queries.brand_products import MOST, Ranking
from database.queries.pages import BRAND, NamedBrand
from web.figures.asked import of_product
from web.figures.bars import Bars, bars_of
from web.figures.breakdown import breakdown_sheet, breakdown_view
from web.figures.filters import Choice, filters_of, period_name
from web.figures.formats import COUNT, PERCENT, kind_of_chosen
from web.figures.headlines import headlines_of, headlines_sheet
from web.figures.month_estimates import month_estimate_sheet, month_estimate_view
from web.figures.monthly import monthly_chart, months_sheet
from web.figures.movers import losses_view, movers_view
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import profit_sheet, profit_table, view_sheets
from web.figures.sheets import TEXT, Column, Offer, Sheet, export_links, without_view
from web.pages.drivers import way_to_drivers
from web.pages.product import product_address
from web.pages.product_list import file_address, product_list, products_sheet

pages = Blueprint("brands", __name__)

MOST_CATEGORIES = 6
"""So many stand below the brand's name."""


@dataclass(frozen=True)
class Ranked:
    """One product's bar: what of it was sold before stands in the table."""

    key: int
    name: str
    value: Decimal
    address: str
    about: str
    before: None = None
    change: None = None


@dataclass(frozen=True)
class RankingView:
    """The ranking: its sentence, and a bar of each of the largest products."""

    metric: str
    sentence: str
    bars: Bars


@pages.get("/brands/<id:brand_id>")
def show(brand_id: int) -> Response:
    """The brand's figures in the reader's selection; 404 if there is none, or none that the reader may see."""
    return figures_page(BRAND, _render, title=lambda page, brand: brand.name)


def _render(page: Page, brand: NamedBrand) -> str:
    found, brand_id = brand.story, page.arguments["brand_id"]
    page.check_page_number(-(-found.table.count // BRAND.per_page))
    products = product_list(
        found.table, page, BRAND.per_page, file=file_address(page, "brands.show.csv"), is_of_a_brand=True
    )
    return render_template(
        "brands/show.html",
        name=brand.name,
        categories=[
            (page.selectable.categories[key], page.elsewhere("categories.show", {"categories": (key,)}))
            for key in found.categories[:MOST_CATEGORIES]
        ],
        more_categories=max(len(found.categories) - MOST_CATEGORIES, 0),
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        all_brands=page.elsewhere("dashboard.show") + "#table-brands",
        filters=filters_of(
            page, without=("brand",), about=Choice("Brand", brand.name),
            has_picker=products.has_tools and not found.is_empty,
        ),
        notices=notices_of(page),
        is_empty=found.is_empty,
        of_month=month_estimate_view(found.of_month, page),
        headlines=headlines_of(found.headlines, page),
        chart=monthly_chart(found.months, page),
        profit=None if found.profit.is_empty else profit_table(found.profit, page),
        drivers=way_to_drivers(page, brand_id),
        marketplaces=breakdown_view(found.marketplaces, page, title="Marketplaces", part="marketplaces"),
        ranking=_ranking(found.products, page, brand_id),
        products=products,
        movers=movers_view(found.movers, page, (brand_id,)) if found.movers else None,
        losses=losses_view(found.losses, page, (brand_id,)),
    )


def _ranking(found: Ranking, page: Page, brand_id: int) -> RankingView:
    bars = bars_of(
        [Ranked(row.key, row.name, row.value, product_address(page, row.asin), of_product(row.asin))
         for row in found.products], page,
        things="products", address=lambda row: row.address, about=lambda row: row.about,
        rest_address=page.elsewhere("products.show", {"brands": (brand_id,)}),
    )
    return RankingView(page.selection.metric, _sentence(found, page), bars)


def _sentence(found: Ranking, page: Page) -> str:
    """`80% of net revenue comes from 12 of 340 products; 3 products are below zero.`"""
    count, metric = len(found.products), page.selection.metric
    if not count:
        return f"No product has a figure of {metric} here."
    products = page.formats.counted(count, "product")
    loss = f"; {page.formats.exact(Decimal(found.below_zero), COUNT)} of them below zero" if found.below_zero else ""
    if found.reached is None:
        return f"{products} with a figure of {metric}{loss}."
    most = page.formats.tick(MOST, PERCENT)
    return f"{most} of {metric} comes from {page.formats.exact(Decimal(found.reached), COUNT)} of {products}{loss}."


def _sheets(page: Page, brand_id: int) -> list[Sheet]:
    brand: NamedBrand | None = BRAND.read(page)
    if brand is None:
        abort(404)
    found = brand.story
    kind = kind_of_chosen(page.selection)
    columns = (
        Column("Rank", COUNT), Column("ASIN", TEXT), Column("Product", TEXT),
        Column(page.selection.metric, kind, key="value"), Column("Share", PERCENT), Column("Cumulative share", PERCENT),
    )
    return [
        products_sheet(page, page.selection.changed(brands=(brand_id,), page=page.selection.page)),
        Sheet("ranking", "Products by rank", columns, [
            (row.rank, row.asin, row.name, row.value, row.share, row.cumulative) for row in found.products.products
        ]),
        breakdown_sheet(found.marketplaces, page, name="marketplaces", title="Marketplaces"),
        months_sheet(found.months, page),
        profit_sheet(found.profit, page),
        *view_sheets(found.profit, page),
        headlines_sheet(found.headlines),
        month_estimate_sheet(found.of_month),
    ]


offer = Offer(BRAND, _sheets, words=without_view(BRAND))

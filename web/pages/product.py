"""/products/<asin>: one product by month and marketplace, with all its metrics."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal

from flask import Blueprint, Response, abort, render_template, url_for

from database.queries.pages import PRODUCT, ProductStory
from database.queries.product import MarketplaceRow, Product, ProductFigures
from domain.marketplaces import product_site
from domain.months import format_month, month_name
from web.figures.asked import of_group, of_month
from web.figures.breakdown import breakdown_sheet, breakdown_view
from web.figures.filters import Choice, filters_of, period_name
from web.figures.formats import MONEY, kind_of_chosen, leaves_out_cents
from web.figures.headlines import headlines_of, headlines_sheet
from web.figures.monthly import monthly_chart, months_sheet
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import CellView, MonthHeading, profit_sheet, profit_table, view_sheets
from web.figures.sheets import MONTH, TEXT, Column, Offer, Sheet, export_links, without_view
from web.pages.converted_figures import converted_sheet, converted_view

pages = Blueprint("product", __name__)

WITHOUT = ("brand", "category")
"""One product has one brand and one category."""
MOST_SITES = 8


@dataclass(frozen=True)
class Fact:
    """Something about the product itself; `address` leads to its page, if it has one. `is_copied`: for other programs.
    `sites` are names and addresses of the product elsewhere, in the words' stead."""

    label: str
    words: str
    address: str = ""
    is_copied: bool = False
    sites: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class GridRow:
    """One marketplace of the grid; `address` narrows the page to it, '' for the total."""

    name: str
    address: str
    total: CellView
    months: tuple[CellView, ...]
    about: str


@dataclass(frozen=True)
class Grid:
    """The chosen metric: marketplaces down, months across; the last row is the total."""

    caption: str
    months: tuple[MonthHeading, ...]
    rows: tuple[GridRow, ...]


@dataclass(frozen=True)
class LastFigures:
    """The last month of a product that has no figures in the chosen ones, and the way to its year."""

    month: str
    year: str
    address: str


@dataclass(frozen=True)
class Behind:
    """The form that asks for the lines behind a figure: `lists` hold name, label and options (value, words) each."""

    address: str
    asin: str
    lists: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]


@pages.get("/products/<text:asin>", merge_slashes=False)
def show(asin: str) -> Response:
    """The product's figures in the reader's selection; 404 if it is not there, or not one of theirs."""
    return figures_page(PRODUCT, _render, title=lambda page, story: _title(story.product))


def product_address(page: Page, asin: str | None) -> str:
    """The address of a product's page with the selection of the page at hand; '' for none. A browser takes
    . and .. for folders whatever is done to them, so that such keys have no page."""
    if not asin or asin in (".", ".."):
        return ""
    return page.elsewhere("product.show", {"brands": (), "categories": ()}, asin=asin)


def _title(product: Product) -> str:
    return product.name or product.asin


def _render(page: Page, story: ProductStory) -> str:
    product, found = story.product, story.figures
    return render_template(
        "products/product.html",
        name=_title(product),
        about=[
            *_about(product, page), *_on_amazon(story),
            *([_unit_cost(story, page)] if page.selectable.knows_costs else []),
        ],
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page, without=WITHOUT, about=Choice("Product", _title(product))),
        notices=notices_of(page),
        is_empty=found.is_empty,
        last=_last_figures(story.last_month, page),
        all_products=page.elsewhere("products.show"),
        headlines=headlines_of(found.headlines, page),
        chart=monthly_chart(found.months, page),
        marketplaces=breakdown_view(found.marketplaces, page, title="Marketplaces", part="marketplaces"),
        grid=_grid(found, page),
        metrics=profit_table(found.metrics, page) if found.metrics.lines else None,
        behind=_behind(product, page),
        converted=converted_view(story.converted, product.asin, page),
    )


def _behind(product: Product, page: Page) -> Behind:
    """The last months first: they are asked about."""
    months = [(format_month(month), month_name(month)) for month in reversed(page.selection.span.months)]
    places = [("", "All that have it"), *page.selectable.marketplace_names.items()]
    metrics = [(metric, metric) for metric in page.selectable.metrics]
    return Behind(url_for("lines.ask"), product.asin, (
        ("metric", "Metric", tuple(metrics)), ("month", "Month", tuple(months)),
        ("marketplace", "Marketplace", tuple(places)),
    ))


def _last_figures(month: datetime.date | None, page: Page) -> LastFigures | None:
    if month is None:
        return None
    return LastFigures(month_name(month), str(month.year), page.address(period=str(month.year)))


def _about(product: Product, page: Page) -> list[Fact]:
    facts = [Fact("ASIN", product.asin, is_copied=True)]
    brand = page.elsewhere("brands.show", brand_id=product.brand_id)
    category = page.elsewhere("categories.show", {"categories": (product.category_id,)})
    facts += [
        Fact("Brand", product.brand or "none", brand if product.brand_id in page.selectable.brands else ""),
        Fact(
            "Category", product.category or "none",
            category if product.category_id in page.selectable.categories else "",
        ),
    ]
    return [*facts, Fact("Status", product.status)] if product.status else facts


def _on_amazon(story: ProductStory) -> list[Fact]:
    """The product's own pages on the marketplaces where it has figures, the largest first."""
    rows = story.figures.marketplaces.rows
    sites = tuple(filter(None, (product_site(str(row.key), story.product.asin) for row in rows)))
    return [Fact("Open on", ", ".join(site for site, _ in sites), sites=sites[:MOST_SITES])] if sites else []


def _unit_cost(story: ProductStory, page: Page) -> Fact:
    """What a piece costs now, and the way to what it cost before and to another cost."""
    asin = story.product.asin
    # A browser takes these for folders.
    address = "" if asin in (".", "..") else url_for("unit_costs.show", asin=asin)
    begun = [cost for cost in story.costs if cost.valid_from <= page.selection.calendar.current]
    # The one for all marketplaces stands for the product; else there is one for each.
    general = next((cost for cost in begun if not cost.marketplace), None)
    if general is None:
        later = f"from {month_name(story.costs[-1].valid_from)}" if story.costs else "not known"
        return Fact("Unit cost", "by marketplace" if begun else later, address)
    return Fact("Unit cost", f"{general.words} from {month_name(general.valid_from)}", address)


def _grid(found: ProductFigures, page: Page) -> Grid | None:
    """None where one marketplace, or one month, says nothing that is not on the page already."""
    if not found.by_marketplace or len(page.selection.span.months) == 1:
        return None
    selection, kind = page.selection, kind_of_chosen(page.selection)
    is_large = kind == MONEY and leaves_out_cents(value for row in found.by_marketplace for value in row.months)
    write = page.formats.whole if is_large else page.formats.exact
    names = page.selectable.marketplace_names

    def cell(value: Decimal | None) -> CellView:
        return CellView(write(value, kind), value is not None and value < 0)

    def row(of: MarketplaceRow) -> GridRow:
        return GridRow(
            name=names.get(of.code, of.code) if of.code else "Total",
            address=page.address(marketplaces=(of.code,)) if of.code else "",
            total=cell(of.value), months=tuple(cell(value) for value in of.months),
            about=of_group("marketplace", of.code) if of.code else "",
        )

    return Grid(
        caption=f"{selection.metric} by marketplace and month",
        months=tuple(
            MonthHeading(month_name(month), page.address(first=month, last=month),
                         month >= selection.calendar.current, of_month(month))
            for month in selection.span.months
        ),
        rows=tuple(row(of) for of in found.by_marketplace),
    )


def _sheets(page: Page, asin: str) -> list[Sheet]:
    story: ProductStory | None = PRODUCT.read(page)
    if story is None:
        abort(404)
    found = story.figures
    return [
        replace(profit_sheet(found.metrics, page), name="metrics", title=PRODUCT.tables["metrics"]),
        *view_sheets(found.metrics, page),
        breakdown_sheet(found.marketplaces, page, name="marketplaces", title="Marketplaces"),
        _grid_sheet(found, page),
        months_sheet(found.months, page),
        headlines_sheet(found.headlines),
        converted_sheet(story.converted, page),
    ]


def _grid_sheet(found: ProductFigures, page: Page) -> Sheet:
    kind = kind_of_chosen(page.selection)
    columns = (Column("Month", MONTH), Column("Marketplace", TEXT), Column(page.selection.metric, kind, key="value"))
    return Sheet("by_marketplace", "By marketplace and month", columns, [
        (month, row.code, value)
        for row in found.by_marketplace if row.code
        for month, value in zip(page.selection.span.months, row.months, strict=True)
        if value is not None
    ])


offer = Offer(PRODUCT, _sheets, words=without_view(PRODUCT))

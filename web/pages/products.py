"""/products: every product with figures, to be searched, sorted and paged through."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from database.queries.pages import PRODUCTS, FoundProducts
from database.queries.without_figures import WithoutFigures
from domain.parameters import LONGEST_SEARCH
from web.figures.filters import filters_of, period_name
from web.figures.formats import COUNT
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.sheets import Offer, Sheet, export_links
from web.pages.product import product_address
from web.pages.product_list import file_address, product_list, products_sheet

pages = Blueprint("products", __name__)


@dataclass(frozen=True)
class Unsold:
    """A product that has a page, and no figure on this one."""

    name: str
    asin: str
    address: str


@dataclass(frozen=True)
class UnsoldView:
    """The products that a search names beside those of the table; `more` are not listed."""

    caption: str
    products: tuple[Unsold, ...]
    more: str


@pages.get("/products")
def show() -> Response:
    """The products of the reader's selection and search."""
    return figures_page(PRODUCTS, _render)


def _render(page: Page, found: FoundProducts) -> str:
    selection = page.selection
    page.check_page_number(-(-found.products.count // PRODUCTS.per_page))
    table = product_list(found.products, page, PRODUCTS.per_page, file=file_address(page, "products.show.csv"))
    return render_template(
        "products/show.html",
        period=period_name(selection),
        span=selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page, has_picker=table.has_tools),
        notices=notices_of(page),
        search=selection.search,
        longest_search=LONGEST_SEARCH,
        without_search=page.address(search="") if selection.search else "",
        table=table,
        unsold=_unsold(found.without_figures, page),
    )


def _unsold(found: WithoutFigures, page: Page) -> UnsoldView | None:
    if not found.products:
        return None
    words, more = page.formats.counted(found.count, "product"), found.count - len(found.products)
    return UnsoldView(
        caption=f"{words} without {page.selection.metric} here in {page.selection.span.words()}",
        products=tuple(
            Unsold(product.name, product.asin if product.asin != product.name else "",
                   product_address(page, product.asin))
            for product in found.products
        ),
        more=f"and {page.formats.exact(more, COUNT)} more" if more else "",
    )


def _sheets(page: Page) -> list[Sheet]:
    return [products_sheet(page, page.selection)]


offer = Offer(PRODUCTS, _sheets)

"""/products: every product with figures, to be searched, sorted and paged through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, render_template

from database.queries.pages import PRODUCTS, FoundProducts
from database.queries.products import ProductRow, Products, count_products, read_all_products
from database.queries.without_figures import WithoutFigures
from domain.metrics import CM3, NET_UNITS
from domain.parameters import LONGEST_SEARCH
from domain.ratios import AVERAGE_PRICE, margin_level
from web.figures.asked import of_metric, of_product
from web.figures.breakdown import LEVEL_WORDS, Heading, has_margins, heading, margin_legend
from web.figures.changes import Change, change_heading, measured
from web.figures.filters import filters_of, period_name
from web.figures.formats import COUNT, MONEY, PERCENT, kind_of_chosen, leaves_out_cents
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page
from web.figures.paging import Paging, paging_of
from web.figures.sheets import TEXT, Column, LongRows, Offer, Sheet, export_links
from web.pages.product import product_address

pages = Blueprint("products", __name__)


@dataclass(frozen=True)
class AmountCell:
    """An amount as it is shown, and the exact one for whoever asks."""

    text: str
    exact: str
    is_negative: bool


@dataclass(frozen=True)
class ProductLine:
    """One row. `amounts` are the chosen metric first, then CM3 and units where they are not it; `level` is
    the margin's, for a sign beside it."""

    name: str
    asin: str
    address: str
    brand: str
    brand_address: str
    value: AmountCell
    share: str
    change: Change
    cm3: AmountCell | None
    margin: str
    level: str
    level_words: str
    units: str | None
    price: str
    about: str


@dataclass(frozen=True)
class ProductsView:
    """The table: one page of it, and the total of all that was found, of which nobody can ask alone if a search
    `is_narrower`."""

    count: str
    caption: str
    headings: tuple[Heading, ...]
    lines: tuple[ProductLine, ...]
    total: AmountCell
    total_share: str
    empty_cells: int
    paging: Paging
    has_changes: bool
    has_shares: bool
    has_margins: bool
    legend: tuple[tuple[str, str], ...]
    is_narrower: bool


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
    return render_template(
        "products/show.html",
        period=period_name(selection),
        span=selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page),
        notices=notices_of(page),
        search=selection.search,
        longest_search=LONGEST_SEARCH,
        without_search=page.address(search="") if selection.search else "",
        table=products_table(found.products, page, PRODUCTS.per_page),
        unsold=_unsold(found.without_figures, page),
    )


def products_table(found: Products, page: Page, per_page: int) -> ProductsView:
    """The page of `found` that the reader is on, `per_page` of them at a time."""
    selection, has_changes = page.selection, page.selection.comparison is not None
    write = _writer([row.value for row in found.rows] + [found.value], page)
    headings = _headings(page, has_changes=has_changes)
    return ProductsView(
        count=_count_words(found, page),
        caption=f"Products by {selection.metric}, {selection.span.words()}",
        headings=headings,
        lines=_lines(found.rows, page, write),
        total=write(found.value),
        total_share=page.formats.exact(found.share, PERCENT),
        empty_cells=len(headings) - (3 if selection.ratio is None else 2),
        paging=paging_of(
            selection.page, found.count, per_page, page.formats, lambda number: page.address(page=number)
        ),
        has_changes=has_changes, has_shares=selection.ratio is None, has_margins=has_margins(page),
        legend=margin_legend(page), is_narrower=bool(selection.search),
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


def _count_words(found: Products, page: Page) -> str:
    words = page.formats.counted(found.count, "product")
    return f"{words} found" if page.selection.search else words


Writer = Callable[[Decimal | None], AmountCell]


def _writer(values: Sequence[Decimal | None], page: Page, kind: str = "") -> Writer:
    """Large amounts go without cents, all in a column alike."""
    kind = kind or kind_of_chosen(page.selection)
    short = page.formats.whole if leaves_out_cents(values) else page.formats.exact

    def write(value: Decimal | None) -> AmountCell:
        return AmountCell(short(value, kind), page.formats.exact(value, kind), value is not None and value < 0)

    return write


def _lines(rows: Sequence[ProductRow], page: Page, write: Writer) -> tuple[ProductLine, ...]:
    write_cm3 = _writer([row.cm3 for row in rows], page, MONEY)
    return tuple(_line(row, page, write, write_cm3) for row in rows)


def _line(row: ProductRow, page: Page, write: Writer, write_cm3: Writer) -> ProductLine:
    formats, thresholds, metric = page.formats, page.settings.dashboard, page.selection.metric
    level = margin_level(row.margin, green=thresholds.margin_green, orange=thresholds.margin_orange) or ""
    return ProductLine(
        name=row.name, asin=row.asin if row.asin and row.asin != row.name else "",
        address=product_address(page, row.asin), brand=row.brand,
        brand_address=page.address(brands=(row.brand_id,)) if row.brand_id in page.selectable.brands else "",
        value=write(row.value), share=formats.exact(row.share, PERCENT),
        change=measured(row.change, page.selection, formats=formats),
        cm3=None if metric == CM3 else write_cm3(row.cm3),
        margin=formats.exact(row.margin, PERCENT), level=level, level_words=LEVEL_WORDS.get(level, ""),
        units=None if metric == NET_UNITS else formats.exact(row.units, COUNT),
        price=formats.exact(row.price, MONEY), about=of_product(row.asin),
    )


def _headings(page: Page, *, has_changes: bool) -> tuple[Heading, ...]:
    metric = page.selection.metric
    found = [heading(page, "Product", "name", css_class=""), heading(page, metric, "value")]
    if page.selection.ratio is None:
        found.append(heading(page, "Share", "share", css_class="number share-cell"))
    if has_changes:
        found.append(heading(page, "Change", "change"))
    if metric != CM3:
        found.append(heading(page, CM3, "cm3", about=of_metric(CM3)))
    if has_margins(page):
        found.append(heading(page, "CM3 %", "margin", about=of_metric("CM3 %")))
    if metric != NET_UNITS:
        found.append(heading(page, "Units", "units", about=of_metric(NET_UNITS)))
    return (*found, heading(page, AVERAGE_PRICE.name, "price", about=of_metric(AVERAGE_PRICE.name)))


def _sheets(page: Page) -> list[Sheet]:
    kind = kind_of_chosen(page.selection)
    columns = (
        Column("ASIN", TEXT), Column("Product", TEXT), Column("Brand", TEXT),
        Column(page.selection.metric, kind, key="value"), Column("Share", PERCENT),
        Column(f"{page.selection.metric} before", kind, key="before"),
        Column(change_heading(page.selection), PERCENT, key="change"),
        Column("CM3", MONEY), Column("CM3 %", PERCENT), Column("Units", COUNT), Column("Average price", MONEY),
    )
    rows = LongRows(
        count=lambda: count_products(page.connection, page.selection),
        read=lambda start, limit: (
            (row.asin, row.name, row.brand, row.value, row.share, row.before, row.change, row.cm3, row.margin,
             row.units, row.price)
            for row in read_all_products(
                page.connection, page.selection, page.selectable.brands, start=start, limit=limit
            )
        ),
    )
    return [Sheet("products", "Products", columns, rows)]


offer = Offer(PRODUCTS, _sheets)

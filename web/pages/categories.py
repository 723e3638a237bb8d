"""/categories: all categories side by side, and the brands of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from flask import Blueprint, Response, render_template

from charts.small import TrendLine, trend_line
from database.queries.categories import MOST_PRODUCTS, Categories, Side
from database.queries.pages import CATEGORIES, start_of
from database.queries.sums import BRAND
from domain.metrics import rise_of
from web.figures.asked import NOTHING
from web.figures.breakdown import BreakdownView, Heading, RowView, breakdown_sheet, breakdown_view
from web.figures.changes import Change, in_points, measured
from web.figures.filters import filters_of, period_name
from web.figures.formats import COUNT, PERCENT, kind_of_chosen
from web.figures.headlines import marked_month
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, address_of, figures_page
from web.figures.sheets import MONTH, TEXT, Column, Offer, Sheet, export_links
from web.pages.category_drawings import side_address, sizes_of, stack_of
from web.pages.product_list import ProductList, file_address, product_list, products_sheet

pages = Blueprint("categories", __name__)


@dataclass(frozen=True)
class SideRow:
    """A row of the table: what every breakdown shows, and what only this page does."""

    row: RowView
    share_change: Change
    brands: str
    trend: TrendLine | None


@dataclass(frozen=True)
class SideTable:
    """The table. `view` holds headings, paging and legend, `total` ends it."""

    view: BreakdownView
    headings: tuple[Heading, ...]
    rows: tuple[SideRow, ...]
    total: SideRow
    has_brands: bool


@dataclass(frozen=True)
class Within:
    """The one category whose brands are shown, beside all categories."""

    name: str
    value: str
    share: str
    change: Change
    all_categories: str


@pages.get("/categories")
def show() -> Response:
    """The categories of the reader's selection."""
    return figures_page(CATEGORIES, _render, title=_title)


def _title(page: Page, found: Categories) -> str:
    one = page.selection.categories
    return page.selectable.categories[one[0]] if len(one) == 1 else CATEGORIES.title


def _render(page: Page, found: Categories) -> str:
    products = _products(found, page)
    return render_template(
        "categories/show.html",
        period=period_name(page.selection),
        span=page.selection.span.words(),
        metric=page.selection.metric,
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page, has_picker=bool(products and products.has_tools) and not found.is_empty),
        notices=notices_of(page),
        is_empty=found.is_empty,
        what="brand" if found.grain == BRAND else "category",
        within=_within(found, page),
        table=_table(found, page),
        products=products if products and products.has_tools else None,
        stack=None if found.is_empty else stack_of(found, page),
        sizes=None if found.is_empty else sizes_of(found, page),
        compared=page.selection.comparison.words() if page.selection.comparison else "",
    )


def _products(found: Categories, page: Page) -> ProductList | None:
    """The first of one category's products, in the order of the page; the page of products has the others."""
    if found.products is None:
        return None
    return product_list(
        found.products, page, MOST_PRODUCTS, file=file_address(page, "categories.show.csv", "products"),
        all_of_them=address_of("products.show", page.selection.changed()),
    )


def _within(found: Categories, page: Page) -> Within | None:
    if len(page.selection.categories) != 1:
        return None
    row = found.within or found.total.group
    return Within(
        name=page.selectable.categories[page.selection.categories[0]],
        value=page.formats.short(row.value, kind_of_chosen(page.selection)),
        share=page.formats.exact(row.share, PERCENT),
        change=measured(row.change, page.selection, formats=page.formats),
        all_categories=page.address(categories=()),
    )


def _table(found: Categories, page: Page) -> SideTable:
    is_brands = found.grain == BRAND
    view = breakdown_view(
        found.breakdown, page, title="Brands" if is_brands else "Categories", part="" if is_brands else "categories",
        per_page=CATEGORIES.per_page, open_address=side_address(found, page) if is_brands else None,
    )
    start = start_of(CATEGORIES, page.selection)
    shown = found.rows[start:start + CATEGORIES.per_page]
    name, bar, value, *others = view.headings
    share, others = (others[:1], others[1:]) if view.has_shares else ([], others)
    has_gains = view.has_changes and view.has_shares
    gain = (Heading("Share change", css_class="number gain-cell"),) if has_gains else ()
    brands = () if is_brands else (Heading("Brands", css_class="number brands-cell", about=NOTHING),)
    return SideTable(
        view=view,
        headings=(
            name, bar, value, *share, *gain, *others, *brands, Heading("By month", css_class="trend-cell"),
        ),
        rows=tuple(_side_row(row, side, page) for row, side in zip(view.rows, shown, strict=True)),
        total=_side_row(view.total, found.total, page),
        has_brands=not is_brands,
    )


def _side_row(row: RowView, side: Side, page: Page) -> SideRow:
    return SideRow(
        row=row,
        share_change=in_points(
            side.share_change, Decimal(0), formats=page.formats, rise=rise_of(page.selection.metric)
        ),
        brands=page.formats.exact(None if side.brands is None else Decimal(side.brands), COUNT),
        trend=trend_line(side.drawn, marked=marked_month(page.selection)),
    )


def _sheets(page: Page) -> list[Sheet]:
    found = CATEGORIES.read(page)
    kind = kind_of_chosen(page.selection)
    name = "Brand" if found.grain == BRAND else "Category"
    table = breakdown_sheet(
        found.breakdown, page, name="categories", title="Brands" if found.grain == BRAND else "Categories"
    )
    sides = (*found.rows, found.total)
    columns = (*table.columns, Column("Share change", PERCENT))
    if found.grain != BRAND:
        columns = (*columns, Column("Brands", COUNT))
    more = [(side.share_change, side.brands)[:len(columns) - len(table.columns)] for side in sides]
    rows = [(*row, *extra) for row, extra in zip(table.rows, more, strict=True)]
    months = page.selection.span.months
    return [
        Sheet("categories", table.title, columns, rows),
        Sheet(
            "months", "By month",
            (Column(name, TEXT), Column("Month", MONTH), Column(page.selection.metric, kind, key="value")),
            [
                (side.group.name, month, value)
                for side in sides
                for month, value in zip(months, side.months, strict=True)
            ],
        ),
        _products_sheet(page),
    ]


def _products_sheet(page: Page) -> Sheet:
    """Of one category; no rows where several are side by side, whose products the page does not show either."""
    sheet = products_sheet(page, page.selection)
    return sheet if len(page.selection.categories) == 1 else replace(sheet, rows=[])


offer = Offer(CATEGORIES, _sheets)

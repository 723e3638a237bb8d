"""The list of products: of all of them, of a brand or of a category, on their pages and in their files."""

from __future__ import annotations

from dataclasses import dataclass

from database.queries.products import Products, count_products, read_all_products, trend_span
from domain.columns import BEFORE, CHANGE, MARGIN, SHARE, TREND, USUAL_IN_FILES, ListColumn
from domain.months import format_month, month_name
from domain.selection import Selection
from web.figures.asked import of_product
from web.figures.breakdown import Heading, margin_legend
from web.figures.changes import change_heading
from web.figures.formats import PERCENT, kind_of_chosen
from web.figures.narrowing import Rule, Toggle, counted, rules_of, toggles_of
from web.figures.page import Page, address_of
from web.figures.paging import Paging, paging_of
from web.figures.sheets import TEXT, Column, LongRows, Row, Sheet
from web.pages.product import product_address
from web.pages.product_columns import (
    FigureCell,
    Picker,
    amounts_of,
    cells_of,
    headings_of,
    kind_of_column,
    picker_of,
    shown_columns,
)


@dataclass(frozen=True)
class ProductLine:
    """One product: the chosen metric, and a cell of each column."""

    name: str
    asin: str
    address: str
    brand: str
    brand_address: str
    value: FigureCell
    cells: tuple[FigureCell, ...]
    about: str


@dataclass(frozen=True)
class ProductList:
    """One page of a list, and the total of all that was found, of which nobody can ask alone if it `is_narrower` than
    the selection. `rules` are what it is narrowed to, `toggles` lead to others; `everything` is the list that is not
    narrowed, `file` the same as CSV, `all_of_them` the page that has all of them where this one ends with a few."""

    count: str
    caption: str
    headings: tuple[Heading, ...]
    lines: tuple[ProductLine, ...]
    total: FigureCell
    total_share: str
    empty_cells: int
    paging: Paging
    legend: tuple[tuple[str, str], ...]
    is_narrower: bool
    rules: tuple[Rule, ...]
    toggles: tuple[Toggle, ...]
    picker: Picker
    everything: str
    file: str
    all_of_them: str = ""

    @property
    def has_tools(self) -> bool:
        """Whether there is anything to show, or to take back."""
        return bool(self.lines or self.rules)


def product_list(
    found: Products, page: Page, per_page: int, *, file: str, all_of_them: str = "", is_of_a_brand: bool = False
) -> ProductList:
    """The page of `found` that the reader is on, `per_page` of them at a time. `file` is its address as CSV."""
    selection, columns = page.selection, shown_columns(page)
    write = amounts_of([*(row.value for row in found.rows), found.value], page, kind_of_chosen(selection))
    cells, has_shares = cells_of(found.rows, page, columns), SHARE in columns
    count = counted(found.count, page) + (" found" if selection.search else "")
    return ProductList(
        count=count,
        caption=f"Products by {selection.metric}, {selection.span.words()}",
        headings=headings_of(page, columns),
        lines=tuple(
            ProductLine(
                name=row.name, asin=row.asin if row.asin and row.asin != row.name else "",
                address=product_address(page, row.asin), brand="" if is_of_a_brand else row.brand,
                brand_address=(
                    page.address(brands=(row.brand_id,))
                    if row.brand_id in page.selectable.brands and not is_of_a_brand else ""
                ),
                value=write(row.value), cells=cells(row), about=of_product(row.asin),
            )
            for row in found.rows
        ),
        total=write(found.value),
        total_share=page.formats.exact(found.share, PERCENT) if has_shares else "",
        empty_cells=len(columns) - has_shares,
        paging=paging_of(
            1 if all_of_them else selection.page, found.count, per_page, page.formats,
            lambda number: page.address(page=number),
        ),
        legend=margin_legend(page) if MARGIN in columns else (),
        is_narrower=bool(selection.search or selection.only),
        rules=rules_of(page, dict(found.narrowed)), toggles=toggles_of(page), picker=picker_of(page),
        everything=page.address(only=()), file=file,
        all_of_them=all_of_them if found.count > len(found.rows) else "",
    )


def file_address(page: Page, endpoint: str, table: str = "") -> str:
    """A list as CSV, as it is shown."""
    address = address_of(endpoint, page.selection.changed(show="amount"), **page.arguments)
    return f"{address}{'&' if '?' in address else '?'}table={table}" if table else address


def products_sheet(page: Page, selection: Selection) -> Sheet:
    """All of a list as raw values, with the columns that were chosen, or else the usual ones of files."""
    columns = USUAL_IN_FILES if selection.columns is None else selection.columns
    span = trend_span(selection)
    months = span.months if span and TREND in columns else []
    kind = kind_of_chosen(selection)
    asked = selection.changed(columns=columns, page=selection.page)

    def values(row) -> Row:
        told = {SHARE: row.share, BEFORE: row.before, CHANGE: row.change}
        return (
            row.asin, row.name, row.brand, row.value,
            *(row.figures[column.word] if column.measure else told[column] for column in columns if column != TREND),
            *(row.months if months else ()),
        )

    headings = (
        Column("ASIN", TEXT), Column("Product", TEXT), Column("Brand", TEXT),
        Column(selection.metric, kind, key="value"),
        *(_heading(column, selection) for column in columns if column != TREND),
        *(Column(month_name(month), kind, key=format_month(month), month=month) for month in months),
    )
    rows = LongRows(
        count=lambda: count_products(page.connection, asked),
        read=lambda start, limit: map(values, read_all_products(
            page.connection, asked, page.selectable.brands, start=start, limit=limit
        )),
    )
    return Sheet("products", "Products", headings, rows)


def _heading(column: ListColumn, selection: Selection) -> Column:
    if column == SHARE:
        return Column(column.name, PERCENT)
    if column == BEFORE:
        return Column(f"{selection.metric} before", kind_of_chosen(selection), key="before")
    if column == CHANGE:
        return Column(change_heading(selection), PERCENT, key="change")
    return Column(column.name, kind_of_column(column), key=column.in_files)

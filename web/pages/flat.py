"""/figures: every figure there is as one flat table, to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from database.queries.flat import FlatRow, count_flat, read_flat
from database.queries.pages import FLAT
from domain.months import month_name
from web.exports.xlsx import MOST_ROWS
from web.figures.filters import filters_of, period_name
from web.figures.formats import kind_of
from web.figures.notices import Note, badge_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import CellView
from web.figures.sheets import MONTH, TEXT, Column, LongRows, Offer, Row, Sheet, export_links

pages = Blueprint("flat", __name__)

WITHOUT = ("metric", "compare")
"""Every metric is there, and nothing is compared."""
AT_ONCE = 2


@dataclass(frozen=True)
class Line:
    """A row of the table as the page shows it: what it is of in words, `asin` and `name` first, and a figure for each
    metric."""

    asin: str
    name: str
    words: tuple[str, ...]
    figures: tuple[CellView, ...]


@pages.get("/figures")
def show() -> Response:
    """The first rows, and the way to all of them."""
    return figures_page(FLAT, _render)


def _render(page: Page, rows: tuple[FlatRow, ...]) -> str:
    page.check_page_number(1)
    metrics = page.selectable.metrics
    return render_template(
        "flat/show.html", period=period_name(page.selection), span=page.selection.span.words(), badge=badge_of(page),
        filters=filters_of(page, without=WITHOUT), notices=[Note(words) for words in page.standing],
        exports=export_links(page, offer), metrics=metrics, lines=[_line(row, page) for row in rows],
        shown=FLAT.per_page, most_rows=page.formats.count(MOST_ROWS),
    )


def _line(row: FlatRow, page: Page) -> Line:
    figures = (
        CellView("" if value is None else page.formats.exact(value, kind_of(metric)), value is not None and value < 0)
        for metric, value in zip(page.selectable.metrics, row.values, strict=True)
    )
    asin, name, *words = _words(row, page)
    return Line(asin, name, (*words, month_name(row.month)), tuple(figures))


def _words(row: FlatRow, page: Page) -> Iterator[str]:
    yield row.asin or f"(product {row.key})"
    yield row.name or ""
    yield page.selectable.brands.get(row.brand_id, "")
    yield page.selectable.categories.get(row.category_id, "")
    yield row.marketplace


def _sheets(page: Page) -> list[Sheet]:
    connection, selection, metrics = page.connection, page.selection, page.selectable.metrics

    def values(row: FlatRow) -> Row:
        return (*_words(row, page), row.month, *row.values)

    columns = (
        Column("ASIN", TEXT), Column("Product", TEXT), Column("Brand", TEXT), Column("Category", TEXT),
        Column("Marketplace", TEXT), Column("Month", MONTH), *(Column(metric, kind_of(metric)) for metric in metrics),
    )
    rows = LongRows(
        lambda: count_flat(connection, selection, metrics),
        lambda start, limit: map(values, read_flat(connection, selection, metrics, start=start, limit=limit)),
    )
    return [Sheet("figures", FLAT.tables["figures"], columns, rows)]


offer = Offer(FLAT, _sheets, without=WITHOUT, compared=lambda selection: None, at_once=AT_ONCE)

"""A product's converted figures: what each was in its own currency, at which rate, and the way to its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import url_for

from database.queries.conversion import SEVERAL, ConvertedFigure
from database.queries.pages import PRODUCT
from domain.months import format_month, month_name
from web.figures.formats import MONEY, NOTHING, RATE
from web.figures.page import Page
from web.figures.sheets import MONTH, TEXT, Column, Sheet

MOST_ROWS = 150
"""So many stand on the page; its files have all."""


@dataclass(frozen=True)
class ConvertedRow:
    """One figure; `address` leads to the lines behind it, '' where no page could."""

    metric: str
    month: str
    marketplace: str
    local: str
    rate: str
    value: str
    address: str


@dataclass(frozen=True)
class ConvertedView:
    """The table, behind its `words`."""

    words: str
    rows: tuple[ConvertedRow, ...]
    more: str


def converted_view(found: Sequence[ConvertedFigure], asin: str, page: Page) -> ConvertedView | None:
    """None where nothing was converted."""
    if not found:
        return None
    count = page.formats.counted(len(found), "converted figure")
    more = f"The first {MOST_ROWS}; the files have all." if len(found) > MOST_ROWS else ""
    return ConvertedView(count, tuple(_row(each, asin, page) for each in found[:MOST_ROWS]), more)


def converted_sheet(found: Sequence[ConvertedFigure], page: Page) -> Sheet:
    """The same for files and the API."""
    return Sheet("converted", PRODUCT.tables["converted"], (
        Column("Metric", TEXT), Column("Month", MONTH), Column("Marketplace", TEXT), Column("Currency", TEXT),
        Column("Amount", MONEY), Column("Rate", RATE), Column("Figure", MONEY), Column("Figure in", TEXT),
    ), [
        (each.metric, each.month, each.marketplace, _currency(each), each.local_value, each.rate, each.value,
         page.settings.dashboard.currency)
        for each in found
    ])


def _row(found: ConvertedFigure, asin: str, page: Page) -> ConvertedRow:
    formats = page.formats
    # A sum of several is told by no single amount: its lines tell it.
    local = "several currencies" if found.local_value is None else (
        replace(formats, currency=found.currency).exact(found.local_value, MONEY)
    )
    return ConvertedRow(
        found.metric, month_name(found.month),
        page.selectable.marketplace_names.get(found.marketplace, found.marketplace), local,
        formats.exact(found.rate, RATE) if found.rate is not None else NOTHING, formats.exact(found.value, MONEY),
        url_for("lines.ask", asin=asin, metric=found.metric, month=format_month(found.month),
                marketplace=found.marketplace),
    )


def _currency(found: ConvertedFigure) -> str:
    return "several" if found.currency == SEVERAL else found.currency

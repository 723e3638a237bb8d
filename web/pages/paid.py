"""/paid: from what was ordered to what Amazon paid, by month and marketplace."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal

from flask import Blueprint, Response, render_template
from markupsafe import Markup

from charts.waterfall import Bar, waterfall_figure
from database.queries.pages import PAID
from database.queries.paid import MarketplaceBridges
from domain.bridge import STEPS, Bridge, steps_of
from domain.months import month_name
from web.figures.drawing import embedded
from web.figures.filters import filters_of, period_name
from web.figures.formats import MONEY, Formats
from web.figures.notices import Note, badge_of
from web.figures.page import Page, figures_page
from web.figures.profit_table import CellView, MonthHeading
from web.figures.sheets import MONTH, TEXT, Column, Offer, Sheet, export_links
from web.http.access import needs_every_brand

pages = Blueprint("paid", __name__)

WITHOUT = ("metric", "compare", "brand", "category")
"""Orders are paid by marketplace."""
LINES = {"ordered": "Ordered", **STEPS, "paid": "Paid"}


@dataclass(frozen=True)
class PaidRow:
    """One line of the table: over all months, and in each. `kind` is `'level'` or `'cost'`."""

    name: str
    kind: str
    total: CellView
    months: tuple[CellView, ...]


@dataclass(frozen=True)
class PaidView:
    """A marketplace: its waterfall over all months, and the table."""

    code: str
    name: str
    figure: Markup
    months: tuple[MonthHeading, ...]
    rows: tuple[PaidRow, ...]
    unexplained: str


@pages.get("/paid")
@needs_every_brand
def show() -> Response:
    """The bridge of each chosen marketplace."""
    return figures_page(PAID, _render)


def _render(page: Page, found: tuple[MarketplaceBridges, ...]) -> str:
    page.check_page_number(1)
    return render_template(
        "paid/show.html", period=period_name(page.selection), span=page.selection.span.words(),
        badge=badge_of(page), filters=filters_of(page, without=WITHOUT),
        notices=[Note(words) for words in page.standing], exports=export_links(page, offer),
        marketplaces=[_view(each, page) for each in found], profitability=page.elsewhere("profitability.show"),
    )


def _view(found: MarketplaceBridges, page: Page) -> PaidView:
    formats = dataclasses.replace(page.formats, currency=found.currency) if found.currency else page.formats
    whole = found.whole
    bridges = (whole, *(bridge for _, bridge in found.months))

    def cell(value: Decimal) -> CellView:
        # Cents as well, of however large sums: that nothing is unexplained is what the page is for.
        return CellView(formats.exact(value, MONEY), value < 0)

    return PaidView(
        code=found.code, name=page.selectable.marketplace_names.get(found.code, found.code),
        figure=_figure(whole, formats),
        months=tuple(
            MonthHeading(month_name(month), page.address(first=month, last=month) if len(found.months) > 1 else "",
                         month >= page.selection.calendar.current)
            for month, _ in found.months
        ),
        rows=tuple(
            PaidRow(words, "level" if name in ("ordered", "paid") else "cost", cell(getattr(whole, name)),
                    tuple(cell(getattr(bridge, name)) for _, bridge in found.months))
            for name, words in LINES.items()
            if name in ("ordered", "unexplained", "paid") or any(getattr(bridge, name) for bridge in bridges)
        ),
        unexplained=formats.exact(whole.unexplained, MONEY) if whole.unexplained else "",
    )


def _figure(whole: Bridge, formats: Formats) -> Markup:
    bars = [
        Bar(name=step.name, kind=step.kind, start=step.start, end=step.end, label=formats.short(step.amount, MONEY),
            hover=f"{step.name}: {formats.exact(step.amount, MONEY)}")
        for step in steps_of(whole)
    ]
    return embedded(waterfall_figure(bars, tick=lambda value: formats.tick(value, MONEY), marks=2))


def _sheets(page: Page) -> list[Sheet]:
    columns = (
        Column("Month", MONTH), Column("Marketplace", TEXT), Column("Currency", TEXT),
        *(Column(words, MONEY, key=name) for name, words in LINES.items()),
    )
    rows = [
        (month, each.code, each.currency, *(getattr(bridge, name) for name in LINES))
        for each in PAID.read(page) for month, bridge in each.months
    ]
    return [Sheet("paid", PAID.tables["paid"], columns, rows)]


offer = Offer(PAID, _sheets, without=WITHOUT, compared=lambda selection: None)

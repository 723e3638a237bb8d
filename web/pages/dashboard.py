"""/dashboard: how is business, at a glance."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Response, redirect, render_template, request, url_for

from database.queries.breakdown import Breakdown
from database.queries.dashboard import Dashboard
from database.queries.pages import DASHBOARD
from web.figures.breakdown import BreakdownView, breakdown_sheet, breakdown_view
from web.figures.filters import filters_of, period_name
from web.figures.formats import kind_of_chosen
from web.figures.glance import estimate_view, glance_sheet, tiles_of
from web.figures.headlines import headlines_of, headlines_sheet
from web.figures.month_estimates import month_estimate_sheet, month_estimate_view
from web.figures.monthly import monthly_chart, months_sheet
from web.figures.movers import losses_sheet, losses_view, movers_sheet, movers_view
from web.figures.notices import badge_of, notices_of
from web.figures.page import Page, figures_page, only_brand
from web.figures.places import start_of_reader
from web.figures.sheets import Offer, Sheet, export_links
from web.pages.drivers import way_to_drivers

pages = Blueprint("dashboard", __name__)

SHORT = 10
"""So many categories and marketplaces are listed beside the brands."""


@dataclass(frozen=True)
class Only:
    """What everything on the page is of: `the brand Alder`; a brand with the `address` of its page."""

    word: str
    name: str
    address: str


@pages.get("/")
@pages.get("/dashboard")
def show() -> Response:
    """The dashboard of the reader's selection. At / somebody comes to the view that they begin with, and who sees one
    brand only to that brand's page."""
    is_start = request.path == "/" and not request.args
    if is_start and (start := start_of_reader()):
        return redirect(start)
    brand = only_brand() if is_start else None
    return figures_page(DASHBOARD, _render) if brand is None else redirect(url_for("brands.show", brand_id=brand))


def _render(page: Page, rows: Dashboard) -> str:
    return render_template(
        "dashboard/show.html",
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page),
        notices=notices_of(page),
        is_empty=rows.is_empty,
        tiles=tiles_of(rows.glances, page, rows.of_month),
        estimate=estimate_view(rows.estimate, page),
        of_month=month_estimate_view(rows.of_month, page),
        headlines=headlines_of(rows.headlines, page),
        drivers=way_to_drivers(page),
        chart=monthly_chart(rows.months, page),
        movers=movers_view(rows.movers, page) if rows.movers else None,
        losses=losses_view(rows.losses, page) if rows.losses else None,
        brands=_brands(rows, page),
        parts=[
            _short(found, page, title=title, part=title.lower())
            for title, found in (("Categories", rows.categories), ("Marketplaces", rows.marketplaces))
            if len(found.rows) != 1
        ],
        only=_only(rows, page), metric=page.selection.metric,
        total=page.formats.exact(rows.brands.total.value, kind_of_chosen(page.selection)),
    )


def _only(rows: Dashboard, page: Page) -> list[Only]:
    """The brand, category and marketplace that everything on the page is of: a table of one row says no more than the
    headlines do."""
    found = (("brand", rows.brands), ("category", rows.categories), ("marketplace", rows.marketplaces))
    return [
        Only(word, part.rows[0].name,
             page.elsewhere("brands.show", {"brands": ()}, brand_id=part.rows[0].key) if word == "brand" else "")
        for word, part in found if len(part.rows) == 1
    ]


def _brands(rows: Dashboard, page: Page) -> BreakdownView | None:
    if len(rows.brands.rows) == 1:
        return None
    return breakdown_view(
        rows.brands, page, title="Brands", part="brands", per_page=DASHBOARD.per_page,
        open_address=lambda key: page.elsewhere("brands.show", {"brands": ()}, brand_id=key),
    )


def _short(found: Breakdown, page: Page, *, title: str, part: str) -> BreakdownView:
    """The first rows; the total stays that of all."""
    view = breakdown_view(replace(found, rows=found.rows[:SHORT]), page, title=title, part=part)
    if len(found.rows) <= SHORT:
        return view
    return replace(view, count=f"{SHORT} of {len(found.rows)} {title.lower()}")


def _sheets(page: Page) -> list[Sheet]:
    rows = DASHBOARD.read(page)
    return [
        breakdown_sheet(rows.brands, page, name="brands", title="Brands"),
        breakdown_sheet(rows.categories, page, name="categories", title="Categories"),
        breakdown_sheet(rows.marketplaces, page, name="marketplaces", title="Marketplaces"),
        months_sheet(rows.months, page),
        movers_sheet(rows.movers, page),
        losses_sheet(rows.losses),
        headlines_sheet(rows.headlines),
        glance_sheet(rows.glances, rows.estimate),
        month_estimate_sheet(rows.of_month),
    ]


offer = Offer(DASHBOARD, _sheets)

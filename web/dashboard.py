"""/dashboard: how is business, at a glance."""

from __future__ import annotations

from flask import Blueprint, Response, render_template

from database.queries.breakdown import SORTS
from database.queries.dashboard import Dashboard, read_dashboard
from web.breakdown import BreakdownView, breakdown_sheet, breakdown_view
from web.figures import Page, figures_page
from web.filters import filters_of, period_name
from web.headlines import headlines_of, headlines_sheet
from web.monthly import monthly_chart, months_sheet
from web.notices import badge_of, notices_of
from web.sheets import Offer, Sheet, export_links

pages = Blueprint("dashboard", __name__)

ROWS_PER_PAGE = 20


@pages.get("/")
@pages.get("/dashboard")
def show() -> Response:
    """The dashboard of the reader's selection."""
    return figures_page("Dashboard", _render, sorts=SORTS)


def _render(page: Page) -> str:
    rows = read_dashboard(page.connection, page.selection, page.catalogue.brands)
    return render_template(
        "dashboard/show.html",
        period=period_name(page.selection),
        span=page.selection.span.words(),
        badge=badge_of(page),
        exports=export_links(page, offer),
        filters=filters_of(page),
        notices=notices_of(page),
        is_empty=rows.is_empty,
        headlines=headlines_of(rows.headlines, page),
        chart=monthly_chart(rows.months, page),
        brands=_brands(rows, page),
    )


def _brands(rows: Dashboard, page: Page) -> BreakdownView:
    return breakdown_view(
        rows.brands, page, title="Brands", part="brands", per_page=ROWS_PER_PAGE,
        open_address=lambda key: page.elsewhere("brands.show", {"brands": ()}, brand_id=key),
    )


def _sheets(page: Page) -> list[Sheet]:
    rows = read_dashboard(page.connection, page.selection, page.catalogue.brands)
    return [
        breakdown_sheet(rows.brands, page, name="brands", title="Brands"),
        months_sheet(rows.months, page),
        headlines_sheet(rows.headlines),
    ]


offer = Offer(
    "dashboard.show", "Dashboard", _sheets, sorts=SORTS,
    tables={"brands": "Brands", "months": "By month", "headlines": "Headlines"},
)

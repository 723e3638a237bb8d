"""What stands where there are no figures at all: what the page will show, and how the first figures come, by role."""

from __future__ import annotations

from flask import Response, current_app, make_response, render_template

from database.journal.waiting import waiting_imports
from database.queries.pages import PageSpec
from domain.people import ADMIN
from web.http import current, identity
from web.http.access import may_see

WILL_SHOW = {
    "dashboard.show": "revenue, units and contribution margins, by month, brand, category and marketplace",
    "profitability.show": "the profit and loss from net revenue to CM3, month by month",
    "drivers.show": "what changed CM3 from one period to another: volume, mix, price and each cost",
    "categories.show": "categories side by side: how large each is, how it grows and what it earns",
    "products.show": "every product with its revenue, units, price and margin",
    "brands.show": "one brand: its months, its products and what it earns",
    "settlements.show": "what Amazon has deposited, each deposit explained to the cent",
    "explain.show": "what any figure is made of, with the figures that its formula speaks of",
    "product.show": "one product: its months, its marketplaces and what it earns",
}


def nothing_yet(spec: PageSpec, status: int) -> Response:
    """The page without a single month of figures; 503 before the first refresh, for whoever asks again by itself."""
    person = identity.person()
    imports = current_app.view_functions["import_uploads.upload"]
    page = render_template(
        "nothing_yet.html", title=spec.title, will_show=WILL_SHOW.get(spec.endpoint, "figures"),
        may_import=may_see(imports, person), is_admin=person.may(ADMIN) and person.brands is None,
        waiting=waiting_imports(current.store(), current.store().live_generation()),
    )
    answer = make_response(page, status)
    if status == 503:
        answer.headers["Retry-After"] = "60"
    answer.headers["Cache-Control"] = "no-store" if status == 503 else "private, no-cache"
    return answer

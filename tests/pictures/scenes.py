"""What is pictured: pages, and what is done on them first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.conftest import PASSWORD
from tests.pictures.shops import ANNA, DEMO, EMPTY, LONG, MIA, ONE_MONTH, REPORTS, TOM

DESK, PHONE = "1440", "390"
WIDTHS = (DESK, PHONE)
NOBODY = ""
CORRECTION = """asin,product name,brand,category,marketplace,metric,month,value
A1,Wooden train,Acme,Toys,US,Net revenue,2026-10,1334.50
A1,Wooden train,Acme,Toys,US,CM3,2026-10,312.40
B2,Bath boat,Acme,Toys,DE,Net revenue,2026-10,880.00
B2,Bath boat,Acme,Toys,DE,Net units,2026-10,44
"""
DROP = """(area, [name, text]) => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], name, { type: "text/csv" }));
  area.dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


def _nothing(page: Page) -> None:
    """The page as it comes."""


@dataclass(frozen=True)
class Scene:
    """A page of a shop, `{brand}` and `{asin}` being the largest there, as `person` sees it after `act`; `scrolled`
    asks for a second picture further down."""

    address: str
    shop: str = DEMO
    scrolled: bool = False
    person: str = ANNA
    act: Callable[[Page], None] = _nothing
    widths: tuple[str, ...] = WIDTHS


def _open_picker(page: Page) -> None:
    page.click("#filter-brand-button")


def _open_filters(page: Page) -> None:
    # A tap would leave a mark where the finger was.
    page.locator("[data-filters-open]").dispatch_event("click")
    page.wait_for_selector(".filters.is-open")


def _tap_a_month(page: Page) -> None:
    page.touchscreen.tap(*_middle_of_a_bar(page))
    page.locator(".chart-answer").scroll_into_view_if_needed()


def _hover_over_a_month(page: Page) -> None:
    page.mouse.move(*_middle_of_a_bar(page), steps=5)
    page.wait_for_selector(".hoverlayer text")


def _middle_of_a_bar(page: Page) -> tuple[float, float]:
    page.locator(".chart").first.scroll_into_view_if_needed()
    box = page.locator(".chart .trace.bars:last-child .point path").nth(8).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _choose_columns(page: Page) -> None:
    page.locator(".columns summary").dispatch_event("click")


def _open_more(page: Page) -> None:
    page.locator("[data-more]").dispatch_event("click")


def _find(words: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.locator("[data-palette]").dispatch_event("click")
        page.fill(".palette-input", words)
        page.wait_for_function("() => !document.querySelector('.palette [data-press]')")

    return act


def _save_a_view(page: Page) -> None:
    page.locator("[data-views]").dispatch_event("click")
    page.fill(".views-save .view-name", "Profit of the last quarter")
    page.click(".views-save [type=submit]")
    page.wait_for_selector(".views-panel .view")


def _review_a_file(page: Page) -> None:
    page.locator("[data-drop]").evaluate(DROP, ["october, corrected.csv", CORRECTION])
    page.click("[data-send]")
    page.wait_for_selector("h1:has-text('Review before importing')", timeout=60_000)


def _begin_the_second_factor(page: Page) -> None:
    page.fill("#second-password", PASSWORD)
    page.click("text=Set up")
    page.wait_for_selector(".secret")


SCENES = {
    "sign-in": Scene("/login", person=NOBODY),
    "dashboard": Scene("/dashboard", scrolled=True),
    "dashboard-month": Scene("/dashboard?from=2026-09&to=2026-09", scrolled=True),
    "dashboard-estimate": Scene("/dashboard?period=mtd", shop=REPORTS, scrolled=True),
    "dashboard-narrowed": Scene("/dashboard?category=1,2&marketplace=US,DE&metric=CM3&period=2025"),
    "dashboard-picker": Scene("/dashboard", act=_open_picker, widths=(DESK,)),
    "dashboard-tooltip": Scene("/dashboard", act=_hover_over_a_month, widths=(DESK,)),
    "dashboard-filters": Scene("/dashboard", act=_open_filters, widths=(PHONE,)),
    "dashboard-tap": Scene("/dashboard", act=_tap_a_month, widths=(PHONE,)),
    "dashboard-more": Scene("/dashboard", act=_open_more, widths=(PHONE,)),
    "palette": Scene("/dashboard?period=3m", act=_find("bl")),
    "views": Scene("/products?period=3m&metric=CM3", act=_save_a_view),
    "dashboard-viewer": Scene("/dashboard", person=TOM),
    "one-brand-viewer": Scene("/dashboard", person=MIA),
    "profitability": Scene("/profitability", scrolled=True),
    "profitability-per-unit": Scene("/profitability?show=unit"),
    "drivers": Scene("/drivers", scrolled=True),
    "categories": Scene("/categories", scrolled=True),
    "category": Scene("/categories?category=1", scrolled=True),
    "brand": Scene("/brands/{brand}", scrolled=True),
    "products": Scene("/products", scrolled=True),
    "figures": Scene("/figures?period=3m"),
    "products-losing": Scene("/products?only=loss-making&sort=cm3&order=asc"),
    "products-columns": Scene("/products", act=_choose_columns),
    "product": Scene("/products/{asin}", scrolled=True),
    "catalog": Scene("/catalog?show=products"),
    "catalog-brands": Scene("/catalog?show=brands"),
    "imports": Scene("/imports", scrolled=True),
    "operations": Scene("/operations", scrolled=True),
    "rules": Scene("/operations/rules"),
    "help": Scene("/help", scrolled=True),
    "account": Scene("/account"),
    "account-second-factor": Scene("/account", act=_begin_the_second_factor),
    "users": Scene("/users"),
    "users-person": Scene("/users/3"),
    "users-audit": Scene("/users/audit"),
    "not-found": Scene("/nothing/here"),
    "gone": Scene("/dashboard?brand=999999"),
    "no-figures": Scene("/dashboard", EMPTY),
    "no-figures-viewer": Scene("/dashboard", EMPTY, person=TOM),
    "no-figures-imports": Scene("/imports", EMPTY),
    "no-figures-operations": Scene("/operations", EMPTY),
    "one-month": Scene("/dashboard", ONE_MONTH, scrolled=True),
    "one-month-product": Scene("/products/A1", ONE_MONTH),
    "one-month-profitability": Scene("/profitability", ONE_MONTH),
    "imports-report": Scene("/imports", ONE_MONTH, act=_review_a_file),
    "long-names": Scene("/dashboard", LONG, scrolled=True, person="alice"),
    "long-names-brand": Scene("/brands/1", LONG, scrolled=True, person="alice"),
    "long-names-products": Scene("/products", LONG, scrolled=True, person="alice"),
    "long-names-profitability": Scene("/profitability", LONG, scrolled=True, person="alice"),
    "long-names-explained": Scene("/explain?metric=CM3", LONG, scrolled=True, person="alice"),
    "five-minutes": Scene("/dashboard", REPORTS),
    "five-minutes-profitability": Scene("/profitability", REPORTS),
    "five-minutes-products": Scene("/products", REPORTS),
    "five-minutes-settlements": Scene("/settlements", REPORTS),
    "five-minutes-paid": Scene("/paid", REPORTS),
    "five-minutes-unit-costs": Scene("/unit-costs/{asin}", REPORTS),
}
"""Name of a picture -> what it shows."""

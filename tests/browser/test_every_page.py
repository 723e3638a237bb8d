"""Every page, in both themes, on a desk's screen and on a phone: accessible, whole, quiet and light."""

from __future__ import annotations

import gzip
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import (
    ADMIN,
    DESKTOP,
    LONG_METRIC,
    LONG_NAME,
    LONGEST_WORD,
    PHONE,
    UNBROKEN,
    Site,
    open_browser,
    served,
    sign_in,
    wait_for_charts,
)
from tests.browser.layout import CUT, SMALL_TARGETS, WIDER_THAN_THE_SCREEN
from tests.conftest import embedded_settings

PAGES = {
    "dashboard": "/dashboard",
    "profitability": "/profitability",
    "categories": "/categories",
    "one category": "/categories?category=3",
    "brand": "/brands/1",
    "products": "/products",
    "product": f"/products/{'M' * 64}",
    "settlements": "/settlements",
    "rates": "/operations/rates",
    "settlement": "/settlements/28400001001",
    "amount to sort": "/settlements/kinds/4",
    "lines to fetch": "/lines?settlement=28400001001&kind=4",
    "ordered and paid": "/paid",
    "what changed CM3": "/drivers",
    "profitability per unit": "/profitability?show=unit",
    "a figure, explained": "/explain?metric=CM3",
    "all figures": "/figures",
    "unit costs": f"/unit-costs/{'M' * 64}",
    "overheads": "/overheads",
    "catalogue": "/catalog",
    "account": "/account",
    "help": "/help",
    "search": "/search?q=brick",
    "views": "/views?address=/products%3Fperiod%3D3m",
    "users": "/users",
    "one user": "/users/1",
    "audit trail": "/users/audit",
    "imports": "/imports",
    "operations": "/operations",
    "rules": "/operations/rules",
    "one rule": "/operations/rules/1",
    "404": "/nothing/here",
    "410": "/dashboard?generation=99",
    "no figures": "/dashboard?period=2020",
    "no product": "/products?search=nothing-by-this-name",
}
"""What axe-core looks at as well -> its address."""

ELSEWHERE = {
    "sign_in.show", "catalog_changes.show_draft", "sign_in.show_code", "welcome.show", "second_step.show",
    "imports.report", "imports.as_template", "import_undo.ask", "import_uploads.show", "import_uploads.progress",
    "operations.progress", "operations_refresh.show", "operations_refresh.progress", "metrics.show",
    "lines.show", "lines.progress", "lines.file", "operations_work.show", "operations_work.progress",
    "operations_work.file", "rates_work.show", "rates_work.progress", "search.found",
    "rates.as_template", "figure_rows.show", "figure_rows.progress", "figure_rows.file",
}
"""Endpoints of pages that have tests of their own below, or in test_people.py, test_imports.py and
test_operations.py; of templates, which are files; and of /metrics, which is for no browser."""

STATES = {
    "dashboard of much": "/dashboard?brand=1,2,7&category=1,2,3&marketplace=DE,US&metric=CM3&from=2025-09&to=2025-11",
    "dashboard in the order of names": "/dashboard?sort=name&order=asc",
    "dashboard of a long metric": "/dashboard?metric=" + urllib.parse.quote(LONG_METRIC),
    "profitability over years": "/profitability?from=2023-01&to=2025-11",
    "profitability of nothing": "/profitability?period=2020",
    "brand of a long word": "/brands/7?metric=CM3&period=2025",
    "brand that loses": "/brands/3",
    "brand of nothing": "/brands/3?period=2020",
    "products found": "/products?search=Donau",
    "products that lose": "/products?only=loss-making&columns=share,net_revenue,margin,cm3_per_unit,trend",
    "products that nobody can tell": "/products?only=new,falling&period=2020",
    "product with an odd key": "/products/ASIN%2F2%20%3F%23%25?period=2024",
    "all products of the catalogue": "/catalog?show=products",
    "all brands of the catalogue": "/catalog?show=brands",
    "SKUs of the catalogue": "/catalog?show=skus",
    "categories by a ratio": "/categories?metric=CM3%20%25",
    "brand by a ratio": "/brands/1?metric=ROI",
    "400": "/dashboard?metric=nothing-of-this-name",
}
"""More of the same pages -> their addresses."""

SERIOUS = ("serious", "critical")
LIGHT_ENOUGH = 70_000
NOT_FOR_SELLERS = re.compile(r"\b(?:tak(?:e|en|ing) (?:it )?(?:in|back)|waits? for your word)\b", re.IGNORECASE)
"""Words that mean nothing to a seller: files are imported, and imports undone."""
WHOLE = {"resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """An admin's page, as wide as a desk's screen, for all tests of this file."""
    page = open_browser(browser, site, ADMIN, viewport=DESKTOP)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser, site: Site) -> Iterator[Page]:
    """The same on a phone."""
    page = open_browser(browser, site, ADMIN, viewport=PHONE, has_touch=True, is_mobile=True)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def unrefreshed(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Iterator[Site]:
    """An app whose summaries were never built."""
    settings = embedded_settings(tmp_path_factory.mktemp("unrefreshed"))
    shutil.copytree(empty_instance, settings.database.path)
    with served(settings) as found:
        yield found


def faults(page: Page, options: dict) -> list[str]:
    """What axe-core finds that is serious or worse, with the elements it is about."""
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{fault['id']}: {node['target']} {node.get('failureSummary', '')[:300]}"
        for fault in found if fault["impact"] in SERIOUS for node in fault["nodes"]
    ]


def look(page: Page, address: str, *, theme: str) -> dict[str, list[str]]:
    """What is wrong with a page in a theme. Every page is looked at light at a desk and dark on a phone."""
    page.emulate_media(color_scheme=theme)
    page.goto(address)
    wait_for_charts(page)
    words = NOT_FOR_SELLERS.findall(page.locator("body").inner_text())
    return {"axe": faults(page, WHOLE), "words": words, **layout_of(page)}


def layout_of(page: Page) -> dict[str, list[str]]:
    """What of the page at hand is wider than the screen, and what is cut."""
    return {"wider than the screen": page.evaluate(WIDER_THAN_THE_SCREEN), "cut": page.evaluate(CUT)}


def wrong(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {what: faults for what, faults in found.items() if faults}


@pytest.fixture(autouse=True)
def _expected_answers(site: Site) -> Iterator[None]:
    """A browser's console tells of every answer that is an error; where a page is one, that is no complaint."""
    yield
    pattern = re.compile(r"error: Failed to load resource: the server responded with a status of (400|404|410|503)")
    site.complaints[:] = [words for words in site.complaints if not pattern.match(words)]


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_a_page_at_a_desk_is_accessible_and_whole(desk: Page, address: str) -> None:
    assert wrong(look(desk, address, theme="light")) == {}


@pytest.mark.parametrize("address", PAGES.values(), ids=PAGES)
def test_a_page_on_a_phone_is_accessible_and_whole(phone: Page, address: str) -> None:
    found = look(phone, address, theme="dark")

    assert wrong(found | {"too small for a finger": phone.evaluate(SMALL_TARGETS)}) == {}


@pytest.mark.parametrize("address", STATES.values(), ids=STATES)
@pytest.mark.parametrize("device", ["desk", "phone"])
def test_long_names_and_many_columns_keep_to_the_screen(request: pytest.FixtureRequest, device, address) -> None:
    page: Page = request.getfixturevalue(device)
    page.goto(address)
    wait_for_charts(page)

    assert wrong(layout_of(page)) == {}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_pages_before_the_first_refresh_are_accessible_and_whole(browser: Browser, unrefreshed: Site, viewport) -> None:
    context = browser.new_context(base_url=unrefreshed.address, viewport=viewport)
    page = context.new_page()
    found = {"sign-in": look(page, "/login", theme="light")}
    sign_in(page, "nobody-by-this-name")
    page.wait_for_selector("[role=alert]")
    found["sign-in refused"] = {"axe": faults(page, WHOLE), **layout_of(page)}
    sign_in(page)
    found["no figures yet"] = look(page, "/dashboard", theme="dark")
    context.close()

    assert {name: wrong(faults) for name, faults in found.items() if wrong(faults)} == {}


def test_the_account_menu_tells_of_the_keys_where_there_are_keys(desk: Page, phone: Page) -> None:
    shown = {}
    for name, page in (("desk", desk), ("phone", phone)):
        page.goto("/dashboard")
        page.click(".account summary")
        shown[name] = page.locator(".keys").is_visible()
        if name == "desk":
            found = {"axe": faults(page, WHOLE), **layout_of(page)}
        page.keyboard.press("Escape")

    assert (shown, wrong(found)) == ({"desk": True, "phone": False}, {})


def test_what_opens_over_a_page_is_accessible_and_whole(phone: Page) -> None:
    phone.goto("/dashboard?brand=1,7&category=3")
    wait_for_charts(phone)
    found = {}
    for name, opener in (("account", ".account summary"), ("export", ".export summary")):
        phone.tap(opener)
        found[name] = {"axe": faults(phone, WHOLE), **layout_of(phone)}
        phone.keyboard.press("Escape")
    phone.keyboard.press("f")
    phone.tap("#filter-brand-button")
    found["picker"] = {"axe": faults(phone, WHOLE), **layout_of(phone)}

    assert {name: wrong(faults) for name, faults in found.items() if wrong(faults)} == {}


def test_tables_behind_charts_are_accessible_and_whole(desk: Page) -> None:
    found = {}
    for address in ("/dashboard", "/profitability", "/categories"):
        desk.goto(address)
        wait_for_charts(desk)
        for summary in desk.locator(".behind summary").all():
            summary.click()
        found[address] = {"axe": faults(desk, WHOLE), **layout_of(desk)}

    assert {name: wrong(faults) for name, faults in found.items() if wrong(faults)} == {}


def test_a_draft_of_the_catalogue_is_accessible_and_whole(desk: Page, phone: Page, tmp_path: Path) -> None:
    file = tmp_path / f"{UNBROKEN}.csv"
    lines = ("asin,name,brand", f"{'M' * 64},{LONGEST_WORD},Brand 009", f"B0502,Named,{LONG_NAME}")
    file.write_text("\n".join(lines), encoding="utf-8")
    desk.goto("/catalog")
    desk.set_input_files("#upload-file", file)
    with desk.expect_navigation(url="**/catalog/drafts/*"):
        desk.click("text=Check the file")
    found = {"desk": look(desk, desk.url, theme="light"), "phone": look(phone, desk.url, theme="dark")}

    assert {name: wrong(faults) for name, faults in found.items() if wrong(faults)} == {}


# --- weight


class _Parts(HTMLParser):
    """Addresses of the styles and scripts that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        address = named.get("src") if tag == "script" else named.get("href")
        if address and (tag == "script" or named.get("rel") == "stylesheet"):
            self.found.append(address)


def received(site: Site, address: str) -> bytes:
    """What goes over the line for an address, compressed."""
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in site.states[ADMIN]["cookies"])
    request = urllib.request.Request(site.address + address, headers={"Cookie": cookies, "Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        return error.read()


@pytest.mark.parametrize("address", (PAGES | STATES).values(), ids=PAGES | STATES)
def test_a_page_with_its_styles_and_scripts_is_light(desk: Page, site: Site, address: str) -> None:
    page = received(site, address)
    parts = _Parts()
    parts.feed((gzip.decompress(page) if page[:2] == b"\x1f\x8b" else page).decode())

    assert len(page) + sum(len(received(site, part)) for part in parts.found) <= LIGHT_ENOUGH


# --- nothing is left out


def test_every_page_is_looked_at(site: Site) -> None:
    addresses = site.app.url_map.bind("")
    paths = [urllib.parse.unquote(address.partition("?")[0]) for address in (PAGES | STATES).values()]
    seen = {addresses.match(path)[0] for path in paths if addresses.test(path)}
    rules = [rule for rule in site.app.url_map.iter_rules() if "GET" in rule.methods]
    pages = {rule.endpoint for rule in rules if not re.search(r"\.(csv|xlsx)$|^/(api|static|\w+z)\b", rule.rule)}

    assert pages - seen == ELSEWHERE

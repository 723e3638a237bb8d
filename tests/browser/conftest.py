"""A real Chromium before a real server: one app per file, a new browser context per test."""

from __future__ import annotations

import datetime
import math
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from database import migrations, people
from database.engines import open_store
from database.passwords import hash_password
from flask_app import create_app
from tests.conftest import embedded_settings
from tests.summaries_fixture import publish

PASSWORD = "correct horse battery"
TODAY = datetime.date(2025, 11, 22)
LONG_NAME = "The Extraordinarily Long-Named Brand Company of Upper Middlesex & Sons (International Holdings) Ltd."
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Site:
    """A running app. `complaints` collects what the browsers' consoles said."""

    address: str
    sign_in_state: dict = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app with 500 brands over three years, two of them with names that do not want to fit. It ends with
    the file, and its clock with it: tests of other files have today's date."""
    patch = pytest.MonkeyPatch()
    for module in ("domain.months", "web.figures", "web.freshness"):
        patch.setattr(f"{module}.today_utc", lambda: TODAY)
    settings = embedded_settings(tmp_path_factory.mktemp("site"))
    store = open_store(settings)
    migrations.upgrade(store)
    publish(store, rows(), brands=brand_names(), categories={1: "Toys", 2: "Games and " * 8 + "more"},
            marketplaces={"US": "United States", "DE": "Germany"}, currencies="INR", products=products())
    with store.application.begin() as connection:
        people.add_user(connection, name="alice", role="viewer", password_hash=hash_password(PASSWORD))
    store.close()
    server = make_server("127.0.0.1", 0, create_app(settings), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    patch.undo()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Page]:
    """A page nobody is signed in on, as wide as a desk's screen."""
    context = browser.new_context(base_url=site.address, viewport=DESKTOP, locale="en-US")
    yield _watched(context, site)
    context.close()


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """The dashboard of somebody signed in, on a desk's screen, its chart drawn."""
    yield from _dashboard(browser, site, viewport=DESKTOP)


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[Page]:
    """The same on a phone."""
    yield from _dashboard(browser, site, viewport=PHONE, has_touch=True, is_mobile=True)


@pytest.fixture
def paper(browser: Browser, site: Site) -> Iterator[Page]:
    """The same in a browser that runs no scripts."""
    yield from _dashboard(browser, site, viewport=DESKTOP, java_script_enabled=False)


@pytest.fixture(autouse=True)
def _consoles_stay_empty(site: Site) -> Iterator[None]:
    site.complaints.clear()
    yield
    assert site.complaints == []


def sign_in(page: Page) -> None:
    """Fills in the sign-in form of the page."""
    page.fill("#name", "alice")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/*dashboard*")


def wait_for_chart(page: Page) -> None:
    """Until plotly.js has drawn the chart."""
    page.wait_for_selector(".chart.is-drawn .main-svg")


def brand_names() -> dict[int, str]:
    """500 brands."""
    return {1: LONG_NAME, 2: UNBROKEN} | {number: f"Brand {number:03d}" for number in range(3, 501)}


def products() -> list[dict]:
    """One product per brand; the first two have names and keys that do not want to fit."""
    long = {1: ("A" * 64, f"{LONG_NAME} {LONG_NAME}"), 2: ("ASIN/2 ?#%", UNBROKEN * 2)}
    return [
        {"id": n, "asin": asin, "name": name, "brand_id": n, "status": "Active"}
        for n, (asin, name) in ({n: (f"B{n:04d}", f"Brick {n}") for n in range(1, 501)} | long).items()
    ]


def rows() -> list[tuple]:
    """Three years of the large brands, one month of the many small ones; one brand makes losses."""
    months = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)][:35]
    found = []
    for brand in range(1, 501):
        for number, month in enumerate(months if brand < 12 else ["2025-10"]):
            revenue = 900_000 // brand + number * 1000 + round(5000 * math.sin(number))
            margin = -7 if brand == 3 else 10 + brand % 20
            for metric, value in (
                ("Net revenue", revenue), ("Net units", revenue // 20), ("CM3", revenue * margin // 100),
            ):
                found.append((brand, brand, 1 + brand % 2, "DE" if brand % 3 else "US", month, metric, f"{value}.00"))
    return found


def _dashboard(browser: Browser, site: Site, **options) -> Iterator[Page]:
    context = browser.new_context(
        base_url=site.address, locale="en-US", storage_state=site.sign_in_state or None, **options
    )
    page = _watched(context, site)
    page.goto("/dashboard")
    if "/login" in page.url:
        sign_in(page)
        site.sign_in_state = context.storage_state()
    if options.get("java_script_enabled", True):
        wait_for_chart(page)
    yield page
    context.close()


def _watched(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.on("console", lambda message: site.complaints.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: site.complaints.append(f"error: {error}"))
    return page

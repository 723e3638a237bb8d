"""A real Chromium before a real server: one app per file, and pages that tests share."""

from __future__ import annotations

import dataclasses
import datetime
import math
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from database.engines.ports import Store
from database.notices import outbox
from database.notices import rules as kept_rules
from database.people import api_tokens, users
from database.people.passwords import hash_password
from database.store import open_store
from domain.notices import Notice
from domain.rules import Rule
from flask_app import create_app
from settings import MailSettings, NoticeSettings, Settings
from tests.clock import set_today
from tests.conftest import embedded_settings
from tests.summaries_fixture import publish
from tests.web.shop import LINES

PASSWORD = "correct horse battery"
TODAY = datetime.date(2025, 11, 22)
LONG_NAME = "The Extraordinarily Long-Named Brand Company of Upper Middlesex & Sons (International Holdings) Ltd."
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONGEST_WORD = (UNBROKEN * 4)[:255]
"""As long as the name of a brand, a category or a product may be."""
LONG_METRIC = "Storage fees for long-term and oversize inventory, removals and disposals included (allocated)"
ADMIN = "verwaltungsfachangestelltenvertretung.obergeschoss@very-long-department-names.example.com"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass
class Site:
    """A running app. `complaints` collects what the browsers' consoles said; `states` holds the cookies of
    everybody who has signed in."""

    address: str
    app: Flask
    states: dict[str, dict] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _quick(quick_commands: None) -> None:
    """Commands that pages begin start quickly."""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Path:
    """An instance folder with 500 brands over three years, some of them with names that do not want to fit, and
    with a viewer and an admin; to copy."""
    settings = embedded_settings(tmp_path_factory.mktemp("published"))
    shutil.copytree(empty_instance, settings.database.path)
    store = open_store(settings)
    publish(
        store, rows(), brands=brand_names(), products=products(), currencies="INR",
        categories={1: "Toys", 2: "Games and " * 8 + "more", 3: LONGEST_WORD},
        marketplaces={
            "US": "United States", "DE": "Germany",
            "NORTHERNUK": "United Kingdom of Great Britain and Northern Ireland",
        },
        lines=LINES,
    )
    _add_people(store)
    _add_rules_and_notices(store)
    store.close()
    return settings.database.path


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, published: Path) -> Iterator[Site]:
    """An app with these figures. It ends with the file, and its clock with it: tests of other files have
    today's date."""
    patch = pytest.MonkeyPatch()
    set_today(patch, TODAY)
    settings = embedded_settings(tmp_path_factory.mktemp("site"))
    shutil.copytree(published, settings.database.path)
    with served(settings) as found:
        yield found
    patch.undo()


@contextmanager
def served(settings: Settings) -> Iterator[Site]:
    """A running app on a store that has its tables; with a viewer and an admin, if nobody is there."""
    app = create_app(settings)
    _add_people(app.extensions["lego_store"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.port}", app)
    server.shutdown()
    thread.join()
    app.extensions["lego_store"].close()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Page]:
    """A page nobody is signed in on, as wide as a desk's screen."""
    page = open_browser(browser, site, "", landing="about:blank", viewport=DESKTOP)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def page_at_a_desk(browser: Browser, site: Site) -> Iterator[Page]:
    """A page on a desk's screen, somebody being signed in. One for all tests of a file: a browser takes two seconds to
    read plotly.js in, once per page."""
    page = open_browser(browser, site, viewport=DESKTOP)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def page_in_a_hand(browser: Browser, site: Site) -> Iterator[Page]:
    """The same on a phone."""
    page = open_browser(browser, site, viewport=PHONE, has_touch=True, is_mobile=True)
    yield page
    page.context.close()


@pytest.fixture
def desk(page_at_a_desk: Page, site: Site) -> Page:
    """The dashboard of somebody signed in, on a desk's screen, its chart drawn."""
    return _dashboard(page_at_a_desk, site)


@pytest.fixture
def phone(page_in_a_hand: Page, site: Site) -> Page:
    """The same on a phone."""
    return _dashboard(page_in_a_hand, site)


@pytest.fixture(scope="module")
def reader(browser: Browser, site: Site) -> Iterator[Page]:
    """A desk's page of somebody signed in, the same for all tests of a file: each begins with an address."""
    page = open_browser(browser, site, viewport=DESKTOP)
    yield page
    page.context.close()


@pytest.fixture
def paper(browser: Browser, site: Site) -> Iterator[Page]:
    """The same in a browser that runs no scripts."""
    page = open_browser(browser, site, viewport=DESKTOP, java_script_enabled=False)
    yield page
    page.context.close()


@pytest.fixture(autouse=True)
def _consoles_stay_empty(site: Site) -> Iterator[None]:
    site.complaints.clear()
    yield
    assert site.complaints == []


def sign_in(page: Page, name: str = "alice") -> None:
    """Fills in the sign-in form of the page, and waits for the answer."""
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click("button[type=submit]")


def open_browser(
    browser: Browser, site: Site, name: str = "alice", *, landing: str = "/dashboard", **options
) -> Page:
    """A page in a new context, `name` being signed in, which is on `landing`. Whoever opens it closes its context."""
    context = browser.new_context(
        base_url=site.address, locale="en-US", storage_state=site.states.get(name), **options
    )
    page = context.new_page()
    page.on("console", lambda message: _note(site, f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: site.complaints.append(f"error: {error}"))
    page.goto(landing)
    if "/login" in page.url and name not in site.states:
        sign_in(page, name)
        site.states[name] = context.storage_state()
    return page


def _note(site: Site, words: str) -> None:
    # Said to whoever types before the page has settled, which only a program can.
    if "Autofocus processing was blocked" not in words:
        site.complaints.append(words)


def wait_for_chart(page: Page) -> None:
    """Until plotly.js has drawn the chart."""
    page.wait_for_selector(".chart.is-drawn .main-svg")


def wait_for_charts(page: Page) -> None:
    """Until every chart of the page is drawn, if it has any."""
    page.wait_for_function("() => [...document.querySelectorAll('[data-chart]')].every(c => c.matches('.is-drawn'))")


def brand_names() -> dict[int, str]:
    """500 brands."""
    long = {1: LONG_NAME, 2: UNBROKEN, 7: LONGEST_WORD, 10: "Millbrook & Sons Essentials"}
    return {number: f"Brand {number:03d}" for number in range(1, 501)} | long


def products() -> list[dict]:
    """One product per brand, some with names and keys that do not want to fit; three without a brand or a figure."""
    long = {
        1: ("A" * 64, f"{LONG_NAME} {LONG_NAME}"), 2: ("ASIN/2 ?#%", UNBROKEN * 2), 7: ("M" * 64, LONGEST_WORD),
        8: ("B0D014D6EE", "Millbrook & Sons Heavy Duty Cast Iron Skillet, forest green, set of two"),
        9: ("B0D07UJ84W", "Bluebell Nursery Foldable Milestone Cards, terracotta"),
        10: ("B0D05LT7K2", "Graphite Works Original Bath Thermometer, two-pack"),
    }
    names = {n: (f"B{n:04d}", f"Brick {n}") for n in range(1, 501)} | long
    loose = {501: ("W" * 64, LONGEST_WORD), 502: ("B0502", None), 503: ("B0503", "Loose brick")}
    return [
        {"id": n, "asin": asin, "name": name, "brand_id": n if n <= 500 else None, "status": "Active"}
        for n, (asin, name) in (names | loose).items()
    ]


def rows() -> list[tuple]:
    """Three years of the large brands, one month of the many small ones; one brand makes losses."""
    months = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)][:35]
    found = []
    for brand in range(1, 501):
        category = 3 if brand == 7 else 1 + brand % 2
        marketplace = "NORTHERNUK" if brand == 5 else "DE" if brand % 3 else "US"
        for number, month in enumerate(months if brand < 12 else ["2025-10"]):
            amounts = _amounts(brand, number)
            if brand >= 12:
                amounts = {metric: amounts[metric] for metric in ("Net revenue", "Net units", "CM3")}
            elif brand == 1:
                amounts[LONG_METRIC] = 1234
            found += [
                (brand, brand, category, marketplace, month, metric, f"{value}.00") for metric, value in amounts.items()
            ]
    return found


def _amounts(brand: int, number: int) -> dict[str, int]:
    """A whole P&L of one brand in its `number`-th month. Marketing takes whatever the margin asks for."""
    revenue = 900_000 // brand + number * 1000 + round(5000 * math.sin(number))
    cm3 = revenue * (-7 if brand == 3 else 10 + brand % 20) // 100
    cogs, referral, fba, other = revenue * 35 // 100, revenue * 10 // 100, revenue * 12 // 100, revenue // 100
    sem, promo = revenue * 3 // 100, revenue * 2 // 100
    cm2 = revenue - cogs - referral - fba - other
    return {
        "Net revenue": revenue, "Net units": revenue // 20, "Net COGS": cogs, "CM1": revenue - cogs,
        "Referral fees": referral, "FBA fees": fba, "Other platform fees": other, "CM2": cm2,
        "Marketing": cm2 - cm3 - sem - promo, "SEM costs": sem, "Promo fees": promo, "CM3": cm3,
    }


def _add_people(store: Store) -> None:
    with store.application.begin() as connection:
        if users.is_anybody_there(connection):
            return
        hashed = hash_password(PASSWORD)
        users.add_user(connection, name="alice", role="viewer", password_hash=hashed)
        users.add_user(connection, name=ADMIN, role="admin", password_hash=hashed)
        api_tokens.create_token(connection, "alice", "Excel at work")
        api_tokens.create_token(connection, "alice", UNBROKEN[:100])


def _add_rules_and_notices(store: Store) -> None:
    with store.application.begin() as connection:
        for rule in (
            Rule("CM3 %", "below", Decimal(15), brand_id=7), Rule(LONG_METRIC, "rises-year", Decimal(20)),
            Rule("Net revenue", "falls", Decimal("12.5"), category_id=2), Rule("TACoS", "above", Decimal(9)),
        ):
            kept_rules.add_rule(connection, rule, by=ADMIN)
    noted = datetime.datetime(2025, 11, 3, 6, 31)
    mail = MailSettings(host="mail.example", from_="lego@example.com", to=("ann@example.com",))
    settings = dataclasses.replace(store.settings, mail=mail, notices=NoticeSettings("https://hooks.example/x"))
    store = dataclasses.replace(store, settings=settings)
    for number, (kind, subject) in enumerate((
        ("rule", f"CM3 % of {LONGEST_WORD}: 3.1 % in Oct 2025"), ("failed", "The refresh failed: no room on /var"),
        ("restated", "Restated: 12 totals of 2024-01 to 2024-11"),
    )):
        outbox.write_down(store, [Notice(f"{kind}:{number}", kind, subject, f"{subject}\n\nAll of it.", (), noted)])
    with store.application_reading.connect() as connection:
        first, second, *_ = outbox.due(connection, "mail", now=noted)
    for delivery, trouble in ((first, ""), (second, f"the server answered 451 {UNBROKEN}")):
        outbox.claim(store, delivery, now=noted)
        outbox.settle(store, delivery, is_delivered=not trouble, trouble=trouble)


def _dashboard(page: Page, site: Site) -> Page:
    """As if nothing had been done in the browser but to sign in."""
    page.unroute_all()
    page.emulate_media(media="null", color_scheme="null")
    page.context.clear_cookies()
    page.context.add_cookies(site.states["alice"]["cookies"])
    if page.url.startswith(site.address):
        page.evaluate("localStorage.clear()")
    page.goto("/dashboard")
    wait_for_chart(page)
    return page

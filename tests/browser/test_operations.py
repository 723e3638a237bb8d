"""A refresh that is planned, begun and seen through on /operations, which is accessible before and afterwards."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from database import schema
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done, tell_refused
from database.journal.slow_statements import Slow, record
from database.store import open_store
from domain.errors import Refused
from tests.browser.conftest import ADMIN, DESKTOP, LONGEST_WORD, PHONE, Site, open_browser, served, wait_for_charts
from tests.browser.test_every_page import look, wrong
from tests.conftest import embedded_settings

FILE = "asin,brand,category,marketplace,metric,month,value\nA1,Acme,Toys,US,Net revenue,2024-01,10.50\n"
MINUTE = 60_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Iterator[Site]:
    """An app with a fact, and no figures yet."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "january.csv").write_text(FILE, encoding="utf-8")
    settings = embedded_settings(folder)
    shutil.copytree(empty_instance, settings.database.path)
    store = open_store(settings)
    with store.lock("a test"):
        tell_done(store, import_file(store, folder / "january.csv", ImportOptions()), user_name=LONGEST_WORD[:150])
    with store.facts() as connection:
        # Another program's fact, of a marketplace that cannot be.
        connection.execute(sa.insert(schema.financials).values(
            id=900, asin_id=1, marketplace="ALL", metric="Net revenue", month=datetime.date(2024, 1, 1), value=1.25,
        ))
        connection.commit()
    tell_refused(store, f"{LONGEST_WORD[:200]}.csv", "", Refused(f"{LONGEST_WORD}: it has no headings"), user_name=None)
    record(store, Slow(
        "products.show", f"/products?search={LONGEST_WORD}", f"SELECT {LONGEST_WORD} FROM asin", (), 0.9,
    ))
    store.close()
    with served(settings) as found:
        yield found


def test_a_refresh_is_planned_begun_and_seen_through(browser: Browser, site: Site) -> None:
    desk = open_browser(browser, site, ADMIN, landing="/operations", viewport=DESKTOP)
    desk.set_default_timeout(MINUTE)
    expect(desk.locator(".state-word")).to_have_text("No figures yet")
    assert wrong(look(desk, "/operations", theme="light")) == {}
    for button in ("Plan: what changed", "Plan: everything"):
        desk.get_by_role("button", name=button).click()
        expect(desk.locator("#plan-title")).to_contain_text("1 month is built anew", timeout=MINUTE)
        assert wrong(look(desk, desk.url, theme="dark")) == {}
        desk.get_by_role("button", name="Begin").click()
        expect(desk.locator("h1")).to_have_text("The refresh is over", timeout=MINUTE)
        expect(desk.locator(".notice-good")).to_contain_text("verified to the cent")
        desk.get_by_role("button", name="Done").click()
    expect(desk.locator(".state-word")).to_have_text("Not checked yet")
    desk.get_by_role("button", name="Check now").click()
    expect(desk.locator("[aria-labelledby=doctor-title] > header > p")).to_contain_text("just now", timeout=MINUTE)
    expect(desk.locator(".state-word")).not_to_have_text("Not checked yet")
    wait_for_charts(desk)
    expect(desk.locator(".chart.is-drawn")).to_have_count(2)
    desk.get_by_text("The statement").first.click()
    expect(desk.locator(".statement").first).to_be_visible()
    expect(desk.get_by_role("link", name="Undo import 1")).to_be_visible()
    desk.get_by_text("10 stages").first.click()
    expect(desk.locator(".stages li").first).to_be_visible()
    assert wrong(look(desk, "/operations", theme="light")) == {}
    desk.get_by_role("button", name="List them of marketplace ALL").click()
    expect(desk.locator(".page-span")).to_contain_text("1 fact is in no figure", timeout=MINUTE)
    expect(desk.locator(".figures tbody")).to_contain_text("$1.25")
    listed = desk.url
    assert wrong(look(desk, listed, theme="light")) == {}
    desk.context.close()
    phone = open_browser(browser, site, ADMIN, landing="about:blank", viewport=PHONE, has_touch=True, is_mobile=True)
    for address in ("/operations", listed):
        assert wrong(look(phone, address, theme="dark")) == {}
    phone.context.close()

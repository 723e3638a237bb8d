"""Notes beside figures open and close for one person; demo data is called so on every page."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from database import schema
from domain.moments import utc_now
from tests.browser.conftest import ADMIN, PHONE, Site, open_browser
from tests.browser.test_every_page import look, wrong

NOTE = ".notice:has-text('These figures mix INR and USD')"


def test_a_note_opens_and_stays_closed_for_whoever_closed_it(browser: Browser, site: Site, reader: Page) -> None:
    reader.goto("/dashboard")
    more = reader.locator(f"{NOTE} li")
    expect(more).to_be_hidden()
    reader.click(f"{NOTE} summary")
    expect(more).to_have_text("All are written as USD, also where a marketplace has another currency.")
    reader.keyboard.press("Tab")
    with reader.expect_response("**/notes/close"):
        reader.keyboard.press("Enter")
    expect(reader.locator(NOTE)).to_have_count(0)
    reader.goto("/profitability")
    expect(reader.locator("h1")).to_have_text("Profitability")
    expect(reader.locator(NOTE)).to_have_count(0)

    phone = open_browser(browser, site, ADMIN, viewport=PHONE, has_touch=True, is_mobile=True)
    expect(phone.locator(NOTE)).to_be_visible()
    phone.get_by_role("button", name="Close this note").tap()
    expect(phone.locator(NOTE)).to_have_count(0)
    phone.context.close()


def test_a_note_closes_without_scripts(site: Site, paper: Page) -> None:
    with site.app.extensions["lego_store"].application.begin() as connection:
        connection.execute(sa.update(schema.app_user).values(closed_notes=None))
    paper.goto("/dashboard?period=3m")
    paper.get_by_role("button", name="Close this note").click()

    paper.wait_for_url("**/dashboard?period=3m")
    expect(paper.locator(NOTE)).to_have_count(0)


def test_every_page_says_that_demo_data_is_demo_data(browser: Browser, site: Site, reader: Page) -> None:
    with site.app.extensions["lego_store"].application.begin() as connection:
        connection.execute(sa.insert(schema.import_log).values(
            import_id=1, source="demo", file_name="demo data", status="done", created_at=utc_now(), report="{}"
        ))
    said = {}
    for address in ("/dashboard", "/products", "/catalog", "/account"):
        reader.goto(address)
        said[address] = reader.locator(".demo-strip").inner_text()
    assert set(said.values()) == {"Demo data is in these figures."}

    phone = open_browser(browser, site, ADMIN, viewport=PHONE, has_touch=True, is_mobile=True)
    assert wrong(look(phone, "/dashboard", theme="dark")) == {}
    phone.get_by_role("link", name="Import yours").tap()
    phone.wait_for_url("**/imports")
    assert wrong(look(phone, "/imports", theme="light")) == {}
    phone.context.close()

"""Links that come from elsewhere, readers of some brands, and the way to what words mean."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from database.people import users
from database.people.passwords import hash_password
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, Site, open_browser
from tests.browser.test_every_page import layout_of, wrong


@pytest.fixture(scope="module")
def limited(site: Site) -> Site:
    """The site with two readers more: of one brand, and of two."""
    with site.app.extensions["lego_store"].application.begin() as connection:
        for name, brands in (("one", {3}), ("two", {1, 3})):
            users.add_user(connection, name=name, role="viewer", password_hash=hash_password(PASSWORD), brands=brands)
    return site


def test_a_link_from_a_mail_opens_and_one_to_a_brand_that_is_gone_says_so(site: Site, reader: Page) -> None:
    reader.goto("/dashboard?utm_source=mail&period=3m")
    expect(reader.locator(".page-span")).to_contain_text("Last 3 months")
    assert reader.url.endswith("/dashboard?period=3m")
    reader.goto("/dashboard?brand=9999&period=3m")
    site.complaints.clear()
    expect(reader.locator("h1")).to_have_text("This brand is not here any more")
    reader.click("text=All brands")
    reader.wait_for_url("**/dashboard?period=3m")


def test_a_reader_of_one_brand_lands_on_it_and_of_two_is_told_which(browser: Browser, limited: Site) -> None:
    one = open_browser(browser, limited, "one", landing="/", viewport=DESKTOP)
    one.wait_for_url("**/brands/3")
    expect(one.locator(".badge-sees")).to_have_text("Only Brand 003")
    one.goto("/dashboard")
    expect(one.locator(".only-of")).to_contain_text("all of it of the brand Brand 003")
    expect(one.get_by_role("heading", name="Brands")).to_have_count(0)
    one.click(".only-of a")
    one.wait_for_url("**/brands/3")
    one.context.close()

    two = open_browser(browser, limited, "two", landing="/", viewport=PHONE, has_touch=True, is_mobile=True)
    expect(two.locator(".badge-sees")).to_contain_text("Brand 003 and The Extraordinarily")
    expect(two.locator("#filter-brand-button")).to_have_text("All your brands")
    assert wrong(layout_of(two)) == {}
    two.context.close()


def test_the_account_menu_leads_to_what_words_mean(reader: Page) -> None:
    reader.goto("/dashboard")
    reader.click(".account summary")
    reader.get_by_role("link", name="Help").click()
    reader.wait_for_url("**/help")
    expect(reader.locator("#tacos .formula")).to_have_text("= (Marketing + SEM costs + Promo fees) ÷ Net revenue × 100")

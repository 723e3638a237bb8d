"""Somebody new, from the admin's form to the code of their phone, through a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import ADMIN, DESKTOP, PASSWORD, PHONE, Site, open_browser
from tests.browser.layout import CUT, WIDER_THAN_THE_SCREEN
from tests.browser.test_every_page import WHOLE, faults
from tests.web.forms import code_of

NEW = "quite another good one"
NAME = "zoe.van-der-westhuizen@a-very-long-domain.example.com"


@pytest.fixture
def admin(browser: Browser, site: Site):
    """The list of users, on a desk's screen."""
    page = open_browser(browser, site, ADMIN, landing="/users", viewport=DESKTOP)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield page
    page.context.close()


@pytest.fixture
def stranger(browser: Browser, site: Site):
    """A phone on which nobody is signed in."""
    context = browser.new_context(base_url=site.address, locale="en-US", viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.on("console", lambda message: site.complaints.append(f"{message.type}: {message.text}"))
    yield page
    context.close()


def wrong(page: Page) -> list[str]:
    return faults(page, WHOLE) + page.evaluate(WIDER_THAN_THE_SCREEN) + page.evaluate(CUT)


def test_somebody_new_comes_in_by_a_link_and_a_code(admin: Page, stranger: Page, half_minute: None) -> None:
    found = {}
    admin.fill("#name", NAME)
    admin.check("input[value=some]")
    admin.fill("[data-narrow]", "brand 01")
    admin.press("[data-narrow]", "Enter")
    assert admin.locator(".limit-box:visible").count() == 9
    admin.check("text=Brand 012")
    found["brands"] = wrong(admin)
    admin.click("text=Create and show the link")
    link = admin.inner_text("[data-copy]")
    found["link"] = wrong(admin)
    admin.get_by_role("button", name="Copy", exact=True).click()
    admin.wait_for_selector("text=Copied")
    assert admin.evaluate("navigator.clipboard.readText()") == link

    stranger.goto(link)
    found["welcome"] = wrong(stranger)
    stranger.fill("#new", NEW)
    stranger.fill("#again", NEW)
    stranger.click("text=Set password")
    enter(stranger, NAME, NEW)
    stranger.goto("/account")
    assert stranger.inner_text(".page-span").endswith("sees 1 brand")
    stranger.fill("#second-password", NEW)
    stranger.click("text=Set up")
    secret = stranger.inner_text(".secret").replace(" ", "")
    assert stranger.locator("svg.qr").bounding_box()["width"] > 200
    found["second factor"] = wrong(stranger)
    stranger.fill("#code", code_of(secret, steps=-1))
    stranger.click("text=Switch on")
    codes = stranger.locator(".codes code").all_inner_texts()
    found["recovery codes"] = wrong(stranger)
    assert len(codes) == 10

    stranger.goto("/account")
    stranger.tap(".account summary")
    stranger.tap("text=Sign out")
    enter(stranger, NAME, NEW)
    found["code"] = wrong(stranger)
    stranger.fill("#code", codes[3])
    with stranger.expect_navigation():
        stranger.click("button[type=submit]")
    stranger.goto("/account")
    assert re.search(r"9 recovery codes are left", stranger.inner_text("main"))
    found["account"] = wrong(stranger)
    assert {name: faults for name, faults in found.items() if faults} == {}


def enter(page: Page, name: str, password: str) -> None:
    page.fill("#name", name)
    page.fill("#password", password)
    with page.expect_navigation():
        page.click("button[type=submit]")


def test_the_menu_leads_an_admin_to_account_and_users(admin: Page) -> None:
    admin.click(".account summary")
    admin.click(".account-menu >> text=Account")
    assert admin.url.endswith("/account")
    assert PASSWORD not in admin.content()
    admin.click(".account summary")
    admin.click(".account-menu >> text=Users")
    assert admin.url.endswith("/users")

"""The lists of the catalogue: narrowed by what is typed; nothing new is made by an Enter too early."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.conftest import ADMIN, DESKTOP, PHONE, Site, open_browser
from tests.browser.test_every_page import WHOLE, faults, layout_of, wrong

OPTIONS = ".combobox-list:visible [role=option]"


def test_enter_takes_the_brand_that_is_there_and_a_new_one_has_to_be_chosen(browser: Browser, site: Site) -> None:
    desk = open_browser(browser, site, ADMIN, landing="/catalog", viewport=DESKTOP)
    brand = desk.locator("#assign-brand")
    brand.press_sequentially("milbrook & sons essentials")
    expect(desk.locator(OPTIONS)).to_have_text(
        ["Millbrook & Sons Essentials", "Create brand “milbrook & sons essentials”"]
    )
    assert wrong({"axe": faults(desk, WHOLE), **layout_of(desk)}) == {}
    desk.keyboard.press("Enter")
    expect(brand).to_have_value("Millbrook & Sons Essentials")
    expect(desk.locator(OPTIONS)).to_have_count(0)

    desk.locator("[name=item]").first.check()
    brand.fill("Nord")
    brand.press("Escape")
    desk.get_by_role("button", name="Assign").click()
    expect(desk.locator(OPTIONS)).to_have_text(["Create brand “Nord”"])
    assert desk.url.endswith("/catalog")
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(brand).to_have_value("Nord")
    with desk.expect_navigation(url="**/catalog/drafts/*"):
        desk.get_by_role("button", name="Assign").click()
    desk.context.close()


def test_a_finger_takes_a_brand_from_the_list(browser: Browser, site: Site) -> None:
    phone = open_browser(browser, site, ADMIN, landing="/catalog", viewport=PHONE, has_touch=True, is_mobile=True)
    phone.tap("#assign-brand")
    phone.fill("#assign-brand", "brand 49")
    phone.locator(OPTIONS, has_text="Brand 495").tap()
    expect(phone.locator("#assign-brand")).to_have_value("Brand 495")
    assert wrong(layout_of(phone)) == {}
    phone.context.close()

"""Ctrl-K: whatever is typed is found and gone to, with keys or a finger."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.browser.test_every_page import WHOLE, faults, layout_of, wrong

WAYS = ".palette [role=option]"
MARKED = ".palette [aria-selected=true]"


def test_keys_open_it_find_and_go_with_the_filters_of_the_page(desk: Page) -> None:
    desk.goto("/profitability?period=3m&marketplace=DE")
    opener = desk.locator("[data-palette]")
    opener.focus()
    desk.keyboard.press("Control+k")
    expect(desk.locator(MARKED)).to_have_text("Dashboard")
    desk.keyboard.press("ArrowUp")
    expect(desk.locator(MARKED)).to_have_text("Falling products")
    desk.keyboard.press("Escape")
    expect(desk.locator(".palette")).to_be_hidden()
    expect(opener).to_be_focused()

    desk.keyboard.press("Control+k")
    desk.keyboard.type("skillet")
    expect(desk.locator(MARKED)).to_contain_text("Cast Iron Skillet")
    assert wrong({"axe": faults(desk, WHOLE), **layout_of(desk)}) == {}
    with desk.expect_navigation(url="**/products/B0D014D6EE?period=3m&marketplace=DE"):
        desk.keyboard.press("Enter")

    # Enter before the answer is there waits for it; other months come without a reload.
    desk.evaluate("() => { window.isTheSamePage = true; }")
    desk.keyboard.press("Control+k")
    desk.keyboard.type("2024")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/products/B0D014D6EE?period=2024&marketplace=DE")
    assert desk.evaluate("() => window.isTheSamePage")


def test_of_answers_that_overtake_each_other_the_last_asked_for_stays(desk: Page) -> None:
    held: list[Route] = []
    desk.route("**/search/found?q=brick&*", lambda route: held.append(route))
    desk.click("[data-palette]")
    expect(desk.locator(MARKED)).to_have_text("Dashboard")
    box = desk.locator(".palette-input")
    with desk.expect_request("**/search/found?q=brick&*"):
        box.fill("brick")
    box.fill("bluebell")
    expect(desk.locator(WAYS)).to_have_text(
        ["Bluebell Nursery Foldable Milestone Cards, terracottaB0D07UJ84W · Brand 009"]
    )
    for route in held:
        route.abort()
    desk.unroute("**/search/found?q=brick&*")
    expect(desk.locator(WAYS)).to_have_count(1)
    box.fill("change the theme")
    expect(desk.locator(WAYS)).to_have_text(["Change the theme"])
    before = desk.evaluate("() => document.documentElement.dataset.theme")
    desk.keyboard.press("Enter")
    assert desk.evaluate("() => document.documentElement.dataset.theme") != before


def test_a_finger_finds_as_well(phone: Page) -> None:
    phone.tap("[data-palette]")
    phone.fill(".palette-input", "last month")
    phone.locator(WAYS, has_text="Last month").tap()
    phone.wait_for_url("**/dashboard?period=1m")
    phone.tap("[data-palette]")
    expect(phone.locator(MARKED)).to_have_text("Dashboard")
    assert wrong({"axe": faults(phone, WHOLE), **layout_of(phone)}) == {}
    phone.tap(".palette-close")
    expect(phone.locator(".palette")).to_be_hidden()

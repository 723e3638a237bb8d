"""A figure is asked about with mouse, keyboard and finger, and answers in a panel that has an address."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect


def title(page: Page):
    """The name of the figure in the panel."""
    return page.locator(".panel h2")


def whole_of(page: Page, kind: str) -> str:
    """The last row of the parts of one kind."""
    return page.locator(f".panel [data-part={kind}] tfoot .number").inner_text()


def test_a_click_explains_a_cell_and_parts_lead_on_within_the_panel(desk: Page) -> None:
    desk.goto("/profitability?period=3m")
    row = desk.locator("tr.profit-level", has_text="CM3").first
    figure = row.locator("td.number").first
    exact = figure.get_attribute("title")
    figure.click()
    expect(title(desk)).to_have_text("CM3")
    assert desk.locator(".panel .explanation-figure").inner_text() == exact == whole_of(desk, "brands")
    assert desk.url.endswith("#explain?period=3m&compare=year&metric=CM3")
    desk.locator(".panel [data-part=brands] .row-link").first.click()
    expect(desk.locator(".panel [data-part=brands]")).to_have_count(0)
    assert whole_of(desk, "months") == desk.locator(".panel .explanation-figure").inner_text()
    desk.get_by_role("button", name="Back").click()
    expect(desk.locator(".panel [data-part=brands]")).to_have_count(1)
    desk.keyboard.press("Escape")
    expect(desk.locator(".panel")).to_be_hidden()
    expect(figure).to_be_focused()
    desk.wait_for_url("**/profitability?period=3m")
    row.locator("td.number").last.click()
    expect(desk.locator(".panel .explanation-head .quiet").first).to_have_text("Oct 2025")
    desk.go_back()
    expect(desk.locator(".panel")).to_be_hidden()


def test_arrow_keys_and_enter_explain_and_the_address_opens_it_again(desk: Page) -> None:
    desk.goto("/dashboard?period=3m")
    desk.get_by_role("link", name="CM3 %", exact=True).first.focus()
    desk.keyboard.press("Enter")
    expect(title(desk)).to_have_text("CM3 %")
    expect(desk.get_by_role("button", name="Close", exact=True)).to_be_focused()
    desk.keyboard.press("Escape")
    box = desk.locator(".scroll:has(table[data-about])").last
    box.focus()
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("End")
    desk.keyboard.press("Enter")
    expect(title(desk)).to_have_text("CM3 %")
    desk.wait_for_url("**/dashboard?period=3m#explain?*")
    address = desk.url
    desk.goto("/help")
    desk.goto(address)
    expect(title(desk)).to_have_text("CM3 %")
    desk.get_by_role("link", name="Open as page").click()
    desk.wait_for_url("**/explain?*marketplace=*")
    expect(desk.locator("h1")).to_have_text("What a figure is made of")


def test_a_tap_explains_a_bar_and_rows_of_others_say_nothing(phone: Page) -> None:
    phone.goto("/categories?period=3m")
    bar = phone.locator(".bar-figure").first
    bar.tap()
    expect(title(phone)).to_have_text("Net revenue")
    expect(phone.locator(".panel .explanation-head a").first).to_have_text(re.compile("Toys|Games|Donau"))
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("button", name="Close", exact=True).tap()
    expect(phone.locator(".panel")).to_be_hidden()
    phone.goto("/products?period=3m&search=brick")
    phone.locator("tfoot td.number").first.tap()
    expect(phone.locator(".panel")).to_be_hidden()

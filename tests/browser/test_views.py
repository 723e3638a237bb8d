"""The bookmark in the bar: a page is named and found again without being left."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_every_page import WHOLE, faults, layout_of, wrong


def test_a_view_is_saved_over_the_page_copied_and_gone_to_with_keys(reader: Page, site) -> None:
    reader.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.address)
    reader.goto("/products?metric=CM3")
    # What the page's own filters changed counts, not what the page was loaded with.
    reader.select_option("#filter-period", "2024")
    reader.wait_for_url("**/products?period=2024&metric=CM3")
    reader.click("[data-views]")
    panel = reader.locator("#views-panel")
    expect(panel).to_contain_text("Products · CM3 · 2024")
    reader.keyboard.type("Profit of 2024")
    reader.keyboard.press("Enter")
    expect(panel.locator(".thing-name")).to_have_text("Profit of 2024")
    assert wrong({"axe": faults(reader, WHOLE), **layout_of(reader)}) == {}
    panel.get_by_role("button", name="Copy the link").click()
    expect(reader.locator(".toast")).to_have_text("Link copied")
    assert reader.evaluate("() => navigator.clipboard.readText()") == f"{site.address}/products?period=2024&metric=CM3"
    reader.keyboard.press("Escape")
    expect(panel).to_be_hidden()

    reader.goto("/help")
    reader.keyboard.press("Control+k")
    reader.keyboard.type("profit of")
    expect(reader.locator(".palette [aria-selected=true]")).to_contain_text("Profit of 2024")
    with reader.expect_navigation(url="**/products?period=2024&metric=CM3"):
        reader.keyboard.press("Enter")

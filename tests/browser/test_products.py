"""Products as people look for them: by keyboard, on a phone, without scripts, and one of them opened."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_dashboard import query


def names(page: Page) -> list[str]:
    """The products of the table in their order."""
    return page.locator(".product-name").all_inner_texts()


def test_a_slash_goes_to_the_search_and_enter_finds_without_a_reload(desk: Page) -> None:
    desk.goto("/products")
    desk.evaluate("window.stillHere = true")
    desk.keyboard.press("/")
    expect(desk.locator("#product-search")).to_be_focused()
    desk.keyboard.type("brick 49")
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/products?search=brick%2049")

    expect(desk.locator("#products-title + p")).to_have_text("15 products found")
    assert desk.evaluate("window.stillHere")
    desk.locator(".chip", has_text="Search").click()
    expect(desk.locator("#products-title + p")).to_have_text("500 products")
    desk.go_back()
    expect(desk.locator("#product-search")).to_have_value("brick 49")


def test_a_search_keeps_filters_and_order_and_a_filter_keeps_the_search(desk: Page) -> None:
    desk.goto("/products?sort=name&order=asc&period=3m")
    desk.fill("#product-search", "brick 4")
    desk.click(".search-send")
    desk.wait_for_url("**/products?*search=brick*")
    desk.select_option("#filter-metric", "CM3")
    desk.wait_for_url("**/products?*metric=CM3*")

    words = dict(pair.split("=") for pair in query(desk).split("&"))
    assert words == {"period": "3m", "metric": "CM3", "search": "brick%204", "sort": "name", "order": "asc"}
    assert names(desk)[0] == "Brick 104"


def test_a_heading_sorts_and_a_product_opens_and_leads_back(desk: Page) -> None:
    desk.goto("/products?period=3m")
    desk.get_by_role("link", name="CM3 %").click()
    desk.wait_for_url("**/products?period=3m&sort=margin")
    desk.goto("/products?period=3m&search=asin/2")
    desk.locator(".product-name").click()
    desk.wait_for_url("**/products/ASIN%2F2*%3F%23%25?period=3m")

    assert "ASIN/2 ?#%" in desk.locator(".about").inner_text()
    desk.locator(".crumbs a").click()
    desk.wait_for_url("**/products?period=3m")


def test_a_search_works_with_one_hand_on_a_phone(phone: Page) -> None:
    phone.goto("/products")
    phone.locator("#product-search").tap()
    phone.keyboard.type("brick 12")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/products?search=brick%2012")

    expect(phone.locator("#products-title + p")).to_have_text("15 products found")


def test_without_scripts_the_search_is_a_form(paper: Page) -> None:
    paper.goto("/products?period=3m")
    paper.fill("#product-search", "brick 12")
    paper.click(".search-send")

    assert "search=brick+12" in paper.url and "period=3m" in paper.url
    expect(paper.locator("#products-title + p")).to_have_text("15 products found")


def test_columns_are_ticked_shown_and_taken_back(desk: Page) -> None:
    desk.goto("/products?period=3m&only=loss-making")
    desk.locator(".columns summary").click()
    desk.get_by_label("ROI").check()
    desk.get_by_label("FBA fees per unit").check()
    desk.get_by_role("button", name="Show columns").click()
    desk.wait_for_url("**/products?period=3m&columns=*fba_fees_per_unit*roi*&only=loss-making")

    expect(desk.get_by_role("columnheader", name="ROI")).to_be_visible()
    desk.go_back()
    expect(desk.get_by_role("columnheader", name="ROI")).to_have_count(0)


def test_without_scripts_columns_are_boxes_of_the_form(paper: Page) -> None:
    paper.goto("/products?period=3m")
    paper.locator(".columns summary").click()
    paper.get_by_label("ROI").check()
    paper.get_by_role("button", name="Show columns").click()

    assert "period=3m" in paper.url and "columns=roi" in paper.url
    expect(paper.locator(".products thead")).to_contain_text("ROI")

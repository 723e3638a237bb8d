"""The dashboard as people use it: with a mouse, a thumb, a keyboard, and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Site, sign_in, wait_for_chart

BRANDS = "[aria-labelledby=table-brands]"
"""The card with the table by brand, among those by category and marketplace."""


def revenue(page: Page) -> str:
    """The first headline, as it is shown."""
    return page.locator(".headline-figure").first.get_attribute("title")


def rows(page: Page) -> list[str]:
    """The brands of the table in their order."""
    return page.locator(f"{BRANDS} tbody .row-link").all_inner_texts()


def query(page: Page) -> str:
    """The query string of the address."""
    return page.url.partition("?")[2]


def mark(page: Page) -> None:
    """Leaves something in the page that a reload would lose."""
    page.evaluate("window.stillHere = true")


def was_reloaded(page: Page) -> bool:
    return not page.evaluate("window.stillHere === true")


def test_signing_in_leads_to_where_the_reader_wanted_to_go(visitor: Page) -> None:
    visitor.goto("/dashboard?period=3m")
    sign_in(visitor)

    assert visitor.url.endswith("/dashboard?period=3m")
    expect(visitor.locator(".page-span")).to_contain_text("Last 3 months")
    wait_for_chart(visitor)


def test_signing_out_ends_at_the_sign_in_page(visitor: Page) -> None:
    visitor.goto("/dashboard")
    sign_in(visitor)
    visitor.click(".account summary")
    visitor.click("text=Sign out")

    visitor.wait_for_url("**/login")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("period", "6m", "period=6m"),
        ("period", "2024", "period=2024"),
        ("metric", "CM3", "metric=CM3"),
        ("metric", "CM3 %", "metric=CM3%20%25"),
        ("compare", "none", "compare=none"),
    ],
)
def test_a_list_changes_the_page_and_its_address_without_a_reload(desk: Page, name, value, expected) -> None:
    mark(desk)
    before = desk.locator(".chart script").text_content()

    desk.select_option(f"#filter-{name}", value)

    desk.wait_for_url(f"**/dashboard?{expected}")
    wait_for_chart(desk)
    assert desk.locator(".chart script").text_content() != before
    assert desk.locator(f"#filter-{name}").input_value() == value
    assert not was_reloaded(desk)


def test_the_year_to_date_is_compared_with_the_year_before_and_three_months_with_those_before(desk: Page) -> None:
    compared = desk.locator("#filter-compare option:checked")
    desk.select_option("#filter-period", "ytd")
    desk.wait_for_url("**/dashboard?period=ytd")
    expect(compared).to_have_text("Year before")
    expect(desk.locator("#movers-title + p")).to_have_text("vs Jan 2024 – Oct 2024")
    desk.select_option("#filter-period", "3m")
    desk.wait_for_url("**/dashboard?period=3m")
    expect(compared).to_have_text("Previous period")
    expect(desk.locator("#movers-title + p")).to_have_text("vs May 2025 – Jul 2025")


def test_a_range_is_chosen_by_its_two_months(desk: Page) -> None:
    desk.select_option("#filter-period", "")
    desk.select_option("#filter-from", "2025-03")
    desk.wait_for_url("**/dashboard?from=2025-03&to=2025-10")
    desk.select_option("#filter-to", "2025-05")

    desk.wait_for_url("**/dashboard?from=2025-03&to=2025-05")
    expect(desk.locator(".page-span")).to_have_text("Mar 2025 – May 2025")


@pytest.mark.parametrize(
    ("name", "choices", "expected"),
    [
        ("brand", ["Brand 003", "Brand 004"], "brand=3,4"),
        ("category", ["Toys"], "category=1"),
        ("marketplace", ["DE · Germany", "US · United States"], "marketplace=DE,US"),
    ],
)
def test_a_picker_takes_several_values_at_once(desk: Page, name, choices, expected) -> None:
    mark(desk)
    desk.click(f"#filter-{name}-button")
    for choice in choices:
        desk.get_by_role("checkbox", name=choice, exact=True).check()
    desk.click(".picker-panel >> text=Done")

    desk.wait_for_url(f"**/dashboard?{expected}")
    assert desk.locator(".chip-words").all_inner_texts() == choices
    assert not was_reloaded(desk)


def test_a_picker_is_searched_and_used_with_the_keyboard_alone(desk: Page) -> None:
    desk.keyboard.press("/")
    desk.keyboard.type("brand 04")
    assert desk.locator(".picker-option:visible").count() == 10
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Space")
    desk.keyboard.press("Enter")

    desk.wait_for_url("**/dashboard?brand=40")
    assert desk.evaluate("document.activeElement.id") == "filter-brand-button"


def test_escape_leaves_a_picker_as_it_was(desk: Page) -> None:
    desk.click("#filter-brand-button")
    desk.get_by_role("checkbox", name="Brand 003").check()
    desk.keyboard.press("Escape")

    expect(desk.locator(".picker-panel")).to_have_count(0)
    assert query(desk) == ""


def test_f_goes_to_the_first_filter(desk: Page) -> None:
    desk.keyboard.press("f")

    assert desk.evaluate("document.activeElement.id") == "filter-period"


def test_a_row_drills_into_its_brand_and_a_chip_takes_it_back(desk: Page) -> None:
    desk.click(f"{BRANDS} .row-link >> text=Brand 003")
    desk.wait_for_url("**/dashboard?brand=3")
    expect(desk.locator(".only-of")).to_contain_text("the brand Brand 003")

    desk.click(".chip")
    desk.wait_for_url("**/dashboard")
    expect(desk.locator(f"{BRANDS} tbody tr")).to_have_count(20)


def test_a_heading_sorts_and_sorts_the_other_way(desk: Page) -> None:
    desk.click(f"{BRANDS} th >> text=CM3 %")
    desk.wait_for_url("**/dashboard?sort=margin")
    expect(desk.locator(f"{BRANDS} th[aria-sort=descending]")).to_have_text("CM3 %")
    desk.click(f"{BRANDS} th[aria-sort] a")
    desk.wait_for_url("**/dashboard?sort=margin&order=asc")

    expect(desk.locator(f"{BRANDS} tbody .row-link").first).to_have_text("Brand 003")
    expect(desk.locator(f"{BRANDS} tbody tr").first.get_by_role("img", name="loss")).to_be_visible()


def test_pages_of_the_table_are_turned(desk: Page) -> None:
    first = rows(desk)
    desk.click(f"{BRANDS} >> text=Next")
    desk.wait_for_url("**/dashboard?page=2")

    expect(desk.locator(f"{BRANDS} .paging")).to_contain_text("21–40 of 500")
    assert set(first) & set(rows(desk)) == set()


def test_back_and_forward_show_what_was_there(desk: Page) -> None:
    whole = revenue(desk)
    desk.select_option("#filter-period", "3m")
    desk.wait_for_url("**/dashboard?period=3m")
    short = revenue(desk)
    mark(desk)

    desk.go_back()
    expect(desk.locator(".headline-figure").first).to_have_attribute("title", whole)
    assert (query(desk), desk.locator("#filter-period").input_value()) == ("", "12m")
    desk.go_forward()
    expect(desk.locator(".headline-figure").first).to_have_attribute("title", short)
    assert (query(desk), desk.locator("#filter-period").input_value()) == ("period=3m", "3m")
    wait_for_chart(desk)
    assert not was_reloaded(desk)


def test_a_reload_shows_the_same(desk: Page) -> None:
    desk.select_option("#filter-period", "3m")
    desk.wait_for_url("**/dashboard?period=3m")
    before = revenue(desk)

    desk.reload()

    assert revenue(desk) == before


def test_the_table_behind_the_chart_opens_and_stays_open(desk: Page) -> None:
    desk.click("text=Show table")
    expect(desk.locator(".behind tbody tr")).to_have_count(12)
    desk.select_option("#filter-period", "3m")
    desk.wait_for_url("**/dashboard?period=3m")

    expect(desk.locator(".behind tbody tr").first).to_be_visible()
    expect(desk.locator(".behind tbody tr")).to_have_count(3)


def test_a_bar_under_the_pointer_says_its_figure_and_the_change_as_the_table_behind_has_them(desk: Page) -> None:
    row = desk.locator(".behind tbody tr").nth(4)
    month = row.locator("th").text_content().strip()
    value, before, change = (row.locator(".number").nth(column).text_content().strip() for column in range(3))
    before_month = row.locator("td").nth(1).text_content().strip()
    bar = desk.locator(".chart .trace.bars:last-child .point path").nth(4)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    desk.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    desk.wait_for_selector(".hoverlayer .hovertext, .hoverlayer .legend text")

    said = desk.locator(".hoverlayer").text_content()
    assert re.search(rf"{month}: {re.escape(value)} \([▲▼] {re.search(r'[0-9.]+%', change)[0]}\)", said), said
    assert f"{before_month}: {before}" in said


def background(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).backgroundColor")


def test_the_theme_follows_the_system_until_it_is_switched_and_is_remembered(desk: Page) -> None:
    light = background(desk)
    desk.emulate_media(color_scheme="dark")
    dark = background(desk)
    desk.click("[data-theme-switch]")
    switched_light = background(desk)
    desk.reload()
    wait_for_chart(desk)
    remembered = background(desk)
    desk.click("[data-theme-switch]")
    desk.emulate_media(color_scheme="light")
    switched_dark = background(desk)

    assert light != dark
    assert (switched_light, remembered, switched_dark) == (light, light, dark)


def test_the_chart_takes_the_colours_of_the_theme(desk: Page) -> None:
    bar = ".chart .trace.bars:last-child .point path"
    light = desk.locator(bar).first.evaluate("path => getComputedStyle(path).fill")

    desk.emulate_media(color_scheme="dark")

    expect(desk.locator(bar).first).not_to_have_css("fill", light)


def test_a_server_that_does_not_answer_leaves_the_figures_and_offers_to_try_again(desk: Page, site: Site) -> None:
    before = revenue(desk)
    desk.route("**/dashboard?period=3m*", lambda route: route.abort())
    desk.select_option("#filter-period", "3m")

    expect(desk.get_by_role("alert")).to_contain_text("these are still the figures from before")
    assert (revenue(desk), query(desk)) == (before, "")
    desk.unroute("**/dashboard?period=3m*")
    desk.click("text=Try again")
    desk.wait_for_url("**/dashboard?period=3m")
    assert [c for c in site.complaints if "ERR_FAILED" not in c] == []
    site.complaints.clear()


def test_without_plotly_the_table_opens_in_its_place(visitor: Page, site: Site) -> None:
    visitor.route("**/plotly.min.js*", lambda route: route.abort())
    visitor.goto("/dashboard")
    sign_in(visitor)

    expect(visitor.locator(".chart-state")).to_contain_text("The table below holds the same figures")
    expect(visitor.locator(".behind tbody tr").first).to_be_visible()
    site.complaints.clear()


def test_without_scripts_the_figures_are_there_and_the_form_works(paper: Page) -> None:
    expect(paper.locator(".headline-figure").first).to_be_visible()
    expect(paper.locator(".chart")).to_be_hidden()
    expect(paper.locator("[data-theme-switch]")).to_be_hidden()
    paper.select_option("#filter-period", "3m")
    paper.select_option("#filter-brand", "3")
    paper.click("text=Show figures")

    assert "period=3m" in query(paper) and "brand=3" in query(paper)
    expect(paper.locator(".page-span")).to_contain_text("Last 3 months")
    expect(paper.locator(".only-of")).to_contain_text("the brand Brand 003")


def test_on_a_phone_the_filters_are_a_sheet_with_its_button_in_reach(phone: Page) -> None:
    expect(phone.locator("#filter-period")).to_be_hidden()
    phone.tap("[data-filters-open]")
    phone.select_option("#filter-period", "6m")
    phone.tap("#filter-category-button")
    phone.tap(".picker-panel >> text=Toys")
    button = phone.locator("text=Show figures").bounding_box()
    phone.tap("text=Show figures")

    phone.wait_for_url("**/dashboard?period=6m&category=1")
    expect(phone.locator("#filter-period")).to_be_hidden()
    assert button["y"] > PHONE["height"] / 2 and button["height"] >= 44


def test_two_headlines_stand_beside_each_other_on_a_phone(phone: Page) -> None:
    boxes = [card.bounding_box() for card in phone.locator(".headline").all()[:4]]

    assert [round(box["y"]) == round(boxes[0]["y"]) for box in boxes] == [True, True, False, False]

"""Marks of charts, lines of legends and rows of tables lead to where their figures come from."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LONG_NAME, UNBROKEN, Site, wait_for_charts


def open_page(page: Page, address: str) -> None:
    """The page with its charts drawn, and a mark in it that a reload would lose."""
    page.goto(address)
    wait_for_charts(page)
    page.evaluate("window.stillHere = true")


def click_mark(page: Page, chart: str, mark: str, place: int) -> None:
    """Clicks the middle of a drawn mark, as a mouse does: plotly.js hears of the pointer first."""
    page.locator(chart).scroll_into_view_if_needed()
    box = page.locator(f"{chart} {mark}").nth(place).bounding_box()
    across, down = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(across, down - 1)
    page.mouse.move(across, down)
    page.mouse.click(across, down)


MONTHS, STACK, SIZES = "[aria-labelledby=chart-title]", "[aria-labelledby=stack-title]", "[aria-labelledby=sizes-title]"
PROFIT, WATERFALL, MARGINS = (f"[aria-labelledby={name}-title]" for name in ("profit", "waterfall", "margins"))
PRODUCTS = "[aria-labelledby=products-title]"
NOW = ".trace.bars:last-child .point path"

MARKS = [
    ("/dashboard", MONTHS, NOW, 2, "/dashboard?from=2025-01&to=2025-01"),
    ("/brands/3", MONTHS, NOW, 0, "/brands/3?from=2024-11&to=2024-11"),
    ("/categories", STACK, ".trace.bars:first-child .point path", 1, "/categories?category=2"),
    ("/profitability", WATERFALL, ".point path", 1, "/dashboard?metric=Net%20COGS"),
    ("/profitability", MARGINS, ".scatter:last-child .point", 3, "/profitability?from=2025-02&to=2025-02"),
]
"""Page, chart, mark, which of them, and where it leads."""


@pytest.mark.parametrize(("start", "chart", "mark", "place", "end"), MARKS, ids=[mark[-1] for mark in MARKS])
def test_a_mark_of_a_chart_leads_to_its_figures(reader: Page, start, chart, mark, place, end) -> None:
    open_page(reader, start)
    click_mark(reader, chart, mark, place)
    reader.wait_for_url(f"**{end}")

    is_same_page = start.partition("?")[0] == end.partition("?")[0]
    assert reader.evaluate("window.stillHere === true") is is_same_page
    reader.go_back()
    reader.wait_for_url(f"**{start}")


ROWS = [
    ("/dashboard", "[aria-labelledby=table-brands] .row-open >> nth=0", "/brands/1", LONG_NAME),
    ("/dashboard", "[aria-labelledby=table-marketplaces] >> text=Germany", "/dashboard?marketplace=DE", "Dashboard"),
    ("/dashboard", "[aria-labelledby=losses-title] >> text=Brick 3", "/products/B0003", "Brick 3"),
    ("/categories?category=2", f"{STACK} .legend-link >> text=Brand 003", "/brands/3?category=2", "Brand 003"),
    ("/categories", f"{SIZES} a >> nth=0", "/categories?category=2", "Games and " * 8 + "more"),
    ("/categories?category=1", f"{SIZES} a >> nth=0", "/brands/2?category=1", UNBROKEN),
    ("/categories?category=2", ".sides a >> text=Brand 003", "/brands/3?category=2", "Brand 003"),
    ("/profitability?period=3m", f"{PROFIT} >> text=Marketing", "/dashboard?period=3m&metric=Marketing", "Dashboard"),
    ("/brands/3?period=3m", "[aria-labelledby=ranking-title] .bar-name", "/products/B0003?period=3m", "Brick 3"),
    ("/brands/3?period=3m", f"{PRODUCTS} tbody a", "/products/B0003?period=3m", "Brick 3"),
    ("/products/B0003?period=3m", ".about a >> text=Brand 003", "/brands/3?period=3m", "Brand 003"),
    ("/products?period=3m", ".product-name >> text=Brick 3", "/products/B0003?period=3m", "Brick 3"),
]
"""Page, row, where it leads, and the heading there."""


@pytest.mark.parametrize(("start", "row", "end", "heading"), ROWS, ids=[f"{row[0]} to {row[2]}" for row in ROWS])
def test_a_row_leads_on_with_the_same_selection(reader: Page, start, row, end, heading) -> None:
    open_page(reader, start)
    reader.locator(row).first.click()

    reader.wait_for_url(f"**{end}")
    expect(reader.locator("h1")).to_have_text(heading)


CELLS = [
    ("/dashboard", "[aria-labelledby=table-brands] tr:has(:text('Brand 003')) .bar-cell", "/dashboard?brand=3"),
    ("/products?search=brick 3&sort=name&order=asc", ".products tr:has(:text-is('Brick 3')) th", "/products/B0003"),
    ("/profitability", ".profit tr:has(:text('Marketing')) th", "/dashboard?metric=Marketing"),
]
"""Page, a place in a row that is no figure, and where the row leads."""


@pytest.mark.parametrize(("start", "cell", "end"), CELLS, ids=[cell[0] for cell in CELLS])
def test_a_row_beside_its_figures_leads_where_its_name_leads(reader: Page, start, cell, end) -> None:
    open_page(reader, start)
    reader.locator(cell).click(position={"x": 3, "y": 3})

    reader.wait_for_url(f"**{end}")


@pytest.mark.parametrize("held", [{"modifiers": ["Control"]}, {"button": "middle"}], ids=["control", "middle"])
def test_a_figure_is_explained_in_a_tab_as_links_open(reader: Page, held) -> None:
    open_page(reader, "/products")
    with reader.context.expect_page() as opened:
        reader.locator(".products tr:has(:text-is('Brick 3')) .number >> nth=0").click(**held)
    opened.value.wait_for_url("**/explain?asin=B0003")
    opened.value.close()

    assert reader.evaluate("window.stillHere")


def test_text_that_is_chosen_in_a_row_leads_nowhere(reader: Page) -> None:
    open_page(reader, "/dashboard")
    cell = reader.locator("[aria-labelledby=table-brands] tr:has(:text('Brand 003')) .number >> nth=0")
    cell.evaluate("cell => { getSelection().selectAllChildren(cell); cell.click(); }")
    is_busy = reader.locator("main").get_attribute("aria-busy")
    chosen = reader.evaluate("getSelection().toString()")
    reader.evaluate("getSelection().removeAllRanges()")

    assert (chosen, is_busy) == (cell.inner_text(), None)


def test_a_month_behind_the_chart_narrows_the_page_and_back_widens_it(reader: Page) -> None:
    open_page(reader, "/dashboard")
    reader.click("text=Show table")
    expect(reader.locator(".behind summary").first).to_have_text("Hide table", use_inner_text=True)
    reader.click(".behind >> text=Mar 2025")
    reader.wait_for_url("**/dashboard?from=2025-03&to=2025-03")
    expect(reader.locator(".page-span")).to_have_text("Mar 2025")
    reader.go_back()

    expect(reader.locator(".page-span")).to_contain_text("Last 12 months")
    assert reader.evaluate("window.stillHere")


FILTERED = ("/profitability", "/categories", "/brands/3", "/products", "/products/B0003")


@pytest.mark.parametrize("address", FILTERED)
def test_filters_of_every_page_work_without_a_reload_and_stay_in_the_address(reader: Page, address) -> None:
    open_page(reader, address)
    before = reader.locator("main").inner_text()
    reader.select_option("#filter-period", "3m")
    reader.wait_for_url(f"**{address}?period=3m")
    reader.click("#filter-marketplace-button")
    reader.get_by_role("checkbox", name="DE · Germany").check()
    reader.get_by_role("checkbox", name="US · United States").check()
    reader.click(".picker-panel >> text=Done")
    reader.wait_for_url(f"**{address}?period=3m&marketplace=DE,US")
    wait_for_charts(reader)
    narrowed = reader.locator("main").inner_text()

    assert narrowed != before and reader.evaluate("window.stillHere")
    reader.reload()
    wait_for_charts(reader)
    assert reader.locator("main").inner_text().split() == narrowed.split()
    reader.go_back()
    expect(reader.locator("#filter-marketplace-button")).to_have_text("All marketplaces")


def test_while_a_page_loads_it_says_so_and_the_old_figures_are_pale(reader: Page) -> None:
    open_page(reader, "/dashboard")
    held = []
    reader.route("**/dashboard?period=3m*", lambda route: held.append(route))
    reader.select_option("#filter-period", "3m")

    expect(reader.locator("main")).to_have_attribute("aria-busy", "true")
    expect(reader.locator(".headlines")).to_have_css("opacity", "0.55")
    expect(reader.locator(".busy-line")).to_have_css("opacity", "1")
    held[0].continue_()
    expect(reader.locator("main")).to_have_attribute("aria-busy", "false")
    expect(reader.locator("[data-announcer]")).to_have_text("Figures updated")
    reader.unroute("**/dashboard?period=3m*")


def test_an_answer_that_is_an_error_is_shown_as_the_page_that_it_is(reader: Page, site: Site) -> None:
    open_page(reader, "/dashboard")
    reader.evaluate("document.dispatchEvent(new CustomEvent('swap', { detail: '/dashboard?metric=nothing' }))")
    reader.wait_for_url("**/dashboard?metric=nothing")

    expect(reader.locator("h1")).to_have_text("This request does not make sense")
    site.complaints.clear()

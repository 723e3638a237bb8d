"""Everything by keyboard: cells of tables by arrows, the search, the filters, and a focus that is seen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, DESKTOP, Site, open_browser, wait_for_charts

BRANDS = "[aria-labelledby=table-brands] .scroll"
FOCUSED = "(() => document.activeElement.textContent.trim())()"


def press(page: Page, *keys: str) -> str:
    """Presses keys one after the other, and returns the words of what has the focus then."""
    for key in keys:
        page.keyboard.press(key)
    return page.evaluate(FOCUSED)


def test_arrows_walk_through_a_table_and_enter_follows(reader: Page) -> None:
    reader.goto("/dashboard?sort=name&order=asc")
    reader.focus(BRANDS)

    assert press(reader, "ArrowDown") == "Brand 003"
    assert press(reader, "ArrowDown", "ArrowDown") == "Brand 005"
    assert press(reader, "ArrowUp") == "Brand 004"
    assert press(reader, "ArrowRight", "ArrowRight").startswith("$")
    assert press(reader, "Home") == "Brand 004"
    assert press(reader, "End").endswith("%")
    press(reader, "Home", "Enter")
    reader.wait_for_url("**/dashboard?brand=4*")


def test_arrows_stop_at_the_ends_of_a_table(reader: Page) -> None:
    reader.goto("/dashboard?sort=name&order=asc")
    reader.focus(BRANDS)

    assert press(reader, "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowLeft") == "Brand"
    assert press(reader, *["ArrowDown"] * 30) == "Total"


def test_a_cell_that_arrows_reach_is_in_sight_beside_the_names(reader: Page) -> None:
    reader.goto("/profitability?from=2023-01&to=2025-10")
    reader.focus(".scroll:has(.profit)")
    press(reader, "ArrowDown", "End")
    last = reader.evaluate("document.activeElement.getBoundingClientRect().right")
    press(reader, *["ArrowLeft"] * 20)
    found = reader.evaluate("""() => ({
      cell: document.activeElement.getBoundingClientRect().left,
      names: [...document.activeElement.parentElement.querySelectorAll('.stays')].at(-1).getBoundingClientRect().right,
      edge: document.querySelector(".scroll:has(.profit)").getBoundingClientRect().right,
    })""")

    assert last <= found["edge"] + 1
    assert found["cell"] >= found["names"] - 1


def test_a_heading_keeps_the_focus_when_it_has_sorted(reader: Page) -> None:
    reader.goto("/dashboard")
    reader.locator("[aria-labelledby=table-brands]").get_by_role("link", name="CM3 %").focus()
    reader.keyboard.press("Enter")
    reader.wait_for_url("**/dashboard?sort=margin")

    expect(reader.locator("[aria-labelledby=table-brands] th[aria-sort=descending] a")).to_be_focused()


@pytest.mark.parametrize("address", ["/dashboard", "/profitability", "/categories", "/products", "/catalog"])
def test_slash_and_f_lead_to_search_and_filters(reader: Page, address) -> None:
    reader.goto(address)
    press(reader, "/")
    is_in_search = "document.activeElement.matches('input[type=search]')"
    assert reader.evaluate(is_in_search)
    assert press(reader, "f") == "" and reader.evaluate(is_in_search)
    press(reader, "Escape")
    reader.evaluate("document.activeElement.blur()")
    press(reader, "f")
    assert reader.evaluate("document.activeElement.id") == (
        "catalog-search" if address == "/catalog" else "filter-period"
    )


@pytest.mark.parametrize("address", ["/products/B0003", "/operations"])
def test_slash_leads_to_the_products_from_a_page_without_anything_to_search(browser, site: Site, address) -> None:
    reader = open_browser(browser, site, ADMIN, landing=address, viewport=DESKTOP)
    reader.keyboard.press("/")
    reader.wait_for_url("**/products#product-search")

    expect(reader.locator("#product-search")).to_be_focused()
    reader.context.close()


UNSEEN = """() => {
  const element = document.activeElement;
  // A link that stands for its whole card has its ring around the card.
  const isRinged = [null, "::after"].some((part) => {
    const style = getComputedStyle(element, part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  const box = element.getBoundingClientRect();
  const bar = document.querySelector(".bar")?.getBoundingClientRect().bottom ?? 0;
  const isFree = element.closest(".bar, .skip-link") || box.bottom > bar;
  const isInSight = box.bottom > 0 && box.top < innerHeight && isFree;
  if (element === document.body || (isRinged && isInSight)) return "";
  return `${element.tagName}.${element.className} ${element.textContent.slice(0, 30)}`;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/dashboard", "/profitability", "/catalog"])
def test_whatever_has_the_focus_is_seen_to_have_it(reader: Page, address, scheme) -> None:
    reader.emulate_media(color_scheme=scheme)
    reader.goto(address)
    wait_for_charts(reader)
    unseen = []
    for _ in range(40):
        reader.keyboard.press("Tab")
        unseen.append(reader.evaluate(UNSEEN))

    assert [words for words in unseen if words] == []

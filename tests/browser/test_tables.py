"""Tables on a phone and at a desk: no figure is ever seen by half, names and headings stay in sight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from database import migrations
from database.store import open_store
from tests.browser.conftest import DESKTOP, PHONE, Site, open_browser, served, wait_for_charts
from tests.conftest import embedded_settings
from tests.summaries_fixture import publish

PAINTED = """async () => {
  const settled = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const faults = [];
  let figures = 0;
  const boxOf = (cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const boxes = [];
    while (texts.nextNode()) {
      if (texts.currentNode.parentElement.closest(".visually-hidden")) continue;
      const range = document.createRange();
      range.selectNodeContents(texts.currentNode);
      boxes.push(...[...range.getClientRects()].filter((found) => found.width));
    }
    const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((found) => found[side])));
    const [right, bottom] = ["right", "bottom"].map((side) => Math.max(...boxes.map((found) => found[side])));
    return { left, top, right, bottom, width: boxes.length ? right - left : 0 };
  };
  const isPainted = (cell, x, y) => cell.contains(document.elementFromPoint(x, y));
  for (const box of document.querySelectorAll(".scroll")) {
    const table = box.querySelector("table.figures");
    if (!table || !box.clientWidth) continue;
    scrollTo({ top: box.getBoundingClientRect().top + scrollY - 200, behavior: "instant" });
    const rows = [...table.rows].slice(0, 6);
    const step = Math.max(60, Number(box.dataset.column) || box.clientWidth);
    for (let left = 0, before = -1; ; left += step) {
      // Where a finger happens to let go: the browser goes on to where a column begins.
      box.scrollLeft = left && left + 9;
      await settled();
      if (box.scrollLeft === before) break;
      before = box.scrollLeft;
      for (const row of rows) {
        let whole = 0;
        for (const cell of row.cells) {
          const { left: from, right: to, top, bottom, width } = boxOf(cell);
          if (!cell.matches(".number") || width < 1) continue;
          const middle = (top + bottom) / 2;
          const seen = [from + 1, (from + to) / 2, to - 1].map((x) => isPainted(cell, x, middle));
          whole += seen.every(Boolean);
          if (new Set(seen).size > 1) faults.push(`${table.className} at ${before}: ${cell.innerText}`);
        }
        figures += whole;
        const name = [...row.cells].find((cell) => cell.scope === "row") ?? row.cells[0];
        const { left: from, top, height } = name.getBoundingClientRect();
        if (whole && !isPainted(name, from + 8, top + height / 2)) faults.push(`name at ${before}: ${name.innerText}`);
      }
    }
    box.scrollLeft = 0;
  }
  return { faults, figures };
}"""
"""At every place where a table comes to rest: each figure is painted from its left to its right end, or not at all."""

COPIED = """() => {
  const copy = document.querySelector(".head-copy");
  if (!copy) return null;
  const box = copy.closest(".card").querySelector(".scroll");
  const edge = copy.getBoundingClientRect();
  const leftOf = (cell) => cell.getBoundingClientRect().left;
  const headings = [...box.querySelector("thead").rows[0].cells];
  const apart = [...copy.querySelectorAll("th")].map((cell, place) => Math.abs(leftOf(cell) - leftOf(headings[place])));
  const isPainted = copy.contains(document.elementFromPoint(edge.left + 20, edge.top + 12));
  return { top: edge.top, apart: Math.max(...apart), isPainted };
}"""


@pytest.fixture(scope="module")
def hand(browser: Browser, site: Site) -> Iterator[Page]:
    """A phone's page, the same for all tests of this file."""
    page = open_browser(browser, site, viewport=PHONE, has_touch=True, is_mobile=True)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app whose only brand has fifteen products."""
    settings = embedded_settings(tmp_path_factory.mktemp("many"))
    store = open_store(settings)
    migrations.upgrade(store)
    publish(
        store, [(number, 1, 1, "US", "2025-10", "Net revenue", f"{number}.00") for number in range(1, 16)],
        brands={1: "Acme"}, categories={1: "Toys"}, marketplaces={"US": "United States"},
        products=[{"id": n, "asin": f"B{n:04d}", "name": f"Brick {n}", "brand_id": 1} for n in range(1, 16)],
    )
    store.close()
    with served(settings) as found:
        yield found


ADDRESSES = ("/products", "/profitability", "/categories", "/brands/1", "/dashboard?metric=CM3")


@pytest.mark.parametrize("address", ADDRESSES)
def test_on_a_phone_every_figure_is_seen_whole_wherever_a_table_comes_to_rest(hand: Page, address: str) -> None:
    hand.goto(address)
    wait_for_charts(hand)
    found = hand.evaluate(PAINTED)

    assert found["faults"] == [] and found["figures"] > 12


def test_months_of_many_years_are_seen_whole_at_a_desk_beside_their_totals(reader: Page) -> None:
    reader.goto("/profitability?from=2023-01&to=2025-10")
    wait_for_charts(reader)
    found = reader.evaluate(PAINTED)

    assert found["faults"] == [] and found["figures"] > 100


def test_buttons_turn_the_columns_and_say_which_are_in_sight(hand: Page) -> None:
    hand.goto("/products")
    turn = hand.locator(".list-tools .turn")
    expect(turn).to_have_text("1–2 of 7")
    for words in ("3–4 of 7", "5–6 of 7", "6–7 of 7"):
        turn.get_by_role("button", name="Columns to the right").tap()
        expect(turn).to_have_text(words)

    expect(turn.get_by_role("button", name="Columns to the right")).to_be_disabled()


@pytest.mark.parametrize(("width", "top"), [(PHONE["width"], 64), (DESKTOP["width"], 105)])
def test_headings_and_what_is_chosen_stay_in_sight(hand: Page, width: int, top: int) -> None:
    hand.set_viewport_size({"width": width, "height": 800})
    hand.goto("/products?period=3m&metric=CM3")
    hand.evaluate("scrollTo({ top: 1500, behavior: 'instant' })")
    hand.wait_for_selector(".head-copy")
    hand.evaluate("document.querySelector('.scroll').scrollLeft = 9999")
    hand.wait_for_function(f"() => ({COPIED})().apart < 1")
    found = hand.evaluate(COPIED)
    chosen = hand.locator(".filters-open-words:visible, #filter-period:visible").first
    words = chosen.evaluate("e => e.options ? e.selectedOptions[0].text : e.innerText")
    box = chosen.bounding_box()
    hand.set_viewport_size(PHONE)

    assert found["isPainted"] and abs(found["top"] - top) <= 1
    assert "Aug 2025 – Oct 2025" in words
    assert box["y"] >= 0 and box["y"] + box["height"] <= found["top"]


def test_the_menu_of_a_phone_is_at_the_bottom_and_what_does_not_fit_is_behind_more(hand: Page) -> None:
    hand.goto("/catalog")
    more = hand.locator("[data-more]")
    expect(more).to_have_attribute("aria-current", "true")
    boxes = [entry.bounding_box() for entry in hand.locator(".menu > :is(a, button)").all()]
    more.tap()
    behind = hand.locator(".menu-rest a").all_inner_texts()
    hand.keyboard.press("Escape")
    closed = hand.locator(".menu-rest").is_visible()
    more.tap()
    hand.locator(".menu-rest >> text=Imports").tap()
    hand.wait_for_url("**/imports")

    assert all(box["y"] > PHONE["height"] - 62 and box["height"] >= 44 for box in boxes) and len(boxes) == 5
    assert boxes[0]["x"] >= 0 and boxes[-1]["x"] + boxes[-1]["width"] <= PHONE["width"]
    assert behind == ["Settlements", "Overheads", "Catalogue", "Imports", "Rates"] and not closed


def test_on_a_phone_a_sign_stands_before_its_name_and_the_bar_that_stays_takes_two_lines(hand: Page) -> None:
    hand.goto("/profitability")
    apart = hand.evaluate("""() => [...document.querySelectorAll(".profit-sign")].map((sign) => {
      const name = document.createRange();
      name.selectNodeContents(sign.nextSibling);
      return name.getBoundingClientRect().left - sign.getBoundingClientRect().right;
    })""")
    heights = {}
    for address in ("/brands/10", "/products/B0D07UJ84W", "/dashboard?category=1", "/dashboard?category=1&brand=4"):
        hand.goto(address)
        heights[address] = hand.locator(".filters-open-words").bounding_box()["height"]

    assert len(apart) > 5 and min(apart) > -0.5, apart
    assert max(heights.values()) < 45, heights


def test_the_first_tap_on_a_chart_shows_a_month_and_its_link_opens_it(hand: Page) -> None:
    hand.goto("/dashboard")
    wait_for_charts(hand)
    hand.locator(".chart").first.scroll_into_view_if_needed()
    box = hand.locator(".chart .trace.bars:last-child .point path").nth(4).bounding_box()
    hand.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    answer = hand.locator(".chart-answer")
    expect(answer).to_contain_text("Mar 2025: $")
    assert hand.url.endswith("/dashboard")
    answer.get_by_role("link", name="Open Mar 2025").tap()
    hand.wait_for_url("**/dashboard?from=2025-03&to=2025-03")


def test_a_step_back_and_on_shows_the_months_beside_those_that_are_chosen(reader: Page) -> None:
    reader.goto("/dashboard?from=2025-05&to=2025-05&metric=CM3")
    reader.get_by_role("link", name="Apr 2025", exact=True).first.click()
    reader.wait_for_url("**/dashboard?from=2025-04&to=2025-04&metric=CM3")
    reader.goto("/dashboard?period=2024")
    words = reader.locator("a.step").all_inner_texts()

    assert words == ["2023", "2025"]


TYPE = """() => {
  const sizes = (selector) => [...document.querySelectorAll(selector)].filter((found) => found.getClientRects().length)
    .map((found) => parseFloat(getComputedStyle(found).fontSize));
  const least = (selector) => Math.min(...sizes(selector));
  return { title: least("h1"), headings: least(".figures thead th"), figures: least(".figures tbody td.number") };
}"""
"""The smallest letters of a page's title, of the headings of its tables and of their figures, in pixels."""


@pytest.mark.parametrize("address", ["/profitability", "/products", "/dashboard"])
def test_tables_are_set_in_letters_that_can_be_read(reader: Page, hand: Page, address: str) -> None:
    for page in (reader, hand):
        page.goto(address)
        found = page.evaluate(TYPE)
        assert found["title"] >= 22 and found["headings"] >= 13 and found["figures"] >= 13, (address, found)


def test_what_has_no_bar_of_its_own_leads_to_all_of_them(browser: Browser, many: Site) -> None:
    page = open_browser(browser, many, landing="/brands/1", viewport=DESKTOP)
    expect(page.locator(".crumbs a").first).to_have_text("Brands")
    expect(page.locator(".bar-line a.bar-name").first).to_have_text("Brick 15")
    rest = page.locator(".bar-line >> text=/\\d+ other products/")
    rest.click()
    page.wait_for_url("**/products?brand=1")
    expect(page.locator("#products-title + p")).to_have_text("15 products")
    page.context.close()


def test_a_single_month_stands_marked_among_those_around_it(reader: Page) -> None:
    reader.goto("/dashboard?from=2025-05&to=2025-05")
    wait_for_charts(reader)
    fills = reader.locator(".chart .trace.bars .point path").evaluate_all(
        "found => found.map((bar) => getComputedStyle(bar).fill)"
    )
    assert len(fills) >= 12 and sorted(map(fills.count, set(fills)))[0] == 1
    expect(reader.locator(".legend").first).to_contain_text("months around it")
    # A month that is not over is held against the whole month of a year before.
    reader.goto("/dashboard?from=2025-11&to=2025-11")
    expect(reader.locator(".headline").first).to_contain_text("Nov 2024, whole: $")


def test_small_lines_begin_at_zero_and_changes_follow_what_is_compared(reader: Page) -> None:
    for compared, words in (("previous", "vs previous period"), ("year", "vs year before")):
        reader.goto(f"/dashboard?period=3m&compare={compared}")
        changes = reader.locator(".headline-changes")
        told = [text.split()[-3:] for text in changes.all_inner_texts()]
        assert told and {" ".join(each) for each in told} == {words}, told
    zeros = reader.locator(".headline .trend-zero").evaluate_all(
        "found => found.map((line) => Number(line.getAttribute('d').match(/^M0 ([\\d.]+)/)[1]))"
    )
    # Figures that are all above zero stand on the lowest edge of their drawing.
    assert len(zeros) == 5 and max(zeros) >= 29


def test_each_category_is_a_bar_with_its_name_and_its_figure(reader: Page) -> None:
    reader.goto("/categories")
    bars = reader.locator(".bar-line").evaluate_all("""found => found.map((bar) => [
      bar.querySelector(".bar-name").innerText, bar.querySelector(".bar-figure").innerText,
      Number(bar.querySelector(".bar-now, .bar-negative").getAttribute("width")),
    ])""")
    names = reader.locator("[aria-labelledby=sides-title] tbody th").all_inner_texts()

    assert sorted(name for name, _, _ in bars) == sorted(names) and all(figure for _, figure, _ in bars)
    assert len({width for _, _, width in bars}) == len(bars) == 3

"""What leaves a page: files that hold what is on the screen, pictures of charts, paper."""

from __future__ import annotations

import csv
import re
import struct
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Site, open_browser, wait_for_charts
from tests.browser.layout import WIDER_THAN_THE_SCREEN


def taken(page: Page, words: str, folder: Path) -> Path:
    """The file behind a line of the export menu."""
    page.click(".export summary")
    with page.expect_download() as download:
        page.locator(".export-link", has_text=words).click()
    page.keyboard.press("Escape")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def amount(text: str) -> Decimal:
    """`−$1,234.50` as a number."""
    digits = Decimal(re.sub(r"[^\d.]", "", text))
    return -digits if "\u2212" in text else digits


SELECTION = "?period=3m&brand=1,2,3&marketplace=DE,US&metric=CM3"


def shown(page: Page, table: str) -> list[tuple[str, Decimal]]:
    """Names and exact amounts of a table's rows, the total being the last."""
    names = page.locator(f"{table} :is(tbody, tfoot) th[scope=row]").all()
    amounts = page.locator(f"{table} :is(tbody, tfoot) td[title]").all()
    words = [name.locator(".row-link").get_attribute("title") if name.locator(".row-link").count()
             else name.inner_text().strip() for name in names]
    return list(zip(words, [amount(cell.get_attribute("title")) for cell in amounts], strict=True))


def test_csv_of_the_dashboard_holds_the_rows_on_the_screen_and_the_selection(reader: Page, tmp_path: Path) -> None:
    reader.goto(f"/dashboard{SELECTION}")
    path = taken(reader, "Brands (.csv)", tmp_path)
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))

    assert [(row["Brand"], Decimal(row["CM3"])) for row in rows] == shown(reader, "[aria-labelledby=table-brands]")
    assert {row["Generation"] for row in rows} == {"1"}
    assert rows[0]["Selection"].startswith("Period: Last 3 months; Months: 2025-08 to 2025-10; Metric: CM3; Brand: ")
    assert path.name == "dashboard_2025-08_2025-10_g1.csv"


def test_excel_of_the_dashboard_holds_every_table_on_the_screen(reader: Page, tmp_path: Path) -> None:
    reader.goto(f"/dashboard{SELECTION}")
    book = openpyxl.load_workbook(taken(reader, "Excel", tmp_path))

    for sheet in ("Brands", "Categories", "Marketplaces"):
        rows = [(row[0], Decimal(repr(row[1]))) for row in book[sheet].iter_rows(min_row=2, values_only=True)]
        assert rows == shown(reader, f"[aria-labelledby=table-{sheet.lower()}]")
    assert dict(book["About"].iter_rows(values_only=True))["Generation"] == "1"


def test_excel_of_the_profit_and_loss_holds_what_is_shown_and_says_what_it_is_compared_with(
    reader: Page, tmp_path: Path
) -> None:
    reader.goto("/profitability?period=3m&brand=3")
    book = openpyxl.load_workbook(taken(reader, "Excel", tmp_path))
    rows = {row[0]: row[1] for row in book["Profit and loss"].iter_rows(min_row=2, values_only=True)}
    names = reader.locator(".profit tbody th .row-link").all_inner_texts()
    totals = [cell.get_attribute("title") for cell in reader.locator(".profit tr:has(.row-link) .profit-total").all()]

    assert {name: Decimal(repr(rows[name])) for name in names} == dict(zip(names, map(amount, totals), strict=True))
    months = [cell.value for cell in book["Profit and loss"][1][6:]]
    assert [f"{month:%Y-%m-%d}" for month in months] == ["2025-08-01", "2025-09-01", "2025-10-01"]
    about = dict(book["About"].iter_rows(values_only=True))
    assert about["Compared with"] == "2024-08 to 2024-10" and "Metric" not in about
    assert "Margins against their parts" not in book.sheetnames and "Without rows" in about


def test_files_of_products_hold_all_that_were_found_and_not_one_page(reader: Page, tmp_path: Path) -> None:
    reader.goto("/products?search=brick&sort=name&order=asc")
    rows = list(csv.DictReader(taken(reader, ".csv", tmp_path).read_text(encoding="utf-8-sig").splitlines()))
    names = reader.locator(".product-name").all_inner_texts()

    assert reader.locator("#products-title + p").inner_text() == f"{len(rows)} products found"
    assert len(rows) > len(names) and [row["Product"] for row in rows[:len(names)]] == names


@pytest.mark.parametrize("address", ["/dashboard", "/profitability", "/categories", "/brands/1"])
def test_every_chart_is_saved_as_a_picture_that_says_what_it_shows(reader: Page, tmp_path: Path, address) -> None:
    reader.goto(address)
    wait_for_charts(reader)
    buttons = reader.locator("[data-picture]")
    assert buttons.count() == reader.locator("[data-chart]").count()
    for button in buttons.all():
        with reader.expect_download() as download:
            button.click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", content[16:24]) == (2400, 1350)
        assert path.name.endswith("_nov-2024-oct-2025.png")


PAPER = {"portrait": {"width": 703, "height": 1030}, "landscape": {"width": 1032, "height": 700}}
"""What A4 leaves inside its margins, in CSS pixels."""


@pytest.mark.parametrize(
    ("address", "way"),
    [("/dashboard?brand=1,2,3", "portrait"), ("/categories", "portrait"), ("/products", "landscape"),
     ("/catalog?show=brands", "portrait"), ("/profitability", "landscape"),
     ("/profitability?from=2023-01&to=2025-10", "landscape"), ("/brands/1", "landscape"),
     ("/products/B0003", "landscape"), ("/products/B0003?from=2023-01&to=2025-10", "landscape")],
)
def test_a_page_fits_on_paper_in_light_colours_with_its_charts_and_what_narrows_it(
    printed: Page, address, way
) -> None:
    page = on_paper(printed, address, way)
    wide = page.evaluate(WIDER_THAN_THE_SCREEN)
    tables = page.evaluate(TABLES_TOO_WIDE)
    unused = page.evaluate(ROOM_BESIDE_CHARTS)
    paper = page.evaluate("getComputedStyle(document.body).color")
    chips = page.locator(".chip:visible").count()

    assert (wide, tables, paper) == ([], [], "rgb(27, 26, 23)")
    assert [room for room in unused if not 0 <= room <= 12] == []
    assert chips == (3 if "brand=" in address else 0)


def test_paper_says_which_rows_of_how_many_it_holds(printed: Page) -> None:
    page = on_paper(printed, "/dashboard", "portrait")
    said = page.locator("[aria-labelledby=table-brands] .paging").inner_text().strip()

    assert said == "1–20 of 500"


@pytest.mark.parametrize(("address", "table"), [("/profitability", ".profit"), ("/products/B0003", ".grid")])
def test_paper_says_that_it_holds_the_last_13_months_only(printed: Page, address, table) -> None:
    found = {}
    for months in ("from=2023-01&to=2025-10", "period=12m"):
        page = on_paper(printed, f"{address}?{months}", "landscape")
        rows = page.evaluate(f"""() => [...document.querySelectorAll("{table} tr")].map(
          (row) => [...row.cells].filter((cell) => cell.offsetParent).map((cell) => cell.innerText))""")
        note = page.evaluate(f"""getComputedStyle(document.querySelector(".card:has({table})"), "::after").content""")
        columns = sum(bool(re.match(r"[A-Z][a-z]{2} 20", words)) for words in rows[0])
        found[months] = (columns, "the last 13 months" in note, len({len(row) for row in rows}))

    assert found == {"from=2023-01&to=2025-10": (13, True, 1), "period=12m": (12, False, 1)}


@pytest.fixture(scope="module")
def printed(browser: Browser, site: Site) -> Iterator[Page]:
    """The page of somebody whose screen is dark, the same for all that is printed: plotly.js is read in once."""
    page = open_browser(browser, site, color_scheme="dark")
    yield page
    page.context.close()


def on_paper(page: Page, address: str, way: str) -> Page:
    """What stands at an address as it is printed on A4."""
    page.emulate_media(media="screen", color_scheme="dark")
    page.set_viewport_size(PAPER[way])
    page.goto(address)
    wait_for_charts(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_function(DRAWN_FOR_PAPER)
    return page


ROOM_BESIDE_CHARTS = """() => [...document.querySelectorAll("[data-chart]")].map((chart) => {
  const card = chart.closest(".card");
  const inside = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight) - 1;
  return Math.round(inside - chart.getBoundingClientRect().right);
})"""
DRAWN_FOR_PAPER = """() => [...document.querySelectorAll("[data-chart]")].every((chart) =>
  chart.querySelector(".main-svg").getBoundingClientRect().width <= chart.getBoundingClientRect().width + 1)"""
TABLES_TOO_WIDE = """() => [...document.querySelectorAll(".scroll table")]
  .filter((table) => table.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map((table) => table.className)"""

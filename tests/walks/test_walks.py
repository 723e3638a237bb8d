"""Four people walk through the pages with ten questions, each answered by what a page says, as counted beforehand.

docs/WALKS.md tells of the same walks; WALKS=docs/WALKS.md in the environment writes it anew.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from database.store import open_store
from domain.amazon import ACCOUNT, ACCOUNT_NAME
from domain.months import add_months
from tests.browser.conftest import DESKTOP, PHONE, Site, open_browser, served, wait_for_charts
from tests.clock import set_today
from tests.conftest import embedded_settings
from tests.walks import shop
from tests.walks.report import Answered, read_answers, write_report
from tests.walks.shop import FINANCE, FOUNDER, GRINDERS, MANAGER, OPERATOR, Sums

OCTOBER, JULY = datetime.date(2026, 10, 1), datetime.date(2026, 7, 1)
DOCUMENT = Path(__file__).parents[2] / "docs" / "WALKS.md"
WRITTEN_TO = "WALKS"
MINUS = "\u2212"


@dataclass
class Walk:
    """What somebody does: how often they click, tap or type, and what they found out."""

    person: str
    page: Page
    answers: list[Answered] = field(default_factory=list)
    _steps: list[str] = field(default_factory=list)

    @contextmanager
    def asks(self, question: str) -> Iterator[Callable[[str], None]]:
        """A question, until its answer is told."""
        began, told = time.perf_counter(), []
        self._steps.clear()
        yield told.append
        assert len(told) == 1, "the question was not answered"
        seconds = time.perf_counter() - began
        self.answers.append(Answered(self.person, question, tuple(self._steps), told[0], seconds))

    def opens(self, address: str) -> None:
        """Begins somewhere, as by a bookmark: no step."""
        self.page.goto(address)
        wait_for_charts(self.page)

    def clicks(self, place: Locator, words: str) -> None:
        """A click or a tap."""
        self._steps.append(words)
        (place.tap if self.page.evaluate("() => matchMedia('(pointer: coarse)').matches") else place.click)()

    def types(self, text: str) -> None:
        """Types into what has the focus, and presses Enter."""
        self._steps.append(f"type “{text}”, Enter")
        self.page.keyboard.type(text)
        self.page.wait_for_function("() => !document.querySelector('.palette [data-press]')")
        self.page.keyboard.press("Enter")


@dataclass(frozen=True)
class Walked:
    """The seller's pages, what their figures come to, and what was answered so far."""

    site: Site
    sums: Sums
    files: Path
    answers: list[Answered] = field(default_factory=list)

    def of(self, metric: str, *months: datetime.date, brand: str = "", asin: str = "") -> Decimal:
        """What a metric comes to in these months."""
        return sum(
            (value for (product, month, name), value in self.sums.items() if name == metric and month in months
             and (not brand or shop.BRANDS.get(product) == brand) and (not asin or product == asin)), Decimal(0),
        )


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """The seller's pages. The clock is theirs until the file ends."""
    patch = pytest.MonkeyPatch()
    set_today(patch, shop.TODAY)
    settings = embedded_settings(tmp_path_factory.mktemp("walks"))
    store = open_store(settings)
    files = tmp_path_factory.mktemp("files")
    sums = shop.fill(store, files)
    store.close()
    with served(settings) as site:
        found = Walked(site, sums, files)
        yield found
    patch.undo()


@contextmanager
def walk(walked: Walked, browser: Browser, person: str, **options) -> Iterator[Walk]:
    """Somebody's walk, signed in."""
    page = open_browser(browser, walked.site, person, **options)
    found = Walk(person, page)
    yield found
    page.context.close()
    walked.answers.extend(found.answers)


def money(value: Decimal) -> str:
    return f"{MINUS if value < 0 else ''}${abs(value):,.2f}"


def test_the_founder_on_a_phone(walked: Walked, browser: Browser) -> None:
    with walk(walked, browser, FOUNDER, viewport=PHONE, has_touch=True, is_mobile=True) as way:
        page = way.page
        with way.asks("What was last month's profit?") as answers:
            way.opens("/")
            tile = page.locator(".tile", has_text="Last month").first
            profit = money(walked.of("CM3", OCTOBER))
            expect(tile.locator(".tile-figure").first).to_contain_text(profit)
            expect(tile).to_contain_text("12.2%")
            answers(f"CM3 {profit} in Oct 2026, 12.2 % of net revenue; a year before it was "
                    f"{money(walked.of('CM3', datetime.date(2025, 10, 1)))}")
        with way.asks("What will this month come to?") as answers:
            way.clicks(page.get_by_role("link", name="Month to date"), "the tile “Month to date”")
            estimate = f"${shop.estimate_of_november(walked.files) / 1000:.2f}K"
            card = page.locator(".month-estimate")
            expect(card).to_contain_text("an estimate, from days through 20 Nov 2026")
            expect(card.locator(".estimated > div", has_text="Net revenue")).to_contain_text(f"about {estimate}")
            usually = card.locator(".estimated > div", has_text="Net revenue").locator(".quiet").inner_text()
            answers(f"about {estimate} of net revenue, from the days through 20 November, {usually}; what the same "
                    "rule would have said of earlier months stands beside it")
        with way.asks("What happened in March?") as answers:
            way.opens("/dashboard")
            way.clicks(page.locator("[data-palette]"), "the lens")
            way.types("mar 2026")
            page.wait_for_url("**/dashboard?from=2026-03&to=2026-03*")
            way.clicks(page.get_by_role("link", name="What changed CM3"), "What changed CM3")
            spent = shop.MARCH, datetime.date(2025, 3, 1)
            rise = walked.of("SEM costs", spent[1]) - walked.of("SEM costs", spent[0])
            step = page.locator(".drivers tr", has_text="SEM costs")
            expect(step.locator(".number").first).to_have_text(money(rise))
            answers(f"advertising took {money(-rise)} more than a year before: CM3 went from "
                    f"{money(walked.of('CM3', spent[1]))} to {money(walked.of('CM3', spent[0]))}")
            expect(page.locator(".drivers-sentence")).to_contain_text(money(walked.of("CM3", spent[0])))


def test_the_brand_manager(walked: Walked, browser: Browser) -> None:
    year_before = datetime.date(2025, 10, 1)
    with walk(walked, browser, MANAGER, viewport=DESKTOP) as way:
        page = way.page
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=walked.site.address)
        with way.asks("Is this brand better than a year ago, and why?") as answers:
            way.opens("/dashboard?period=1m")
            way.clicks(page.locator("[data-palette]"), "the lens")
            way.types(GRINDERS.lower())
            page.wait_for_url("**/brands/*?period=1m")
            way.clicks(page.get_by_role("link", name="What changed CM3"), "What changed CM3")
            page.wait_for_url("**/drivers?*brand=*")
            was, now = (walked.of("CM3", month, brand=GRINDERS) for month in (year_before, OCTOBER))
            expect(page.locator(".drivers-sentence")).to_contain_text(f"from {money(was)} to {money(now)}")
            rise = (walked.of("SEM costs", year_before, brand=GRINDERS)
                    - walked.of("SEM costs", OCTOBER, brand=GRINDERS))
            expect(page.locator(".drivers tr", has_text="SEM costs").locator(".number").first).to_have_text(money(rise))
            answers(f"No: CM3 went from {money(was)} to {money(now)}; more is sold, but advertising took "
                    f"{money(-rise)} more")
        with way.asks("Send me this view") as answers:
            way.clicks(page.locator("[data-views]"), "the bookmark")
            panel = page.locator("#views-panel")
            expect(panel).to_contain_text("What changed CM3")
            way.types(f"{GRINDERS}, last month")
            expect(panel.locator(".thing-name")).to_have_text(f"{GRINDERS}, last month")
            way.clicks(panel.get_by_role("button", name="Copy the link"), "Copy the link")
            expect(page.locator(".toast")).to_have_text("Link copied")
            link = page.evaluate("() => navigator.clipboard.readText()")
            assert link == page.url
            answers("the link is copied: whoever may read gets the same page, with the same filters")
        with way.asks("Which products lose money?") as answers:
            way.opens("/products?period=1m")
            way.clicks(page.get_by_role("link", name="Loss-making"), "Loss-making")
            names = {each.asin: each.name for each in shop.PRODUCTS} | {ACCOUNT: ACCOUNT_NAME}
            lost = {asin: walked.of("CM3", OCTOBER, asin=asin) for asin in names}
            lost = {asin: value for asin, value in sorted(lost.items(), key=lambda each: each[1]) if value < 0}
            rows = page.locator("table.products tbody tr")
            expect(rows).to_have_count(len(lost))
            for row, (asin, value) in zip(rows.all(), lost.items(), strict=True):
                expect(row).to_contain_text(names[asin])
                expect(row).to_contain_text(money(value))
            told = ", ".join(f"{names[asin]} ({money(value)})" for asin, value in lost.items())
            answers(f"CM3 of Oct 2026 is below zero, the worst first: {told}")
        with way.asks("What does this product earn per piece?") as answers:
            asin = shop.PRODUCTS[0].asin
            way.clicks(page.locator("[data-palette]"), "the lens")
            way.types(asin)
            page.wait_for_url(f"**/products/{asin}?period=1m*")
            earned = walked.of("CM3", OCTOBER, asin=asin) / walked.of("Net units", OCTOBER, asin=asin)
            line = page.locator("table.profit tr", has=page.get_by_role("rowheader", name="CM3", exact=True))
            expect(line).to_contain_text(money(round(earned, 2)))
            answers(f"{money(round(earned, 2))} of CM3")


def test_the_finance_analyst(walked: Walked, browser: Browser, tmp_path: Path) -> None:
    with walk(walked, browser, FINANCE, viewport=DESKTOP) as way:
        page = way.page
        with way.asks("What is in the deposit of the 17th?") as answers:
            way.opens("/dashboard")
            way.clicks(page.get_by_role("link", name="Settlements").first, "Settlements")
            row = page.locator("tr", has_text="17 Aug 2026")
            way.clicks(row.locator(".row-link"), "the deposit of 17 August")
            expect(page.locator(".deposit")).to_contain_text("Explained to the cent")
            expect(page.locator(".equation-total")).to_contain_text("1,173.48")
            parts = page.locator(".equation > div:not(.equation-total)")
            found = ", ".join(" ".join(text.split()) for text in parts.all_inner_texts())
            answers(f"1,173.48, explained to the cent: {found}; each description leads to its lines")
        with way.asks("I want all of it in Excel") as answers:
            way.opens("/dashboard")
            way.clicks(page.locator(".page-head .export summary").first, "Export")
            way.clicks(page.get_by_role("link", name="Every metric by month"), "Every metric by month")
            page.wait_for_url("**/figures*")
            with page.expect_download() as waited:
                way.clicks(page.locator(".flat-ways a", has_text="Excel"), "Excel")
            waited.value.save_as(tmp_path / "all.xlsx")
            sheet = openpyxl.load_workbook(tmp_path / "all.xlsx", read_only=True).worksheets[0]
            head, *rows = sheet.values
            column = head.index("CM3")
            total = sum(Decimal(str(row[column])) for row in rows if row[column] is not None)
            year = [add_months(OCTOBER, -back) for back in range(12)]
            assert total == walked.of("CM3", *year)
            answers(f"{len(rows)} rows, one per month, product and marketplace, a column per metric; CM3 adds up to "
                    f"{money(total)}, as on the pages")


def test_who_operates_it(walked: Walked, browser: Browser) -> None:
    with walk(walked, browser, OPERATOR, viewport=DESKTOP) as way:
        page = way.page
        with way.asks("Who changed this figure?") as answers:
            way.opens("/profitability?from=2026-07&to=2026-07")
            cell = page.locator("tr.profit-level", has_text="CM3").locator("td.number").first
            assert cell.get_attribute("title") == money(walked.of("CM3", JULY))
            way.clicks(cell, "the figure")
            panel = page.locator(".panel")
            before = money(walked.of("CM3", JULY) + shop.CORRECTED)
            expect(panel).to_contain_text("Corrected after it had been published")
            expect(panel).to_contain_text(f"from {before} to {money(walked.of('CM3', JULY))}")
            expect(panel).to_contain_text("july, corrected.csv")
            way.clicks(panel.get_by_role("link", name="july, corrected.csv").first, "the import that is named")
            expect(page.locator("h1")).to_contain_text("Import")
            expect(page.locator("main")).to_contain_text(FINANCE)
            answers(f"{FINANCE}, by the file “july, corrected.csv”: from {before} to {money(walked.of('CM3', JULY))}")


def test_the_document_tells_of_these_walks(walked: Walked) -> None:
    if WRITTEN_TO in os.environ:
        write_report(Path(os.environ[WRITTEN_TO]), walked.answers)
    told = read_answers(DOCUMENT)
    assert len(told) == 10
    assert {each.told() for each in walked.answers} <= set(told)

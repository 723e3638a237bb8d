"""A file that is dropped on /imports: seen before anything happens, taken in, undone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ADMIN, DESKTOP, LONGEST_WORD, PHONE, Site, open_browser, served
from tests.browser.test_every_page import look, wrong
from tests.conftest import embedded_settings

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"
FILE = HEADINGS + "A1,Acme,Toys,US,Net revenue,2024-01,10.50\nA1,Acme,Toys,US,Net revenue,2024-02,4.00\n"
LONG = f"{LONGEST_WORD[:146]}.csv"
MINUTE = 60_000
DROP = """(area, files) => {
  const dropped = new DataTransfer();
  for (const [name, text] of files) dropped.items.add(new File([text], name, { type: "text/csv" }));
  for (const type of ["dragenter", "dragover", "drop"])
    area.dispatchEvent(new DragEvent(type, { dataTransfer: dropped, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, empty_instance: Path) -> Iterator[Site]:
    """An app that nothing was imported into."""
    settings = embedded_settings(tmp_path_factory.mktemp("site"))
    shutil.copytree(empty_instance, settings.database.path)
    with served(settings) as found:
        yield found


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Page]:
    """Somebody who may import, on a desk's screen."""
    page = open_browser(browser, site, ADMIN, landing="/imports", viewport=DESKTOP)
    page.set_default_timeout(MINUTE)
    yield page
    page.context.close()


def test_a_dropped_file_is_seen_first_then_imported_undone_and_forgotten(
    browser: Browser, site: Site, desk: Page
) -> None:
    desk.locator("[data-drop]").evaluate(DROP, [["january.csv", FILE], [LONG, "colour\nred\n"]])
    expect(desk.locator("[data-files] li")).to_have_text(["january.csv1 KiB", f"{LONG}1 KiB"])
    desk.click("[data-send]")

    expect(desk.locator("h1")).to_have_text("Review before importing", timeout=MINUTE)
    expect(desk.locator(".counts").first).to_contain_text("Facts imported2")
    expect(desk.locator("main")).to_contain_text("its headings are those of no known format")
    assert _faults_on_a_phone(browser, site, desk.url) == {}
    desk.get_by_role("button", name="Import and refresh").click()

    expect(desk.locator(".work-words")).to_be_visible()
    expect(desk.locator("h1")).to_have_text("Imported", timeout=MINUTE)
    expect(desk.locator("main")).to_contain_text("The pages show it now")
    desk.get_by_role("button", name="Done").click()
    expect(desk.locator(".state")).to_have_text(["in"])

    desk.locator(".import-undo").click()
    expect(desk.locator("h1")).to_have_text("Undo import 1?")
    assert _faults_on_a_phone(browser, site, desk.url) == {}
    desk.get_by_role("button", name="Undo", exact=True).click()
    expect(desk.locator("h1")).to_have_text("Import 1 is undone", timeout=MINUTE)
    desk.get_by_role("button", name="Done").click()
    expect(desk.locator(".state")).to_have_text(["undone"])

    # What it made is still in the catalogue, and its report leads to its removal.
    desk.goto("/imports/1")
    desk.get_by_role("link", name="Remove them").click()
    expect(desk.locator("h1")).to_have_text("Remove what import 1 left?")
    assert _faults_on_a_phone(browser, site, desk.url) == {}
    desk.get_by_role("button", name="Remove", exact=True).click()
    expect(desk.locator("main")).to_contain_text("go from the catalogue with the next refreshes", timeout=MINUTE)
    desk.get_by_role("button", name="Done").click()
    expect(desk.locator(".state")).to_have_text(["removed"])
    expect(desk.locator(".imports-waiting")).to_contain_text("An import is waiting")
    assert wrong(look(desk, "/imports", theme="light")) == {}
    assert wrong(look(desk, "/imports/1", theme="dark")) == {}


def test_what_is_too_large_or_too_many_is_said_before_it_is_sent(desk: Page) -> None:
    desk.locator("[data-drop]").evaluate(DROP, [[f"{number}.csv", FILE] for number in range(21)])
    expect(desk.locator("[data-words]")).to_have_text("That is 21 files; at most 20 at a time.")
    desk.locator("[data-upload]").evaluate("(form) => { form.dataset.largest = 0 }")
    desk.locator("[data-drop]").evaluate(DROP, [["january.csv", FILE]])
    expect(desk.locator("[data-words]")).to_have_text("Together that is 1 KiB; at most 0 MiB are taken.")
    desk.click("[data-send]")
    assert desk.url.endswith("/imports")


def _faults_on_a_phone(browser: Browser, site: Site, address: str) -> dict[str, list[str]]:
    """What axe-core and the layout find there, with names that do not want to fit."""
    phone = open_browser(browser, site, ADMIN, landing="about:blank", viewport=PHONE, has_touch=True, is_mobile=True)
    found = wrong(look(phone, address, theme="dark"))
    phone.context.close()
    return found

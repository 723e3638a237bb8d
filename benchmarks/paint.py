"""First paint and full chart in Chromium on loopback."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, sync_playwright

from benchmarks.measure import Figures
from benchmarks.pages import PASSWORD, Reader, served
from benchmarks.stands import Stand

PAINT, CHART = "first paint, {how} (ms)", "full chart, {how} (ms)"
COLD, WARM = "cold", "warm"
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_DRAWN = ".chart.is-drawn .main-svg"


def measure_paint(stand: Stand, figures: Figures, *, runs: int) -> None:
    """The dashboard as a browser shows it: cold with an empty browser cache, warm with everything at hand."""
    with served(stand.settings) as reader, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=["--no-sandbox"]
        )
        _open(browser, reader, 1)
        for _ in range(runs):
            for how, (paint, chart) in zip((COLD, WARM), _open(browser, reader, 2), strict=True):
                figures.add(stand.engine, PAINT.format(how=how), paint)
                figures.add(stand.engine, CHART.format(how=how), chart)
        browser.close()


def _open(browser: Browser, reader: Reader, times: int) -> list[tuple[float, float]]:
    """Milliseconds to the first paint and to the drawn chart, each time the page is opened in one new context."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{reader.port}", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto("/login")
    page.fill("input[name=name]", "reader")
    page.fill("input[name=password]", PASSWORD)
    with page.expect_navigation():
        page.press("input[name=password]", "Enter")
    state = context.storage_state()
    context.close()
    context = browser.new_context(
        base_url=f"http://127.0.0.1:{reader.port}", viewport={"width": 1440, "height": 900}, storage_state=state
    )
    found = []
    for _ in range(times):
        page = context.new_page()
        page.goto("/dashboard", wait_until="commit")
        page.wait_for_selector(_DRAWN, timeout=30_000)
        drawn = page.evaluate("performance.now()")
        found.append((page.evaluate(_PAINTED), drawn))
        page.close()
    context.close()
    return found

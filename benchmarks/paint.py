"""First paint and full chart in Chromium on loopback."""

from __future__ import annotations

import shutil
import tempfile
import time

from playwright.sync_api import BrowserContext, BrowserType, sync_playwright

from benchmarks.measure import Figures
from benchmarks.serving import Reader, served
from benchmarks.stands import Stand
from tests.conftest import BROWSERS

PAINT, CHART = "first paint, {how} (ms)", "full chart, {how} (ms)"
COLD, WARM = "cold", "warm"
USUAL_VISITS = 3
"""After so many, Chromium keeps plotly.js compiled beside its file."""
CALM = 2
"""Seconds until a browser that was just started has done what it does for itself."""
AS_WITHOUT_DRIVER = "--js-flags=--no-enable-lazy-source-positions"
"""V8 finds out where in a script each function stands when it is first asked. A driver of the browser asks, at the
first exception that plotly.js throws and catches, and plotly.js is then read a second time: half a second that no
reader waits for. So V8 is told to note it on the first reading."""
_NOTE_DRAWN = """window.drawn = new Promise((resolve) => {
  document.addEventListener("chart-drawn", () => resolve(performance.now()));
})"""
_PAINTED = """new Promise((resolve) => new PerformanceObserver((seen, observer) => {
  for (const entry of seen.getEntriesByName("first-contentful-paint")) {
    observer.disconnect();
    resolve(entry.startTime);
  }
}).observe({ type: "paint", buffered: true }))"""


def measure_paint(stand: Stand, figures: Figures, *, runs: int) -> None:
    """The dashboard as a browser shows it: cold in a browser that has kept nothing, warm in that of somebody who was
    here before."""
    with served(stand) as (reader,), sync_playwright() as playwright:
        chromium = playwright.chromium
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            warm = _signed_in(chromium, profile, reader)
            for _ in range(USUAL_VISITS):
                _visit(warm)
            for _ in range(runs):
                _add(stand, figures, WARM, _visit(warm))
            warm.close()
        for _ in range(runs):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                cold = _signed_in(chromium, profile, reader)
                _add(stand, figures, COLD, _visit(cold))
                cold.close()


def _add(stand: Stand, figures: Figures, how: str, found: tuple[float, float]) -> None:
    paint, chart = found
    figures.add(stand.engine, PAINT.format(how=how), paint)
    figures.add(stand.engine, CHART.format(how=how), chart)


def _signed_in(chromium: BrowserType, profile: str, reader: Reader) -> BrowserContext:
    """A browser with its cache on the disk, as readers have one, that has shown no page of figures yet."""
    context = chromium.launch_persistent_context(
        profile, executable_path=next(filter(None, map(shutil.which, BROWSERS))),
        args=["--no-sandbox", AS_WITHOUT_DRIVER], base_url=f"http://127.0.0.1:{reader.port}",
        viewport={"width": 1440, "height": 900},
    )
    context.add_init_script(_NOTE_DRAWN)
    name, value = reader.cookie.split("=", 1)
    context.add_cookies([{"name": name, "value": value, "url": f"http://127.0.0.1:{reader.port}"}])
    time.sleep(CALM)
    return context


def _visit(context: BrowserContext) -> tuple[float, float]:
    """Milliseconds to the first paint and to the drawn chart of a new page."""
    page = context.new_page()
    page.goto("/dashboard", wait_until="commit")
    drawn = page.evaluate("window.drawn")
    painted = page.evaluate(_PAINTED)
    page.close()
    return painted, drawn

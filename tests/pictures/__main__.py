"""Takes the pictures in docs/screenshots anew: .venv-tests/bin/python -m tests.pictures [name …]

What a screen shows, not whole pages: in both themes, on a desk and on a phone, at the top and scrolled. `scenes.py`
says what, `shops.py` what is there to be seen. Without names, pictures that no scene has are removed. pngquant, where
it is installed, makes them a third as large.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import conftest
from tests.browser.conftest import DESKTOP, Site, open_browser, wait_for_charts
from tests.clock import set_today
from tests.conftest import BROWSERS
from tests.pictures.scenes import DESK, PHONE, SCENES, Scene
from tests.pictures.shops import TODAY, largest, shop

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
OPTIONS = {DESK: {"viewport": DESKTOP}, PHONE: {"viewport": conftest.PHONE, "has_touch": True, "is_mobile": True}}


def main(chosen: list[str]) -> None:
    """Takes the chosen pictures, or all."""
    scenes = {name: scene for name, scene in SCENES.items() if not chosen or name in chosen}
    patch = pytest.MonkeyPatch()
    set_today(patch, TODAY)
    taken = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for place in dict.fromkeys(scene.shop for scene in scenes.values()):
            with shop(place, Path(folder) / place) as site:
                asked = {name: scene for name, scene in scenes.items() if scene.shop == place}
                taken += _take_all(browser, site, asked)
        browser.close()
    patch.undo()
    _make_small(taken)
    if not chosen:
        for other in set(FOLDER.glob("*.png")) - set(taken):
            other.unlink()


def _take_all(browser: Browser, site: Site, scenes: dict[str, Scene]) -> list[Path]:
    found = {"brand": "", "asin": ""}
    if any("{" in scene.address for scene in scenes.values()):
        found = dict(zip(found, largest(site.app.extensions["lego_store"]), strict=True))
    taken = []
    for width, options in OPTIONS.items():
        for theme in ("light", "dark"):
            for person in dict.fromkeys(scene.person for scene in scenes.values()):
                landing = "/account" if person else "about:blank"
                page = open_browser(browser, site, person, landing=landing, color_scheme=theme, **options)
                for name, scene in scenes.items():
                    if scene.person == person and width in scene.widths:
                        page.goto(scene.address.format(**found))
                        taken += _take(page, scene, name, f"{theme}-{width}")
                page.context.close()
    return taken


def _take(page: Page, scene: Scene, name: str, end: str) -> list[Path]:
    wait_for_charts(page)
    scene.act(page)
    paths = [FOLDER / f"{name}-{end}.png"]
    page.screenshot(path=paths[0], animations="disabled", caret="hide")
    if scene.scrolled:
        paths.append(FOLDER / f"{name}-scrolled-{end}.png")
        page.evaluate("scrollTo({ top: innerHeight * 0.9, behavior: 'instant' })")
        page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
        page.screenshot(path=paths[1], animations="disabled", caret="hide")
    return paths


def _make_small(paths: list[Path]) -> None:
    program = shutil.which("pngquant")
    if program:
        options = ("--ext", ".png", "--force", "--strip", "--skip-if-larger", "--quality", "80-98")
        # 98 and 99: smaller it is not, or not well enough; the picture stays.
        subprocess.run([program, *options, *map(str, paths)], check=False)


if __name__ == "__main__":
    main(sys.argv[1:])

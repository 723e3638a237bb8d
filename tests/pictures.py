"""Takes the pictures in docs/screenshots anew: .venv-tests/bin/python -m tests.pictures [page …]

What a screen shows, not whole pages: in both themes, on a desk and on a phone, at the top and scrolled, with demo data;
and pages before the first figures, of a single month, with names that do not want to fit, and of Amazon's reports of a
made-up seller.
"""

from __future__ import annotations

import datetime
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, sync_playwright

from database import migrations, schema
from database.demo import DemoShape, load_demo
from database.demo.amazon_reports import write_reports
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from database.store import open_store
from database.summaries.refresh import refresh
from tests.browser import conftest
from tests.browser.conftest import ADMIN, DESKTOP, PHONE, Site, open_browser, served, wait_for_charts
from tests.clock import set_today
from tests.conftest import BROWSERS, embedded_settings

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
TODAY = datetime.date(2026, 11, 21)
WIDTHS = {"1440": {"viewport": DESKTOP}, "390": {"viewport": PHONE, "has_touch": True, "is_mobile": True}}
ONE_FACT = "asin,brand,category,marketplace,metric,month,value\nA1,Acme,Toys,US,Net revenue,2026-10,1234.50\n"
DEMO, EMPTY, ONE_MONTH, LONG, REPORTS = "demo", "empty", "one month", "long names", "reports"


@dataclass(frozen=True)
class Picture:
    """A page of one of the shops below; `scrolled` asks for a second picture further down."""

    address: str
    shop: str = DEMO
    scrolled: bool = False


def pictures(brand: int, asin: str) -> dict[str, Picture]:
    """Name of a picture -> what it shows. The demo's largest brand and product are given."""
    return {
        "dashboard": Picture("/dashboard", scrolled=True),
        "dashboard-month": Picture("/dashboard?from=2026-09&to=2026-09"),
        "profitability": Picture("/profitability", scrolled=True),
        "categories": Picture("/categories", scrolled=True),
        "category": Picture("/categories?category=1"),
        "brand": Picture(f"/brands/{brand}", scrolled=True),
        "products": Picture("/products", scrolled=True),
        "product": Picture(f"/products/{asin}", scrolled=True),
        "catalog": Picture("/catalog?show=products"),
        "imports": Picture("/imports"),
        "operations": Picture("/operations"),
        "help": Picture("/help"),
        "account": Picture("/account"),
        "users": Picture("/users"),
        "not-found": Picture("/nothing/here"),
        "gone": Picture("/dashboard?brand=999999"),
        "no-figures": Picture("/dashboard", EMPTY),
        "one-month": Picture("/dashboard", ONE_MONTH),
        "long-names": Picture("/dashboard", LONG),
        "long-names-products": Picture("/products", LONG),
        "five-minutes": Picture("/dashboard", REPORTS),
        "five-minutes-profitability": Picture("/profitability", REPORTS),
        "five-minutes-products": Picture("/products", REPORTS),
        "five-minutes-settlements": Picture("/settlements", REPORTS),
        "five-minutes-paid": Picture("/paid", REPORTS),
    }


@contextmanager
def shop(name: str, folder: Path) -> Iterator[Site]:
    """A running app with what the shop of that name has."""
    settings = embedded_settings(folder)
    if name == LONG:
        conftest.published._get_wrapped_function()(_Folders(folder / "published"))
        shutil.copytree(folder / "published" / "published" / "instance", settings.database.path)
    else:
        store = open_store(settings)
        migrations.upgrade(store)
        if name == DEMO:
            tell_done(store, load_demo(store, DemoShape.of_size(60_000, seed=1, through=TODAY)))
        elif name == REPORTS:
            write_reports(folder, seed=1, today=TODAY)
            with store.lock("pictures"):
                for path in sorted((folder / "reports").iterdir()):
                    tell_done(store, import_file(store, path, ImportOptions()))
        elif name == ONE_MONTH:
            (folder / "october.csv").write_text(ONE_FACT, encoding="utf-8")
            with store.lock("a picture"):
                tell_done(store, import_file(store, folder / "october.csv", ImportOptions()))
        if name != EMPTY:
            refresh(store)
        store.close()
    with served(settings) as found:
        yield found


class _Folders:
    """As pytest gives folders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def mktemp(self, name: str) -> Path:
        """A new folder."""
        folder = self.root / name
        folder.mkdir(parents=True)
        return folder


def take(browser: Browser, site: Site, name: str, picture: Picture) -> None:
    """All pictures of a page."""
    for width, options in WIDTHS.items():
        for theme in ("light", "dark"):
            page = open_browser(browser, site, ADMIN, landing=picture.address, color_scheme=theme, **options)
            wait_for_charts(page)
            page.screenshot(path=FOLDER / f"{name}-{theme}-{width}.png")
            if picture.scrolled:
                page.evaluate("scrollTo({ top: innerHeight * 0.9, behavior: 'instant' })")
                page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
                page.screenshot(path=FOLDER / f"{name}-scrolled-{theme}-{width}.png")
            page.context.close()


def main(chosen: list[str]) -> None:
    """Takes the chosen pictures, or all."""
    patch = pytest.MonkeyPatch()
    set_today(patch, TODAY)
    with ExitStack() as stack, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)))
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        open_shops: dict[str, Site] = {}
        for name, picture in pictures(1, "").items():
            if chosen and name not in chosen:
                continue
            if picture.shop not in open_shops:
                place = folder / picture.shop.replace(" ", "-")
                place.mkdir()
                open_shops[picture.shop] = stack.enter_context(shop(picture.shop, place))
            site = open_shops[picture.shop]
            take(browser, site, name, pictures(*_largest(site))[name] if picture.shop == DEMO else picture)
        browser.close()
    patch.undo()


def _largest(site: Site) -> tuple[int, str]:
    """Brand and ASIN of the product with the most net revenue."""
    table, asin = schema.summary_asin, schema.asin

    def question(reading) -> tuple[int, str]:
        row = reading.connection.execute(
            sa.select(table.c.brand_id, asin.c.asin).join_from(table, asin, asin.c.id == table.c.asin_id)
            .where(table.c.metric == "Net revenue").group_by(table.c.brand_id, asin.c.asin)
            .order_by(sa.func.sum(table.c.value).desc(), asin.c.asin).limit(1)
        ).one()
        return row.brand_id, row.asin

    return site.app.extensions["lego_store"].read(question)


if __name__ == "__main__":
    main(sys.argv[1:])

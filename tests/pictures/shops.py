"""The installations that are pictured: a running app each, with what it holds."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from database import migrations, schema
from database.demo import DemoShape, load_demo
from database.demo.amazon_reports import write_reports
from database.engines.ports import Store
from database.engines.values import Reading
from database.imports.files import import_file
from database.imports.staging import ImportOptions
from database.journal import audit
from database.journal.import_log import tell_done
from database.notices import rules
from database.people import api_tokens, users
from database.people.passwords import hash_password
from database.store import open_store
from database.summaries.refresh import refresh
from domain.people import ADMIN, ANALYST, VIEWER
from domain.rules import ABOVE, BELOW, FALLS, RISES_IN_A_YEAR, Rule
from tests.browser import conftest
from tests.browser.conftest import PASSWORD, Site, served
from tests.conftest import embedded_settings

DEMO, EMPTY, ONE_MONTH, LONG, REPORTS = "demo", "empty", "one-month", "long-names", "reports"
TODAY = datetime.date(2026, 11, 21)
ONE_FACT = "asin,brand,category,marketplace,metric,month,value\nA1,Acme,Toys,US,Net revenue,2026-10,1234.50\n"
ANNA, TOM, MIA = "anna.keller", "tom.becker", "mia.santos"
"""An admin, a viewer of everything, a viewer of one brand; MIA's brand is the largest of the demo."""


@contextmanager
def shop(name: str, folder: Path) -> Iterator[Site]:
    """A running app with what the shop of that name has."""
    folder.mkdir()
    settings = embedded_settings(folder)
    if name == LONG:
        conftest.published._get_wrapped_function()(_Folders(folder), _empty(folder / "empty"))
        shutil.copytree(folder / "published" / "instance", settings.database.path)
    else:
        store = open_store(settings)
        migrations.upgrade(store)
        _fill(name, store, folder)
        _add_people(store, [largest(store)[0]] if name == DEMO else [])
        if name == DEMO:
            _add_rules_and_trail(store, largest(store)[0])
        store.close()
    with served(settings) as found:
        yield found


def largest(store: Store) -> tuple[int, str]:
    """Brand and ASIN of the product with the most net revenue."""
    table, asin = schema.summary_asin, schema.asin

    def question(reading: Reading) -> tuple[int, str]:
        row = reading.connection.execute(
            sa.select(table.c.brand_id, asin.c.asin).join_from(table, asin, asin.c.id == table.c.asin_id)
            .where(table.c.metric == "Net revenue").group_by(table.c.brand_id, asin.c.asin)
            .order_by(sa.func.sum(table.c.value).desc(), asin.c.asin).limit(1)
        ).one()
        return row.brand_id, row.asin

    return store.read(question)


def _fill(name: str, store: Store, folder: Path) -> None:
    if name == DEMO:
        tell_done(store, load_demo(store, DemoShape.of_size(60_000, seed=1, through=TODAY)))
    elif name == REPORTS:
        write_reports(folder, seed=1, today=TODAY)
        _import(store, sorted((folder / "reports").iterdir()))
    elif name == ONE_MONTH:
        (folder / "october.csv").write_text(ONE_FACT, encoding="utf-8")
        _import(store, [folder / "october.csv"])
    if name != EMPTY:
        refresh(store)


def _import(store: Store, paths: list[Path]) -> None:
    with store.lock("pictures"):
        for path in paths:
            tell_done(store, import_file(store, path, ImportOptions()), user_name=ANNA)


def _add_people(store: Store, brands: list[int]) -> None:
    hashed = hash_password(PASSWORD)
    with store.application.begin() as connection:
        users.add_user(connection, name=ANNA, role=ADMIN, password_hash=hashed)
        users.add_user(connection, name="jonas.weber", role=ANALYST, password_hash=hashed)
        users.add_user(connection, name=TOM, role=VIEWER, password_hash=hashed)
        users.add_user(connection, name=MIA, role=VIEWER, password_hash=hashed, brands=brands)
        api_tokens.create_token(connection, ANNA, "Excel at work")


def _add_rules_and_trail(store: Store, brand_id: int) -> None:
    with store.application.begin() as connection:
        for rule in (
            Rule("CM3 %", BELOW, Decimal(15), brand_id=brand_id), Rule("Net revenue", FALLS, Decimal("12.5")),
            Rule("TACoS", ABOVE, Decimal(9), category_id=1), Rule("FBA fees", RISES_IN_A_YEAR, Decimal(20)),
        ):
            rules.add_rule(connection, rule, by=ANNA)
        for who, action, detail in (
            (ANNA, "user created", "jonas.weber, analyst"), (ANNA, "user created", f"{TOM}, viewer"),
            ("jonas.weber", "sign-in", ""), (TOM, "sign-in failed", ""), (TOM, "sign-in", ""),
            (ANNA, "user created", f"{MIA}, viewer of 1 brand"), (ANNA, "token created", "Excel at work"),
        ):
            audit.record(connection, action, user_name=who, address="203.0.113.7", detail=detail)


def _empty(path: Path) -> Path:
    """An instance folder with tables and without anything in them."""
    store = open_store(embedded_settings(path))
    migrations.upgrade(store)
    store.close()
    return store.settings.database.path


class _Folders:
    """As pytest gives folders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def mktemp(self, name: str) -> Path:
        """A new folder."""
        folder = self.root / name
        folder.mkdir(parents=True)
        return folder

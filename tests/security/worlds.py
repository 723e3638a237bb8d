"""Two shops: one with the brands of everybody, and one in which only a limited person's brands ever existed.

Both are made by the same imports, in the same order, so that ids agree. What belongs to others has the word
`zzforeign` in every name and code.
"""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from database import schema
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.products import take_products
from database.imports.staging import ImportOptions
from database.journal.import_log import tell_done
from database.people import users
from database.store import open_store
from database.summaries.refresh import refresh
from flask_app import create_app
from settings import Settings
from tests.web.conftest import sign_in

TODAY = datetime.date(2025, 11, 22)
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)][:22]
FOREIGN = "zzforeign"
OWN_BRANDS = ("Alder", "Ash")
OWN_ASIN, FOREIGN_ASIN, NO_ASIN = "OWN1", "ZZFOREIGN1", "ZZNOWHERE1"

HEADINGS = "asin,brand,category,marketplace,metric,month,value\n"

OWN = [
    ("OWN1", "Alder", "Toys", "US", "100.00"),
    ("OWN2", "Alder", "Toys", "DE", "50.00"),
    ("OWN3", "Ash", "Games", "US", "20.00"),
    ("OWN4", "Ash", "Toys", "US", "-3.00"),
]
"""ASIN, brand, category, marketplace, net revenue of a month."""

OTHERS = [
    ("ZZFOREIGN1", "Zzforeign Birch", "Toys", "US", "7777.77"),
    ("ZZFOREIGN2", "Zzforeign Birch", "Zzforeign things", "DE", "7707.07"),
    ("ZZFOREIGN3", "Zzforeign Cedar", "Games", "ZZFOREIGN", "-7077.70"),
    ("ZZFOREIGN4", "Zzforeign Cedar", "Zzforeign things", "US", "77.70"),
]

_METRICS = {"Net revenue": "1", "Net COGS": "0.4", "CM1": "0.6", "Marketing": "0.1", "CM3": "0.5", "Net units": "0.1"}


@dataclass
class World:
    """One shop and the app that serves it."""

    store: Store
    app: Flask

    def visitor(self, name: str) -> FlaskClient:
        """The browser of somebody who is signed in."""
        client = self.app.test_client()
        assert sign_in(client, name).status_code == 303
        return client

    def id_of(self, table: sa.Table, name: str) -> int | None:
        """The id of a brand or category."""
        with self.store.facts() as connection:
            return connection.execute(sa.select(table.c.id).where(table.c[table.name] == name)).scalar()

    def close(self) -> None:
        self.app.extensions["lego_store"].close()
        self.store.close()


def build_world(settings: Settings, folder: Path, *, others: bool, password_hash: str) -> World:
    """A shop of two published generations, the second of which restated March 2024. Its people: `all`, who sees
    every brand, `anna`, an analyst limited to OWN_BRANDS, and `solo`, limited to the first of these."""
    store = open_store(settings)
    folder.mkdir(exist_ok=True)
    files = itertools.count(1)

    def take(text: str, name: str, source: str) -> None:
        path = folder / f"{name}{next(files)}.csv"
        path.write_text(text, encoding="utf-8")
        with store.lock("a test"):
            if text.startswith(HEADINGS):
                tell_done(store, import_file(store, path, ImportOptions(source=source)))
            else:
                take_products(store, path, dry_run=False)

    take(HEADINGS + _facts(OWN), "own", "ours")
    take(_names(OWN, "Own"), "own", "")
    if others:
        take(HEADINGS + _facts(OTHERS), FOREIGN, FOREIGN)
        take(_names(OTHERS, "Zzforeign"), FOREIGN, "")
        take("brand,group\nZzforeign Birch,zzforeign group\n", FOREIGN, "")
        _run(store, sa.update(schema.asin).where(schema.asin.c.asin == "ZZFOREIGN4").values(brand_id=None))
    if others:
        place = schema.marketplace
        _run(store, sa.delete(place).where(place.c.code == "ZZFOREIGN"))
        _run(store, sa.insert(place).values(code="ZZFOREIGN", country_name="Zzforeign land", active=True))
    refresh(store)
    take(HEADINGS + "OWN1,Alder,Toys,US,Net revenue,2024-03,111.00\n", "correction", "ours too")
    if others:
        take(HEADINGS + "ZZFOREIGN1,Zzforeign Birch,Toys,US,Net revenue,2024-03,7070.70\n", FOREIGN, "zzforeign too")
    refresh(store)
    world = World(store, create_app(settings))
    for name, role, brands in (("all", "admin", ()), ("anna", "analyst", OWN_BRANDS), ("solo", "analyst", ("Alder",))):
        _add_person(world, name, role, brands, password_hash)
    return world


def limit(world: World, name: str, *brands: str) -> None:
    """Sets which brands a person is limited to; none for no limit."""
    ids = [world.id_of(schema.brand, brand) for brand in brands]
    with world.store.application.begin() as connection:
        users.limit_user(connection, name, ids or None)


def _add_person(world: World, name: str, role: str, brands: tuple[str, ...], password_hash: str) -> None:
    with world.store.application.begin() as connection:
        users.add_user(connection, name=name, role=role, password_hash=password_hash)
    limit(world, name, *brands)


def _facts(products: list[tuple]) -> str:
    lines = []
    for asin, brand, category, marketplace, amount in products:
        for metric, part in _METRICS.items():
            cents = round(float(amount) * float(part) * 100)
            lines += [
                f"{asin},{brand},{category},{marketplace},{metric},{month},{(cents + number) / 100:.2f}\n"
                for number, month in enumerate(MONTHS)
            ]
        if FOREIGN in brand.lower():
            lines.append(f"{asin},{brand},{category},{marketplace},Zzforeign fees,2025-10,7.77\n")
    return "".join(lines)


def _names(products: list[tuple], word: str) -> str:
    return "asin,name,status\n" + "".join(f"{asin},{word} product {asin},{word} status\n" for asin, *_ in products)


def _run(store: Store, statement: sa.Executable) -> None:
    with store.facts() as connection:
        connection.execute(statement)
        connection.commit()

"""A seller whose reports agree: files and the figures that they must give, counted from what happened."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.imports.files import import_file
from database.imports.report import ImportReport
from database.imports.staging import ImportOptions
from tests.conftest import SHARED_FILES
from tests.databases import ONE_SERVER
from tests.facts import kept_open

SELLER = SHARED_FILES / "seller"
OPTIONS = ImportOptions(allow_currency=("GBP", "EUR"))


@pytest.fixture(params=ONE_SERVER)
def engine(request: pytest.FixtureRequest) -> str:
    """A cluster takes no reports of lines."""
    return request.param


def files(*patterns: str) -> list[Path]:
    """The seller's files of these names, in order."""
    return [path for pattern in patterns for path in sorted(SELLER.glob(pattern))]


def options_of(path: Path) -> ImportOptions:
    """What a person must tell of a file that does not say it itself."""
    if path.name.startswith("ads_"):
        return dataclasses.replace(OPTIONS, marketplace=path.stem.removeprefix("ads_").upper())
    if path.name.startswith("business_"):
        return dataclasses.replace(OPTIONS, marketplace="US", month=datetime.date(2025, 2, 1))
    return OPTIONS


def take_all(store: Store, paths: Iterable[Path]) -> list[ImportReport]:
    """Imports the files one after the other."""
    with store.lock("test"), kept_open(store):
        return [import_file(store, path, options_of(path)) for path in paths]


def figures(store: Store, *, without_zeros: bool = True) -> dict[str, Decimal]:
    """`asin|marketplace|month|metric` -> the sum of its facts."""
    fact, product = schema.financials, schema.asin
    grain = (product.c.asin, fact.c.marketplace, fact.c.month, fact.c.metric)
    query = sa.select(*grain, sa.func.sum(fact.c.value)).join_from(fact, product, product.c.id == fact.c.asin_id)
    with store.facts() as connection:
        rows = connection.execute(query.group_by(*grain)).all()
    found = {f"{asin}|{marketplace}|{month:%Y-%m}|{metric}": value for asin, marketplace, month, metric, value in rows}
    return {key: value for key, value in found.items() if value or not without_zeros}


def expected(scenario: str) -> dict[str, Decimal]:
    """What a scenario must give. A sum of nothing may be a row or none."""
    told = json.loads((SELLER / "expected.json").read_text(encoding="utf-8"))[scenario]
    return {key: Decimal(value) for key, value in told.items() if Decimal(value)}


def tell_products(store: Store) -> None:
    """The seller's listings and unit costs."""
    take_all(store, files("listings.txt", "costs.csv"))


@pytest.fixture
def filled_by(request: pytest.FixtureRequest) -> Callable[[Store], object] | None:
    return tell_products if "seller" in request.fixturenames else None


@pytest.fixture
def seller(store: Store) -> Iterator[Store]:
    """A store that knows the seller's listings and unit costs."""
    with kept_open(store):
        yield store

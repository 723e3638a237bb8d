"""A healthy store per engine, made once for the folder: whoever makes it ill cures it, too."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from database import migrations
from database.engines.ports import Store
from database.store import open_store
from database.summaries.refresh import refresh
from settings import COLUMNAR, Settings
from tests.conftest import ENGINES, embedded_settings, mysql_settings
from tests.facts import add_brands, add_categories, add_facts, add_products
from tests.mariadb import MariadbServer
from tests.spider import Servers, cluster_settings, schema_on

FIGURES = {"Net revenue": "100", "Net units": "10", "Net COGS": "40", "CM1": "60", "FBA fees": "20", "CM2": "40",
           "Marketing": "10", "CM3": "30"}
"""Of one month: margins follow from their parts."""


@pytest.fixture(scope="package")
def healthy_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The healthy store in files."""
    store = _made(embedded_settings(tmp_path_factory.mktemp("healthy")))
    yield store
    store.close()


@pytest.fixture(scope="package")
def healthy_mysql(tmp_path_factory: pytest.TempPathFactory, mariadb: MariadbServer) -> Iterator[Store]:
    """The healthy store on a server."""
    name = f"lego_healthy_{os.getpid()}"
    mariadb.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    store = _made(mysql_settings(tmp_path_factory.mktemp("healthy"), mariadb, name))
    yield store
    store.close()
    mariadb.run(f"DROP DATABASE {name}")


@pytest.fixture(scope="package")
def healthy_columnar(tmp_path_factory: pytest.TempPathFactory, mariadb: MariadbServer) -> Iterator[Store]:
    """The healthy store on a server, with summaries in files."""
    name = f"lego_healthy_columnar_{os.getpid()}"
    mariadb.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    store = _made(mysql_settings(tmp_path_factory.mktemp("healthy"), mariadb, name, COLUMNAR))
    yield store
    store.close()
    mariadb.run(f"DROP DATABASE {name}")


@pytest.fixture(scope="package")
def healthy_spider(tmp_path_factory: pytest.TempPathFactory, servers: Servers) -> Iterator[Store]:
    """The healthy store on a head with data nodes."""
    with schema_on(servers, name := f"lego_healthy_{os.getpid()}"):
        folder = tmp_path_factory.mktemp("healthy")
        store = _made(cluster_settings(folder, servers.head, servers.nodes, name))
        yield store
        store.close()


@pytest.fixture(params=ENGINES)
def healthy(request: pytest.FixtureRequest) -> Store:
    """The healthy store of each engine."""
    return request.getfixturevalue(f"healthy_{request.param}")


def _made(settings: Settings) -> Store:
    """Two products in three months, everything sorted in, refreshed just now."""
    settings.database.path.mkdir(mode=0o700)
    store = open_store(settings)
    migrations.upgrade(store)
    add_categories(store, "Garden")
    add_brands(store, ("Alder", 1, None))
    add_products(store, ("B1", 1, None), ("B2", 1, None))
    add_facts(store, [
        (product, "US", metric, month, value)
        for product in ("B1", "B2") for month in ("2024-01", "2024-02", "2024-03") for metric, value in FIGURES.items()
    ])
    refresh(store)
    return store

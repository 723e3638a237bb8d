"""A head and two data nodes on loopback, started once; each test has schemas of its own on them."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from database import migrations
from database.engines import open_store
from database.engines.base import Store
from settings import ClusterSettings, Settings
from tests.conftest import mysql_settings
from tests.mariadb import SMALL, MariadbServer, spider_options

# A hundred tests of the other engines once more: for the long run.
collect_ignore = [] if "LONG_PUBLICATIONS" in os.environ else ["test_engine_suite.py"]

_schemas = itertools.count(1)


@dataclass(frozen=True)
class Servers:
    """The head and the nodes that stand behind it."""

    head: MariadbServer
    nodes: tuple[MariadbServer, ...]

    @property
    def all(self) -> tuple[MariadbServer, ...]:
        return (self.head, *self.nodes)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    head = MariadbServer.create(*SMALL, *spider_options())
    nodes = tuple(MariadbServer.create(*SMALL, "--general-log-file=general.log") for _ in range(2))
    yield Servers(head, nodes)
    for server in (head, *nodes):
        server.destroy()


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty cluster: a schema of the same name on each server, without any table yet."""
    name = f"lego_{os.getpid()}_{next(_schemas)}"
    for server in servers.all:
        server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield cluster_settings(tmp_path, servers.head, servers.nodes, name)
    for server in servers.all:
        server.run(f"DROP DATABASE {name}")


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A store with all tables and no rows."""
    store = open_store(settings)
    migrations.upgrade(store)
    yield store
    store.close()


def cluster_settings(folder: Path, head: MariadbServer, nodes: tuple[MariadbServer, ...], name: str) -> Settings:
    """Settings of the schema `name` on `head`, with its facts on `nodes`."""
    named = tuple(f"127.0.0.1:{node.port}" for node in nodes)
    return dataclasses.replace(mysql_settings(folder, head, name), cluster=ClusterSettings(nodes=named))

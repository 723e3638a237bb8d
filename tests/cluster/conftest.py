"""Each test has schemas of its own on a head and two data nodes that are started once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from database import migrations
from database.engines import open_store
from database.engines.base import Store
from settings import Settings
from tests.conftest import next_schema
from tests.spider import Servers, cluster_settings, schema_on

# Ten million facts: for the long run.
collect_ignore = [] if "LONG_PUBLICATIONS" in os.environ else ["test_large.py"]


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty cluster: a schema of the same name on each server, without any table yet."""
    name = next_schema()
    with schema_on(servers, name):
        yield cluster_settings(tmp_path, servers.head, servers.nodes, name)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """A store with all tables and no rows."""
    store = open_store(settings)
    migrations.upgrade(store)
    yield store
    store.close()

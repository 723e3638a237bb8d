"""Shops with brands of several people, on every engine, made once for each process that runs tests."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator

import pytest

from tests.clock import set_today
from tests.conftest import ENGINES, embedded_settings, mysql_settings
from tests.databases import Templates
from tests.security.claims import named_tests
from tests.security.worlds import TODAY, World, build_world
from tests.web.conftest import password_hash, small_app  # noqa: F401 - fixtures


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what docs/SECURITY.md names, wherever it is, and this folder: `-m security` runs it all."""
    named = named_tests()
    for item in items:
        file, _, test = item.nodeid.partition("::")
        if file.startswith("tests/security/") or {file, f"{file}::{test.partition('[')[0]}"} & named:
            item.add_marker(pytest.mark.security)


MakeWorld = Callable[..., World]


@pytest.fixture(autouse=True)
def _quick(quick_commands: None) -> None:
    """Commands that pages begin start quickly."""


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    set_today(monkeypatch, TODAY)


@pytest.fixture(scope="session")
def make_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, templates: Templates,
    password_hash: str,  # noqa: F811
) -> Iterator[MakeWorld]:
    """Gives the shop of an engine, with the brands of others or without; each is made when it is first asked for."""
    made: dict[tuple[str, bool], World] = {}
    schemas: list[str] = []

    def make(engine: str, *, others: bool = True) -> World:
        if (engine, others) not in made:
            folder, server = tmp_path_factory.mktemp("world"), None
            if engine == "embedded":
                settings = embedded_settings(folder)
            else:
                server, name = request.getfixturevalue("mariadb"), f"world_{os.getpid()}_{len(schemas)}"
                server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
                schemas.append(name)
                settings = mysql_settings(folder, server, name)
            templates.copy_to(settings, server)
            settings = dataclasses.replace(settings, web=dataclasses.replace(settings.web, secret_key="k" * 40))
            made[engine, others] = build_world(
                settings, folder / "files", others=others, password_hash=password_hash
            )
        return made[engine, others]

    yield make
    # The server of the tests ends with them, and the schemas with it.
    for world in made.values():
        world.close()


@pytest.fixture(params=ENGINES)
def world(request: pytest.FixtureRequest, make_world: MakeWorld) -> World:
    """The shop with everybody's brands."""
    return make_world(request.param)


@pytest.fixture
def alone(world: World, make_world: MakeWorld) -> World:
    """The same shop if the brands of others had never existed."""
    return make_world(world.store.settings.database.engine, others=False)


@pytest.fixture
def small_world(make_world: MakeWorld) -> World:
    """The shop with everybody's brands, for what no engine can change."""
    return make_world("embedded")

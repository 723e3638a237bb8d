"""Real engines for every test: an embedded store in a temporary folder, a schema on a private MariaDB."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from database import migrations
from database.engines.ports import Store
from database.people import passwords, second_factor
from database.store import open_store
from jobs import background, commands
from settings import COLUMNAR, Settings
from tests.databases import Templates, embedded_settings, mysql_settings
from tests.mariadb import MariadbServer, memory_folder
from tests.paid_once import HASHER, pay_once
from tests.quick_commands import QuickPython
from tests.spider import Servers, cluster_settings, schema_on, started

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""Names of the same browser. The first has no windows to paint and takes half the work."""
SPIDER = "spider"
SPIDER_COLUMNAR = "spider-columnar"
ENGINES = (
    (SPIDER,) if "LONG_SPIDER" in os.environ
    else tuple(os.environ["TEST_ENGINES"].split(",")) if "TEST_ENGINES" in os.environ
    else ("embedded", "mysql")
)
"""Every test of a store runs on each; `TEST_ENGINES` names others. A cluster of MariaDB servers takes long, and is for
the long run."""
WITH_COLUMNS = ENGINES if {"LONG_SPIDER", "TEST_ENGINES"} & os.environ.keys() else (*ENGINES, COLUMNAR)
"""With facts on a server and summaries in files, for tests of refreshes: all else is one of the other two."""
SHARED_FILES = Path(__file__).parent / "files"

LONG_SEED = "LONG_SEED"
"""The variable that holds the seed of this run's sequences."""

_schemas = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Chooses the seed; processes that share the tests are given it with the environment."""
    os.environ.setdefault(LONG_SEED, str(random.randrange(10**9)))
    # Compiled files are kept, whatever the shell says: hundreds of commands would compile the app anew, and each
    # process that shares the tests all of these.
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collectstart() -> None:
    """Test modules stay as well, and are read in by every process that shares the tests."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there by now stays to the end: whoever looks for garbage need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter) -> None:
    """Tells the seed, whether a sequence failed or not."""
    terminalreporter.write_line(f"sequences of operations: {LONG_SEED}={os.environ[LONG_SEED]}")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("LEGO_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariadbServer]:
    """One private server for the whole session."""
    server = MariadbServer.create()
    yield server
    server.destroy()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """A head and two data nodes for the whole session."""
    with started(2) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, one for whoever needs a browser: Playwright cannot be started twice in a process."""
    path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def quick_folder() -> Iterator[Path]:
    """A folder for databases, in memory where there is room: a disk is waited for at every commit."""
    with tempfile.TemporaryDirectory(prefix="lego-embedded-", dir=memory_folder()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session", autouse=True)
def _paid_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What thousands of tests would pay again and again."""
    patch = pytest.MonkeyPatch()
    pay_once(patch, tmp_path_factory.mktemp("templates"))
    yield
    patch.undo()


@pytest.fixture
def real_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed at the cost that people's are."""
    monkeypatch.setattr(passwords, "_hasher", HASHER)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of the engine under test: each test that uses a store runs on every engine."""
    return request.param


@pytest.fixture
def settings(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings of an empty database of the engine under test, without any table yet."""
    if engine == "embedded":
        folder = request.getfixturevalue("quick_folder") / f"{next(_schemas)}"
        folder.mkdir()
        yield embedded_settings(folder)
        shutil.rmtree(folder)
        return
    name = next_schema()
    if engine in (SPIDER, SPIDER_COLUMNAR):
        servers = request.getfixturevalue("servers")
        with schema_on(servers, name):
            summaries = COLUMNAR if engine == SPIDER_COLUMNAR else "tables"
            yield cluster_settings(tmp_path, servers.head, servers.nodes, name, summaries=summaries)
        return
    server = request.getfixturevalue("mariadb")
    server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield mysql_settings(tmp_path, server, name, summaries=COLUMNAR if engine == COLUMNAR else "tables")
    server.run(f"DROP DATABASE {name}")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Databases to be copied: making one takes thirty times as long."""
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture(scope="session")
def empty_instance(templates: Templates) -> Path:
    """An instance folder with all tables and no rows."""
    return templates.instance(None)


@pytest.fixture
def filled_by() -> Callable[[Store], object] | None:
    """What fills the store of a file's tests, for a file that overrides this: done once, and copied from then on."""
    return None


@pytest.fixture
def store(
    settings: Settings, filled_by: Callable[[Store], object] | None, request: pytest.FixtureRequest
) -> Iterator[Store]:
    """A store of the engine under test, with all tables and what `filled_by` puts there, or no rows."""
    is_copied = not settings.cluster.nodes
    if is_copied:
        server = request.getfixturevalue("mariadb") if settings.database.engine == "mysql" else None
        request.getfixturevalue("templates").copy_to(settings, server, filled_by)
    store = open_store(settings)
    if not is_copied:
        migrations.upgrade(store)
        if filled_by:
            filled_by(store)
    yield store
    store.close()


@pytest.fixture(scope="session")
def quick_python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickPython]:
    """Starts commands for apps of this process in a tenth of the time."""
    quick = QuickPython(tmp_path_factory.mktemp("quick"))
    yield quick
    quick.close()


@pytest.fixture
def quick_commands(quick_python: QuickPython, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page begins starts quickly, as a process of its own all the same."""
    quick_python.start()
    for module in (background, commands):
        monkeypatch.setattr(module, "sys", quick_python)


@pytest.fixture
def real_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page begins starts as it does for people, for tests of what such a process may take."""
    for module in (background, commands):
        monkeypatch.setattr(module, "sys", sys)


@pytest.fixture
def half_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still for codes of second factors: none gets old between being read and being sent."""
    step = second_factor.current_step()
    monkeypatch.setattr(second_factor, "current_step", lambda: step)


def next_schema() -> str:
    """A name that no other schema of this run has."""
    return f"lego_{os.getpid()}_{next(_schemas)}"


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for commands that run as processes of their own."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("LEGO_")}
    for section in ("database", "cluster", "refresh", "web", "cache", "dashboard"):
        values, default = getattr(settings, section), type(getattr(settings, section))()
        for field in dataclasses.fields(values):
            value = getattr(values, field.name)
            if value != getattr(default, field.name):
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                variables[f"LEGO_{section}_{field.name}".upper()] = text
    return variables


TOGETHER = ("tests/browser/", "tests/security/", "tests/deploy/", "tests/cluster/")
"""Folders whose files share what is dear to make: a browser and its shop, shops with brands of others, a deployment, a
cluster. Each goes to one process, and is begun first: none takes as long as all others together."""
LONG = ("tests/properties/", "tests/faults/")
"""Folders of few tests that take long: begun next, so that no process is left alone with one at the end."""
DEAR = (
    "tests/database/backup/", "tests/database/imports/test_cases", "tests/database/lines/", "tests/web/imports/",
    "tests/web/lines/", "tests/web/operations/", "tests/web/serving/",
)
"""Files that take half a minute and more: next."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what stays together first, then the long tests and dear files; otherwise the order stays."""
    items.sort(key=lambda item: tuple(not item.nodeid.startswith(folders) for folders in (TOGETHER, LONG, DEAR)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """With several processes, a file's tests stay together, and so do those of a folder that shares what is dear; each
    long test goes to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = next(filter(nodeid.startswith, TOGETHER), None)
            return folder or (nodeid if nodeid.startswith(LONG) else nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return ByFile(config, log)

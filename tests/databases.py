"""Settings of databases of their own, and databases to be copied."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from database import migrations
from database.engines.ports import Store
from database.store import open_store
from settings import DatabaseSettings, RefreshSettings, Settings
from tests.mariadb import PASSWORD, USER, MariadbServer

Fill = Callable[[Store], object]
ONE_SERVER = tuple(
    name for name in os.environ.get("TEST_ENGINES", "").split(",") if name and not name.startswith("spider")
) or ("embedded", "mysql")
"""The engines of tests of what a cluster refuses to do, and says so: backups, Amazon's own reports, overheads."""
on_one_server = pytest.mark.parametrize("engine", ONE_SERVER)
"""For such tests."""


def embedded_settings(folder: Path, **refresh) -> Settings:
    """Settings of an embedded store below `folder`."""
    database = DatabaseSettings(engine="embedded", path=folder / "instance", memory=512)
    return Settings(database=database, refresh=dataclasses.replace(RefreshSettings(workers=2), **refresh))


def mysql_settings(folder: Path, server: MariadbServer, name: str, summaries: str = "tables") -> Settings:
    """Settings of schema `name` on `server`; cache and keys go below `folder`, and columnar summaries."""
    database = DatabaseSettings(
        engine="mysql", host="127.0.0.1", port=server.port, user=USER, password=PASSWORD, database=name,
        path=folder / "instance", memory=512, summaries=summaries,
    )
    return Settings(database=database, refresh=RefreshSettings(workers=2))


class Templates:
    """Databases with all tables that were filled once: by a function, or by None with no rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._instances: dict[Fill | None, Path] = {}
        self._schemas: dict[tuple[str, Fill | None], tuple[Path, str]] = {}

    def instance(self, fill: Fill | None) -> Path:
        """The instance folder of an embedded store."""
        if fill not in self._instances:
            settings = embedded_settings(self._folder / f"{next(self._numbers)}")
            self._make(settings, None, fill)
            self._instances[fill] = settings.database.path
        return self._instances[fill]

    def schema(self, server: MariadbServer, fill: Fill | None, summaries: str = "tables") -> tuple[Path, str]:
        """The instance folder of a store on the server, which may not be there, and the statements that make its schema
        as the migrations and `fill` leave it, in a tenth of their time."""
        if (summaries, fill) not in self._schemas:
            name = f"lego_template_{next(self._numbers)}"
            server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            settings = mysql_settings(self._folder / name, server, name, summaries)
            self._make(settings, server, fill)
            self._schemas[summaries, fill] = settings.database.path, _script(server, name)
        return self._schemas[summaries, fill]

    def copy_to(self, settings: Settings, server: MariadbServer | None, fill: Fill | None = None) -> None:
        """Makes the database of `settings`, which is on `server` or in a folder that is not there yet, such a one."""
        if settings.database.engine == "embedded":
            shutil.copytree(self.instance(fill), settings.database.path)
            return
        instance, script = self.schema(server, fill, settings.database.summaries)
        server.run_script(script, settings.database.database)
        if instance.exists():
            shutil.copytree(instance, settings.database.path)

    def _make(self, settings: Settings, server: MariadbServer | None, fill: Fill | None) -> None:
        """A store with all tables, and what `fill` puts there: that of no rows is made by the migrations, all others
        from it."""
        if fill is not None:
            self.copy_to(settings, server)
        store = open_store(settings)
        if fill is None:
            migrations.upgrade(store)
        else:
            fill(store)
        store.close()


def _script(server: MariadbServer, schema: str) -> str:
    tables = [table for (table,) in server.run("SHOW TABLES", schema)]
    made = [server.run(f"SHOW CREATE TABLE {table}", schema)[0][1] for table in tables]
    filled = [
        f"INSERT INTO {table} SELECT * FROM {schema}.{table}" for table in tables
        if server.run(f"SELECT EXISTS (SELECT * FROM {table})", schema) == [(1,)]
    ]
    return ";\n".join(["SET foreign_key_checks = 0", *made, *filled])

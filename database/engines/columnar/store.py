"""The store of facts on a server and generations in files, put together from the parts of both."""

from __future__ import annotations

import contextlib
import dataclasses
import os

from database.engines.columnar.build import ColumnarBuild, columnar_build
from database.engines.columnar.copying import ColumnarCopying
from database.engines.columnar.doors import ColumnarDoors
from database.engines.columnar.health import ColumnarHealth
from database.engines.columnar.published import ColumnarPublished
from database.engines.columnar.tables import TablesOnServer
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.store import mysql_parts
from database.engines.ports import Store
from settings import Settings


def columnar_store(settings: Settings) -> Store:
    """The schema that the settings name, with generations in their folder."""
    return _behind(MysqlDoors(settings))


def _behind(server: MysqlDoors) -> Store:
    store, work_lock = mysql_parts(server)
    doors = ColumnarDoors(server.settings)
    workers = server.settings.refresh.workers or os.cpu_count() or 1

    def build() -> contextlib.AbstractContextManager[ColumnarBuild]:
        return columnar_build(doors, server, work_lock, workers=workers)

    tables = None
    if server.settings.database.also_tables == "yes":
        tables = TablesOnServer(doors, server, work_lock, store.facts_room, workers=workers)
    published = ColumnarPublished(doors, build, store.published, tables)
    return dataclasses.replace(
        store, traits=dataclasses.replace(store.traits, kind="mysql-columnar"), published=published,
        health=ColumnarHealth(
            doors, store.health, work_lock=work_lock, facts_room=store.facts_room, build=build, tables=tables,
        ),
        copying=lambda: ColumnarCopying(doors, server, work_lock, _behind),
    )

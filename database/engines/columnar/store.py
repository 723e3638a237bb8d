"""The store of facts on a server and generations in files, put together from the parts of both."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable

from database.engines.build import BuildTraits
from database.engines.cluster.store import SPREAD_TRAITS, cluster_parts, workers_of
from database.engines.columnar.build import ColumnarBuild, columnar_build
from database.engines.columnar.copying import ColumnarCopying
from database.engines.columnar.doors import ColumnarDoors
from database.engines.columnar.health import ColumnarHealth
from database.engines.columnar.places import OnNodes, OnServer, Places
from database.engines.columnar.published import ColumnarPublished
from database.engines.columnar.tables import TablesOnServer
from database.engines.mariadb.build import TRAITS
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.store import mysql_parts
from database.engines.ports import Store
from settings import Settings


def columnar_store(settings: Settings) -> Store:
    """The schema that the settings name, with generations in their folder."""
    return _behind(MysqlDoors(settings))


def columnar_cluster_store(settings: Settings) -> Store:
    """The head that the settings name, and its data nodes, with generations in their folder. A cluster is not copied by
    the dashboard, wherever its summaries are."""
    server = MysqlDoors(settings)
    store, work_lock, facts = cluster_parts(server)
    return _in_columns(
        store, ColumnarDoors(settings), server, work_lock, lambda: OnNodes(facts), SPREAD_TRAITS,
        workers=workers_of(settings),
    )


def _behind(server: MysqlDoors) -> Store:
    (store, work_lock), doors = mysql_parts(server), ColumnarDoors(server.settings)
    made = _in_columns(
        store, doors, server, work_lock, lambda: OnServer(server.settings.database), TRAITS,
        workers=server.settings.refresh.workers or os.cpu_count() or 1,
    )
    return dataclasses.replace(made, copying=lambda: ColumnarCopying(doors, server, work_lock, _behind))


def _in_columns(
    store: Store, doors: ColumnarDoors, server: MysqlDoors, work_lock: ServerLock, places: Callable[[], Places],
    traits: BuildTraits, *, workers: int,
) -> Store:
    """A store whose generations are in the schema -> one with the same facts, whose generations are files."""

    def build() -> contextlib.AbstractContextManager[ColumnarBuild]:
        return columnar_build(
            doors, server, work_lock, store.facts_room, places(), traits=traits, workers=workers,
        )

    tables = None
    if server.settings.database.also_tables == "yes":
        tables = TablesOnServer(doors, server, work_lock, store.facts_room, workers=workers)
    return dataclasses.replace(
        store, traits=dataclasses.replace(store.traits, kind="mysql-columnar"),
        published=ColumnarPublished(doors, build, store.published, tables),
        health=ColumnarHealth(
            doors, store.health, work_lock=work_lock, facts_room=store.facts_room, build=build, tables=tables,
        ),
    )

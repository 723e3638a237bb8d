"""The MariaDB store, put together: one schema on a server."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from database.engines.build import Build
from database.engines.mariadb.build import MysqlBuild, discarded
from database.engines.mariadb.copying import MysqlCopying
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.facts import MysqlFacts
from database.engines.mariadb.health import MysqlHealth
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.published import MysqlPublished
from database.engines.ports import Store
from database.engines.values import StoreTraits
from settings import Settings


def mysql_store(settings: Settings) -> Store:
    """The store in the schema that the settings name."""
    return _behind(MysqlDoors(settings))


def _behind(doors: MysqlDoors) -> Store:
    return mysql_parts(doors)[0]


def mysql_parts(doors: MysqlDoors) -> tuple[Store, ServerLock]:
    """The store, and its lock as what it is: for a store that publishes elsewhere."""
    work_lock = ServerLock(doors)
    workers = doors.settings.refresh.workers or os.cpu_count() or 1

    @contextlib.contextmanager
    def build() -> Iterator[Build]:
        with doors.facts() as connection, discarded(MysqlBuild(doors, work_lock, connection, workers=workers)) as made:
            yield made

    store = Store(
        settings=doors.settings, traits=StoreTraits("mysql", others_write_facts=True, assigns_fact_ids=True),
        application=doors.application, application_reading=doors.application_reading, work_lock=work_lock,
        facts_room=MysqlFacts(doors, work_lock), published=MysqlPublished(doors, build), health=MysqlHealth(doors),
        copying=lambda: MysqlCopying(doors, work_lock, _behind),
    )
    return store, work_lock

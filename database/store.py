"""`open_store(settings)` is the only place that chooses an engine."""

from __future__ import annotations

import dataclasses

from database.engines.ports import Store
from domain.errors import SettingsError
from settings import COLUMNAR, Settings


def open_store(settings: Settings) -> Store:
    """The store the settings name. Touches no file and no server yet."""
    if settings.database.engine == "mysql":
        if settings.database.summaries == COLUMNAR:
            from database.engines.columnar.store import columnar_cluster_store, columnar_store

            return (columnar_cluster_store if settings.cluster.nodes else columnar_store)(settings)
        if settings.cluster.nodes:
            from database.engines.cluster.store import cluster_store

            return cluster_store(settings)
        from database.engines.mariadb.store import mysql_store

        return mysql_store(settings)
    if settings.cluster.nodes:
        raise SettingsError("[cluster] nodes: they need a MariaDB before them; set [database] engine = mysql")
    if settings.database.summaries == COLUMNAR:
        raise SettingsError(
            "[database] summaries = columnar: it is for facts on a server, with engine = mysql; those of the embedded "
            "engine are in columns anyway"
        )
    from database.engines.embedded.store import embedded_store

    return embedded_store(settings)


def with_workers(store: Store, workers: int) -> Store:
    """The same store, opened once more, with [refresh] workers overruled."""
    refresh = dataclasses.replace(store.settings.refresh, workers=workers)
    return open_store(dataclasses.replace(store.settings, refresh=refresh))

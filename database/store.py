"""`open_store(settings)` is the only place that chooses an engine."""

from __future__ import annotations

from database.engines.ports import Store
from domain.errors import SettingsError
from settings import Settings


def open_store(settings: Settings) -> Store:
    """The store the settings name. Touches no file and no server yet."""
    if settings.database.engine == "mysql":
        if settings.cluster.nodes:
            from database.engines.cluster.store import SpiderStore

            return SpiderStore(settings)
        from database.engines.mariadb.store import MysqlStore

        return MysqlStore(settings)
    if settings.cluster.nodes:
        raise SettingsError("[cluster] nodes: they need a MariaDB before them; set [database] engine = mysql")
    from database.engines.embedded.store import EmbeddedStore

    return EmbeddedStore(settings)

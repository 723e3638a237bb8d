"""The MariaDB store: its doors, and what is built, copied, cleared and examined through them."""

from __future__ import annotations

import contextlib

from database.engines.build import Build
from database.engines.health import Health
from database.engines.mariadb.build import mysql_build
from database.engines.mariadb.copying import MysqlCopying
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.health import MysqlHealth
from database.engines.mariadb.leftovers import clear_leftovers
from database.engines.mariadb.publishing import roll_back
from database.engines.ports import Copying
from database.engines.values import Generation
from domain.errors import GenerationLost


class MysqlStore(MysqlDoors):
    """One schema on a MariaDB server."""

    def build(self) -> contextlib.AbstractContextManager[Build]:
        return mysql_build(self)

    def roll_back(self) -> Generation:
        fault = self.live_fault()
        if fault:
            raise GenerationLost(fault)
        return roll_back(self)

    def clear_leftovers(self) -> list[str]:
        return clear_leftovers(self)

    def copying(self) -> Copying:
        return MysqlCopying(self)

    def health(self) -> Health:
        return MysqlHealth(self)

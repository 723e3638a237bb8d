"""The store of a cluster, put together: MariaDB's parts over the schema of the head, with others for those that must
know of data nodes.

The head speaks for all of them: `financials` there is a Spider table, so every statement serves as it is. One that
touches one month is answered by the node that holds it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from database.engines.build import Build
from database.engines.cluster.facts import SpiderFacts
from database.engines.cluster.guard import NodeGuard
from database.engines.cluster.health import SpiderHealth
from database.engines.cluster.nodes import Nodes
from database.engines.cluster.order import spread
from database.engines.mariadb.build import TRAITS, MysqlBuild, discarded
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.facts import MysqlFacts
from database.engines.mariadb.health import MysqlHealth
from database.engines.mariadb.lock import ServerLock
from database.engines.mariadb.published import MysqlPublished
from database.engines.ports import Copying, Store
from database.engines.values import StoreTraits
from domain.errors import SetupError
from settings import Settings

CONNECTIONS_PER_NODE = 2
SPREAD_TRAITS = dataclasses.replace(TRAITS, sums_apart=True)


def cluster_store(settings: Settings) -> Store:
    """The head that the settings name, and its data nodes."""
    return cluster_parts(MysqlDoors(settings))[0]


def cluster_parts(doors: MysqlDoors) -> tuple[Store, ServerLock, SpiderFacts]:
    """The store, and its lock and facts as what they are: for a store that publishes elsewhere."""
    settings, nodes = doors.settings, Nodes(doors.settings)
    work_lock = ServerLock(doors, NodeGuard(doors, nodes).while_held)
    facts = SpiderFacts(MysqlFacts(doors, work_lock), nodes)

    @contextlib.contextmanager
    def build() -> Iterator[Build]:
        with facts.connect() as connection, discarded(MysqlBuild(
            doors, work_lock, connection, workers=workers_of(settings), traits=SPREAD_TRAITS,
            order=lambda tasks: spread(tasks, facts.months_by_node()),
        )) as made:
            yield made

    store = Store(
        settings=settings, traits=StoreTraits("mysql", others_write_facts=True, has_data_nodes=True),
        application=doors.application, application_reading=doors.application_reading, work_lock=work_lock,
        facts_room=facts, published=MysqlPublished(doors, build), health=SpiderHealth(MysqlHealth(doors), facts),
        copying=_refuse_copying,
    )
    return store, work_lock, facts


def workers_of(settings: Settings) -> int:
    """How many months are at work at once. The nodes do the work, so it is their number that counts, not this machine's
    cores."""
    return settings.refresh.workers or CONNECTIONS_PER_NODE * len(settings.cluster.nodes)


def _refuse_copying() -> Copying:
    # The head's dump names the nodes' tables: put back under another name, it would write into those that are live.
    raise SetupError(
        "a cluster is not backed up or restored by the dashboard: back up the head and every data node with "
        "mariadb-backup while no import or refresh runs; nothing was done"
    )

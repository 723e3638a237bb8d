"""Ten million facts on a head and three nodes, one of which is killed while they come in and while they are summed up:
afterwards every row of the summaries is the embedded engine's.

For the long run: it takes minutes. LONG_CLUSTER_FACTS is how many facts.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from database import migrations, schema
from database.demo import DemoShape, load_demo
from database.demo.shape import LISTING_MONTHS_PER_PRODUCT, METRICS
from database.engines.ports import Store
from database.store import open_store
from database.summaries.refresh import refresh
from settings import Settings
from tests.conftest import embedded_settings
from tests.counts import count
from tests.faults import processes
from tests.mariadb import MariadbServer
from tests.spider import Servers, cluster_settings, started

FACTS = int(os.environ.get("LONG_CLUSTER_FACTS", "10_000_000"))
THROUGH = datetime.date(2025, 11, 21)
POOL = ("--innodb-buffer-pool-size=512M", "--innodb-log-file-size=512M")
NODES = 3
AN_HOUR = 3600


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Iterator[Servers]:
    """Servers with room for so many facts, on the disk."""
    with started(NODES, *POOL, folder=tmp_path_factory.mktemp("large")) as servers:
        yield servers
        processes.end_all()


def test_a_node_is_killed_twice_and_every_row_is_that_of_one_machine(large, tmp_path):
    for server in large.all:
        server.run("CREATE DATABASE lego CHARACTER SET utf8mb4")
    settings = patient(cluster_settings(tmp_path, large.head, large.nodes, "lego"))
    store = open_store(settings)
    migrations.upgrade(store)
    path = export_facts(tmp_path)
    kill_during(large, settings, tmp_path, ("import", str(path)), busy=rows_come_in)
    assert facts_on(large, settings) == 0
    assert processes.start(settings, tmp_path, str(path), command=("import",)).within(AN_HOUR).code == 0
    assert facts_on(large, settings) == rows_in(path)
    kill_during(large, settings, tmp_path, processes.REFRESH, busy=facts_are_summed, PAUSES=())
    assert store.live_generation() is None
    assert processes.start(settings, tmp_path).within(AN_HOUR).code == 0
    on_cluster = digests(store)
    store.close()
    assert on_cluster == digests_of_embedded(tmp_path, path)
    assert on_cluster[schema.summary_asin.name][0] > FACTS // 2


def kill_during(
    servers: Servers, settings: Settings, folder: Path, command: tuple[str, ...],
    busy: Callable[[MariadbServer], bool], **constants,
) -> None:
    """Runs the command, kills a node as soon as it is `busy`, and starts it again when the command has ended."""
    victim = servers.nodes[1]
    name, *options = command
    running = processes.start(settings, folder, *options, command=(name,), **constants)
    deadline = time.monotonic() + 300
    while not busy(victim):
        assert running.process.is_alive(), running.errors
        assert time.monotonic() < deadline, "the node has nothing to do"
        time.sleep(0.02)
    victim.kill()
    assert running.code == 7, running.errors
    assert f"127.0.0.1:{victim.port}" in running.errors and len(running.errors.splitlines()) == 1, running.errors
    count("kill -9 of a data node", f"kill -9 of a data node while it works for {name}")
    victim.start()


def rows_come_in(node: MariadbServer) -> bool:
    return any((row[7] or "").startswith("LOAD DATA") for row in node.run("SHOW FULL PROCESSLIST"))


def facts_are_summed(node: MariadbServer) -> bool:
    return any("group by" in (row[7] or "").lower() for row in node.run("SHOW FULL PROCESSLIST"))


def facts_on(servers: Servers, settings: Settings) -> int:
    """Facts on all nodes, asked of them; what no transaction has decided is settled first."""
    store = open_store(settings)
    with store.lock("a test"):
        months = list(store.facts_room.months_by_node())
        with store.facts() as head:
            found = store.each_part(head, months, lambda part: part.execute(
                sa.select(sa.func.count()).select_from(schema.financials)
            ).scalar())
    store.close()
    return sum(found)


def shop() -> DemoShape:
    """A shop whose facts are one to a product, marketplace, month and metric: a file has no key twice."""
    selling = FACTS // (LISTING_MONTHS_PER_PRODUCT * len(METRICS))
    shape = DemoShape.of_size(FACTS, seed=1, through=THROUGH)
    return dataclasses.replace(shape, selling=selling, products=selling + selling // 12, facts_per_group=1)


def export_facts(folder: Path) -> Path:
    """The demo's facts as a long file, as somebody would export them."""
    store = open_store(embedded_settings(folder / "made"))
    migrations.upgrade(store)
    load_demo(store, shop())
    path = folder / "facts.csv"
    with store.facts() as connection:
        connection.exec_driver_sql(f"""
            COPY (
                SELECT a.asin, b.brand, c.category, f.marketplace, f.metric, strftime(f.month, '%Y-%m') AS month,
                    f.value
                FROM financials f JOIN asin a ON a.id = f.asin_id JOIN brand b ON b.id = a.brand_id
                    LEFT JOIN category c ON c.id = coalesce(a.category_id, b.category_id)
                ORDER BY hash(f.id)
            ) TO '{path}' (HEADER)
        """)
    store.close()
    return path


def rows_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(2**20), b"")) - 1


def digests_of_embedded(folder: Path, path: Path) -> dict[str, tuple[int, str]]:
    store = open_store(embedded_settings(folder / "embedded"))
    migrations.upgrade(store)
    assert processes.run(store.settings, folder, str(path), command=("import",)).code == 0
    refresh(store)
    found = digests(store)
    store.close()
    return found


def patient(settings: Settings) -> Settings:
    """The settings, for this test's own statements over all rows: pages have thirty seconds for theirs."""
    return dataclasses.replace(settings, database=dataclasses.replace(settings.database, statement_timeout=600))


def digests(store: Store) -> dict[str, tuple[int, str]]:
    """Table -> its rows, and a hash of all of its figures; those of the ASIN level by month, metric, marketplace, brand
    and category, for it has as many rows as there are facts."""
    asin, *others = schema.SUMMARIES

    def read(reading) -> dict[str, tuple[int, str]]:
        names = {
            f"{table.name}_id": dict(reading.connection.execute(sa.select(table.c.id, key)).all())
            for table, key in ((schema.brand, schema.brand.c.brand), (schema.category, schema.category.c.category))
        }
        grain = (asin.c.month, asin.c.metric, asin.c.marketplace, asin.c.brand_id, asin.c.category_id)
        queries = {asin.name: sa.select(*grain, sa.func.count(), sa.func.sum(asin.c.value)).group_by(*grain)}
        for table in others:
            queries[table.name] = sa.select(*(column for column in table.columns if column.name != "updated_at"))
        found = {}
        for table in schema.SUMMARIES:
            query = queries[table.name]
            columns = [column.name for column in query.selected_columns]
            # Two installations give other ids to the same names.
            texts = sorted(
                "|".join(str(names.get(name, {}).get(value, value)) for name, value in zip(columns, row, strict=True))
                for row in reading.connection.execute(query)
            )
            rows = reading.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            found[table.name] = (rows, hashlib.sha256("\n".join(texts).encode()).hexdigest())
        return found

    return store.read(read)

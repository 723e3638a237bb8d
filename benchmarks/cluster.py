"""The benchmark of a cluster; see cluster.sh for its command line.

All servers share one machine, so wall time says little about a real cluster. What carries over is who does the work:
processor seconds of each server, and the rows that nodes send to the head.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster_report import write_cluster_report
from benchmarks.files import write_long_file
from benchmarks.measure import ROOT, Figures, Process, command_line, flask, say, whole_number
from benchmarks.shop import shop_of
from benchmarks.stands import groups_in
from database.demo.loading import load_demo
from database.store import open_store
from machine.processes import processor_seconds
from settings import ClusterSettings, DatabaseSettings, Settings
from tests.mariadb import PASSWORD, USER, MariadbServer, spider_options
from tests.spider import Servers, schema_on

IMPORTED, REFRESHED = "imported", "refreshed"
"""The schemas: one takes a file in, the other holds the shop that is refreshed."""
HEAD_POOL, NODE_POOL = "--innodb-buffer-pool-size=512M", "--innodb-buffer-pool-size=1G"
WORKERS = 2
"""Connections of a refresh, the same with every number of nodes: this machine has no more cores for more of them."""


@dataclass(frozen=True)
class Bench:
    """A head, and the nodes behind it; without nodes it is one plain server that holds everything."""

    folder: Path
    head: MariadbServer
    nodes: tuple[MariadbServer, ...]

    @property
    def name(self) -> str:
        """How it is called in the report."""
        return f"{len(self.nodes)} node{'s' * (len(self.nodes) > 1)}" if self.nodes else "one server"

    def settings(self, database: str) -> Settings:
        """Settings of a schema on all of its servers."""
        return Settings(
            database=DatabaseSettings(
                engine="mysql", host="127.0.0.1", port=self.head.port, user=USER, password=PASSWORD, database=database,
                path=self.folder / database,
            ),
            cluster=ClusterSettings(nodes=tuple(f"127.0.0.1:{node.port}" for node in self.nodes)),
        )


@dataclass(frozen=True)
class Work:
    """What servers did: processor seconds of the head and of each node, rows that the nodes sent."""

    head: float
    nodes: tuple[float, ...]
    rows_sent: int


def main() -> None:
    """Measures every number of nodes and writes the report."""
    options = argparse.ArgumentParser(prog="benchmarks/cluster.sh", description=__doc__)
    options.add_argument("--facts", type=whole_number, default=10_000_000)
    options.add_argument("--nodes", type=int, default=3, help="the most nodes")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--report", type=Path, default=ROOT / "docs" / "CLUSTER-BENCHMARK.md")
    options.add_argument("--folder", type=Path, default=None, help="where there is room")
    chosen = options.parse_args()
    command = command_line("benchmarks/cluster.sh")
    figures, load = Figures(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lego-cluster-", dir=chosen.folder) as folder:
        path = Path(folder) / "long.csv"
        write_long_file(path, chosen.facts)
        for count in range(chosen.nodes + 1):
            with started(Path(folder) / f"servers-{count}", count) as bench:
                measure_import(bench, path, figures, facts=chosen.facts, runs=chosen.runs)
                measure_refresh(bench, figures, facts=chosen.facts, runs=chosen.runs)
    write_cluster_report(chosen.report, figures, facts=chosen.facts, runs=chosen.runs, nodes=chosen.nodes,
                         command=command, load=load)
    say(f"written: {chosen.report}")


@contextlib.contextmanager
def started(folder: Path, count: int) -> Iterator[Bench]:
    """A head with so many nodes, on a folder of their own; they end with the block."""
    folder.mkdir()
    common = ("--innodb-log-file-size=1G", "--innodb-flush-log-at-trx-commit=1", "--tmp-table-size=256M",
              "--max-heap-table-size=256M")
    head_options = (HEAD_POOL, *spider_options()) if count else (NODE_POOL,)
    with contextlib.ExitStack() as stack:
        servers = []
        for options in (head_options, *[(NODE_POOL,)] * count):
            servers.append(MariadbServer.create(*options, *common, folder=folder))
            stack.callback(servers[-1].destroy)
        yield Bench(folder, servers[0], tuple(servers[1:]))


def measure_import(bench: Bench, path: Path, figures: Figures, *, facts: int, runs: int) -> None:
    """The same long file into an empty schema, as a whole process."""
    for _ in range(runs):
        with schema_of(bench, IMPORTED) as settings:
            flask(settings, "init-db")
            process, work = watched(bench, lambda settings=settings: flask(settings, "import", str(path)))
            figures.add(bench.name, "import, s", process.seconds)
            figures.add(bench.name, "import, facts/s", facts / process.seconds)
            _note(figures, bench, "import", process, work)
            per_node = work.nodes or (work.head,)
            figures.add(bench.name, "import, processor s per million facts where they are kept",
                        sum(per_node) / facts * 1e6)


def measure_refresh(bench: Bench, figures: Figures, *, facts: int, runs: int) -> None:
    """A full refresh of the shop, whose facts are 24 to a group."""
    with schema_of(bench, REFRESHED) as settings:
        flask(settings, "init-db")
        say(f"{bench.name}: making {facts:,} facts")
        store = open_store(settings)
        try:
            load_demo(store, shop_of(facts))
        finally:
            store.close()
        flask(settings, "refresh-summaries", "--workers", str(WORKERS))
        for _ in range(runs):
            process, work = watched(
                bench, lambda: flask(settings, "refresh-summaries", "--full", "--workers", str(WORKERS))
            )
            figures.add(bench.name, "full refresh, s", process.seconds)
            _note(figures, bench, "full refresh", process, work)
            figures.add(bench.name, "full refresh, rows sent by nodes", work.rows_sent)
        figures.add(bench.name, "groups", groups_in(settings))
        figures.add(bench.name, "bytes per fact where they are kept", _bytes(bench, settings) / facts)


def watched(bench: Bench, work) -> tuple[Process, Work]:
    """Does `work`, and tells what it cost the servers."""
    servers = (bench.head, *bench.nodes)
    before = [processor_seconds(server.process.pid) for server in servers]
    sent = sum(rows_sent(node) for node in bench.nodes)
    process = work()
    used = [processor_seconds(server.process.pid) - was for server, was in zip(servers, before, strict=True)]
    return process, Work(used[0], tuple(used[1:]), sum(rows_sent(node) for node in bench.nodes) - sent)


@contextlib.contextmanager
def schema_of(bench: Bench, name: str) -> Iterator[Settings]:
    """An empty schema of that name on all servers, dropped with the block."""
    with schema_on(Servers(bench.head, bench.nodes), name):
        yield bench.settings(name)


def rows_sent(server: MariadbServer) -> int:
    """Rows that a server has sent to anybody since it was started."""
    return int(server.run("SHOW GLOBAL STATUS LIKE 'Rows_sent'")[0][1])


def _note(figures: Figures, bench: Bench, what: str, process: Process, work: Work) -> None:
    figures.add(bench.name, f"{what}, processor s of the command", process.processor)
    figures.add(bench.name, f"{what}, processor s of the head", work.head)
    if work.nodes:
        figures.add(bench.name, f"{what}, processor s of the nodes together", sum(work.nodes))
        figures.add(bench.name, f"{what}, processor s of the busiest node", max(work.nodes))
        figures.add(bench.name, f"{what}, the nodes' share of what servers do, %",
                    100 * sum(work.nodes) / (sum(work.nodes) + work.head))


def _bytes(bench: Bench, settings: Settings) -> int:
    """Of the tables of facts with their indexes, as the servers know after a look at them."""
    found = 0
    for server in bench.nodes or (bench.head,):
        tables = [name for (name,) in server.run("SHOW TABLES LIKE 'financials%'", settings.database.database)
                  if name == "financials" or name.startswith("financials_2")]
        for table in tables:
            server.run(f"ANALYZE TABLE {table}", settings.database.database)
            ((size,),) = server.run(
                "SELECT data_length + index_length FROM information_schema.tables "
                f"WHERE table_schema = '{settings.database.database}' AND table_name = '{table}'"
            )
            found += int(size)
    return found


if __name__ == "__main__":
    main()

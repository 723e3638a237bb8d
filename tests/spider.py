"""A MariaDB Spider head and data nodes on loopback, and settings of schemas on them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from settings import ClusterSettings, DatabaseSettings, RefreshSettings, Settings
from tests.mariadb import PASSWORD, SMALL, USER, MariadbServer, spider_options


@dataclass(frozen=True)
class Servers:
    """The head and the nodes that stand behind it."""

    head: MariadbServer
    nodes: tuple[MariadbServer, ...]

    @property
    def all(self) -> tuple[MariadbServer, ...]:
        """Every server, the head first."""
        return (self.head, *self.nodes)


ROOM_FOR_A_REFRESH = "--innodb-log-file-size=96M"
"""What the doctor wants of a server that holds summaries."""


@contextlib.contextmanager
def started(nodes: int, *options: str, folder: Path | None = None) -> Iterator[Servers]:
    """A head and so many nodes with these options of mariadbd; they end with the block."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(nodes + 1):
            own = (*spider_options(), ROOM_FOR_A_REFRESH) if number == 0 else ("--general-log-file=general.log",)
            servers.append(MariadbServer.create(*(options or SMALL), *own, folder=folder))
            stack.callback(servers[-1].destroy)
        yield Servers(servers[0], tuple(servers[1:]))


@contextlib.contextmanager
def schema_on(servers: Servers, name: str) -> Iterator[None]:
    """An empty schema of that name on every server, dropped with the block."""
    for server in servers.all:
        server.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield
    for server in servers.all:
        server.run(f"DROP DATABASE {name}")


def cluster_settings(
    folder: Path, head: MariadbServer, nodes: tuple[MariadbServer, ...], name: str, *, summaries: str = "tables"
) -> Settings:
    """Settings of the schema `name` on `head`, with its facts on `nodes`; cache, keys and columnar summaries go
    below `folder`."""
    database = DatabaseSettings(
        engine="mysql", host="127.0.0.1", port=head.port, user=USER, password=PASSWORD, database=name,
        path=folder / "instance", memory=512, summaries=summaries,
    )
    named = tuple(f"127.0.0.1:{node.port}" for node in nodes)
    return dataclasses.replace(
        Settings(database=database, refresh=RefreshSettings(workers=2)), cluster=ClusterSettings(nodes=named)
    )

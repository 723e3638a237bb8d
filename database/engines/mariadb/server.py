"""A MariaDB's settings, judged by what it holds and by who connects to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from database import schema
from database.engines.health import machine_memory
from domain.findings import GIB, HINT, MIB, SERIOUS, WARNING, Finding, mebibytes
from settings import Settings

VARIABLES = (
    "innodb_buffer_pool_size", "tmp_table_size", "max_heap_table_size", "innodb_log_file_size", "sql_mode", "time_zone",
    "system_time_zone", "max_connections", "version",
)
LARGE = GIB
"""Summaries from this size on need more than a server's defaults."""
SPARE_CONNECTIONS = 10
"""For an administrator, a monitor, a backup."""


@dataclass(frozen=True)
class Server:
    """What a server says of itself. Bytes are of this schema; `machine` is the memory of the machine, 0 where it is
    another one's."""

    variables: Mapping[str, str]
    uptime: int
    summary_bytes: int
    all_bytes: int
    clock_skew: float
    """Seconds by which its clock is ahead of ours."""
    machine: int


def read_server(connection: sa.Connection, *, is_local: bool) -> Server:
    """Reads it all, in four short statements."""
    names = ", ".join(f"'{name}'" for name in VARIABLES)
    found = connection.exec_driver_sql(f"SHOW GLOBAL VARIABLES WHERE variable_name IN ({names})").all()
    uptime = connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Uptime'").one()[1]
    sizes = dict(
        connection.exec_driver_sql(
            "SELECT table_name, data_length + index_length FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND data_length IS NOT NULL"
        ).all()
    )
    ahead = float(connection.exec_driver_sql("SELECT UNIX_TIMESTAMP(NOW(6))").scalar()) - time.time()
    return Server(
        variables=dict(found), uptime=int(uptime),
        summary_bytes=sum(int(sizes.get(table.name, 0)) for table in schema.SUMMARIES),
        all_bytes=sum(map(int, sizes.values())), clock_skew=ahead,
        machine=machine_memory() if is_local else 0,
    )


def judge_server(server: Server, settings: Settings) -> Iterator[Finding]:
    """Settings that do not suit the data, the web or the machine."""
    yield from _version(server)
    yield from _buffer_pool(server)
    yield from _temporary_tables(server)
    yield from _redo_log(server)
    yield from _modes(server)
    yield from _clock(server)
    yield from _connections(server, settings)


def _number(server: Server, name: str) -> int:
    return int(server.variables.get(name) or 0)


def _version(server: Server) -> Iterator[Finding]:
    version = server.variables.get("version", "")
    if "MariaDB" not in version:
        yield Finding(
            "server-not-mariadb", WARNING, "The server is not a MariaDB",
            f"it calls itself {version}", "use MariaDB 10.6 or later: it is what is tested; with MySQL "
            "compare figures and times before you rely on it",
        )


def _buffer_pool(server: Server) -> Iterator[Finding]:
    pool, wanted = _number(server, "innodb_buffer_pool_size"), server.summary_bytes * 5 // 4
    if pool >= wanted:
        return
    best = min(server.all_bytes, server.machine * 6 // 10) if server.machine else server.all_bytes
    machine = f", the machine has {mebibytes(server.machine)}" if server.machine else ""
    yield Finding(
        "server-buffer-pool", WARNING, "The buffer pool can hardly hold the summaries, so pages read from the disk",
        f"innodb_buffer_pool_size is {mebibytes(pool)}; summaries {mebibytes(server.summary_bytes)}, the whole schema "
        f"{mebibytes(server.all_bytes)}{machine}",
        f"set innodb_buffer_pool_size to {max(wanted, best) // MIB}M, or to what the machine can spare (60 % of its "
        "memory where it serves nothing else)",
    )


def _temporary_tables(server: Server) -> Iterator[Finding]:
    size = min(_number(server, "tmp_table_size"), _number(server, "max_heap_table_size"))
    wanted = 64 * MIB if server.summary_bytes > LARGE else 16 * MIB
    if size < wanted:
        yield Finding(
            "server-tmp-table-size", WARNING, "Groups of pages and refreshes go to temporary tables on the disk early",
            f"the smaller of tmp_table_size and max_heap_table_size is {mebibytes(size)}",
            f"set both tmp_table_size and max_heap_table_size to {wanted // MIB}M",
        )


def _redo_log(server: Server) -> Iterator[Finding]:
    size = _number(server, "innodb_log_file_size")
    wanted = 512 * MIB if server.summary_bytes > LARGE else 96 * MIB
    if size < wanted:
        yield Finding(
            "server-redo-log", WARNING, "The redo log is small, so a refresh waits for the disk while it loads",
            f"innodb_log_file_size is {mebibytes(size)}, a refresh writes up to {mebibytes(server.summary_bytes)}",
            f"set innodb_log_file_size to {wanted // MIB}M (MariaDB 10.9 or later: SET GLOBAL, no restart)",
        )


def _modes(server: Server) -> Iterator[Finding]:
    mode = server.variables.get("sql_mode", "")
    if not {"STRICT_TRANS_TABLES", "STRICT_ALL_TABLES"} & set(mode.split(",")):
        yield Finding(
            "server-sql-mode", WARNING, "Other programs that write here may have values cut or zeroed without an error",
            f"sql_mode is {mode or 'empty'}; the dashboard's own connections are strict whatever it is",
            "add STRICT_TRANS_TABLES to the server's sql_mode",
        )
    zone = server.variables.get("time_zone", "")
    known = server.variables.get("system_time_zone", "") if zone == "SYSTEM" else zone
    if known not in ("UTC", "GMT", "+00:00", "Etc/UTC"):
        yield Finding(
            "server-time-zone", HINT, "The server does not count in UTC",
            f"time_zone is {zone} ({known}); the dashboard's own connections use UTC whatever it is",
            "set default-time-zone = '+00:00', or expect created_at of rows by other programs to be local time",
        )


def _clock(server: Server) -> Iterator[Finding]:
    if abs(server.clock_skew) > 60:
        yield Finding(
            "server-clock", WARNING, "The server's clock and this machine's differ",
            f"the server is {abs(server.clock_skew):,.0f} s {'ahead' if server.clock_skew > 0 else 'behind'}",
            "let both follow one time server (systemctl status systemd-timesyncd, or chrony)",
        )


def _connections(server: Server, settings: Settings) -> Iterator[Finding]:
    most, web = _number(server, "max_connections"), settings.web.workers * settings.database.pool_size * 4
    workers = settings.refresh.workers or 8
    needed = web + workers + SPARE_CONNECTIONS
    if most < needed:
        yield Finding(
            "server-connections", SERIOUS, "The server may refuse connections when all pages are busy",
            f"max_connections is {most}; the web may open {web:,} ([web] workers {settings.web.workers} × four times "
            f"[database] pool_size {settings.database.pool_size}), a refresh {workers}, others {SPARE_CONNECTIONS}",
            f"set max_connections to {needed} or more, or lower [database] pool_size",
        )

"""The health of a MariaDB: its settings for what it has to hold, what is left lying about, and its plans."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from database.engines.health import Health, Parameters, StatementPlan, TableRead
from database.engines.mariadb.doors import MysqlDoors
from database.engines.mariadb.publishing import leftover_tables
from database.engines.mariadb.server import judge_server, read_server
from database.engines.mariadb.tables import judge_indexes, judge_tables
from database.engines.values import NodeState
from domain.findings import Finding, Limits

LOCAL = ("127.0.0.1", "localhost", "::1")
HOW = {
    "ALL": "the whole table, row by row",
    "index": "the whole of index {key}",
    "range": "ranges of index {key}",
    "ref": "one value of index {key}",
    "eq_ref": "one row by index {key} each time",
    "const": "one row by index {key}",
    "system": "the only row",
    "index_merge": "several indexes together",
}
"""The server's names of ways to read a table, in words."""


class MysqlHealth(Health):
    """The server and the schema."""

    def __init__(self, doors: MysqlDoors) -> None:
        self._doors = doors

    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        with self._doors.facts() as connection:
            server = read_server(connection, is_local=self._doors.settings.database.host in LOCAL)
            yield from judge_server(server, self._doors.settings)
            yield from judge_indexes(self._doors, connection, server, limits)
            yield from judge_tables(self._doors, connection, limits)

    def leftovers(self) -> list[str]:
        with self._doors.facts() as connection:
            return leftover_tables(connection)

    def folders(self) -> list[Path]:
        """Where the web keeps its own files, and the server's folder where it is on this machine."""
        folders = [self._doors.settings.database.path]
        if self._doors.settings.database.host in LOCAL:
            with self._doors.facts() as connection:
                folders.append(Path(connection.exec_driver_sql("SELECT @@datadir").scalar()))
        return folders

    def plan_of(self, connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
        text = connection.exec_driver_sql(f"ANALYZE FORMAT=JSON {statement}", parameters).scalar()
        return plan_from(json.loads(text))


def plan_from(answer: dict[str, Any]) -> StatementPlan:
    """The answer of ANALYZE FORMAT=JSON as a plan."""
    tables = list(_found(answer, "table"))
    notes = [
        words for key, words in (("temporary_table", "groups in a temporary table"), ("filesort", "sorts"))
        if any(True for _ in _found(answer, key))
    ]
    return StatementPlan(tuple(map(_read, tables)), tuple(notes), has_indexes=True)


def _read(table: dict[str, Any]) -> TableRead:
    name, how, key = table.get("table_name", "(none)"), table.get("access_type", ""), table.get("key")
    examined = float(table.get("r_loops") or 0) * float(table.get("r_rows") or 0)
    needed = examined * float(table.get("r_filtered") or 100) / 100
    if table.get("message"):
        name, words = "(no table)", table["message"]
    else:
        words = f"{name}: {HOW.get(how, how).format(key=key)}" + (
            ", and nothing but the index" if table.get("using_index") else ""
        )
    # What a statement made for itself has no index to be missed.
    is_whole = how in ("ALL", "index") and not name.startswith("<")
    return TableRead(name, key, round(examined), round(needed), is_whole, words)


def _found(answer: Any, key: str) -> Iterator[dict[str, Any]]:
    if isinstance(answer, dict):
        for name, part in answer.items():
            if name == key and isinstance(part, dict):
                yield part
            yield from _found(part, key)
    elif isinstance(answer, list):
        for part in answer:
            yield from _found(part, key)

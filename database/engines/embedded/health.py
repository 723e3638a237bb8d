"""The health of the embedded engine: memory, files nobody needs, holes in files, who can read them; DuckDB's plans."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from database.engines.embedded.doors import EmbeddedDoors
from database.engines.health import Health, Parameters, StatementPlan, TableRead, machine_memory
from database.engines.values import NodeState
from domain.errors import LockBusy, SchemaError
from domain.findings import HINT, WARNING, Finding, Limits, mebibytes, percent


class EmbeddedHealth(Health):
    """The instance folder and what is in it."""

    def __init__(self, doors: EmbeddedDoors) -> None:
        self._doors = doors

    def findings(self, limits: Limits, nodes: Sequence[NodeState] = ()) -> Iterator[Finding]:
        yield from judge_memory(self._doors.settings.database.memory * 2**20, machine_memory())
        yield from self._readable()
        yield from self._holes(limits)

    def leftovers(self) -> list[str]:
        kept = self._doors.settings.refresh.keep_generations
        return [path.name for path in self._doors.generations.stale(self._doors.live_generation(), kept)]

    def folders(self) -> list[Path]:
        return [self._doors.folder]

    def plan_of(self, connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
        return plan_of(connection, statement, parameters)

    def _readable(self) -> Iterator[Finding]:
        folder = self._doors.folder
        if not folder.is_dir() or not folder.stat().st_mode & 0o001:
            return  # Nobody else gets in, whatever the files allow.
        files = [path for path in (self._doors.facts_path, self._doors.application_path) if path.exists()]
        readable = [f"{path.name} has mode {path.stat().st_mode & 0o777:o}" for path in files if _is_readable(path)]
        if readable:
            yield Finding(
                "files-readable", WARNING, "Every user of this machine can read the store's files",
                ", ".join(readable), f"run: chmod -R go= {folder}",
            )

    def _holes(self, limits: Limits) -> Iterator[Finding]:
        for name, size, empty in (*self._facts_holes(), *self._application_holes()):
            if empty > limits.small_bytes and empty > limits.fragmented_share * size:
                yield Finding(
                    "fragmentation", HINT, f"{name} holds more empty space than it needs",
                    f"{mebibytes(empty)} of {mebibytes(size)} ({percent(empty / size)}) are empty",
                    "nothing is slow because of it, and new rows fill it",
                    subject=name,
                )

    def _facts_holes(self) -> list[tuple[str, int, int]]:
        try:
            with self._doors.facts() as connection:
                size = connection.exec_driver_sql("SELECT * FROM pragma_database_size()").mappings().first()
        except (LockBusy, SchemaError):
            return []  # An import or a refresh has the file open; another time will do.
        block = size["block_size"]
        return [(self._doors.facts_path.name, size["total_blocks"] * block, size["free_blocks"] * block)]

    def _application_holes(self) -> list[tuple[str, int, int]]:
        with self._doors.application_reading.connect() as connection:
            page, pages, free = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("page_size", "page_count", "freelist_count")
            )
        return [("application.sqlite", pages * page, free * page)]


def _is_readable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o004)


def judge_memory(allowed: int, machine: int) -> Iterator[Finding]:
    """Whether DuckDB may take more than the machine can spare."""
    if allowed > 0.8 * machine:
        yield Finding(
            "memory-setting", WARNING, "[database] memory leaves the machine too little",
            f"{mebibytes(allowed)} allowed, {mebibytes(machine)} in the machine",
            f"set [database] memory to at most {int(machine * 0.6 / 2**20)}; what does not fit goes to the disk",
        )


def plan_of(connection: sa.Connection, statement: str, parameters: Parameters) -> StatementPlan:
    """How DuckDB answers a statement, which it runs."""
    rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).all()
    return plan_from(json.loads(rows[0][1]))


def plan_from(profile: dict[str, Any]) -> StatementPlan:
    """DuckDB's profile of a statement, as a plan."""
    reads = tuple(_scans(profile.get("operator", [])))
    spilled = profile.get("system", {}).get("peak_temp_dir_size", 0)
    if "operator" not in profile:
        return StatementPlan((), ("DuckDB answered at once and tells no plan",), has_indexes=False)
    notes = (f"spilled {mebibytes(spilled)} to the disk",) if spilled else ()
    return StatementPlan(reads, notes, has_indexes=False)


def _cut(words: str) -> str:
    """Lists of months and ids are long, and say little."""
    words = re.sub(r"IN \([^()]{60,}\)", "IN (…)", words)
    return words if len(words) <= 200 else words[:199] + "…"


def _scans(operators: list[dict[str, Any]]) -> Iterator[TableRead]:
    for operator in operators:
        found = operator.get("extra_info", {})
        if "Table" in found:
            read, groups = operator.get("rows_scanned", 0), operator.get("total_row_groups_to_scan", 0)
            scanned = operator.get("row_groups_scanned", 0)
            filters = found.get("Filters", ())
            condition = filters if isinstance(filters, str) else " and ".join(filters)
            table = found["Table"].rpartition(".")[2]
            yield TableRead(
                table, None, read, operator.get("intermediate_rows", 0), scanned >= groups,
                f"{table}: {scanned} of {groups} blocks" + (f" where {_cut(condition)}" if condition else ""),
            )
        yield from _scans(operator.get("children", ()))

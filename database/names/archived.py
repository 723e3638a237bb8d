"""Facts of archived months under a name that is to go: a file is not renamed, so they must be brought back first."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import sqlalchemy as sa

from database import schema
from database.engines.ports import Store
from database.names.facts import Renaming
from domain.errors import SetupError
from domain.months import format_month

record, joins = schema.archived_month, schema.name_join


@dataclass(frozen=True)
class ArchivedFacts:
    """Facts of one archived month that carry the name: how many, their sum, how many more undo keeps."""

    month: datetime.date
    facts: int
    value: Decimal
    replaced_facts: int


def archived_facts(store: Store, connection: sa.Connection, renaming: Renaming) -> list[ArchivedFacts]:
    """What carries the old name in archived months, in order. Raises SetupError where a file must be asked and is
    not there."""
    found = []
    with store.facts_room.scratch(connection) as scratch:
        for row in connection.execute(sa.select(record).order_by(record.c.month)).all():
            facts, value = _in_sums(scratch, row.sums, renaming)
            replaced = _replaced(scratch, connection, row, renaming) if row.replaced_facts else 0
            if facts or replaced:
                found.append(ArchivedFacts(row.month, facts, value, replaced))
    return found


def archived_products(store: Store, connection: sa.Connection) -> set[int]:
    """The ids of all products that archived facts name, and facts that undo keeps beside them. Raises SetupError where
    a file must be asked and is not there."""
    found: set[int] = set()
    with store.facts_room.scratch(connection) as scratch, tempfile.TemporaryDirectory(prefix="lego-sums-") as folder:
        for row in connection.execute(sa.select(record).order_by(record.c.month)).all():
            path = Path(folder) / "sums.parquet"
            path.write_bytes(row.sums)
            found |= _products_in(scratch, str(path), "")
            if row.replaced_facts:
                found |= _products_of_file(scratch, row)
    return found


def _products_of_file(scratch: duckdb.DuckDBPyConnection, row: sa.Row) -> set[int]:
    try:
        return _products_in(scratch, row.file, "WHERE replaced_by IS NOT NULL")
    except duckdb.Error:
        raise SetupError(
            f"{row.file}: the file of {format_month(row.month)}, which is archived, cannot be read; put it back, such "
            "as from a backup: what undo keeps in it may name products"
        ) from None


def _products_in(scratch: duckdb.DuckDBPyConnection, path: str, where: str) -> set[int]:
    rows = scratch.execute(f"SELECT DISTINCT asin_id FROM read_parquet($path) {where}", {"path": path}).fetchall()
    return {number for (number,) in rows if number is not None}


def _in_sums(scratch: duckdb.DuckDBPyConnection, packed: bytes, renaming: Renaming) -> tuple[int, Decimal]:
    with tempfile.TemporaryDirectory(prefix="lego-sums-") as folder:
        path = Path(folder) / "sums.parquet"
        path.write_bytes(packed)
        facts, value = scratch.execute(
            f"SELECT coalesce(sum(facts), 0), coalesce(sum(value), 0) FROM read_parquet($path) "
            f"WHERE {renaming.column} = $old", {"path": str(path), "old": renaming.old},
        ).fetchone()
    return int(facts), Decimal(value)


def _replaced(
    scratch: duckdb.DuckDBPyConnection, connection: sa.Connection, row: sa.Row, renaming: Renaming
) -> int:
    of_joins = list(connection.execute(sa.select(joins.c.import_id)).scalars())
    try:
        return scratch.execute(
            f"SELECT count(*) FROM read_parquet($path) WHERE {renaming.column} = $old AND replaced_by IS NOT NULL "
            "AND NOT list_contains($joins::INTEGER[], replaced_by)",
            {"path": row.file, "old": renaming.old, "joins": of_joins},
        ).fetchone()[0]
    except duckdb.Error:
        raise SetupError(
            f"{row.file}: the file of {format_month(row.month)}, which is archived, cannot be read; put it back, such "
            "as from a backup: what undo keeps in it may carry the name"
        ) from None


def obstacles_in(found: list[ArchivedFacts]) -> Iterator[str]:
    """Why it cannot be done yet."""
    if found:
        months = " ".join(format_month(each.month) for each in found)
        yield (
            f"{sum(each.facts for each in found):,} facts, sum {sum(each.value for each in found):,.2f}, and "
            f"{sum(each.replaced_facts for each in found):,} that undo keeps are archived; first run: "
            f"flask unarchive {months}"
        )
